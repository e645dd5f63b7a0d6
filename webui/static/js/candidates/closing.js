// Ticking candidates of one way and marking them as served, or called off.

import { post } from '../api.js';
import { h, setText } from '../dom.js';
import { count } from '../format.js';
import { passing, saying } from '../notices.js';

const LONGEST_NOTE = 200;

export class Closing {
  #labels;
  #closed;
  #channel = null;
  #boxes = new Map(); // checkbox -> candidate

  /** @param closed called after people were closed */
  constructor(labels, closed) {
    this.#labels = labels;
    this.#closed = closed;
    this.said = h('span', { role: 'status', data: { testid: 'ticked' } });
    this.note = h('input', { id: 'closing-note', type: 'text', maxLength: LONGEST_NOTE, autocomplete: 'off', placeholder: '任意（200文字まで）', data: { testid: 'closing-note' } });
    this.done = h('button.primary', { type: 'button', data: { testid: 'close-done' }, onclick: () => this.#close('done') });
    this.off = h('button', { type: 'button', data: { testid: 'close-called_off' }, onclick: () => this.#close('called_off') });
    this.marking = h('div.row', {}, this.said, h('label', { htmlFor: 'closing-note' }, 'メモ'), this.note, this.done, this.off);
    this.hint = h('p.hint', {}, '手段を1つ選ぶと、送付・訪問・調査の済みと取りやめを記録できます。');
    this.element = h('div.closing', { data: { testid: 'closing' } }, this.marking, this.hint);
    this.all = h('input', { type: 'checkbox', aria: { label: 'このページの全員' }, data: { testid: 'tick-all' }, onchange: () => this.#tickAll() });
  }

  /** @param channel the way whose candidates are shown, '' = all ways, null = none */
  show(channel, candidates) {
    this.#boxes.clear();
    this.#channel = channel;
    this.element.hidden = channel === null || candidates.length === 0;
    this.marking.hidden = !channel;
    this.hint.hidden = channel !== '';
    const { done, called_off: calledOff } = this.#labels.closed_as[channel] ?? {};
    if (done) {
      setText(this.done, `${done}にする`);
      setText(this.off, `${calledOff}にする`);
    }
    this.#count();
  }

  tickAll() {
    return this.all;
  }

  tick(candidate) {
    const box = h('input', { type: 'checkbox', aria: { label: `${candidate.name}さんを選ぶ` }, data: { testid: 'tick' }, onchange: () => this.#count() });
    this.#boxes.set(box, candidate);
    return box;
  }

  get #ticked() {
    return [...this.#boxes].filter(([box]) => box.checked).map(([, candidate]) => candidate);
  }

  #tickAll() {
    for (const box of this.#boxes.keys()) box.checked = this.all.checked;
    this.#count();
  }

  #count() {
    const n = this.#ticked.length;
    setText(this.said, n ? `${count(n)}人を選択中` : '対象者を選んでください');
    this.done.disabled = this.off.disabled = n === 0;
    this.all.checked = n > 0 && n === this.#boxes.size;
    this.all.indeterminate = n > 0 && n < this.#boxes.size;
  }

  async #close(closedAs) {
    const people = this.#ticked.map(({ campaign_id, debtor_id }) => ({ campaign_id, debtor_id }));
    const body = { channel: this.#channel, closed_as: closedAs, people };
    if (this.note.value.trim()) body.note = this.note.value.trim();
    const label = this.#labels.closed_as[this.#channel][closedAs];
    this.done.disabled = this.off.disabled = true;
    const answer = await saying(() => post('/api/candidates/closed', body));
    if (!answer) {
      this.#count();
      return;
    }
    this.note.value = '';
    passing(`${count(people.length)}人を「${label}」として記録しました。`, 'good');
    await this.#closed();
  }
}
