-- What the pacing expected of the calls that it placed, and what came: an engine that starts goes on where the last one
-- stopped (dialer/pacing/expectations.py). Rows older than what a start reads are deleted.
CREATE TABLE pacing_expectation (
    campaign_id  bigint NOT NULL REFERENCES campaign ON DELETE CASCADE,
    starts_at    timestamptz NOT NULL,             -- the first of these calls, or of these people
    answers      float8 NOT NULL CHECK (answers >= 0 AND answers < 'Infinity'),      -- expected of these calls
    abandoned    float8 NOT NULL CHECK (abandoned >= 0 AND abandoned < 'Infinity'),  -- people expected because of them
    came         integer NOT NULL CHECK (came >= 0),  -- people abandoned, as the engine learnt of it meanwhile
    PRIMARY KEY (campaign_id, starts_at)
);
