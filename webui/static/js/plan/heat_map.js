// Contacts ÷ attempts by day of the week and hour, as a table whose colour only repeats the figure.

import { h } from '../dom.js';
import { count } from '../format.js';

const LEVELS = 5;
const percent = (ratio) => `${(100 * ratio).toFixed(0)}%`;

/** The elements: the hours that are proposed, the table, and what it means. */
export function heatMap({ cells, best, seen_days: days, least_attempts: least }, dayNames) {
  if (cells.length === 0) return [h('p.empty', {}, `過去${days}日間の発信の記録がありません。`)];
  const hours = cells.map((c) => c.hour);
  const first = Math.min(...hours);
  const span = [...Array(Math.max(...hours) - first + 1).keys()].map((n) => first + n);
  const most = Math.max(...cells.filter((c) => c.attempts >= least).map((c) => c.contact_ratio), 0.01);
  const at = new Map(cells.map((c) => [`${c.day}/${c.hour}`, c]));
  const rows = dayNames.map((name, day) => ({ name, day })).filter(({ day }) => cells.some((c) => c.day === day));
  return [
    best.length
      ? h('ol.best', { data: { testid: 'best' } }, best.map((c) => h('li', {}, `${dayNames[c.day]}曜 ${c.hour}時台`.replace('祝曜', '祝日'), `: 接触率 ${percent(c.contact_ratio)}（発信${count(c.attempts)}回）`)))
      : h('p.hint', {}, `おすすめの時刻を示すには、同じ曜日・時刻の発信が${least}回以上必要です。`),
    h('div.scroll', {}, h('table.heat', {},
      h('thead', {}, h('tr', {}, h('td', {}), span.map((hour) => h('th', { scope: 'col' }, `${hour}時`)))),
      h('tbody', {}, rows.map(({ name, day }) => h('tr', {}, h('th', { scope: 'row' }, name), span.map((hour) => cell(at.get(`${day}/${hour}`), most, least))))))),
    h('p.hint', {}, `過去${days}日間の、接触÷発信（以前の記録を含む）。下の小さい数は発信の回数、色のない欄は発信が${least}回に満たないものです。`
      + 'かける相手は無作為ではないので、つながりにくい方を多く回した時刻は低めに出ます。'),
  ];
}

function cell(seen, most, least) {
  if (!seen) return h('td.few', {}, '');
  const few = seen.attempts < least;
  const level = Math.min(LEVELS, Math.ceil((LEVELS * seen.contact_ratio) / most));
  return h(few ? 'td.few' : 'td', { data: few ? {} : { level } }, percent(seen.contact_ratio), h('small', {}, count(seen.attempts)));
}
