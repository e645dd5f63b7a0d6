-- Browser sessions: opaque tokens, stored only as SHA-256 so that a copy of the table opens nothing.
CREATE TABLE web_session (
    token_sha256  text PRIMARY KEY,
    user_id       bigint NOT NULL REFERENCES app_user ON DELETE CASCADE,
    created_at    timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    ended_at      timestamptz
);
CREATE INDEX web_session_user ON web_session (user_id) WHERE ended_at IS NULL;

CREATE TABLE login_log (                           -- SEC-2
    login_log_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at            timestamptz NOT NULL,
    login         text NOT NULL,
    user_id       bigint REFERENCES app_user,
    succeeded     boolean NOT NULL,
    remote        text
);
