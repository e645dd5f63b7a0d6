// The HTTP interface. Every refusal becomes a Refusal with the server's code and Japanese message.

const TIMEOUT_MS = 10_000;

export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: method === 'GET' ? {} : { 'Content-Type': 'application/json' },
      body: method === 'POST' ? JSON.stringify(body ?? {}) : undefined,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      credentials: 'same-origin',
      cache: 'no-store',
    });
  } catch {
    throw new Refusal(0, 'unreachable', 'サーバーに接続できません。');
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401 && path !== '/api/login') location.assign('/login');
  const { code = 'error', message = '処理できませんでした。' } = answer.error ?? {};
  throw new Refusal(response.status, code, message);
}

export const get = (path) => ask('GET', path);
export const post = (path, body) => ask('POST', path, body);
export const remove = (path) => ask('DELETE', path);
