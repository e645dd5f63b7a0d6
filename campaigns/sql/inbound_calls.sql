-- name: insert_inbound(call_id, uniqueid, dialled, debtor_id, campaign_id, agent_groups, wanted_agent_id, wants, came_at)!
INSERT INTO inbound_call (call_id, uniqueid, dialled, debtor_id, campaign_id, agent_groups, wanted_agent_id, wants,
                          state_at, came_at)
VALUES (:call_id, :uniqueid, :dialled, :debtor_id, :campaign_id, :agent_groups, :wanted_agent_id, :wants,
        :came_at, :came_at);

-- name: move_inbound(to, at, call_id, frm)$
UPDATE inbound_call
   SET state = :to::text, state_at = :at::timestamptz, ended_at = CASE WHEN :to = 'ended' THEN :at END
 WHERE call_id = :call_id AND state = :frm
RETURNING call_id;

-- name: rest_after_talk(until, debtor_id)!
UPDATE debtor_progress
   SET next_attempt_at = greatest(next_attempt_at, :until::timestamptz)
 WHERE debtor_id = :debtor_id;

-- name: state_of_inbound(call_id)^
SELECT state, state_at FROM inbound_call WHERE call_id = :call_id;

-- name: open_inbound()
SELECT inbound_call.call_id, inbound_call.uniqueid, inbound_call.dialled, inbound_call.debtor_id,
       inbound_call.campaign_id, inbound_call.agent_groups, inbound_call.wanted_agent_id, inbound_call.wants,
       inbound_call.state, inbound_call.state_at, inbound_call.came_at,
       call.call_id IS NOT NULL AS taken, call.joined_at
  FROM inbound_call
  LEFT JOIN call ON call.call_id = inbound_call.call_id
 WHERE inbound_call.ended_at IS NULL
 ORDER BY inbound_call.came_at, inbound_call.call_id;

-- name: campaigns_behind(dialled)
-- The campaigns for whose debt types this number stands; a row without one when the number is ours and nobody calls
-- with it.
SELECT member.campaign_id, array_agg(debt_type.code ORDER BY debt_type.code) AS debt_types
  FROM debt_type
  LEFT JOIN campaign_debt_type AS member ON member.debt_type = debt_type.code
 WHERE debt_type.caller_id = :dialled
 GROUP BY member.campaign_id
 ORDER BY member.campaign_id;

-- name: holders(number)
-- Who has this number now, whoever was called on it last first.
SELECT link.debtor_id, last.claimed_at AS called_at
  FROM debtor_phone AS link
  LEFT JOIN LATERAL (
       SELECT attempt.claimed_at FROM attempt
        WHERE attempt.debtor_id = link.debtor_id AND attempt.number = link.number AND attempt.dialed_at IS NOT NULL
        ORDER BY attempt.claimed_at DESC LIMIT 1) AS last ON true
 WHERE link.number = :number::text AND link.removed_at IS NULL
 ORDER BY last.claimed_at DESC NULLS LAST, link.debtor_id;

-- name: known_caller(campaign_ids, debtor_id)^
-- In which of these campaigns the person was called last, who spoke with him last or tried to, and his language.
SELECT (SELECT attempt.campaign_id FROM attempt
         WHERE attempt.debtor_id = debtor.debtor_id AND attempt.dialed_at IS NOT NULL
           AND attempt.campaign_id = ANY (:campaign_ids::bigint[])
         ORDER BY attempt.claimed_at DESC LIMIT 1) AS campaign_id,
       (SELECT met.agent_id
          FROM ((SELECT call.agent_id, call.answered_at AS at FROM call
                  WHERE call.debtor_id = debtor.debtor_id AND call.agent_id IS NOT NULL
                  ORDER BY call.answered_at DESC LIMIT 1)
                UNION ALL
                (SELECT attempt.agent_id, attempt.claimed_at FROM attempt
                  WHERE attempt.debtor_id = debtor.debtor_id AND attempt.agent_id IS NOT NULL
                    AND attempt.dialed_at IS NOT NULL
                  ORDER BY attempt.claimed_at DESC LIMIT 1)) AS met
         ORDER BY met.at DESC LIMIT 1) AS agent_id,
       debtor.language
  FROM debtor WHERE debtor.debtor_id = :debtor_id::bigint;
