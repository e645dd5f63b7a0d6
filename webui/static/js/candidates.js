// Who is to be reached in another way than by a call, and what was done for whom: filter, list, pages, CSV. Each page shown
// is logged by the server. With one way chosen, people can be ticked and marked as served, or called off.

import { get, post } from './api.js';
import { Closing } from './candidates/closing.js';
import { byId, h, pageData, setText } from './dom.js';
import { count, moment, yen } from './format.js';
import { openFrame } from './frame.js';
import { passing, saying } from './notices.js';

const { labels } = pageData();
const asked = new URLSearchParams(location.search);
const wanted = {
  state: asked.get('state') === 'closed' ? 'closed' : '', channel: asked.get('channel') ?? '',
  campaign_id: asked.get('campaign_id') ?? '', page: Number(asked.get('page') ?? 1) || 1,
};
const HINTS = {
  '': '接触のないまま、キャンペーンごとに決めた回数の架電をした方です。納付済み、約束の期日前、催告中止、今月接触済みの方は含みません。',
  closed: '送付・訪問・調査などを記録した方です。その後も決めた回数の架電でつながらなければ、また候補者になります。',
};
const closing = new Closing(labels, () => show({}));
let question = 0; // only the answer to the newest question is shown

openFrame();
byId('closing').replaceWith(closing.element);
byId('campaign').addEventListener('change', () => show({ campaign_id: byId('campaign').value, page: 1 }));
start();

async function start() {
  const board = await saying(() => get('/api/board'));
  byId('campaign').append(h('option', { value: '' }, 'すべて'), ...(board?.campaigns ?? []).map((c) => h('option', { value: String(c.campaign_id) }, c.name)));
  byId('campaign').value = wanted.campaign_id;
  await show({});
}

async function show(change) {
  Object.assign(wanted, change);
  const { state, channel, campaign_id: campaignId, page } = wanted;
  const filter = new URLSearchParams(Object.entries({ channel, campaign_id: campaignId }).filter(([, v]) => v));
  const path = state ? '/api/candidates/closed' : '/api/candidates';
  byId('csv').href = `${path}.csv?${filter}`;
  filter.set('page', String(page));
  history.replaceState(null, '', `/candidates?${state && 'state=closed&'}${filter}`);
  const mine = ++question;
  const found = await saying(() => get(`${path}?${filter}`));
  if (!found || mine !== question) return;
  if (page > 1 && found.total_n <= (page - 1) * found.page_size) { // the last of this page were closed
    await show({ page: Math.max(1, Math.ceil(found.total_n / found.page_size)) });
    return;
  }
  setText(byId('hint'), HINTS[state]);
  drawStates();
  drawChannels(found);
  closing.show(state ? null : channel, found.candidates ?? []);
  if (state) drawClosed(found);
  else drawList(found);
  drawPages(found);
}

/** Buttons of which one is pressed; the focus stays on the same one. */
function drawChoice(box, name, choices, chosen, act) {
  const focused = document.activeElement?.dataset[name];
  box.replaceChildren(...choices.map(([value, label, n]) =>
    h('button.small', { type: 'button', data: { [name]: value, testid: `${name}-${value || 'any'}` }, aria: { pressed: String(chosen === value) },
      onclick: () => act(value) }, label, n === null ? null : h('b', {}, count(n)))));
  if (focused !== undefined) box.querySelector(`[data-${name}="${focused}"]`)?.focus();
}

function drawStates() {
  drawChoice(byId('states'), 'state', [['', '候補者', null], ['closed', '済み', null]], wanted.state, (state) => show({ state, page: 1 }));
}

function drawChannels({ totals }) {
  const choices = [['', 'すべて', null], ...Object.entries(labels.channels).map(([value, label]) => [value, label, totals[value]])];
  drawChoice(byId('channels'), 'channel', choices, wanted.channel, (channel) => show({ channel, page: 1 }));
}

function drawList({ candidates, total_n: total }) {
  if (candidates.length === 0) {
    drawEmpty('no-candidates', total ? 'このページには候補者がいません。' : '候補者はいません。');
    return;
  }
  const marking = wanted.channel !== '';
  const head = ['宛名番号', '氏名', '手段', '理由', '最終架電', 'SMS送信先', '未納額', 'キャンペーン'];
  drawTable('候補者の一覧', [marking && closing.tickAll(), ...head], candidates.map((c) => h('tr', { data: { testid: 'candidate' } },
    marking && h('td', {}, closing.tick(c)),
    h('td', {}, h('a', { href: `/why?debtor_id=${c.debtor_id}` }, c.addressee_no)),
    h('th', { scope: 'row' }, c.name),
    h('td', {}, c.channels.map((one) => h('span.tag', {}, labels.channels[one]))),
    h('td.reason', {}, c.reason),
    h('td', {}, c.last_attempt_at ? `${moment(c.last_attempt_at)} ${labels.outcomes[c.last_outcome] ?? ''}` : '—'),
    h('td.num', {}, c.mobile ?? '—'),
    h('td.num', {}, yen(c.yen)),
    h('td', {}, c.campaign))));
}

function drawClosed({ closed }) {
  if (closed.length === 0) {
    drawEmpty('no-closed', '記録はありません。');
    return;
  }
  const head = ['宛名番号', '氏名', '手段', '処理', '日時', '処理者', 'メモ', 'キャンペーン', ''];
  drawTable('済みの一覧', head, closed.map((c) => h('tr', { data: { testid: 'closed' } },
    h('td', {}, h('a', { href: `/why?debtor_id=${c.debtor_id}` }, c.addressee_no)),
    h('th', { scope: 'row' }, c.name),
    h('td', {}, h('span.tag', {}, labels.channels[c.channel])),
    h('td', {}, c.label),
    h('td', {}, moment(c.closed_at)),
    h('td', {}, c.closed_by),
    h('td.reason', {}, c.note ?? ''),
    h('td', {}, c.campaign),
    h('td', {}, h('button.small', { type: 'button', data: { testid: 'reopen' }, aria: { label: `${c.name}さんの${c.label}を取り消す` }, onclick: () => reopen(c) }, '取り消す')))));
}

async function reopen({ closing_id: id, label }) {
  const done = await saying(() => post(`/api/candidates/closed/${id}/reopen`));
  if (done) passing(`「${label}」の記録を取り消しました。`, 'good');
  await show({});
}

function drawEmpty(testid, text) {
  byId('list').replaceChildren(h('p.empty', { data: { testid } }, text));
}

function drawTable(label, head, rows) {
  byId('list').replaceChildren(h('div.scroll', { tabIndex: 0, role: 'region', aria: { label } }, h('table', {},
    h('thead', {}, h('tr', {}, head.filter((cell) => cell !== false).map((cell) => h('th', { scope: 'col' }, cell)))),
    h('tbody', {}, rows))));
}

function drawPages({ total_n: total, page, page_size: size }) {
  const last = Math.max(1, Math.ceil(total / size));
  const to = (label, target, testid) => h('button.small', { type: 'button', disabled: target < 1 || target > last || target === page, data: { testid }, onclick: () => show({ page: target }) }, label);
  const of = wanted.state ? '件' : '人';
  byId('pages').replaceChildren(
    to(`前の50${of}`, Math.min(page - 1, last), 'page-before'),
    h('span', { data: { testid: 'page-now' } }, `${count(total)}${of}中 ${page} / ${count(last)} ページ`),
    to(`次の50${of}`, page + 1, 'page-after'));
}
