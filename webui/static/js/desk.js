// The agent's page. What the engine says of this agent decides what is shown; the page keeps no state of its own
// except the telephone, so a page that was loaded again finds its seat and its call.

import { post, remove } from './api.js';
import { callbackList } from './desk/callback.js';
import { CallControls } from './desk/controls.js';
import { CallView, fetchScreen } from './desk/call_view.js';
import { seatCard } from './desk/seat.js';
import { Strip } from './desk/strip.js';
import { byId, h, pageData, setText } from './dom.js';
import { clock, count, percent, setServerNow, startTicking } from './format.js';
import { openFrame } from './frame.js';
import { Microphone } from './microphone.js';
import { passing, saying, standing } from './notices.js';
import { Phone } from './phone.js';

const { me, labels, audio_processing: processing } = pageData();

const microphone = new Microphone(processing);
const phone = new Phone(microphone, byId('remote-audio'));
const controls = new CallControls(phone);
const live = openFrame(mayLeave);
const strip = new Strip(labels);

let known = false; // whether a snapshot has come
let agent = null; // this agent as the engine sees her, null without a seat
let counts = {};
const calls = new Map(); // her live calls by id
let view = null; // the CallView on the screen
let wantedCall = null; // the call whose person is shown or on the way
let shown = ''; // 'seat', 'idle' or 'call'
let sipSeat = false; // works with a telephone on the desk
let holdsTab = false;

// For tests and for support: what the telephone is doing, read only.
window.tsunagu = Object.freeze({
  phone: Object.freeze({
    get registered() { return phone.state.registered; },
    get inCall() { return phone.state.inCall; },
    get iceState() { return phone.state.iceState; },
  }),
});

live.addEventListener('snapshot', ({ detail }) => {
  known = true;
  setServerNow(detail.now);
  setAgent(detail.agents.find((a) => a.agent_id === me.user_id) ?? null);
  calls.clear();
  for (const call of detail.calls) calls.set(call.call_id, call);
  counts = detail.counts;
  render();
});
live.addEventListener('agent', ({ detail }) => {
  if (detail.agent.agent_id !== me.user_id) return; // a supervisor at a desk hears of everybody
  setAgent(detail.agent);
  render();
});
live.addEventListener('call', ({ detail: { call } }) => {
  if (call.agent_id !== me.user_id) return;
  if (call.state === 'ended') calls.delete(call.call_id);
  else calls.set(call.call_id, call);
  render();
});
live.addEventListener('counts', ({ detail }) => {
  counts = detail.counts;
  if (shown === 'idle') showIdle();
});
phone.addEventListener('change', () => {
  renderPhone();
  if (view && agent) view.update(agent, calls.get(agent.call_id) ?? null);
});

function setAgent(seen) {
  const had = agent !== null;
  agent = seen?.state === 'logged_out' ? null : seen;
  if (had && !agent) {
    phone.stop(); // the seat was given back, here or elsewhere
    sipSeat = false;
  }
}

function render() {
  if (!known) return;
  if (agent && !phone.started && !sipSeat) sitAgain();
  const callId = agent?.call_id ?? null;
  if (callId !== wantedCall) {
    wantedCall = callId;
    view = null;
    if (callId) bring(callId);
  }
  strip.update(agent, calls.get(callId) ?? null, view?.screen ?? null);
  renderPhone();
  renderShift();
  if (!agent) showSeat();
  else if (!callId) showIdle();
  else if (view) showCall();
  else if (shown !== 'call') show('wait', h('p.empty.big', {}, '対象者を表示しています…'));
}

async function bring(callId) {
  try {
    const screen = await fetchScreen(callId);
    if (wantedCall !== callId) return; // that call is over
    view = new CallView(screen, labels, controls);
    shown = '';
    render();
  } catch (error) {
    if (wantedCall === callId) passing(`対象者を表示できません。${error.message}`);
  }
}

function show(name, ...content) {
  shown = name;
  byId('view').replaceChildren(...content);
  byId('view').dataset.name = name;
}

function showSeat() {
  if (shown !== 'seat') show('seat', seatCard(microphone, seated));
}

function showCall() {
  if (shown !== 'call') show('call', view.element);
  view.update(agent, calls.get(agent.call_id) ?? null);
}

