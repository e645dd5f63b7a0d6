// The log-in form.

import { post } from './api.js';
import { byId } from './dom.js';

const form = byId('login');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { login, password } = form.elements;
  const problem = byId('problem');
  problem.textContent = '';
  if (!login.value || !password.value) {
    problem.textContent = 'ログインIDとパスワードを入力してください。';
    (login.value ? password : login).focus();
    return;
  }
  const button = form.querySelector('button');
  button.disabled = true;
  try {
    const { home } = await post('/api/login', { login: login.value, password: password.value });
    location.assign(home);
  } catch (error) {
    problem.textContent = error.message;
    password.value = '';
    password.focus();
  } finally {
    button.disabled = false;
  }
});
