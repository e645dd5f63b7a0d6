// Messages at the top of the page: standing ones (a part is down) and passing ones (a request was refused).

import { byId, h } from './dom.js';

const SHOWN_MS = 7_000;

/** Shows `text` under `key` until it is called again with null. */
export function standing(key, text) {
  const box = byId('notices');
  const old = box.querySelector(`[data-key="${key}"]`);
  if (!text) old?.remove();
  else if (!old) box.append(h('p.notice', { data: { key, tone: 'wait', testid: `notice-${key}` } }, text));
  else if (old.textContent !== text) old.textContent = text;
}

/** Shows `text` for a few seconds. */
export function passing(text, tone = 'bad') {
  const notice = h('p.notice', { data: { tone, testid: 'notice-passing' } }, text);
  byId('notices').append(notice);
  setTimeout(() => notice.remove(), SHOWN_MS);
}

/** Runs `act`; a refusal is shown, and undefined returned. */
export async function saying(act) {
  try {
    return await act();
  } catch (error) {
    passing(error.message);
    return undefined;
  }
}
