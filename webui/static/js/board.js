// The supervisor's page: who does what now, what was reached today, and start, pause, stop.

import { get, post, remove } from './api.js';
import { byId, h, keyed, pageData, setText } from './dom.js';
import { count, moment, percent, setServerNow, startTicking } from './format.js';
import { openFrame } from './frame.js';
import { problemOf } from './live.js';
import { saying } from './notices.js';

const { labels } = pageData();

const agents = new Map();
const calls = new Map();
const campaigns = new Map();
let counts = {};
let drawing = false;

/** Today's figures: [name, value, what it is]. Every ratio says what is divided by what. */
function figures() {
  const c = counts;
  return [
    ['発信', count(c.dialed), '本日、回線に出した発信の数'],
    ['応答', count(c.answered), '発信のうち、相手が電話に出た数（留守番電話などを含む）'],
    ['接続', count(c.connected), '応答のうち、オペレーターとつながった数'],
    ['受電', count(c.inbound), '本日、受付時間内にかかってきた電話の数'],
    ['受電応答', count(c.inbound_taken), '受電のうち、オペレーターにつないだ数'],
    ['接触', count(c.contacts), '本人または同一世帯員と話ができた数（オペレーターの結果入力による）'],
    ['放棄率', percent(c.abandoned, (c.abandoned ?? 0) + (c.connected ?? 0)), '放棄 ÷（放棄＋接続）。放棄 = 応答したが、決められた秒数以内にオペレーターとつながらなかった通話。対象は本日'],
    ['接触率', percent(c.contacts, c.dialed), '接触 ÷ 発信。対象は本日'],
    ['話中', count(c.busy), '相手が話し中だった発信'],
    ['不応答', count(c.no_answer), '呼び出したが出なかった発信'],
  ];
}

const live = openFrame();
live.addEventListener('snapshot', ({ detail }) => {
  setServerNow(detail.now);
  fill(agents, detail.agents, 'agent_id');
  fill(calls, detail.calls, 'call_id');
  for (const campaign of detail.campaigns) mergeCampaign(campaign);
  counts = detail.counts;
  loadCampaigns();
  draw();
});
live.addEventListener('agent', ({ detail: { agent } }) => {
  if (agent.state === 'logged_out') agents.delete(agent.agent_id);
  else agents.set(agent.agent_id, agent);
  draw();
});
live.addEventListener('call', ({ detail: { call } }) => {
  if (call.state === 'ended') calls.delete(call.call_id);
  else calls.set(call.call_id, call);
  draw();
});
live.addEventListener('counts', ({ detail }) => {
  counts = detail.counts;
  draw();
});
live.addEventListener('campaign', ({ detail: { campaign } }) => {
  mergeCampaign(campaign);
  draw();
});
live.addEventListener('link', ({ detail }) => {
  const chip = byId('link-chip');
  const fine = problemOf(detail) === null;
  chip.dataset.tone = fine ? 'good' : 'bad';
  setText(chip, fine ? 'ライブ' : '停止中');
});

function fill(map, rows, key) {
  map.clear();
  for (const row of rows) map.set(row[key], row);
}

function mergeCampaign(campaign) {
  campaigns.set(campaign.campaign_id, { ...campaigns.get(campaign.campaign_id), ...campaign });
}

/** What the engine does not send: debt types, group, lines; and campaigns that it does not know. */
async function loadCampaigns() {
  await saying(async () => {
    const board = await get('/api/board');
    for (const stored of board.campaigns) {
      campaigns.set(stored.campaign_id, { ...campaigns.get(stored.campaign_id), ...stored });
    }
    draw();
  });
}

/** Draws at most once a frame, however many messages come. */
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawFigures();
    drawCampaigns();
    drawAgents();
    drawCalls();
    drawWaiting();
    tick();
  });
}

function drawFigures() {
  keyed(byId('figures'), figures(), ([name]) => name, ([name, , meaning]) => {
    const value = h('b', {});
    const element = h('div.figure', { title: meaning, tabIndex: 0, data: { testid: `figure-${name}` } }, h('span', {}, name), value,
      h('span.meaning', { role: 'tooltip' }, meaning));
    element.update = ([, text]) => setText(value, text);
    return element;
  });
}

function drawCampaigns() {
  const rows = [...campaigns.values()].sort((a, b) => a.name.localeCompare(b.name, 'ja'));
  const box = byId('campaigns');
  if (rows.length === 0) {
    box.replaceChildren(h('p.empty', {}, 'キャンペーンはまだありません。dialer campaign add で登録してください。'));
    return;
  }
  if (!box.querySelector('tbody')) {
    box.replaceChildren(h('div.scroll', {}, h('table', {},
      h('thead', {}, h('tr', {}, ['名称', '科目', '発信方式', '回線', '放棄率', '状態', 'いま', '操作'].map((t) => h('th', { scope: 'col' }, t)))),
      h('tbody', {}))));
  }
  keyed(box.querySelector('tbody'), rows, (c) => c.campaign_id, campaignRow);
}

