-- One row a recorded call. The id is the call's id, which is also the name of its files.
CREATE TABLE recording (
    call_id      uuid PRIMARY KEY,
    state        text NOT NULL CHECK (state IN ('recording', 'waiting', 'stored', 'failed')),
    started_at   timestamptz NOT NULL,             -- answer; equal to ended_at as long as it isn't known
    ended_at     timestamptz,                      -- hang-up; the worker takes it from here
    due_at       timestamptz,                      -- while waiting: no worker takes it before this moment
    path         text,                             -- below the archive, set when stored
    duration_ms  integer,
    callee_dbfs  real,                             -- RMS level of each voice, dBFS
    agent_dbfs   real,
    bytes        bigint,
    sha256       text,
    stored_at    timestamptz,
    tries        smallint NOT NULL DEFAULT 0,      -- times that a worker has taken it
    problem      text,                             -- 'code: sentence'; on a stored row a remark
    CHECK ((state = 'stored') = (stored_at IS NOT NULL)),
    CHECK ((state = 'stored') = (path IS NOT NULL)),
    CHECK ((state = 'waiting') = (due_at IS NOT NULL)),
    CHECK ((state = 'recording') = (ended_at IS NULL))
);
CREATE INDEX recording_waiting ON recording (due_at) WHERE state = 'waiting';
