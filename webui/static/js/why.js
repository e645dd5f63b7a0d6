// Why a person is called or not, and why a campaign dials nobody. A look at a person is logged by the server.

import { get, post } from './api.js';
import { byId, h, pageData } from './dom.js';
import { count, moment, percent } from './format.js';
import { openFrame } from './frame.js';
import { saying } from './notices.js';

const { labels } = pageData();
const chosen = new URLSearchParams(location.search);
let question = 0; // only the answer to the newest question is shown

openFrame();
byId('ask-person').addEventListener('submit', (event) => {
  event.preventDefault();
  askPerson({ addressee_no: byId('addressee-no').value.trim() });
});
byId('ask-campaign').addEventListener('submit', (event) => {
  event.preventDefault();
  askCampaign(byId('campaign').value);
});
start();

async function start() {
  // A person's number must not stay in the address bar, nor in the history.
  if (chosen.has('addressee_no')) history.replaceState(null, '', '/why');
  const board = await saying(() => get('/api/board'));
  byId('campaign').append(...(board?.campaigns ?? []).map((c) => h('option', { value: String(c.campaign_id) }, c.name)));
  byId('ask-campaign').querySelector('button').disabled = !byId('campaign').options.length;
  if (chosen.has('campaign_id')) {
    byId('campaign').value = chosen.get('campaign_id');
    await askCampaign(chosen.get('campaign_id'));
  } else if (chosen.has('debtor_id')) await askPerson({ debtor_id: Number(chosen.get('debtor_id')) });
  else if (chosen.has('addressee_no')) await askPerson({ addressee_no: chosen.get('addressee_no') });
}

async function askPerson(whose) {
  const mine = ++question;
  byId('answer').replaceChildren();
  const why = await saying(() => post('/api/why', whose));
  if (!why || mine !== question) return;
  byId('answer').replaceChildren(
    h('div.who', { data: { testid: 'who' } }, h('h1', {}, why.name, h('small', {}, ' 様')), h('span', {}, `宛名番号 ${why.addressee_no}`),
      h('span.faint', {}, `${moment(why.now)} 現在`)),
    ...(why.campaigns.length ? why.campaigns.map(verdict) : [h('p.empty', {}, 'この方の科目を扱うキャンペーンはありません。')]),
    h('section', {}, h('h2', {}, '電話番号と、つながる見込み'), h('p.hint', {}, modelNote(why)),
      why.lines.length ? h('div.lines', {}, why.lines.map(line)) : h('p.empty', {}, '電話番号の登録はありません。')),
    history_(why.tried));
}

function modelNote({ fitted_at: fitted }) {
  const model = fitted ? `${moment(fitted)}に学習した見込み` : '学習前のため公表値による見込み';
  return `全体 → 区分（科目・年代・電話の種別）→ 本人の実績の順に重ねた、応答の確率です。${model}。`;
}

function verdict(c) {
  const standing = c.rules.filter((r) => r.stands);
  const others = c.rules.filter((r) => !r.stands);
  const tone = c.allowed ? 'good' : c.next_at ? 'wait' : 'bad';
  return h('section.card.verdict', { data: { tone, testid: `campaign-${c.campaign_id}` } },
    h('header', {}, h('h2', {}, c.name), h('span.tag', { data: { tone: c.allowed ? 'good' : 'wait' } }, c.allowed ? 'いま架電できます' : 'いまは架電しません')),
    h('p.next', { data: { testid: 'next' } }, '次に架電できる時: ', h('b', {}, nextText(c))),
    standing.length > 0 && rules(standing),
    h('dl.facts', {},
      row('発信先', c.number ?? '—'), row('オペレーター', c.wants ?? '指定なし'),
      c.callback_due_at && row('約束の時刻', moment(c.callback_due_at)), ...place(c.place)),
    h('details', {}, h('summary', {}, `当てはまらない規則（${others.length}）`), rules(others)));
}

function nextText(c) {
  const because = c.next_because.join('、');
  if (!c.next_at) return because ? `なし（${because}）` : 'なし';
  return `${c.allowed ? 'いま' : moment(c.next_at)}${because ? `（ただし「${because}」が解ければ）` : ''}`;
}

function rules(list) {
  return h('table.rules', {}, h('thead', {}, h('tr', {}, ['', '規則', '根拠', '解ける時'].map((t) => h('th', { scope: 'col' }, t)))),
    h('tbody', {}, list.map((r) => h('tr', { data: { stands: r.stands, testid: `rule-${r.reason}` } },
      h('td', {}, r.stands ? '✕' : '○'), h('td', {}, r.label), h('td', {}, r.fact), h('td', {}, r.until ? moment(r.until) : r.stands ? '—' : '')))));
}

function place(p) {
  if (!p) return [row('発信リスト', '載っていません')];
  const orders = Object.entries(p.order_labels).map(([window, label]) => `${labels.windows[window]}: ${label}`).join(' ・ ');
  const ahead = p.window === null ? '開く時間帯がありません'
    : `${moment(p.at)}（${labels.windows[p.window]}）に、この方より先に架電する方 ${count(p.ahead_n)}人 ／ 架電できる方 ${count(p.callable_n)}人`;
  return [row('優先度', orders + (p.by_lot ? ' ・ くじ' : '') + (p.graded ? '' : ' ・ 見直し待ち')), row('順番', ahead)];
}

