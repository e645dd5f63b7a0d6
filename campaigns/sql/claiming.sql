-- name: claim(campaign_id, call_window, windows_ahead, ready_agents, now, debt_types, today, hour_of_week, month_start, limit, agent_id)
-- Chooses people and writes their attempts in one statement.
--
-- The list is walked in bands: everyone of a campaign with the same three numbers of tries is one stretch
-- of the index list_entry_walk, in order of the moment from which they may be called. A loose scan finds
-- the bands (one index descent each), the rotation rule keeps or drops whole bands, and each band is read
-- only as far as the limit needs. The cost grows with the number of bands and of people claimed, not with
-- the number of debtors or of past attempts.
--
-- OFFSET 0 keeps each NOT EXISTS a question put to one person, answered by one index descent. As joins they
-- would be planned by statistics, which are wrong on the morning after an import.
--
-- Order: fewest tries in this window, then fewest in all, then longest callable.
--
-- Workers never wait for each other: a person is locked with SKIP LOCKED; household and number are reserved
-- by hold_line (see the schema), which tries and does not wait. ON CONFLICT only drops the second member of a
-- household, or the second sharer of a number, within one claim.
WITH RECURSIVE band AS (
    (SELECT weekday_attempts, evening_attempts, weekend_attempts
       FROM list_entry WHERE campaign_id = :campaign_id::bigint
      ORDER BY weekday_attempts, evening_attempts, weekend_attempts LIMIT 1)
    UNION ALL
    SELECT following.*
      FROM band
     CROSS JOIN LATERAL (
           SELECT entry.weekday_attempts, entry.evening_attempts, entry.weekend_attempts
             FROM list_entry AS entry
            WHERE entry.campaign_id = :campaign_id
              AND (entry.weekday_attempts, entry.evening_attempts, entry.weekend_attempts)
                  > (band.weekday_attempts, band.evening_attempts, band.weekend_attempts)
            ORDER BY entry.weekday_attempts, entry.evening_attempts, entry.weekend_attempts LIMIT 1) AS following
),
tried AS (
    SELECT band.*,
           CASE :call_window::text WHEN 'weekday' THEN weekday_attempts
                                   WHEN 'evening' THEN evening_attempts
                                   ELSE weekend_attempts END AS here
      FROM band
),
turn AS MATERIALIZED (
    SELECT *, row_number() OVER (
               ORDER BY here, weekday_attempts + evening_attempts + weekend_attempts, weekday_attempts, evening_attempts
           ) AS place
      FROM tried
     WHERE ('weekday' <> ALL (:windows_ahead::text[]) OR here <= weekday_attempts)
       AND ('evening' <> ALL (:windows_ahead::text[]) OR here <= evening_attempts)
       AND ('weekend' <> ALL (:windows_ahead::text[]) OR here <= weekend_attempts)
),
waiting AS MATERIALIZED (
    -- agents ready now, less those for whom a person who needs a waiting agent is being dialed already
    SELECT :ready_agents::integer - (
               SELECT count(*)
                 FROM attempt JOIN debtor_progress AS progress USING (debtor_id)
                WHERE attempt.ended_at IS NULL AND attempt.campaign_id = :campaign_id
                  AND attempt.state IN ('claimed', 'dialing', 'ringing', 'answered')
                  AND progress.wants_waiting_agent) AS agents
),
callable AS MATERIALIZED (
    SELECT turn.place, person.*
      FROM (SELECT * FROM turn ORDER BY place) AS turn
     CROSS JOIN LATERAL (
           SELECT entry.debtor_id, entry.callable_from, debtor.household_id, progress.wants_waiting_agent,
                  line.number, owed.caller_id
             FROM list_entry AS entry
             JOIN debtor_progress AS progress ON progress.debtor_id = entry.debtor_id
             JOIN debtor ON debtor.debtor_id = entry.debtor_id
            CROSS JOIN LATERAL (
                  -- the live number that ranks best, unless its line was rung lately or is in use now
                  SELECT link.number
                    FROM debtor_phone AS link
                    JOIN phone ON phone.number = link.number AND phone.dead_at IS NULL
                   WHERE link.debtor_id = entry.debtor_id AND link.removed_at IS NULL
                     AND NOT EXISTS (SELECT FROM number_progress AS rung WHERE rung.number = link.number
                                        AND rung.next_attempt_at > :now::timestamptz OFFSET 0)
                     AND NOT EXISTS (SELECT FROM attempt WHERE attempt.number = link.number
                                        AND attempt.ended_at IS NULL OFFSET 0)
                   ORDER BY link.rank, link.number
                   LIMIT 1) AS line
            CROSS JOIN LATERAL (
                  -- what is overdue and not promised; the largest debt type lends its caller id (CALL-3)
                  SELECT debt_type.caller_id
                    FROM debt_item AS item
                    JOIN debt_type ON debt_type.code = item.debt_type
                   WHERE item.debtor_id = entry.debtor_id AND item.paid_on IS NULL
                     AND item.debt_type = ANY (:debt_types::text[])
                     AND NOT EXISTS (SELECT FROM promise
                                      WHERE promise.debtor_id = item.debtor_id AND promise.closed_on IS NULL
                                        AND promise.due_on >= :today::date
                                        AND (promise.debt_type IS NULL OR promise.debt_type = item.debt_type)
                                     OFFSET 0)
                   GROUP BY debt_type.code, debt_type.caller_id
                  HAVING min(item.due_on) < :today
                   ORDER BY sum(item.principal_yen) DESC, debt_type.code
                   LIMIT 1) AS owed
            WHERE entry.campaign_id = :campaign_id
              AND entry.weekday_attempts = turn.weekday_attempts
              AND entry.evening_attempts = turn.evening_attempts
              AND entry.weekend_attempts = turn.weekend_attempts
              AND entry.callable_from <= :now
              -- an entry that is older than the results (they are written in one transaction) is left alone
              AND (progress.weekday_attempts, progress.evening_attempts, progress.weekend_attempts)
                  = (entry.weekday_attempts, entry.evening_attempts, entry.weekend_attempts)
              AND progress.next_attempt_at <= :now
              AND progress.missed_hour_of_week IS DISTINCT FROM :hour_of_week::smallint
              AND (progress.contacted_at IS NULL OR progress.contacted_at < :month_start::timestamptz)
              AND (NOT progress.wants_waiting_agent OR (SELECT agents FROM waiting) > 0)
              AND NOT EXISTS (SELECT FROM contact_stop WHERE contact_stop.debtor_id = entry.debtor_id OFFSET 0)
              AND NOT EXISTS (SELECT FROM attempt WHERE attempt.debtor_id = entry.debtor_id
                                 AND attempt.ended_at IS NULL OFFSET 0)
              AND NOT EXISTS (SELECT FROM attempt WHERE attempt.household_id = debtor.household_id
                                 AND attempt.ended_at IS NULL OFFSET 0)
              AND NOT EXISTS (SELECT FROM household_progress AS rung WHERE rung.household_id = debtor.household_id
                                 AND rung.next_attempt_at > :now OFFSET 0)
            ORDER BY entry.callable_from, entry.debtor_id
            LIMIT :limit::integer
              FOR NO KEY UPDATE OF progress SKIP LOCKED) AS person
     WHERE hold_line(person.debtor_id, person.household_id, person.number)
     LIMIT :limit
),
chosen AS (
    SELECT *
      FROM (SELECT *, count(*) FILTER (WHERE wants_waiting_agent)
                          OVER (ORDER BY place, callable_from, debtor_id) AS agents_needed
              FROM callable) AS counted
     WHERE NOT wants_waiting_agent OR agents_needed <= (SELECT agents FROM waiting)
),
written AS (
    INSERT INTO attempt (campaign_id, debtor_id, household_id, number, caller_id, call_window, agent_id,
                         state, state_at, claimed_at)
    SELECT :campaign_id, debtor_id, household_id, number, caller_id, :call_window, :agent_id::bigint,
           'claimed', :now, :now
      FROM chosen
     ORDER BY place, callable_from, debtor_id
        ON CONFLICT DO NOTHING
    RETURNING attempt_id, debtor_id, number, caller_id
)
SELECT written.*, chosen.wants_waiting_agent
  FROM written JOIN chosen USING (debtor_id)
 ORDER BY chosen.place, chosen.callable_from, chosen.debtor_id;

