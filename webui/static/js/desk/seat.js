// Before work: check the microphone, take a seat.

import { get, post } from '../api.js';
import { h, setText } from '../dom.js';
import { saying } from '../notices.js';

/**
 * The card for an agent without a seat.
 * `taken(seat)` is called with the answer of POST /api/seat.
 */
export function seatCard(microphone, taken) {
  const level = h('meter.level', { min: 0, max: 1, low: 0.1, value: 0, aria: { label: 'マイクの音量' }, data: { testid: 'mic-level' } });
  const said = h('p.hint', { role: 'status' }, 'ヘッドセットをつなぎ、マイクを確認してください。');
  const choice = h('select', { id: 'mic', data: { testid: 'mic' }, disabled: true });
  const check = h('button', { type: 'button', data: { testid: 'mic-check' } }, 'マイクを確認');
  const take = h('button.primary', { type: 'button', data: { testid: 'take-seat' } }, '席に着く');
  const extension = h('select', { id: 'sip-seat', data: { testid: 'sip-seat' } });
  const takeSip = h('button', { type: 'button', data: { testid: 'take-sip-seat' } }, 'この電話機で席に着く');
  const desk = h('details.quiet-details', {}, h('summary', {}, '卓上の電話機を使う'),
    h('div.row', {}, h('label', { htmlFor: 'sip-seat' }, '内線'), extension, takeSip));

  let heard = 0;
  const listen = async () => {
    try {
      await microphone.watchLevel((value) => {
        level.value = value;
        heard = Math.max(heard * 0.995, value);
        setText(said, heard > 0.25 ? 'マイクは使えます。声に合わせて動いています。' : '話しかけて、音量が動くことを確かめてください。');
      });
      const devices = await microphone.devices();
      choice.replaceChildren(...devices.map(({ id, label }) => h('option', { value: id, selected: id === microphone.chosen }, label)));
      choice.disabled = false;
    } catch (error) {
      setText(said, error.name === 'NotAllowedError'
        ? 'マイクの使用が許可されていません。アドレス欄のマイクの印から許可してください。'
        : 'マイクが見つかりません。ヘッドセットの接続を確かめてください。');
    }
  };
  check.addEventListener('click', listen);
  choice.addEventListener('change', () => saying(async () => {
    await microphone.choose(choice.value);
    await listen();
  }));

  const sit = async (button, request) => {
    button.disabled = true;
    await saying(async () => taken(await post('/api/seat', request)));
    button.disabled = false;
  };
  take.addEventListener('click', async () => {
    try {
      await microphone.open();
    } catch {
      await listen(); // says what is wrong
      return;
    }
    await sit(take, { kind: 'web' });
  });
  takeSip.addEventListener('click', () => sit(takeSip, { kind: 'sip', extension: extension.value }));

  desk.addEventListener('toggle', () => desk.open && saying(async () => {
    const { seats } = await get('/api/seats');
    const free = seats.filter((seat) => seat.kind === 'sip' && seat.free);
    extension.replaceChildren(...free.map((seat) => h('option', { value: seat.extension }, seat.extension)));
    takeSip.disabled = free.length === 0;
  }));

  const card = h('section.card.seat', { aria: { labelledby: 'h-seat' } },
    h('h1', { id: 'h-seat' }, '席に着く'),
    h('p', {}, 'このブラウザが電話になります。内線番号は自動で決まります。'),
    h('div.mic', {}, h('label', { htmlFor: 'mic' }, 'マイク'), choice, check, level),
    said,
    h('div.row', {}, take),
    desk);
  setTimeout(() => take.focus());
  return card;
}
