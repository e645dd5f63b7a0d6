// The three columns of a call: who it is and what was tried; what is owed and what to say; what to do and to mark.

import { get, post } from '../api.js';
import { h, kbd } from '../dom.js';
import { saying } from '../notices.js';
import { DispositionForm } from './disposition.js';
import { Numbers } from './numbers.js';
import { debtsCard, historyCard, personCard, promisesCard, scriptCard } from './person.js';

const TRIES = 4;
const PAUSE_MS = 250;

/** The person of a call. The row may be a blink behind the message that announced it, so a 404 is asked again. */
export async function fetchScreen(callId) {
  for (let n = 1; ; n += 1) {
    try {
      return await get(`/api/calls/${callId}`);
    } catch (error) {
      if (n === TRIES || ![0, 404, 503].includes(error.status)) throw error;
      await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS * n); });
    }
  }
}

export class CallView {
  #controls;
  #preview;

  constructor(screen, labels, controls) {
    this.screen = screen;
    this.numbers = new Numbers(screen, labels);
    this.form = new DispositionForm(screen, labels, () => this.numbers.holdsUnsaved());
    this.#controls = controls;
    this.#preview = h('div.preview', { hidden: true, data: { testid: 'preview' } },
      h('p', {}, '内容を確認してから発信してください。'),
      h('div.row', {},
        h('button.primary', { type: 'button', data: { testid: 'preview-dial' }, aria: { keyshortcuts: 'Alt+D' }, onclick: () => this.#choose('dial') }, '発信', kbd('Alt D')),
        h('button', { type: 'button', data: { testid: 'preview-skip' }, aria: { keyshortcuts: 'Alt+S' }, onclick: () => this.#choose('skip') }, 'スキップ', kbd('Alt S'))));
    this.element = h('div.call', { data: { testid: 'call' } },
      h('div.column.who', {}, personCard(screen, labels, this.numbers), promisesCard(screen), historyCard(screen, labels)),
      h('div.column.what', {}, debtsCard(screen), scriptCard(screen)),
      h('div.column.how', {}, this.#preview, controls.element, this.form.element));
  }

  /** @param agent the engine's agent  @param call the call's live row, or null when it is gone */
  update(agent, call) {
    const talking = agent.state === 'talking';
    const previewing = agent.state === 'reserved' && this.screen.call.dial_mode === 'preview';
    this.#preview.hidden = !(previewing && call?.state === 'claimed');
    this.#controls.element.hidden = agent.state === 'wrap_up' || !this.#preview.hidden;
    const dialing = agent.state === 'reserved' && ['dialing', 'ringing'].includes(call?.state);
    this.#controls.update(talking || dialing || (previewing && this.#preview.hidden));
    this.form.element.hidden = agent.state === 'reserved';
    this.numbers.setOpen(agent.state !== 'reserved');
    this.form.setOpen(agent.state === 'wrap_up');
    this.element.classList.toggle('wrapping', agent.state === 'wrap_up');
  }

  key(event) {
    if (!this.#preview.hidden && event.altKey) {
      const choice = { KeyD: 'dial', KeyS: 'skip' }[event.code];
      if (choice) {
        this.#choose(choice);
        return true;
      }
    }
    if (!this.#controls.element.hidden && this.#controls.key(event)) return true;
    return !this.form.element.hidden && this.form.key(event);
  }

  async #choose(choice) {
    const buttons = this.#preview.querySelectorAll('button');
    for (const button of buttons) button.disabled = true;
    await saying(() => post(`/api/preview/${choice}`));
    for (const button of buttons) button.disabled = false;
  }
}
