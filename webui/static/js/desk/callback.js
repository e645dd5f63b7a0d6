// The hour at which a person wants to be called back, and the agent's own list of such hours.

import { get } from '../api.js';
import { h, setText } from '../dom.js';
import { moment, serverNowMs, shortDate, today } from '../format.js';
import { passing } from '../notices.js';

const LONGEST_DAYS = 60;
const QUICK_STEP_MS = 5 * 60_000;
const jstTime = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo', hour: '2-digit', minute: '2-digit' });
const jstDay = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo' });

/** Date, time and whether she calls herself. Left empty, the person is called in turn from tomorrow on. */
export class CallbackFields {
  constructor() {
    this.day = h('input', { id: 'callback-day', type: 'date', min: today(), max: today(LONGEST_DAYS), data: { testid: 'callback-day' } });
    this.time = h('input', { id: 'callback-time', type: 'time', step: 300, data: { testid: 'callback-time' } });
    this.mark = h('span', { aria: { hidden: 'true' } });
    this.named = h('button.choice', { type: 'button', role: 'checkbox', data: { testid: 'callback-named' }, onclick: () => this.#name(!this.isNamed) },
      h('span', {}, '自分が担当する'), this.mark);
    this.#name(false);
    this.element = h('div.promise', { hidden: true, role: 'group', aria: { label: '折り返しの日時' }, data: { testid: 'callback' } },
      h('div.field', {}, h('label', { htmlFor: 'callback-day' }, '折り返しの日付'), this.day,
        h('div.quick', {}, this.#later('30分後', 30), this.#later('1時間後', 60))),
      h('div.field', {}, h('label', { htmlFor: 'callback-time' }, '時刻'), this.time,
        h('div.quick', {}, this.#at('明日 10:00', 1, '10:00'), this.#at('明日 18:00', 1, '18:00'))),
      this.named,
      h('p.hint', {}, '空欄なら、翌日以降に順番に架電します。'));
  }

  focus() {
    this.day.focus();
  }

  get isNamed() {
    return this.named.getAttribute('aria-checked') === 'true';
  }

  /** What is sent; undefined when no hour was agreed, null when something is missing (and said). */
  read() {
    const { day, time } = this;
    const badly = [day, time].find((field) => field.validity.badInput);
    const half = !day.value !== !time.value;
    if (badly || half) {
      passing('折り返しの日付と時刻を両方入力してください。');
      (badly ?? (day.value ? time : day)).focus();
      return null;
    }
    return day.value ? { due_at: `${day.value}T${time.value}:00+09:00`, named: this.isNamed } : undefined;
  }

  #name(on) {
    this.named.setAttribute('aria-checked', String(on));
    setText(this.mark, on ? '✓' : '');
  }

  #fill(day, time) {
    this.day.value = day;
    this.time.value = time;
    this.named.focus();
  }

  #later(label, minutes) {
    const act = () => {
      const at = new Date(Math.ceil((serverNowMs() + minutes * 60_000) / QUICK_STEP_MS) * QUICK_STEP_MS);
      this.#fill(jstDay.format(at), jstTime.format(at));
    };
    return h('button.small', { type: 'button', onclick: act }, label);
  }

  #at(label, days, time) {
    return h('button.small', { type: 'button', title: shortDate(today(days)), onclick: () => this.#fill(today(days), time) }, label);
  }
}

/** The agent's own callbacks, the next one first; it fills itself. */
export function callbackList() {
  const list = h('ul.promises', {});
  const said = h('p.hint', { role: 'status' }, '読み込んでいます…');
  get('/api/callbacks').then(({ callbacks }) => {
    list.replaceChildren(...callbacks.map(agreedCall));
    setText(said, callbacks.length ? '時刻になったとき待機中であれば、この席から自動で発信します。' : '予定はありません。');
  }, () => setText(said, '予定を読み込めませんでした。'));
  return h('div', { data: { testid: 'callbacks' } }, h('h2', {}, '自分が担当する折り返し'), list, said);
}

function agreedCall({ due_at: dueAt, name }) {
  return h('li', { data: { tone: Date.parse(dueAt) < serverNowMs() ? 'bad' : 'good' } },
    h('time', { dateTime: dueAt }, moment(dueAt)), h('b', {}, `${name} 様`));
}
