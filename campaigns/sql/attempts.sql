-- name: move_attempt(to, at, dialed_at, answered_at, attempt_id, frm)$
UPDATE attempt
   SET state = :to, state_at = :at, dialed_at = coalesce(dialed_at, :dialed_at::timestamptz),
       answered_at = coalesce(answered_at, :answered_at::timestamptz)
 WHERE attempt_id = :attempt_id AND state = :frm
RETURNING attempt_id;

-- name: state_of_attempt(attempt_id)^
SELECT state, state_at FROM attempt WHERE attempt_id = :attempt_id;

-- name: end_attempt(at, outcome, hangup_cause, attempt_id, frm)^
UPDATE attempt
   SET state = 'ended', state_at = :at, ended_at = :at, outcome = :outcome, hangup_cause = :hangup_cause
 WHERE attempt_id = :attempt_id AND state = :frm AND ended_at IS NULL
RETURNING campaign_id, debtor_id, household_id, number, call_window, dialed_at;

-- name: open_call(answered_at, call_id)$
-- The second part answers for a call that is written already.
WITH opened AS (
    INSERT INTO call (call_id, attempt_id, direction, debtor_id, campaign_id, answered_at)
    SELECT attempt_id, attempt_id, 'outbound', debtor_id, campaign_id, :answered_at
      FROM attempt WHERE attempt_id = :call_id
        ON CONFLICT DO NOTHING
    RETURNING call_id
)
SELECT call_id FROM opened UNION ALL SELECT call_id FROM call WHERE call_id = :call_id LIMIT 1;

-- name: open_inbound_call(call_id, debtor_id, campaign_id, answered_at)!
INSERT INTO call (call_id, direction, debtor_id, campaign_id, answered_at)
VALUES (:call_id, 'inbound', :debtor_id, :campaign_id, :answered_at) ON CONFLICT DO NOTHING;

-- name: join_call(agent_id, joined_at, answered_at, call_id)$
-- The answer is known twice, from FastAGI and from AMI; the earlier stamp is Asterisk's own.
UPDATE call SET agent_id = :agent_id, joined_at = coalesce(joined_at, :joined_at),
       answered_at = least(answered_at, :answered_at)
 WHERE call_id = :call_id AND ended_at IS NULL AND (agent_id IS NULL OR agent_id = :agent_id)
RETURNING call_id;

-- name: end_call(at, ended_by, call_id)!
UPDATE call SET ended_at = :at, ended_by = :ended_by WHERE call_id = :call_id AND ended_at IS NULL;

-- name: open_attempts()
SELECT attempt.attempt_id, attempt.campaign_id, attempt.debtor_id, attempt.number, attempt.caller_id,
       attempt.call_window, attempt.state, attempt.state_at, attempt.claimed_at, attempt.dialed_at,
       attempt.answered_at, attempt.agent_id AS preview_agent_id,
       coalesce(progress.wants_waiting_agent, false) AS wants_waiting_agent,
       call.agent_id AS call_agent_id, call.joined_at,
       attempt.amd_status, attempt.amd_cause, attempt.amd_s
  FROM attempt
  LEFT JOIN call ON call.attempt_id = attempt.attempt_id
  LEFT JOIN debtor_progress AS progress ON progress.debtor_id = attempt.debtor_id
 WHERE attempt.ended_at IS NULL
 ORDER BY attempt.claimed_at, attempt.attempt_id;

-- name: counts_since(since, contacts)^
SELECT tried.dialed, tried.answered, talked.connected, talked.contacts, came.inbound, came.inbound_taken
  FROM (SELECT count(dialed_at)::integer AS dialed, count(answered_at)::integer AS answered
          FROM attempt WHERE claimed_at >= :since::timestamptz) AS tried,
       (SELECT (count(joined_at) FILTER (WHERE direction = 'outbound'))::integer AS connected,
               (count(*) FILTER (WHERE disposition = ANY (:contacts::text[])))::integer AS contacts
          FROM call WHERE answered_at >= :since) AS talked,
       (SELECT count(*)::integer AS inbound, count(call.joined_at)::integer AS inbound_taken
          FROM inbound_call LEFT JOIN call USING (call_id) WHERE came_at >= :since) AS came;

-- name: outcomes_since(since)
SELECT outcome, count(*)::integer AS attempts
  FROM attempt WHERE claimed_at >= :since::timestamptz AND outcome IS NOT NULL GROUP BY outcome;
