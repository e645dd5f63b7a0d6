// The person's telephone numbers, and the field for one that was told on this call.

import { post } from '../api.js';
import { h, setText } from '../dom.js';

export class Numbers {
  #call;
  #labels;

  /** @param screen the answer of GET /api/calls/{id}  @param labels the page's words */
  constructor(screen, labels) {
    this.#call = screen.call;
    this.#labels = labels;
    this.list = h('ul.plain', { data: { testid: 'phone-list' } });
    this.field = h('input.num', { id: 'told-number', type: 'tel', autocomplete: 'off', maxLength: 40, placeholder: '市外局番から',
      aria: { describedby: 'told-said' }, data: { testid: 'told-number' }, oninput: () => this.#say('') });
    this.button = h('button.small', { type: 'submit', data: { testid: 'told-save' } }, '登録');
    this.said = h('p', { id: 'told-said', role: 'status', data: { testid: 'told-said' } });
    this.form = h('form.told', { noValidate: true, onsubmit: (event) => { event.preventDefault(); this.#save(); } },
      h('label', { htmlFor: 'told-number' }, '聞き取った電話番号'), h('div.row', {}, this.field, this.button), this.said);
    this.element = h('div', {}, this.list, this.form);
    this.#draw(screen.phones);
  }

  /** Whether a number may be written down: while they talk, and in wrap-up. */
  setOpen(open) {
    this.form.hidden = !open;
  }

  /** True, with the focus on the field, when a number was typed and not saved. */
  holdsUnsaved() {
    if (this.form.hidden || !this.field.value.trim()) return false;
    this.#say('まだ登録されていません。登録するか、消してください。', 'bad');
    this.field.focus();
    return true;
  }

  async #save() {
    if (this.button.disabled) return;
    if (!this.field.value.trim()) {
      this.#say('電話番号を入力してください。', 'bad');
      this.field.focus();
      return;
    }
    this.button.disabled = this.field.readOnly = true;
    try {
      const { phones } = await post(`/api/calls/${this.#call.call_id}/numbers`, { number: this.field.value.trim() });
      this.field.value = '';
      this.#draw(phones);
      this.#say('登録しました。次からこの番号を優先します。', 'good');
    } catch (refusal) {
      this.#say(refusal.message, 'bad');
      this.field.focus();
    } finally {
      this.button.disabled = this.field.readOnly = false;
    }
  }

  #say(text, tone = '') {
    setText(this.said, text);
    this.said.dataset.tone = tone;
    this.field.setAttribute('aria-invalid', String(tone === 'bad'));
  }

  #draw(phones) {
    this.list.replaceChildren(...(phones.length ? phones.map((p) => this.#line(p)) : [h('li', {}, '—')]));
  }

  #line({ number, kind, source, is_dead: dead }) {
    return h('li', { className: dead ? 'dead' : '' }, h('span.num', {}, number), ` ${this.#labels.phone_kinds[kind]}`,
      number === this.#call.number && h('b.now', {}, '発信先'),
      source !== 'import' && h('small.faint', {}, ` ${this.#labels.phone_sources[source] ?? ''}`), dead && ' 不通');
  }
}