function campaignRow(first) {
  const mode = h('td', {});
  const types = h('td.types', {});
  const lines = h('td.num', {});
  const abandoned = h('td.num', { data: { testid: `campaign-${first.campaign_id}-abandoned` } });
  const state = h('span.tag', { data: { testid: `campaign-${first.campaign_id}-state` } });
  const because = h('td.faint', {});
  const set = (wanted) => () => saying(() => post(`/api/campaigns/${first.campaign_id}/state`, { state: wanted }));
  const button = (label, wanted, act = set(wanted)) =>
    h('button.small', { type: 'button', data: { testid: `campaign-${first.campaign_id}-${wanted}` }, onclick: act, aria: { label: `${first.name}を${label}` } }, label);
  const run = button('開始', 'running');
  const pause = button('一時停止', 'paused');
  const stop = button('停止', 'stopped', () => confirmStop(first, set('stopped')));
  const why = h('a', { href: `/why?campaign_id=${first.campaign_id}`, data: { testid: `campaign-${first.campaign_id}-why` }, aria: { label: `${first.name}の架電の理由` } }, '理由');
  const row = h('tr', {}, h('th', { scope: 'row' }, first.name), types, mode, lines, abandoned, h('td', {}, state), because, h('td', {}, h('div.row', {}, run, pause, stop, why)));
  row.update = (c) => {
    setText(types, (c.debt_types ?? []).join('・'));
    setText(mode, c.dial_mode === 'fixed_ratio' ? `${labels.dial_modes[c.dial_mode]} ${c.ratio.toFixed(1)}` : labels.dial_modes[c.dial_mode]);
    setText(lines, c.max_lines === undefined ? '' : String(c.max_lines));
    setText(abandoned, abandonment(c.abandonment));
    abandoned.title = abandonmentMeaning(c.abandonment);
    setText(state, labels.campaign_states[c.state]);
    state.dataset.tone = { running: 'good', paused: 'wait', stopped: 'faint' }[c.state];
    setText(because, [c.because, c.next_opening_at && `次の開始 ${moment(c.next_opening_at)}`].filter(Boolean).join(' ・ '));
    run.disabled = c.state === 'running';
    pause.disabled = c.state !== 'running';
    stop.disabled = c.state === 'stopped';
  };
  return row;
}

/** Of the last 24 hours: [ratio], or a dash while nobody has answered. */
function abandonment(told) {
  return told === undefined ? '' : percent(told.day.abandoned, told.day.answers);
}

/** What the ratio is, both windows in numbers, target and limit. */
function abandonmentMeaning(told) {
  if (told === undefined) return '';
  const part = (name, { abandoned, answers }) => `${name}: ${abandoned}÷${answers}`;
  return ['放棄 ÷ 応答（留守番電話を除く）', part('24時間', told.day), part('30日間', told.month),
    `目標 ${(told.target_ratio * 100).toFixed(1)}%・上限 ${(told.limit_ratio * 100).toFixed(1)}%`,
    told.one_to_one_until && `${moment(told.one_to_one_until)} まで1対1`].filter(Boolean).join('、');
}

function confirmStop({ name }, act) {
  confirm(`「${name}」を停止しますか`, '新しい発信を止めます。進行中の通話は続きます。', '停止する', 'confirm-stop', act);
}

function confirmFree({ name }, act) {
  confirm(`${name}さんの席を空けますか`, '席を離れた人をログアウトします。後処理中の通話は結果が未登録のまま残ります。', '席を空ける', 'confirm-free', act);
}

function confirm(title, text, yes, testid, act) {
  const dialog = h('dialog', { aria: { labelledby: 'h-confirm' }, onclose: () => { if (dialog.returnValue === 'yes') act(); dialog.remove(); } },
    h('form', { method: 'dialog' }, h('h2', { id: 'h-confirm' }, title), h('p', {}, text),
      h('div.row', {}, h('button.danger', { value: 'yes', data: { testid } }, yes), h('button', { value: 'no', autofocus: true }, 'やめる'))));
  document.body.append(dialog);
  dialog.showModal();
}

const ORDER = ['talking', 'reserved', 'wrap_up', 'ready', 'not_ready'];

