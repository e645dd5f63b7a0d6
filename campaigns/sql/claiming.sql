-- name: facts(except_attempt, campaign_id, number, now, call_window, debtor_id)^
-- What campaigns/rules.py asks about one person, for one campaign and one number (the best one when NULL).
-- The attempt :except_attempt is the one that asks; it does not stand in its own way. "Open" is said in the
-- words of the index that is meant (schema/0005_choosing.sql).
SELECT campaign.state AS campaign_state,
       debtor.debtor_id,
       ARRAY(SELECT (item.debt_type, min(item.due_on))
               FROM debt_item AS item
               JOIN campaign_debt_type AS member USING (debt_type)
              WHERE item.debtor_id = debtor.debtor_id AND item.paid_on IS NULL
                AND member.campaign_id = campaign.campaign_id
              GROUP BY item.debt_type) AS debts,
       ARRAY(SELECT (promise.debt_type, promise.due_on)
               FROM promise WHERE promise.debtor_id = debtor.debtor_id AND promise.closed_on IS NULL) AS promises,
       EXISTS (SELECT FROM contact_stop WHERE contact_stop.debtor_id = debtor.debtor_id) AS contact_stop,
       line.number, line.dead AS number_dead,
       coalesce(progress.weekday_attempts, 0) AS weekday_attempts,
       coalesce(progress.evening_attempts, 0) AS evening_attempts,
       coalesce(progress.weekend_attempts, 0) AS weekend_attempts,
       nullif(progress.next_attempt_at, '-infinity') AS next_attempt_at,
       progress.missed_hour_of_week, coalesce(progress.missed_cells, 0) AS missed_cells,
       progress.contacted_at, progress.recall_from, progress.capped_until,
       coalesce(progress.urgency, 0) AS urgency,
       CASE WHEN agreed.agent_id IS NOT NULL THEN 'agent:' || agreed.agent_id
            WHEN debtor.language <> 'ja' THEN 'language:' || debtor.language
            WHEN progress.wants_waiting_agent THEN 'any' END AS wants,
       EXISTS (SELECT FROM attempt WHERE attempt.debtor_id = debtor.debtor_id AND attempt.ended_at IS NULL
                  AND attempt.attempt_id IS DISTINCT FROM :except_attempt::uuid)
           OR EXISTS (SELECT FROM inbound_call WHERE inbound_call.debtor_id = debtor.debtor_id
                         AND inbound_call.ended_at IS NULL) AS person_open,
       EXISTS (SELECT FROM attempt WHERE attempt.household_id = debtor.household_id AND coalesce(attempt.outcome, '') = ''
                  AND attempt.attempt_id IS DISTINCT FROM :except_attempt) AS household_open,
       household.next_attempt_at AS household_next_attempt_at, household.capped_until AS household_capped_until,
       line.busy AS number_open, line.next_attempt_at AS number_next_attempt_at,
       line.capped_until AS number_capped_until
  FROM debtor
  JOIN campaign ON campaign.campaign_id = :campaign_id::bigint
  LEFT JOIN debtor_progress AS progress ON progress.debtor_id = debtor.debtor_id
  LEFT JOIN household_progress AS household ON household.household_id = debtor.household_id
  LEFT JOIN callback AS agreed ON agreed.debtor_id = debtor.debtor_id AND agreed.closed_at IS NULL
  LEFT JOIN LATERAL (
        SELECT link.number,
               link.removed_at IS NOT NULL OR phone.dead_at IS NOT NULL AS dead,
               rung.next_attempt_at, rung.capped_until,
               EXISTS (SELECT FROM attempt WHERE attempt.number = link.number AND attempt.outcome IS NULL
                          AND attempt.attempt_id IS DISTINCT FROM :except_attempt) AS busy
          FROM debtor_phone AS link
          JOIN phone ON phone.number = link.number
          LEFT JOIN number_progress AS rung ON rung.number = link.number
         WHERE link.debtor_id = debtor.debtor_id AND (:number::text IS NULL OR link.number = :number)
         ORDER BY dead, coalesce(greatest(rung.next_attempt_at, rung.capped_until) > :now::timestamptz, false), busy,
                  CASE :call_window::text WHEN 'weekday' THEN link.weekday_p
                                          WHEN 'evening' THEN link.evening_p
                                          WHEN 'weekend' THEN link.weekend_p END DESC NULLS LAST,
                  link.rank, link.number
         LIMIT 1) AS line ON true
 WHERE debtor.debtor_id = :debtor_id::bigint;

-- name: claimed_attempt(attempt_id)^
SELECT campaign_id, debtor_id, number, agent_id FROM attempt WHERE attempt_id = :attempt_id AND ended_at IS NULL;

-- name: cancel_attempt(at, attempt_id)^
UPDATE attempt SET state = 'ended', state_at = :at, ended_at = :at, outcome = 'cancelled'
 WHERE attempt_id = :attempt_id AND state = 'claimed'
RETURNING debtor_id;

-- name: postpone(until, debtor_id)!
UPDATE debtor_progress SET next_attempt_at = greatest(next_attempt_at, :until::timestamptz)
 WHERE debtor_id = :debtor_id;

-- name: reserved_wanted(campaign_id, now)
-- A loose scan: one index descent for each thing that is wanted, whoever many want it.
WITH RECURSIVE want AS (
    (SELECT wants, callable_from FROM list_entry
      WHERE campaign_id = :campaign_id::bigint AND wants IS NOT NULL
      ORDER BY wants, callable_from LIMIT 1)
    UNION ALL
    SELECT following.wants, following.callable_from
      FROM want
     CROSS JOIN LATERAL (
           SELECT entry.wants, entry.callable_from
             FROM list_entry AS entry
            WHERE entry.campaign_id = :campaign_id AND entry.wants > want.wants
            ORDER BY entry.wants, entry.callable_from LIMIT 1) AS following
)
SELECT wants FROM want WHERE callable_from <= :now;
