// The person on the screen: who it is, what is owed, what was promised, what was tried before.

import { h } from '../dom.js';
import { count, eraDate, eraShort, eraYear, moment, shortDate, span, yen } from '../format.js';

const CLOSED_AS = { kept: '履行', broken: '不履行', replaced: '変更' };

/** Name, kana, 宛名番号, age, address, telephone numbers (desk/numbers.js), household. */
export function personCard(screen, labels, numbers) {
  const { debtor, household } = screen;
  if (!debtor) {
    return h('section.card.person', { data: { testid: 'person' } }, h('h1', {}, '登録のない発信者'),
      h('p.hint', {}, '電話番号から対象者を特定できませんでした。'));
  }
  const { stopped_since: stopped } = debtor;
  return h('section.card.person', { data: { testid: 'person' }, aria: { label: '対象者' } },
    h('p.kana', { data: { testid: 'person-kana' } }, debtor.kana ?? ''),
    h('h1.name', { data: { testid: 'person-name' } }, debtor.name, h('small', {}, ' 様')),
    stopped && h('p.stop', { role: 'alert' }, `催告中止（${moment(stopped)}から）: ${debtor.stopped_reason}`),
    h('dl.facts', {},
      fact('宛名番号', debtor.addressee_no, 'addressee-no'),
      fact('年齢', debtor.age === null ? '—' : `${debtor.age}歳（${eraDate(debtor.born_on)}生）`, 'age'),
      fact('住所', [debtor.postal_code && `〒${debtor.postal_code}`, debtor.address].filter(Boolean).join(' ') || '—', 'address'),
      fact('電話', numbers.element, 'phones'),
      debtor.language !== 'ja' && fact('言語', h('b.language', {}, labels.languages?.[debtor.language] ?? debtor.language), 'language')),
    h('h2', {}, '同一世帯員'),
    household.length
      ? h('ul.household', { data: { testid: 'household' } }, household.map((m) => h('li', {},
        h('span', {}, m.name, m.age === null ? '' : `（${m.age}歳）`),
        m.open_yen > 0 ? h('span.num', {}, `未納 ${yen(m.open_yen)}`) : h('span.faint', {}, '未納なし'))))
      : h('p.empty', {}, '登録はありません。'));
}

/** Open promises first; each with its date, amount and fate. */
export function promisesCard({ promises }) {
  return h('section.card', { data: { testid: 'promises' } }, h('h2', {}, '納付約束'),
    promises.length
      ? h('ul.promises', {}, promises.map((p) => h('li', { data: { tone: toneOf(p) } },
        h('b', {}, shortDate(p.due_on)),
        h('span.num', {}, p.amount_yen ? yen(p.amount_yen) : '金額の定めなし'),
        h('span.faint', {}, p.debt_type_name ?? '全科目'),
        h('span.tag', {}, p.closed_as ? CLOSED_AS[p.closed_as] : p.is_overdue ? '期日超過' : '約束中'))))
      : h('p.empty', {}, '約束はありません。'));
}

function toneOf({ closed_as: closed, is_overdue: overdue }) {
  if (closed === 'broken' || overdue) return 'bad';
  return closed ? 'faint' : 'good';
}

/** The debts as the reminder letter lists them, with totals. */
export function debtsCard({ debts, totals }) {
  const head = ['税目', '年度', '通知書番号', '期別', '納期限', '本税(料)', '延滞金', '合計'];
  const late = (d) => (d.late_charge_yen === null ? '要す' : count(d.late_charge_yen));
  return h('section.card.debts', { data: { testid: 'debts' } },
    h('h2', {}, '未納の明細', h('span.tally', {}, `${count(totals.items)}件（単位 円）`)),
    debts.length === 0
      ? h('p.empty', {}, '未納はありません。')
      : h('div.scroll', { tabIndex: 0, role: 'region', aria: { label: '未納の明細' } }, h('table', {},
        h('thead', {}, h('tr', {}, head.map((title, i) => h(i > 4 ? 'th.num' : 'th', { scope: 'col' }, title)))),
        h('tbody', {}, debts.map((d) => h('tr', { className: d.in_campaign ? 'about' : '' },
          h('td', {}, d.debt_type_name),
          h('td', { title: `調定 ${eraYear(d.assessment_year)}度` }, eraYear(d.levy_year)),
          h('td.num', {}, d.notice_no),
          h('td.num', {}, d.instalment === 0 ? '全期' : `${d.instalment}期`),
          h('td', { className: d.is_overdue ? 'overdue' : '', title: eraDate(d.due_on) }, eraShort(d.due_on)),
          h('td.num', {}, count(d.principal_yen)),
          h('td.num', {}, late(d)),
          h('td.num', {}, count(d.total_yen))))),
        h('tfoot', {}, h('tr', {},
          h('th', { colSpan: 5, scope: 'row' }, '合計'),
          h('td.num', {}, count(totals.principal_yen)),
          h('td.num', {}, count(totals.late_charge_yen)),
          h('td.num.total', { data: { testid: 'total' } }, yen(totals.total_yen)))))),
    totals.late_charge_open && h('p.hint', {}, '「要す」は延滞金が未確定です。合計は現在の確定分です。'));
}

/** Attempts and conversations, newest first. */
export function historyCard({ history }, labels) {
  return h('section.card.history', { data: { testid: 'history' } }, h('h2', {}, '経過記録', h('span.tally', {}, `${history.length}件`)),
    history.length
      ? h('ol', {}, history.map((e) => h('li', {},
        h('time', { dateTime: e.at }, moment(e.at)),
        h('span.tag', {}, e.direction === 'inbound' ? '受電' : labels.windows[e.call_window] ?? '架電'),
        h('b', {}, labels.dispositions[e.disposition] ?? labels.outcomes[e.outcome] ?? '記録なし'),
        h('span.faint', {}, [e.agent, e.talk_s && span(e.talk_s)].filter(Boolean).join(' ・ ')),
        e.note && h('p.note', {}, e.note))))
      : h('p.empty', {}, 'はじめての架電です。'));
}

/** What to say (CALL-12). */
export function scriptCard({ script }) {
  return h('section.card.script', { data: { testid: 'script' } }, h('h2', {}, 'トークスクリプト'),
    h('ol', {}, script.map((step, i) => h('li', { className: i === 0 ? 'must' : '' },
      h('h3', {}, step.title), h('p.say', {}, step.say), step.hint && h('p.hint', {}, step.hint)))));
}

function fact(name, value, testid) {
  return [h('dt', {}, name), h('dd', testid ? { data: { testid } } : {}, value)];
}
