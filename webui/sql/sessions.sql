-- name: open_session(token_sha256, user_id, now)!
INSERT INTO web_session (token_sha256, user_id, created_at, last_seen_at)
VALUES (:token_sha256, :user_id, :now, :now);

-- name: session(token_sha256, idle_since, created_since)^
-- Only what is alive: not ended, account not disabled, neither idle nor old.
SELECT s.user_id, s.last_seen_at, u.login, u.display_name, u.role, a.agent_id IS NOT NULL AS takes_calls
FROM web_session s
JOIN app_user u ON u.user_id = s.user_id
LEFT JOIN agent a ON a.agent_id = s.user_id
WHERE s.token_sha256 = :token_sha256
  AND s.ended_at IS NULL
  AND u.disabled_at IS NULL
  AND s.last_seen_at > :idle_since
  AND s.created_at > :created_since;

-- name: touch_session(now, token_sha256)!
UPDATE web_session SET last_seen_at = :now WHERE token_sha256 = :token_sha256 AND ended_at IS NULL;

-- name: end_session(now, token_sha256)!
UPDATE web_session SET ended_at = :now WHERE token_sha256 = :token_sha256 AND ended_at IS NULL;

-- name: forget_sessions(before)!
DELETE FROM web_session WHERE created_at < :before;

-- name: user_by_login(login)^
SELECT u.user_id, u.login, u.display_name, u.role, u.password_hash, u.disabled_at,
       a.agent_id IS NOT NULL AS takes_calls
FROM app_user u LEFT JOIN agent a ON a.agent_id = u.user_id
WHERE u.login = :login;

-- name: set_password_hash(password_hash, user_id)!
UPDATE app_user SET password_hash = :password_hash WHERE user_id = :user_id;

-- name: log_login(now, login, user_id, succeeded, remote)!
INSERT INTO login_log (at, login, user_id, succeeded, remote) VALUES (:now, :login, :user_id, :succeeded, :remote);

-- name: recent_failures(login, remote, since)^
-- Failures since :since: of this login from this address, of this login, and from this address.
-- A success from the same address clears the first of the three.
SELECT count(*) FILTER (WHERE f.login = :login AND f.remote = :remote AND f.at > coalesce((
           SELECT max(s.at) FROM login_log s
           WHERE s.succeeded AND s.login = :login AND s.remote = :remote AND s.at > :since), '-infinity')) AS of_both,
       count(*) FILTER (WHERE f.login = :login) AS of_login,
       count(*) FILTER (WHERE f.remote = :remote) AS of_remote
FROM login_log f
WHERE NOT f.succeeded AND f.at > :since;
