-- name: add_user(login, display_name, role, password_hash)^
INSERT INTO app_user (login, display_name, role, password_hash)
VALUES (:login, :display_name, :role, :password_hash)
ON CONFLICT (login) DO NOTHING
RETURNING user_id;

-- name: add_agent(user_id, agent_group, languages, shift_ends, now)!
INSERT INTO agent (agent_id, agent_group, languages, shift_ends, state_at)
VALUES (:user_id, :agent_group, :languages, :shift_ends, :now)
ON CONFLICT (agent_id) DO NOTHING;

-- name: user_by_login(login)^
SELECT user_id, login, display_name, role, password_hash, disabled_at FROM app_user WHERE login = :login;

-- name: list_users()
SELECT u.user_id, u.login, u.display_name, u.role, u.disabled_at, a.agent_group, a.languages, a.shift_ends,
       a.agent_id IS NOT NULL AS takes_calls
FROM app_user u LEFT JOIN agent a ON a.agent_id = u.user_id
ORDER BY u.login;

-- name: set_password(password_hash, user_id)!
UPDATE app_user SET password_hash = :password_hash WHERE user_id = :user_id;

-- name: remember_password(user_id, password_hash, now)!
INSERT INTO used_password (user_id, password_hash, set_at) VALUES (:user_id, :password_hash, :now);

-- name: used_passwords(user_id)
SELECT password_hash FROM used_password WHERE user_id = :user_id ORDER BY set_at DESC;

-- name: set_disabled(disabled_at, user_id)!
UPDATE app_user SET disabled_at = :disabled_at WHERE user_id = :user_id;

-- name: set_languages(languages, user_id)$
UPDATE agent SET languages = :languages WHERE agent_id = :user_id RETURNING agent_id;

-- name: set_shift_end(ends, user_id)$
UPDATE agent SET shift_ends = :ends WHERE agent_id = :user_id RETURNING agent_id;

-- name: move_shift_end(on, to, user_id)$
UPDATE agent SET shift_moved_on = :on, shift_moved_to = :to WHERE agent_id = :user_id RETURNING agent_id;

-- name: note(user_id, now, act, detail, done_by)!
INSERT INTO account_history (user_id, at, act, detail, done_by) VALUES (:user_id, :now, :act, :detail, :done_by);
