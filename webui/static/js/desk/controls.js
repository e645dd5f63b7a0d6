// What can be done with the call itself: hang up, mute, hold, digits.

import { post } from '../api.js';
import { h, kbd } from '../dom.js';
import { saying } from '../notices.js';

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

export class CallControls {
  #phone;

  constructor(phone) {
    this.#phone = phone;
    this.hangUp = this.#button('切断', 'Alt+H', 'hangup', () => saying(() => post('/api/hangup')), 'danger');
    this.mute = this.#button('消音', 'Alt+M', 'mute', () => phone.mute(!phone.state.muted));
    this.hold = this.#button('保留', 'Alt+K', 'hold', () => phone.hold(!phone.state.held));
    this.pad = h('details.pad', { data: { testid: 'pad' } }, h('summary', {}, '番号'),
      h('div.keys', {}, DIGITS.map((d) => h('button', { type: 'button', data: { testid: `digit-${d}` }, onclick: () => phone.sendDigit(d) }, d))));
    this.element = h('div.controls', { role: 'group', aria: { label: '通話の操作' } }, this.hangUp, this.mute, this.hold, this.pad);
    this.update(false);
  }

  /** @param {boolean} talking whether a callee is on the line */
  update(talking) {
    const { inCall, muted, held } = this.#phone.state;
    this.hangUp.disabled = !talking;
    for (const [button, on] of [[this.mute, muted], [this.hold, held]]) {
      button.disabled = !inCall;
      button.setAttribute('aria-pressed', String(on));
    }
    this.pad.hidden = !talking || !inCall;
  }

  /** Handles a key press of the page; true when it was one of its own. */
  key(event) {
    if (!event.altKey || event.ctrlKey || event.metaKey) return false;
    const button = { KeyH: this.hangUp, KeyM: this.mute, KeyK: this.hold }[event.code];
    if (!button || button.disabled) return false;
    button.click();
    return true;
  }

  #button(label, keys, testid, act, kind = '') {
    return h(`button${kind && `.${kind}`}`, { type: 'button', data: { testid }, onclick: act, aria: { keyshortcuts: keys } }, label, kbd(keys.replace('+', ' ')));
  }
}
