// Numbers, amounts, dates and spans as people here read them. The server's clock decides what "now" is.

let offsetMs = 0;

/** Takes the server's time (ISO 8601), so that "time in state" does not depend on this computer's clock. */
export function setServerNow(iso) {
  offsetMs = Date.parse(iso) - Date.now();
}

export const serverNowMs = () => Date.now() + offsetMs;

const whole = new Intl.NumberFormat('ja-JP');
const dayAndTime = new Intl.DateTimeFormat('ja-JP', {
  timeZone: 'Asia/Tokyo', month: 'numeric', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit',
});
const timeOfDay = new Intl.DateTimeFormat('ja-JP', { timeZone: 'Asia/Tokyo', hour: '2-digit', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat('ja-JP', { timeZone: 'UTC', weekday: 'short' });
const jstDay = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo' });

export const count = (n) => whole.format(n ?? 0);
export const yen = (n) => (n === null || n === undefined ? '—' : `${whole.format(n)}円`);

/** numerator / denominator as a percentage with one decimal; a dash when there is nothing to divide by. */
export function percent(numerator, denominator) {
  return denominator ? `${((100 * (numerator ?? 0)) / denominator).toFixed(1)}%` : '—';
}

/** A moment (ISO 8601) in Japanese local time. */
export const moment = (iso) => (iso ? dayAndTime.format(new Date(iso)) : '—');

/** The time of day of a moment (ISO 8601) in Japan: 17:00. */
export const clock = (iso) => (iso ? timeOfDay.format(new Date(iso)) : '—');

/** A date (YYYY-MM-DD) as 令和 year, which is how payment slips write it. */
export function eraDate(day) {
  if (!day) return '—';
  const [year, month, date] = day.split('-').map(Number);
  return `${era(year, month, date)}${month}月${date}日`;
}

/** The same in the short form of tables: 令和8.6.30. */
export function eraShort(day) {
  if (!day) return '—';
  const [year, month, date] = day.split('-').map(Number);
  return `${era(year, month, date).replace('年', '')}.${month}.${date}`;
}

/** The era's year in which the fiscal year `year` began, for example 令和7年. */
export const eraYear = (year) => era(year, 4, 1);

function era(year, month, date) {
  const n = year * 10000 + month * 100 + date;
  const [name, first] = n >= 20190501 ? ['令和', 2019] : n >= 19890108 ? ['平成', 1989] : n >= 19261225 ? ['昭和', 1926] : ['大正', 1912];
  const of = year - first + 1;
  return `${name}${of === 1 ? '元' : of}年`;
}

/** A date with its weekday, for promises: 12月4日(金). */
export function shortDate(day) {
  if (!day) return '—';
  const [year, month, date] = day.split('-').map(Number);
  return `${month}月${date}日(${weekday.format(new Date(Date.UTC(year, month - 1, date)))})`;
}

/** Today in Japan, YYYY-MM-DD, `plusDays` later. */
export function today(plusDays = 0) {
  return jstDay.format(new Date(serverNowMs() + plusDays * 86_400_000));
}

/** The last day of the month of `day` (YYYY-MM-DD). */
export function endOfMonth(day) {
  const [year, month] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
}

/** Seconds as m:ss or h:mm:ss. */
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  return h ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

export const secondsSince = (iso) => (iso ? (serverNowMs() - Date.parse(iso)) / 1000 : 0);

/** Keeps every element with data-since (ISO 8601) showing the time since then. One timer for the page. */
export function startTicking(everySecond = () => {}) {
  const tick = () => {
    for (const element of document.querySelectorAll('[data-since]')) {
      element.textContent = element.dataset.since ? span(secondsSince(element.dataset.since)) : '';
    }
    everySecond();
  };
  tick();
  setInterval(tick, 1000);
  return tick;
}
