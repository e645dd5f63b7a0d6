-- Users, the agents among them, seats, and each stretch of an agent's time.

CREATE TABLE app_user (
    user_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login          text NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9._-]{2,40}$'),
    display_name   text NOT NULL,
    role           text NOT NULL CHECK (role IN ('agent', 'supervisor', 'admin')),
    password_hash  text NOT NULL,                  -- argon2id
    disabled_at    timestamptz
);

-- A telephone place: an extension that a browser ('web') or a SIP telephone ('sip') registers.
CREATE TABLE seat (
    extension  text PRIMARY KEY CHECK (extension ~ '^[0-9]{3,6}$'),
    kind       text NOT NULL CHECK (kind IN ('web', 'sip')),
    secret     text NOT NULL
);

CREATE TABLE agent (
    agent_id     bigint PRIMARY KEY REFERENCES app_user,
    agent_group  text NOT NULL DEFAULT 'all',
    languages    text[] NOT NULL DEFAULT '{ja}',
    state        text NOT NULL DEFAULT 'logged_out' CHECK (state IN ('logged_out', 'not_ready', 'ready',
                     'reserved', 'talking', 'wrap_up')),
    reason       text,                             -- of not_ready
    state_at     timestamptz NOT NULL,
    extension    text UNIQUE REFERENCES seat,      -- NULL = logged out
    leg_id       text,                             -- unique id of the nailed-up channel; NULL = no leg
    leg_up       boolean NOT NULL DEFAULT false,
    call_id      uuid,                             -- reserved, talking, wrap_up
    CHECK ((state = 'logged_out') = (extension IS NULL)),
    CHECK ((state IN ('reserved', 'talking', 'wrap_up')) = (call_id IS NOT NULL))
);

-- Agent time: one row a state, closed by the next (REPORT-6).
CREATE TABLE agent_time (
    agent_time_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_id       bigint NOT NULL REFERENCES agent,
    state          text NOT NULL,
    reason         text,
    since          timestamptz NOT NULL,
    until          timestamptz
);
CREATE UNIQUE INDEX agent_time_open ON agent_time (agent_id) WHERE until IS NULL;
