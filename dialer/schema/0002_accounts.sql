-- What must be remembered about accounts: passwords once used, and grants, stops and removals (SEC-1).

CREATE TABLE used_password (
    user_id        bigint NOT NULL REFERENCES app_user ON DELETE CASCADE,
    password_hash  text NOT NULL,                  -- argon2id; compared one by one when a new one is chosen
    set_at         timestamptz NOT NULL,
    PRIMARY KEY (user_id, set_at)
);

CREATE TABLE account_history (
    account_history_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id             bigint NOT NULL REFERENCES app_user,
    at                  timestamptz NOT NULL,
    act                 text NOT NULL CHECK (act IN ('added', 'disabled', 'enabled', 'password_set', 'role_set')),
    detail              text,                      -- the role granted; never a password
    done_by             text NOT NULL              -- a login, or the operating system's user of the command line
);
CREATE INDEX account_history_of ON account_history (user_id, at);
