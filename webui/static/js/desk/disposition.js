// How the call ended: one of the results, a promise or an agreed hour when there is one, a note, and what comes next.
//
// It can be filled in during the call; it is sent when the call is over.

import { post } from '../api.js';
import { h, isTyping, kbd } from '../dom.js';
import { endOfMonth, shortDate, today } from '../format.js';
import { passing, saying } from '../notices.js';
import { CallbackFields } from './callback.js';

export class DispositionForm {
  #chosen = null;
  #buttons = new Map();
  #open = false;
  #callId;
  #holdsUnsaved;

  /** @param screen the answer of GET /api/calls/{id}  @param labels the page's words
   *  @param holdsUnsaved whether something else on the page was typed and would be lost; it says so itself */
  constructor(screen, labels, holdsUnsaved) {
    this.#callId = screen.call.call_id;
    this.#holdsUnsaved = holdsUnsaved;
    const groups = labels.groups.map(({ label, items }) => h('fieldset', {}, h('legend', {}, label),
      h('div.choices', { role: 'radiogroup', aria: { label } }, items.map((item) => this.#choice(item)))));
    this.note = h('textarea', { id: 'note', rows: 3, maxLength: 2000, data: { testid: 'note' }, placeholder: '交渉の内容（本人以外の情報は最小限に）' });
    this.due = h('input', { id: 'due', type: 'date', min: today(), max: today(366), data: { testid: 'promise-due' } });
    this.amount = h('input.num', { id: 'amount', inputMode: 'numeric', autocomplete: 'off', data: { testid: 'promise-amount' }, placeholder: '定めなし' });
    this.type = h('select', { id: 'promise-type', data: { testid: 'promise-type' } }, h('option', { value: '' }, '全科目'),
      [...new Map(screen.debts.map((d) => [d.debt_type, d.debt_type_name]))].map(([code, name]) => h('option', { value: code }, name)));
    this.promise = h('div.promise', { hidden: true, data: { testid: 'promise' } },
      h('div.field', {}, h('label', { htmlFor: 'due' }, '約束日'), this.due,
        h('div.quick', {}, this.#day('1週間後', today(7)), this.#day('今月末', endOfMonth(today())), this.#day('来月末', nextMonthEnd()))),
      h('div.field', {}, h('label', { htmlFor: 'amount' }, '金額（円）'), this.amount,
        h('div.quick', {}, h('button.small', { type: 'button', onclick: () => this.#fill(screen) }, '全額'))),
      h('div.field', {}, h('label', { htmlFor: 'promise-type' }, '科目'), this.type));
    this.callback = new CallbackFields();
    this.reason = h('select', { id: 'leave-reason', data: { testid: 'leave-reason' }, aria: { label: '離席の理由' } },
      Object.entries(labels.reasons).map(([value, label]) => h('option', { value }, label)));
    this.ready = h('button.primary.grow', { type: 'button', data: { testid: 'dispose-ready' }, onclick: () => this.#send('ready'), aria: { keyshortcuts: 'Control+Enter' } }, '登録して次を待つ', kbd('Ctrl ↵'));
    this.leave = h('button.grow', { type: 'button', data: { testid: 'dispose-leave' }, onclick: () => this.#send('not_ready'), aria: { keyshortcuts: 'Control+Shift+Enter' } }, '登録して離席', kbd('Ctrl ⇧ ↵'));
    this.wait = h('p.hint', { data: { testid: 'dispose-wait' } }, '通話が終わると登録できます。通話中に選んでおくこともできます。');
    this.element = h('section.card.disposition', { data: { testid: 'disposition' }, aria: { labelledby: 'h-disposition' } },
      h('h2', { id: 'h-disposition' }, '通話の結果'), groups, this.promise, this.callback.element,
      h('div.field', {}, h('label', { htmlFor: 'note' }, 'メモ'), this.note),
      this.wait, h('div.send', {}, this.ready, h('div.leave', {}, this.reason, this.leave)));
    this.keys = new Map(labels.groups.flatMap(({ items }) => items.map(({ key, value }) => [key, value])));
    this.setOpen(false);
  }

  /** Whether it can be sent: only in wrap-up. */
  setOpen(open) {
    this.#open = open;
    this.ready.disabled = this.leave.disabled = !open;
    this.wait.hidden = open;
  }

  /** Handles a key press of the page; true when it was one of its own. */
  key(event) {
    if (event.key === 'Enter' && event.ctrlKey && !event.isComposing) {
      this.#send(event.shiftKey ? 'not_ready' : 'ready');
      return true;
    }
    if (isTyping(event) || event.ctrlKey || event.altKey || event.metaKey) return false;
    const value = this.keys.get(event.key.toLowerCase());
    if (!value) return false;
    this.#choose(value);
    if (value === 'promise') this.due.focus();
    if (value === 'call_back') this.callback.focus();
    return true;
  }

  #choice({ value, label, key }) {
    const button = h('button.choice', {
      type: 'button', role: 'radio', data: { value, testid: `disposition-${value}` },
      aria: { checked: 'false', keyshortcuts: key }, onclick: () => this.#choose(value),
    }, h('span', {}, label), kbd(key.toUpperCase()));
    this.#buttons.set(value, button);
    return button;
  }

  #choose(value) {
    this.#chosen = value;
    for (const [key, button] of this.#buttons) button.setAttribute('aria-checked', String(key === value));
    this.promise.hidden = value !== 'promise';
    this.callback.element.hidden = value !== 'call_back';
  }

  #day(label, day) {
    return h('button.small', { type: 'button', title: shortDate(day), onclick: () => { this.due.value = day; } }, label);
  }

  #fill({ debts, totals }) {
    const wanted = debts.filter((d) => !this.type.value || d.debt_type === this.type.value);
    const sum = this.type.value ? wanted.reduce((n, d) => n + d.total_yen, 0) : totals.total_yen;
    this.amount.value = String(sum);
  }

  async #send(next) {
    if (!this.#open || this.#holdsUnsaved()) return;
    if (!this.#chosen) {
      passing('結果を選んでください。');
      this.#buttons.values().next().value.focus();
      return;
    }
    const body = { disposition: this.#chosen, next };
    if (this.note.value.trim()) body.note = this.note.value.trim();
    if (next === 'not_ready') body.reason = this.reason.value;
    if (this.#chosen === 'promise') {
      if (!this.due.value) {
        passing('約束の日付を入力してください。');
        this.due.focus();
        return;
      }
      const amount = this.amount.value.normalize('NFKC').replace(/[,円\s]/g, '');
      if (amount && !/^[1-9]\d{0,9}$/.test(amount)) {
        passing('金額は数字で入力してください。');
        this.amount.focus();
        return;
      }
      body.promise = { due_on: this.due.value };
      if (amount) body.promise.amount_yen = Number(amount);
      if (this.type.value) body.promise.debt_type = this.type.value;
    }
    if (this.#chosen === 'call_back') {
      const agreed = this.callback.read();
      if (agreed === null) return;
      if (agreed) body.callback = agreed;
    }
    this.setOpen(false);
    const done = await saying(() => post(`/api/calls/${this.#callId}/disposition`, body));
    if (done === undefined) this.setOpen(true);
  }
}

function nextMonthEnd() {
  const [year, month] = today().split('-').map(Number);
  return endOfMonth(`${month === 12 ? year + 1 : year}-${String((month % 12) + 1).padStart(2, '0')}-01`);
}