function row(name, value) {
  return [h('dt.faint', {}, name), h('dd', {}, value)];
}

function line(l) {
  return h('section.card.line', { data: { live: l.live, testid: 'line' } },
    h('header', {}, h('span.number.num', {}, l.number), h('span.tag', {}, labels.phone_kinds[l.kind]), h('span.faint', {}, `${l.source} ・ 順位 ${l.rank}`),
      h('span', {}, l.state)),
    h('div.scroll', {}, h('table', {},
      h('thead', {}, h('tr', {}, ['時間帯', '全体', '区分', '応答', '不応答', '見込み', '採用値'].map((t, i) => h(i ? 'th.num' : 'th', { scope: 'col' }, t)))),
      h('tbody', {}, l.table.map((r) => h('tr', {}, h('th', { scope: 'row' }, labels.windows[r.window]),
        h('td.num', {}, percent(r.population, 1)), h('td.num', {}, percent(r.segment, 1)),
        h('td.num', {}, r.hits.toFixed(1)), h('td.num', {}, r.misses.toFixed(1)),
        h('td.num', {}, bar(r.pick_up), percent(r.pick_up, 1)),
        h('td.num', {}, r.in_force === null ? '—' : percent(r.in_force, 1))))))));
}

function bar(p) {
  const fill = h('i', {});
  fill.style.width = `${100 * p}%`;
  return h('span.bar', { aria: { hidden: 'true' } }, fill);
}

function history_(tried) {
  return h('section.card', {}, h('h2', {}, '最近の架電と受電', h('span.tally', {}, `${tried.length}件`)),
    tried.length === 0 ? h('p.empty', {}, 'まだありません。') : h('div.scroll', {}, h('table', {},
      h('thead', {}, h('tr', {}, ['日時', '方向', '時間帯', '結果', '対応結果', '見込み'].map((t) => h('th', { scope: 'col' }, t)))),
      h('tbody', {}, tried.map((t) => h('tr', {}, h('td', {}, moment(t.at)), h('td', {}, t.direction === 'inbound' ? '受電' : '架電'),
        h('td', {}, labels.windows[t.window] ?? '—'), h('td', {}, labels.outcomes[t.outcome] ?? (t.direction === 'outbound' ? '架電中' : '—')),
        h('td', {}, labels.dispositions[t.disposition] ?? '—'),
        h('td', {}, t.answer_probability === null ? '—' : percent(t.answer_probability, 1), t.by_lot && '（くじ）')))))));
}

async function askCampaign(campaignId) {
  const mine = ++question;
  byId('answer').replaceChildren();
  const s = await saying(() => get(`/api/why/campaigns/${encodeURIComponent(campaignId)}`));
  if (!s || mine !== question) return;
  history.replaceState(null, '', `/why?campaign_id=${s.campaign.campaign_id}`);
  const when = s.window === null ? '400日以内に開く時間帯がありません' : s.open_now ? `いま（${labels.windows[s.window]}）` : `時間外です。次の開始 ${moment(s.at)}（${labels.windows[s.window]}）の見込み`;
  const part = (n) => percent(n, s.people_n);
  byId('answer').replaceChildren(
    h('div.who', {}, h('h1', {}, s.campaign.name), h('span.tag', { data: { tone: s.campaign.state === 'running' ? 'good' : 'wait' } }, labels.campaign_states[s.campaign.state]),
      h('span', {}, when), h('span.faint', {}, s.because === null ? 'エンジンに接続できません' : s.because && `エンジン: ${s.because}`)),
    h('section.card', {}, h('h2', {}, '架電できない理由', h('span.tally', {}, `対象 ${count(s.people_n)}人 ・ 発信リスト ${count(s.listed_n)}人`)),
      h('p.hint', {}, '「主な理由」は、上から順に見て最初に当てはまるものです。架電できる方と合わせると対象の全員になります。'),
      h('div.scroll', {}, h('table.counts', { data: { testid: 'counts' } },
        h('thead', {}, h('tr', {}, ['理由', '主な理由', '割合', '当てはまる人', 'うちリスト外'].map((t, i) => h(i ? 'th.num' : 'th', { scope: 'col' }, t)))),
        h('tbody', {},
          h('tr.callable', { data: { testid: 'callable' } }, h('th', { scope: 'row' }, '架電できます'), h('td.num', {}, count(s.callable_n)), h('td.num', {}, part(s.callable_n)), h('td.num', {}, ''), h('td.num', {}, '')),
          s.reasons.map((r) => h('tr', { data: { testid: `count-${r.reason}` } }, h('th', { scope: 'row' }, r.label),
            h('td.num', {}, count(r.first_n)), h('td.num', {}, part(r.first_n)), h('td.num', {}, count(r.total_n)), h('td.num', {}, r.unlisted_n ? count(r.unlisted_n) : ''))))))),
    h('section.card', {}, h('h2', {}, '次に待ち時間が終わる方'),
      s.opens.length === 0 ? h('p.empty', {}, 'ありません。') : h('table', { data: { testid: 'opens' } },
        h('tbody', {}, s.opens.map((o) => h('tr', {}, h('td', {}, `${moment(o.at)}から1時間の間`), h('td.num', {}, `${count(o.people_n)}人`)))))));
}