function drawAgents() {
  const rows = [...agents.values()].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.since.localeCompare(b.since));
  const box = byId('agents');
  setText(byId('agents-tally'), ORDER.map((state) => [state, rows.filter((a) => a.state === state).length])
    .filter(([, n]) => n).map(([state, n]) => `${labels.agent_states[state]} ${n}`).join(' ・ '));
  if (rows.length === 0) {
    box.replaceChildren(h('p.empty', { data: { testid: 'no-agents' } }, '席に着いているオペレーターはいません。'));
    return;
  }
  if (box.querySelector('.empty')) box.replaceChildren();
  keyed(box, rows, (a) => a.agent_id, agentTile);
}

function agentTile(first) {
  const name = h('b.agent-name', {}, first.name);
  const where = h('span.faint', {});
  const state = h('span.agent-state', {});
  const time = h('span.num', { data: { since: '' } });
  const note = h('span.faint', {});
  const free = h('button.small', {
    type: 'button', data: { testid: `free-seat-${first.agent_id}` }, aria: { label: `${first.name}の席を空ける` },
    onclick: () => confirmFree(first, () => saying(() => remove(`/api/agents/${first.agent_id}/seat`))),
  }, '席を空ける');
  const tile = h('article.agent', { data: { testid: `agent-${first.agent_id}` } }, h('div', {}, name, where), h('div', {}, state, time), note, free);
  tile.update = (a) => {
    tile.dataset.state = a.state;
    setText(name, a.name);
    setText(where, [a.extension && `内線 ${a.extension}`, foreign(a.languages)].filter(Boolean).join(' ・ '));
    free.hidden = !['wrap_up', 'not_ready'].includes(a.state);
    setText(state, labels.agent_states[a.state] ?? a.state);
    time.dataset.since = a.since;
    const reason = a.state === 'not_ready' ? labels.reasons[a.reason] ?? labels.engine_reasons[a.reason] ?? '' : '';
    setText(note, [!a.leg_up && '電話 未接続', reason, a.next === 'not_ready' && '通話後に離席', campaignOf(a.call_id)].filter(Boolean).join(' ・ '));
  };
  return tile;
}

/** The languages beside Japanese. */
function foreign(languages = []) {
  return languages.filter((code) => code !== 'ja').map((code) => labels.languages[code] ?? code).join('・');
}

function campaignOf(callId) {
  const call = callId && calls.get(callId);
  return call ? campaigns.get(call.campaign_id)?.name ?? '' : '';
}

/** Callers for whom no agent is free yet: how many, and how long the first of them has waited. */
function drawWaiting() {
  const waiting = [...calls.values()].filter(isWaiting).map((c) => c.answered_at ?? c.since).sort();
  const box = byId('waiting');
  box.hidden = waiting.length === 0;
  if (box.hidden) return;
  setText(byId('waiting-count'), `待ち呼 ${waiting.length}人、最長`);
  byId('waiting-longest').dataset.since = waiting[0];
}

function isWaiting(call) {
  return call.direction === 'inbound' && call.state === 'answered';
}

function drawCalls() {
  const rows = [...calls.values()].sort((a, b) => a.since.localeCompare(b.since));
  const box = byId('calls');
  setText(byId('calls-tally'), rows.length ? `${rows.length}件` : '');
  if (rows.length === 0) {
    box.replaceChildren(h('p.empty', { data: { testid: 'no-calls' } }, '進行中の通話はありません。'));
    return;
  }
  if (!box.querySelector('tbody')) {
    box.replaceChildren(h('div.scroll', {}, h('table', {},
      h('thead', {}, h('tr', {}, ['状態', '時間', '方向', 'オペレーター', 'キャンペーン'].map((t) => h('th', { scope: 'col' }, t)))),
      h('tbody', {}))));
  }
  keyed(box.querySelector('tbody'), rows, (c) => c.call_id, callRow);
}

function callRow(first) {
  const state = h('span.tag', {});
  const time = h('td.num', { data: { since: '' } });
  const who = h('td', {});
  const campaign = h('td', {});
  const row = h('tr', { data: { testid: 'call-row' } }, h('td', {}, state), time, h('td', {}, first.direction === 'inbound' ? '受電' : '架電'), who, campaign);
  row.update = (c) => {
    setText(state, isWaiting(c) ? '待ち呼' : labels.call_states[c.state] ?? c.state);
    state.dataset.state = c.state;
    time.dataset.since = c.answered_at ?? c.since;
    setText(who, agents.get(c.agent_id)?.name ?? '—');
    setText(campaign, campaigns.get(c.campaign_id)?.name ?? '—');
  };
  return row;
}

const tick = startTicking();
live.start();
draw();
