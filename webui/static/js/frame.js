// What the desk and the board have in common: log-out, and saying which part of the way is down.

import { post } from './api.js';
import { byId } from './dom.js';
import { Live, problemOf } from './live.js';
import { saying, standing } from './notices.js';

/** The page's live connection; `mayLeave` is asked before a log-out. */
export function openFrame(mayLeave = async () => true) {
  const live = new Live();
  let waiting;
  live.addEventListener('link', ({ detail }) => {
    const problem = problemOf(detail);
    clearTimeout(waiting);
    // The first second of a page, and a blink, are no news.
    if (problem) waiting = setTimeout(() => standing('link', problem), 1000);
    else standing('link', null);
  });
  byId('logout').addEventListener('click', () =>
    saying(async () => {
      if (!(await mayLeave())) return;
      await post('/api/logout');
      location.assign('/login');
    }),
  );
  return live;
}
