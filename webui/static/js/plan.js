// A month ahead: sessions are moved, the server reckons what that brings; and what is set about the choice.

import { get, post } from './api.js';
import { byId, h, pageData } from './dom.js';
import { count, moment, shortDate } from './format.js';
import { openFrame } from './frame.js';
import { passing, saying } from './notices.js';
import { choosingForm } from './plan/choosing.js';
import { heatMap } from './plan/heat_map.js';

const { labels } = pageData();
const WINDOWS = ['weekday', 'evening', 'weekend'];
const PAUSE_MS = 250; // a slider that still moves asks nothing
const DAYS = ['', '月', '火', '水', '木', '金', '土', '日', '祝'];

let settings = { campaigns: [], fields: [] };
let fields = []; // of the staffing form: {sessions, agents, calls} inputs by kind of hour
let question = 0; // only the answer to the newest question is shown
let pause;

openFrame();
byId('campaign').addEventListener('change', choose);
byId('month').addEventListener('change', choose);
for (const form of ['asked', 'staffing']) byId(form).addEventListener('submit', (event) => event.preventDefault());
start();

async function start() {
  const told = await saying(() => get('/api/plan'));
  if (!told) return;
  settings = told;
  byId('campaign').append(...settings.campaigns.map((c) => h('option', { value: String(c.campaign_id) }, c.name)));
  byId('month').append(...settings.months.map((m) => h('option', { value: m, selected: m === settings.month }, `${m.slice(0, 4)}年${Number(m.slice(5))}月`)));
  const wanted = new URLSearchParams(location.search).get('campaign_id');
  if (settings.campaigns.some((c) => String(c.campaign_id) === wanted)) byId('campaign').value = wanted;
  if (settings.campaigns.length === 0) empty('キャンペーンはまだありません。dialer campaign add で登録してください。');
  else await choose();
}

/** Another campaign or month: everything anew, as the calendar has it. */
async function choose() {
  drawChoosing();
  fields = [];
  await ask();
}

function empty(text) {
  byId('empty').hidden = text === null;
  byId('empty').textContent = text ?? '';
  byId('content').hidden = text !== null;
}

async function ask() {
  const mine = ++question;
  const body = { campaign_id: Number(byId('campaign').value), month: byId('month').value, staffing: staffing() };
  byId('content').setAttribute('aria-busy', 'true');
  const plan = await saying(() => post('/api/plan', body));
  if (mine !== question) return;
  byId('content').removeAttribute('aria-busy');
  if (!plan) return;
  drawBasis(plan);
  empty(plan.people ? null : 'この月にかける対象者がいません。滞納データを取り込むか、「架電の理由」で確かめてください。');
  if (!plan.people) return;
  if (fields.length === 0) drawStaffing(plan);
  drawFigures(plan);
  drawExpected(plan);
  byId('cells').replaceChildren(...heatMap(plan, DAYS));
  const others = await saying(() => post('/api/plan/others', body));
  if (mine !== question || !others) return;
  drawOthers(others);
  const floor = await saying(() => post('/api/plan/floor', body));
  if (mine === question && floor) drawFloor(floor, plan);
}

/** What the form holds, or null: as the calendar has it. */
function staffing() {
  if (fields.length === 0) return null;
  const read = (name) => fields.map((f) => Number(f[name].value));
  return { sessions: read('sessions'), agents: read('agents'), calls: read('calls') };
}

function drawBasis(plan) {
  const model = plan.fitted_at ? `${moment(plan.fitted_at)}に学習した見込み` : '学習前のため公表値による見込み';
  const sample = plan.sampled < plan.people ? `うち${count(plan.sampled)}人を番号順によらず抽出して計算` : '全員で計算';
  const pace = plan.attempts_seen ? `過去${plan.pace_days}日のペース` : '発信の実績がないため標準のペース';
  byId('basis').textContent = `${shortDate(plan.first_on)}〜${shortDate(plan.last_on)}。対象者${count(plan.people)}人（${sample}）。`
    + `${model}、${pace}、応答のうち接触になる割合${percent(plan.contact_share, 0)}。`;
}

function drawFigures(plan) {
  const { usual, chosen, moved } = plan;
  const figure = (name, value, note, gain, tone, testid) => h('div.figure.changing', { data: { testid } }, h('span', {}, name), h('b', {}, value),
    moved && h('small.gain', { data: { tone } }, `いまのカレンダーより ${gain}`), h('small', {}, note));
  const tone = (n) => (n > 0 ? 'good' : n < 0 ? 'bad' : '');
  const more = chosen.contacts_in_all - usual.contacts_in_all;
  const points = 100 * (chosen.contact_ratio - usual.contact_ratio);
  byId('figures').replaceChildren(
    figure('接触率', percent(chosen.contact_ratio), `接触する見込みの人数÷対象者。見込みの幅 ${percent(chosen.interval[0])}〜${percent(chosen.interval[1])}`,
      `${signed(points)}ポイント`, tone(points), 'contact-ratio'),
    figure('接触の見込み', `${count(Math.round(chosen.contacts_in_all))}人`, '本人または同一世帯員と話ができる人数', `${signed(more, 0)}人`, tone(more), 'contacts'),
    figure('稼働', `${count(Math.round(chosen.agent_hours))}時間`, 'オペレーター全員の時間の合計', `${signed(chosen.agent_hours - usual.agent_hours, 0)}時間`, '', 'agent-hours'));
}

