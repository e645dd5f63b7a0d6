-- name: begin(call_id, started_at)!
-- An answer that arrives after its hang-up still gives the call its beginning.
INSERT INTO recording (call_id, state, started_at)
VALUES (:call_id, 'recording', :started_at)
ON CONFLICT (call_id) DO UPDATE
SET started_at = excluded.started_at
WHERE recording.state = 'waiting'
  AND recording.started_at = recording.ended_at
  AND excluded.started_at < recording.ended_at;

-- name: finished(call_id, started_at, ended_at)!
WITH done AS (
    INSERT INTO recording (call_id, state, started_at, ended_at, due_at)
    VALUES (:call_id, 'waiting', coalesce(:started_at::timestamptz, :ended_at), :ended_at, :ended_at)
    ON CONFLICT (call_id) DO UPDATE
    SET state = 'waiting',
        ended_at = greatest(recording.started_at, excluded.ended_at),
        due_at = excluded.ended_at
    WHERE recording.state = 'recording'
    RETURNING call_id
)
SELECT pg_notify('recording_waiting', '') FROM done;

-- name: claim(until, now, at_most)
UPDATE recording
SET due_at = :until, tries = tries + 1
WHERE call_id IN (
    SELECT call_id FROM recording
    WHERE state = 'waiting' AND due_at <= :now
    ORDER BY due_at
    LIMIT :at_most
    FOR UPDATE SKIP LOCKED
)
RETURNING call_id, started_at, ended_at, tries;

-- name: renew(until, call_ids, tries)!
UPDATE recording AS r
SET due_at = :until
FROM unnest(:call_ids::uuid[], :tries::smallint[]) AS held (call_id, tries)
WHERE r.call_id = held.call_id AND r.tries = held.tries AND r.state = 'waiting';

-- name: hold(call_id, tries)$
SELECT true FROM recording
WHERE call_id = :call_id AND tries = :tries AND state = 'waiting'
FOR UPDATE;

-- name: stored(started_at, path, duration_ms, callee_dbfs, agent_dbfs, bytes, sha256, stored_at, remark, call_id, tries)!
UPDATE recording
SET state = 'stored', due_at = NULL, started_at = :started_at, path = :path, duration_ms = :duration_ms,
    callee_dbfs = :callee_dbfs, agent_dbfs = :agent_dbfs, bytes = :bytes, sha256 = :sha256,
    stored_at = :stored_at, problem = :remark
WHERE call_id = :call_id AND tries = :tries AND state = 'waiting';

-- name: later(due_at, uncounted, problem, call_id, tries)!
UPDATE recording
SET due_at = :due_at, tries = tries - :uncounted, problem = :problem
WHERE call_id = :call_id AND tries = :tries AND state = 'waiting';

-- name: failed(problem, call_id, tries)!
UPDATE recording
SET state = 'failed', due_at = NULL, problem = :problem
WHERE call_id = :call_id AND tries = :tries AND state = 'waiting';

-- name: again(now)$
WITH put_back AS (
    UPDATE recording
    SET state = 'waiting', due_at = :now, problem = NULL
    WHERE state = 'failed' AND problem NOT LIKE 'empty:%'
    RETURNING call_id
), told AS (
    SELECT pg_notify('recording_waiting', '') FROM put_back
)
SELECT (SELECT count(*) FROM put_back) + 0 * (SELECT count(*) FROM told);

-- name: next_due()$
SELECT min(due_at) FROM recording WHERE state = 'waiting';

-- name: counts()
SELECT CASE WHEN state = 'failed' AND problem LIKE 'empty:%' THEN 'empty' ELSE state END AS state, count(*) AS n
FROM recording
GROUP BY 1;

-- name: rows_of(call_ids)
SELECT call_id, state, path, bytes, sha256, problem FROM recording WHERE call_id = ANY(:call_ids::uuid[]);
