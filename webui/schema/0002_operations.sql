-- The operation log (SEC-2): which function was used on which data, how many, by whom. And what the throttle reads.

CREATE TABLE operation_log (
    operation_log_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at                timestamptz NOT NULL,
    user_id           bigint NOT NULL REFERENCES app_user,
    act               text NOT NULL,               -- 'person_viewed', 'call_disposed', 'campaign_state_set', …
    subject           text,                        -- the id of what was touched: 'debtor 12', 'campaign 3'
    rows              integer NOT NULL DEFAULT 1
);
CREATE INDEX operation_log_at ON operation_log (at);

CREATE INDEX login_log_failed ON login_log (at) WHERE NOT succeeded;