function drawStaffing({ usual }) {
  fields = WINDOWS.map((window, i) => {
    const label = labels.windows[window];
    const input = (name, value, most, step, least = 0) => h('input', {
      type: 'number', value: String(value), min: String(least), max: String(most), step: String(step), required: true,
      aria: { label: `${label}の${name}` }, data: { testid: `${window}-${name}` }, oninput: later });
    const sessions = input('回数', usual.sessions[i], 31, 1);
    const slider = h('input', { type: 'range', min: '0', max: '31', step: '1', aria: { label: `${label}の回数（つまみ）` }, data: { testid: `${window}-slider` },
      oninput: () => { sessions.value = slider.value; later(); } });
    slider.value = String(usual.sessions[i]);
    sessions.addEventListener('input', () => { slider.value = sessions.value; });
    return { label, sessions, slider, agents: input('人数', usual.agents[i], 300, 1), calls: input('1人1時間の発信', usual.calls[i], 200, 0.1, 0.1),
      attempts: h('td.num.changing', {}), contacts: h('td.num.changing', {}) };
  });
  const head = ['時間帯', '回数（月）', 'いま', '1回の時間', '人数', '1人1時間の発信', '発信の見込み', '接触の見込み'];
  byId('staffing').replaceChildren(
    h('div.scroll', {}, h('table', {}, h('thead', {}, h('tr', {}, head.map((t, i) => h(i > 5 || i === 2 || i === 3 ? 'th.num' : 'th', { scope: 'col' }, t)))),
      h('tbody', {}, fields.map((f, i) => h('tr', {}, h('th', { scope: 'row' }, f.label), h('td', {}, h('div.sessions', {}, f.slider, f.sessions)),
        h('td.num.before', {}, `${usual.sessions[i]}回`), h('td.num.before', {}, `${usual.hours[i]}時間`),
        h('td', {}, f.agents), h('td', {}, f.calls), f.attempts, f.contacts))))),
    h('div.row', {}, h('button', { type: 'button', data: { testid: 'as-calendar' }, onclick: choose }, 'カレンダーのとおりに戻す'),
      h('span.note', { id: 'spare', hidden: true }, '発信枠に余裕があります。人数を減らしても接触の見込みはほとんど変わりません。')));
}

function drawExpected({ chosen, spare }) {
  fields.forEach((f, i) => {
    f.attempts.replaceChildren(`${count(Math.round(chosen.attempts[i]))}`, h('small.faint', {}, ` / ${count(Math.round(chosen.places[i]))}枠`));
    f.contacts.textContent = `${count(Math.round(chosen.contacts[i]))}人`;
  });
  byId('spare').hidden = !spare;
}

/** A moment after the last change, and only what the fields allow. */
function later() {
  clearTimeout(pause);
  pause = setTimeout(() => {
    if (byId('staffing').reportValidity()) ask();
  }, PAUSE_MS);
}

function drawOthers({ others }) {
  const rows = others.map((o) => h('tr', {}, h('th', { scope: 'row' }, o.label), h('td.num.gain', { data: { tone: o.gain > 0.5 ? 'good' : o.gain < -0.5 ? 'bad' : '' } }, `${signed(o.gain)}人`),
    h('td.num', {}, percent(o.contact_ratio)), h('td.num', {}, `${signed(o.agent_hours)}時間`),
    h('td.num', {}, o.agent_hours > 0 ? signed(o.gain / o.agent_hours, 2) : '—')));
  byId('others').replaceChildren(h('div.scroll', {}, h('table', {},
    h('thead', {}, h('tr', {}, ['変更', '接触の増減', '接触率', '稼働の増減', '1時間あたりの接触'].map((t, i) => h(i ? 'th.num' : 'th', { scope: 'col' }, t)))),
    h('tbody', {}, rows))));
}

function drawFloor({ floor, floor_price: price }, plan) {
  const kept = [floor.attempts > 0 && `全員に月${floor.attempts}回以上`, floor.each_window && '各時間帯で1回以上'].filter(Boolean).join('、');
  byId('others').querySelector('.hint')?.remove();
  byId('others').append(h('p.hint', { data: { testid: 'floor-price' } }, kept
    ? `最低回数（${kept}）を守るための接触の減少: 約${count(Math.round(price))}人（${percent(plan.people ? price / plan.people : 0)}）。`
    : '最低回数は設定されていません。下の「架電順の設定」で決めると、そのために減る接触の数がここに出ます。'));
}

function drawChoosing() {
  const campaign = settings.campaigns.find((c) => String(c.campaign_id) === byId('campaign').value);
  byId('choosing-section').hidden = !campaign;
  if (!campaign) return;
  choosingForm(byId('choosing'), settings.fields, campaign.choosing, (values) => saying(async () => {
    Object.assign(campaign, await post(`/api/campaigns/${campaign.campaign_id}/choosing`, values));
    passing('設定を保存しました。次の順位付けから使われます。', 'good');
    drawGraded(campaign);
    ask();
  }));
  drawGraded(campaign);
}

function drawGraded({ graded, graded_at: at }) {
  byId('graded').replaceChildren(h('h3', {}, '前回の順位付け'),
    h('p.hint', {}, at ? `${moment(at)}に行いました。` : graded.length ? '設定を変えたあと、まだ行われていません。下はその前のものです。' : 'まだ行われていません。'),
    h('ul', {}, graded.map((sentence) => h('li', {}, sentence))));
}

const percent = (ratio, digits = 1) => `${(100 * ratio).toFixed(digits)}%`;
function signed(n, digits = 1) {
  const text = n.toFixed(digits);
  return Number(text) === 0 ? `±${Math.abs(n).toFixed(digits)}` : n > 0 ? `+${text}` : text.replace('-', '−');
}