function showIdle() {
  const figures = [
    ['発信', count(counts.dialed)],
    ['接続', count(counts.connected)],
    ['接触', count(counts.contacts)],
    ['接触率', percent(counts.contacts, counts.dialed)],
  ];
  if (shown === 'idle') {
    byId('view').querySelectorAll('.figure b').forEach((b, i) => setText(b, figures[i][1]));
    return;
  }
  show('idle', h('section.card.idle', { data: { testid: 'idle' } },
    h('h1', {}, '本日のセンター全体'),
    h('div.figures', {}, figures.map(([name, value]) => h('div.figure', {}, h('span', {}, name), h('b', {}, value)))),
    h('p.hint', {}, '通話がつながると、この画面に対象者・未納の明細・経過記録が自動で表示されます。'),
    callbackList()));
}

// --- seat and telephone ---------------------------------------------------------------------------

function seated(seat) {
  sipSeat = seat.kind === 'sip';
  if (!sipSeat) phone.start(seat.sip);
  renderPhone();
}

/** After a reload: the same seat, from the server, and the telephone again. */
let sitting = false;
async function sitAgain() {
  if (sitting || !holdsTab) return;
  sitting = true;
  try {
    seated(await post('/api/seat', { kind: 'web' }));
  } catch (error) {
    if (error.code === 'has_seat') sipSeat = true; // she works with a telephone on the desk
    else setTimeout(render, 3000);
  } finally {
    sitting = false;
    renderPhone();
  }
}

function renderPhone() {
  const chip = byId('phone-chip');
  chip.hidden = !agent;
  const { registered, inCall, silent, muted, held } = phone.state;
  let [tone, text] = ['wait', '電話: 登録中…'];
  if (sipSeat) [tone, text] = agent?.leg_up ? ['good', '卓上電話: 接続'] : ['wait', '卓上電話: 待機'];
  else if (inCall && held) [tone, text] = ['wait', '電話: 保留中'];
  else if (inCall && muted) [tone, text] = ['wait', '電話: 消音中'];
  else if (inCall) [tone, text] = registered ? ['good', '電話: 接続'] : ['wait', '電話: 再接続中…'];
  else if (registered) [tone, text] = ['wait', '電話: 呼出待ち'];
  chip.dataset.tone = tone;
  if (agent?.extension) text += `（内線 ${agent.extension}）`;
  setText(chip, text);
  if (silent && inCall) {
    if (!document.querySelector('[data-key="silent"]')) {
      standing('silent', 'ブラウザが音声を止めています。画面のどこかをクリックしてください。');
      document.addEventListener('pointerdown', () => phone.play(), { once: true });
    }
  } else standing('silent', null);
}

/** When her shift ends today; after that she gets no further call until she says that she is ready. */
function renderShift() {
  const chip = byId('shift-chip');
  chip.hidden = !agent?.shift_ends_at;
  setText(chip, `本日の終業 ${clock(agent?.shift_ends_at)}`);
}

async function mayLeave() {
  if (!agent) return true;
  if (agent.call_id) {
    passing('通話または後処理が終わってからログアウトしてください。');
    return false;
  }
  await remove('/api/seat');
  phone.stop();
  return true;
}

// --- keyboard, leaving, one tab -------------------------------------------------------------------

document.addEventListener('keydown', (event) => {
  if (event.repeat) return;
  if (strip.key(event) || view?.key(event)) event.preventDefault();
});
window.addEventListener('beforeunload', (event) => {
  // A reload ends the telephone: the callee would hear silence, so ask first.
  if (agent?.state === 'talking' && !sipSeat) event.preventDefault();
});
// Between calls the leg ends with the page at once. In a call it is left to the server, which may join a new leg to it.
window.addEventListener('pagehide', () => agent?.call_id || phone.stop());

// Two tabs would take the telephone from each other.
navigator.locks.request('tsunagu-desk', { ifAvailable: true }, (lock) => {
  holdsTab = lock !== null;
  if (!holdsTab) {
    show('second', h('section.card', { role: 'alert', data: { testid: 'second-tab' } },
      h('h1', {}, '別のタブで使用中です'), h('p', {}, 'デスクは1つのタブだけで開いてください。このタブは閉じてください。')));
    return undefined;
  }
  saying(async () => live.start());
  return new Promise(() => {}); // kept as long as the page lives
});
startTicking(() => strip.tick());
