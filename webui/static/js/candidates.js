// Who is to be reached in another way than by a call: filter, list, pages, CSV. Each page shown is logged by the server.

import { get } from './api.js';
import { byId, h, pageData } from './dom.js';
import { count, moment, yen } from './format.js';
import { openFrame } from './frame.js';
import { saying } from './notices.js';

const { labels } = pageData();
const asked = new URLSearchParams(location.search);
const wanted = { channel: asked.get('channel') ?? '', campaign_id: asked.get('campaign_id') ?? '', page: Number(asked.get('page') ?? 1) || 1 };
let question = 0; // only the answer to the newest question is shown

openFrame();
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
  const filter = new URLSearchParams(Object.entries({ channel: wanted.channel, campaign_id: wanted.campaign_id }).filter(([, v]) => v));
  byId('csv').href = `/api/candidates.csv?${filter}`;
  filter.set('page', String(wanted.page));
  history.replaceState(null, '', `/candidates?${filter}`);
  const mine = ++question;
  const found = await saying(() => get(`/api/candidates?${filter}`));
  if (!found || mine !== question) return;
  drawChannels(found);
  drawList(found);
  drawPages(found);
}

function drawChannels({ totals }) {
  const choices = [['', 'すべて', null], ...Object.entries(labels.channels).map(([value, label]) => [value, label, totals[value]])];
  const focused = document.activeElement?.dataset.channel;
  byId('channels').replaceChildren(...choices.map(([value, label, n]) =>
    h('button.small', { type: 'button', data: { channel: value, testid: `channel-${value || 'any'}` }, aria: { pressed: wanted.channel === value },
      onclick: () => show({ channel: value, page: 1 }) }, label, n === null ? null : h('b', {}, count(n)))));
  if (focused !== undefined) byId('channels').querySelector(`[data-channel="${focused}"]`)?.focus();
}

function drawList({ candidates, total_n: total }) {
  const box = byId('list');
  if (candidates.length === 0) {
    box.replaceChildren(h('p.empty', { data: { testid: 'no-candidates' } }, total ? 'このページには候補者がいません。' : '候補者はいません。'));
    return;
  }
  box.replaceChildren(h('div.scroll', { tabIndex: 0, role: 'region', aria: { label: '候補者の一覧' } }, h('table', {},
    h('thead', {}, h('tr', {}, ['宛名番号', '氏名', '手段', '理由', '最終架電', 'SMS送信先', '未納額', 'キャンペーン'].map((t) => h('th', { scope: 'col' }, t)))),
    h('tbody', {}, candidates.map((c) => h('tr', { data: { testid: 'candidate' } },
      h('td', {}, h('a', { href: `/why?debtor_id=${c.debtor_id}` }, c.addressee_no)),
      h('th', { scope: 'row' }, c.name),
      h('td', {}, c.channels.map((one) => h('span.tag', {}, labels.channels[one]))),
      h('td.reason', {}, c.reason),
      h('td', {}, c.last_attempt_at ? `${moment(c.last_attempt_at)} ${labels.outcomes[c.last_outcome] ?? ''}` : '—'),
      h('td.num', {}, c.mobile ?? '—'),
      h('td.num', {}, yen(c.yen)),
      h('td', {}, c.campaign)))))));
}

function drawPages({ total_n: total, page, page_size: size }) {
  const last = Math.max(1, Math.ceil(total / size));
  const to = (label, target, testid) => h('button.small', { type: 'button', disabled: target < 1 || target > last || target === page, data: { testid }, onclick: () => show({ page: target }) }, label);
  byId('pages').replaceChildren(
    to('前の50人', Math.min(page - 1, last), 'page-before'),
    h('span', { data: { testid: 'page-now' } }, `${count(total)}人中 ${page} / ${count(last)} ページ`),
    to('次の50人', page + 1, 'page-after'));
}
