-- name: open_day(day)!
-- A closed day (12/29-1/3) would leave nothing to measure.
INSERT INTO calendar_day (day, day_kind, reason) VALUES (:day, 'day_off', 'bench') ON CONFLICT DO NOTHING;

-- name: dialed()$
SELECT count(*) FROM attempt WHERE dialed_at IS NOT NULL;

-- name: open_attempts()$
SELECT count(*) FROM attempt WHERE ended_at IS NULL;

-- name: ended()$
SELECT count(*) FROM attempt WHERE ended_at IS NOT NULL;

-- name: talking()$
SELECT count(*) FROM attempt WHERE state = 'talking';

-- name: joined_since(since)$
SELECT count(*) FROM call WHERE joined_at > :since;

-- name: agents_at_work()$
SELECT count(*) FROM agent WHERE state IN ('reserved', 'talking', 'wrap_up');

-- name: agents_ready()$
SELECT count(*) FROM agent WHERE state = 'ready' AND leg_up;

-- name: open_recordings()$
SELECT count(*) FROM recording WHERE state IN ('recording', 'waiting');

-- name: recordings_by_state()
SELECT state, count(*) AS recordings FROM recording GROUP BY state;

-- name: unexplained_recordings()$
-- Answered calls whose recording is neither in the archive nor given up with a reason.
SELECT count(*)
  FROM call LEFT JOIN recording USING (call_id)
 WHERE (recording.state = 'stored' OR recording.state = 'failed' AND recording.problem IS NOT NULL) IS NOT TRUE;

-- name: calls_by_number()
-- Those sent, and those of them that must have reached the network: of the others a crash hides whether they did.
SELECT number, count(*) AS sent, count(*) FILTER (WHERE outcome IS DISTINCT FROM 'failed') AS reached
  FROM attempt WHERE dialed_at IS NOT NULL GROUP BY number;

-- name: without_end()$
-- Attempts that have no outcome, and answers that led nowhere though no crash explains it.
SELECT count(*) FILTER (WHERE attempt.outcome IS NULL OR attempt.answered_at IS NOT NULL AND call.joined_at IS NULL
                          AND attempt.outcome NOT IN ('abandoned', 'hung_up_early')
                          AND call.ended_by IS DISTINCT FROM 'lost')
  FROM attempt LEFT JOIN call ON call.call_id = attempt.attempt_id;

-- name: lost()^
-- What a crash cut off: calls that rang, and conversations.
SELECT count(*) FILTER (WHERE attempt.outcome = 'failed') AS ringing,
       count(*) FILTER (WHERE call.ended_by = 'lost') AS talking
  FROM attempt LEFT JOIN call ON call.call_id = attempt.attempt_id;

-- name: joins()
-- From the callee's answer to both in one bridge, by Asterisk's own stamps.
SELECT attempt.number, call.joined_at, (extract(epoch FROM call.joined_at - call.answered_at) * 1000)::float8 AS ms
  FROM attempt JOIN call ON call.call_id = attempt.attempt_id
 WHERE call.joined_at IS NOT NULL;

-- name: answers_a_second()$
SELECT (count(*) / nullif(extract(epoch FROM max(answered_at) - min(answered_at)), 0))::float8 FROM call;

-- name: round(since, outcome)^
-- What one round of the originate section came to.
SELECT count(*)::float8 AS ended, extract(epoch FROM max(ended_at) - min(dialed_at))::float8 AS seconds
  FROM attempt
 WHERE claimed_at >= :since AND dialed_at IS NOT NULL AND outcome = :outcome;

-- name: outcomes()
SELECT outcome, count(*) AS attempts FROM attempt WHERE outcome IS NOT NULL GROUP BY outcome;

-- name: stored()
SELECT recording.path, recording.problem, (recording.duration_ms / 1000.0)::float8 AS stored_s,
       extract(epoch FROM call.ended_at - call.answered_at)::float8 AS line_s,
       extract(epoch FROM call.ended_at - call.joined_at)::float8 AS joined_s,
       extract(epoch FROM recording.stored_at - call.ended_at)::float8 AS wait_s
  FROM recording JOIN call USING (call_id)
 WHERE recording.state = 'stored';
