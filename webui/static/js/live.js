// Live updates: one WebSocket that comes back by itself.
//
// Events: 'snapshot' (everything, replaces what was known), 'agent', 'call', 'campaign', 'counts', 'preview' (each with the
// server's message as detail), and 'link' {page, redis, engine, asterisk}: which parts of the way are up.

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 5_000;
const SESSION_ENDED = 4001;
const TYPES = new Set(['snapshot', 'agent', 'call', 'campaign', 'counts', 'preview']);

export class Live extends EventTarget {
  #pauseMs = FIRST_PAUSE_MS;
  #link = { page: false, redis: false, engine: false, asterisk: false };

  start() {
    const socket = new WebSocket(new URL('/api/live', location.href.replace(/^http/, 'ws')));
    socket.onopen = () => {
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#tell({ page: true });
    };
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => {
      if (code === SESSION_ENDED) {
        location.assign('/login');
        return;
      }
      this.#tell({ page: false });
      // A little chance, so that all pages don't come back in the same instant.
      setTimeout(() => this.start(), this.#pauseMs * (0.5 + Math.random()));
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    };
  }

  get link() {
    return { ...this.#link };
  }

  #take({ type, ...rest }) {
    if (type === 'link') this.#tell(rest);
    else if (TYPES.has(type)) this.dispatchEvent(new CustomEvent(type, { detail: rest }));
  }

  #tell(parts) {
    this.#link = { ...this.#link, ...parts };
    this.dispatchEvent(new CustomEvent('link', { detail: this.link }));
  }
}

/** One sentence on what is broken, or null. */
export function problemOf(link) {
  if (!link.page) return 'サーバーとの接続が切れています。再接続しています…';
  if (!link.engine) return 'エンジンが応答していません。表示は古い可能性があります。';
  if (!link.redis) return 'ライブ更新が止まっています。表示は古い可能性があります。';
  if (!link.asterisk) return '電話交換機（Asterisk）とつながっていません。発信は止まっています。';
  return null;
}