-- name: facts(except_attempt, campaign_id, number, now, debtor_id)^
-- What campaigns/rules.py asks about one person, for one campaign and one number (the best one when NULL).
-- The attempt :except_attempt is the one that asks; it does not stand in its own way.
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
       progress.missed_hour_of_week, progress.contacted_at,
       coalesce(progress.wants_waiting_agent, false) AS wants_waiting_agent,
       EXISTS (SELECT FROM attempt WHERE attempt.debtor_id = debtor.debtor_id AND attempt.ended_at IS NULL
                  AND attempt.attempt_id IS DISTINCT FROM :except_attempt::uuid) AS person_open,
       EXISTS (SELECT FROM attempt WHERE attempt.household_id = debtor.household_id AND attempt.ended_at IS NULL
                  AND attempt.attempt_id IS DISTINCT FROM :except_attempt) AS household_open,
       household.next_attempt_at AS household_next_attempt_at,
       line.busy AS number_open, line.next_attempt_at AS number_next_attempt_at
  FROM debtor
  JOIN campaign ON campaign.campaign_id = :campaign_id::bigint
  LEFT JOIN debtor_progress AS progress ON progress.debtor_id = debtor.debtor_id
  LEFT JOIN household_progress AS household ON household.household_id = debtor.household_id
  LEFT JOIN LATERAL (
        SELECT link.number,
               link.removed_at IS NOT NULL OR phone.dead_at IS NOT NULL AS dead,
               rung.next_attempt_at,
               EXISTS (SELECT FROM attempt WHERE attempt.number = link.number AND attempt.ended_at IS NULL
                          AND attempt.attempt_id IS DISTINCT FROM :except_attempt) AS busy
          FROM debtor_phone AS link
          JOIN phone ON phone.number = link.number
          LEFT JOIN number_progress AS rung ON rung.number = link.number
         WHERE link.debtor_id = debtor.debtor_id AND (:number::text IS NULL OR link.number = :number)
         ORDER BY dead, coalesce(rung.next_attempt_at > :now::timestamptz, false), busy, link.rank, link.number
         LIMIT 1) AS line ON true
 WHERE debtor.debtor_id = :debtor_id::bigint;

-- name: claimed_attempt(attempt_id)^
SELECT campaign_id, debtor_id, number FROM attempt WHERE attempt_id = :attempt_id AND ended_at IS NULL;

-- name: cancel_attempt(at, attempt_id)^
UPDATE attempt SET state = 'ended', state_at = :at, ended_at = :at, outcome = 'cancelled'
 WHERE attempt_id = :attempt_id AND state = 'claimed'
RETURNING debtor_id;

-- name: postpone(until, debtor_id)!
UPDATE debtor_progress SET next_attempt_at = greatest(next_attempt_at, :until::timestamptz)
 WHERE debtor_id = :debtor_id;
