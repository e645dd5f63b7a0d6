// The wide band that says what the agent is: state, time in it, and what she may do next.

import { post, remove } from '../api.js';
import { byId, h, isTyping, kbd, setText } from '../dom.js';
import { secondsSince, span } from '../format.js';
import { saying } from '../notices.js';

const NOT_ANSWERED = new Set(['claimed', 'dialing', 'ringing']);
const ON_CALL = new Set(['reserved', 'talking', 'wrap_up']);

export class Strip {
  #labels;
  #agent = null;
  #wrapUpS = 0;
  #drawn = '';

  constructor(labels) {
    this.#labels = labels;
  }

  /**
   * @param agent the engine's agent, or null without a seat
   * @param call the call's live row, or null
   * @param screen the person's data, or null
   */
  update(agent, call, screen) {
    this.#agent = agent;
    this.#wrapUpS = screen?.call.wrap_up_s ?? 0;
    const strip = byId('strip');
    strip.dataset.state = agent?.state ?? 'logged_out';
    setText(byId('strip-state'), this.#label(call, screen));
    setText(byId('strip-note'), this.#note(call, screen));
    this.#draw();
    this.tick();
  }

  /** Once a second: the time in this state, or what is left of wrap-up. */
  tick() {
    const { state, since } = this.#agent ?? {};
    if (!state || state === 'logged_out') {
      setText(byId('strip-time'), '');
      return;
    }
    const s = secondsSince(since);
    const left = state === 'wrap_up' && this.#wrapUpS > 0 ? this.#wrapUpS - s : null;
    setText(byId('strip-time'), left === null ? span(s) : `残り ${span(left)}`);
    byId('strip').classList.toggle('late', left !== null && left < 10);
  }

  /** Handles a key press of the page; true when it was one of its own. */
  key(event) {
    if (!event.altKey || event.ctrlKey || event.metaKey || isTyping(event)) return false;
    const button = byId('strip-actions').querySelector(`[data-code="${event.code}"]`);
    if (!button || button.disabled) return false;
    button.click();
    return true;
  }

  #label(call, screen) {
    const state = this.#agent?.state ?? 'logged_out';
    if (state === 'reserved' && screen?.call.dial_mode === 'preview') {
      return call?.state === 'claimed' ? 'プレビュー' : '発信中';
    }
    if (state === 'reserved' && NOT_ANSWERED.has(call?.state)) return '発信中';
    return this.#labels.agent_states[state] ?? state;
  }

  #note(call, screen) {
    const agent = this.#agent;
    if (!agent) return 'マイクを確認して、席に着いてください。';
    if (agent.state === 'not_ready') {
      if (!agent.leg_up) return '電話をつないでいます…';
      const reason = this.#labels.reasons[agent.reason] ?? this.#labels.engine_reasons[agent.reason];
      return reason ?? '';
    }
    if (agent.state === 'ready') return '次の通話を待っています。つながると同時に対象者が表示されます。';
    const inbound = ['reserved', 'talking'].includes(agent.state) && screen?.call.direction === 'inbound';
    if (inbound && agent.next !== 'not_ready') return screen.debtor ? '着信です。' : '着信です。電話番号の持ち主が特定できません。';
    if (ON_CALL.has(agent.state) && agent.next === 'not_ready') return '通話後に離席します。';
    if (agent.state === 'reserved' && NOT_ANSWERED.has(call?.state) && screen && screen.call.dial_mode !== 'preview') {
      return 'あなたを指定した発信です。相手が出ると、そのままつながります。';
    }
    return '';
  }

  #draw() {
    const agent = this.#agent;
    const onCall = ON_CALL.has(agent?.state);
    const wanted = !agent || agent.state === 'logged_out' ? '' : `${agent.state}/${onCall && agent.next}/${agent.leg_up}`;
    if (wanted === this.#drawn) return;
    this.#drawn = wanted;
    byId('strip-actions').replaceChildren(...(wanted ? this.#actions(agent, onCall) : []));
  }

  #actions(agent, onCall) {
    const list = [];
    const { state, next, leg_up: legUp } = agent;
    if (state === 'not_ready') {
      list.push(action('次を待つ', 'Alt R', 'KeyR', 'ready', () => post('/api/ready'), { primary: true, disabled: !legUp }));
    }
    if (onCall && state !== 'wrap_up' && next === 'not_ready') {
      list.push(action('離席を取消', 'Alt R', 'KeyR', 'ready', () => post('/api/ready')));
    }
    if (state === 'ready' || (onCall && state !== 'wrap_up' && next !== 'not_ready')) list.push(this.#leaveMenu(onCall));
    if (state === 'not_ready') {
      list.push(this.#leaveMenu(false, '理由を変える'));
      list.push(action('席を離れる', 'Alt L', 'KeyL', 'leave-seat', () => remove('/api/seat')));
    }
    return list;
  }

  #leaveMenu(afterwards, title = afterwards ? '通話後に離席' : '離席する') {
    const menu = h('details.menu', { data: { testid: 'not-ready' } });
    const choices = Object.entries(this.#labels.reasons).map(([reason, label]) =>
      h('button', {
        type: 'button', data: { testid: `reason-${reason}` },
        onclick: () => { menu.open = false; saying(() => post('/api/not-ready', { reason })); },
      }, label));
    const summary = h('summary', { data: { code: 'KeyB' }, aria: { keyshortcuts: 'Alt+B' } }, title, kbd('Alt B'));
    menu.append(summary, h('div.menu-list', {}, choices));
    menu.addEventListener('toggle', () => menu.open && choices[0].focus());
    menu.addEventListener('keydown', (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        const at = choices.indexOf(document.activeElement);
        choices[(at + step + choices.length) % choices.length].focus();
      } else if (event.key === 'Escape') {
        menu.open = false;
        summary.focus();
      }
    });
    menu.addEventListener('focusout', ({ relatedTarget }) => relatedTarget && !menu.contains(relatedTarget) && (menu.open = false));
    return menu;
  }
}

function action(label, keys, code, testid, act, { primary = false, disabled = false } = {}) {
  return h(primary ? 'button.primary' : 'button', {
    type: 'button', disabled, data: { code, testid }, aria: { keyshortcuts: keys.replace(' ', '+') }, onclick: () => saying(act),
  }, label, kbd(keys));
}
