-- name: lock_progress(debtor_id)^
SELECT weekday_attempts, evening_attempts, weekend_attempts, unrung_in_a_row, last_attempt_at, last_window,
       last_outcome, missed_hour_of_week, nullif(next_attempt_at, '-infinity') AS next_attempt_at, contacted_at,
       wants_waiting_agent
  FROM debtor_progress WHERE debtor_id = :debtor_id::bigint FOR NO KEY UPDATE;

-- name: write_progress(debtor_id, weekday_attempts, evening_attempts, weekend_attempts, unrung_in_a_row, last_attempt_at, last_window, last_outcome, missed_hour_of_week, next_attempt_at, contacted_at, wants_waiting_agent)!
INSERT INTO debtor_progress
       (debtor_id, weekday_attempts, evening_attempts, weekend_attempts, unrung_in_a_row, last_attempt_at,
        last_window, last_outcome, missed_hour_of_week, next_attempt_at, contacted_at, wants_waiting_agent)
VALUES (:debtor_id, :weekday_attempts, :evening_attempts, :weekend_attempts, :unrung_in_a_row, :last_attempt_at,
        :last_window, :last_outcome, :missed_hour_of_week, coalesce(:next_attempt_at, '-infinity'::timestamptz),
        :contacted_at, :wants_waiting_agent)
    ON CONFLICT (debtor_id) DO UPDATE
   SET weekday_attempts = excluded.weekday_attempts, evening_attempts = excluded.evening_attempts,
       weekend_attempts = excluded.weekend_attempts, unrung_in_a_row = excluded.unrung_in_a_row,
       last_attempt_at = excluded.last_attempt_at, last_window = excluded.last_window,
       last_outcome = excluded.last_outcome, missed_hour_of_week = excluded.missed_hour_of_week,
       next_attempt_at = excluded.next_attempt_at, contacted_at = excluded.contacted_at,
       wants_waiting_agent = excluded.wants_waiting_agent;

-- name: retry_delay_s(campaign_id, outcome)$
SELECT delay_s FROM retry_rule WHERE campaign_id = :campaign_id AND outcome = :outcome;

-- name: hold_number(number, last_attempt_at, next_attempt_at)!
INSERT INTO number_progress (number, last_attempt_at, next_attempt_at)
VALUES (:number, :last_attempt_at, :next_attempt_at)
    ON CONFLICT (number) DO UPDATE
   SET last_attempt_at = excluded.last_attempt_at, next_attempt_at = excluded.next_attempt_at;

-- name: hold_household(household_id, last_attempt_at, next_attempt_at)!
INSERT INTO household_progress (household_id, last_attempt_at, next_attempt_at)
VALUES (:household_id, :last_attempt_at, :next_attempt_at)
    ON CONFLICT (household_id) DO UPDATE
   SET last_attempt_at = excluded.last_attempt_at, next_attempt_at = excluded.next_attempt_at;

-- name: kill_number(at, number)!
UPDATE phone SET dead_at = :at, dead_reason = 'call' WHERE number = :number AND dead_at IS NULL;

-- name: unlist_sharers(number, debtor_id)!
-- The others who had only this number, now dead, leave their lists. Passed over as in hold_sharers.
WITH unreachable AS MATERIALIZED (
    SELECT entry.campaign_id, entry.debtor_id
      FROM list_entry AS entry
      JOIN debtor_phone AS link ON link.debtor_id = entry.debtor_id AND link.number = :number::text
     WHERE entry.debtor_id <> :debtor_id::bigint
       AND NOT EXISTS (SELECT FROM debtor_phone AS live JOIN phone ON phone.number = live.number
                        WHERE live.debtor_id = entry.debtor_id AND live.removed_at IS NULL AND phone.dead_at IS NULL)
       FOR UPDATE OF entry SKIP LOCKED
)
DELETE FROM list_entry AS entry USING unreachable AS gone
 WHERE entry.campaign_id = gone.campaign_id AND entry.debtor_id = gone.debtor_id;

-- name: hold_sharers(number, household_id, debtor_id)!
-- The others on this number and in this household move back in their lists. An entry that somebody else is
-- writing is passed over, not waited for: two results that wait for each other would deadlock, and the claim
-- looks at household and number itself. Only the length of its walk is at stake.
WITH sharer AS (
    SELECT debtor_id FROM debtor_phone WHERE number = :number::text AND removed_at IS NULL
    UNION
    SELECT debtor_id FROM debtor WHERE household_id = :household_id::bigint
),
free AS MATERIALIZED (
    SELECT entry.campaign_id, entry.debtor_id
      FROM list_entry AS entry JOIN sharer ON sharer.debtor_id = entry.debtor_id
     WHERE entry.debtor_id <> :debtor_id::bigint
       FOR UPDATE OF entry SKIP LOCKED
)
UPDATE list_entry AS entry
   SET callable_from = greatest(
           entry.callable_from,
           (SELECT household.next_attempt_at
              FROM debtor JOIN household_progress AS household ON household.household_id = debtor.household_id
             WHERE debtor.debtor_id = free.debtor_id),
           (SELECT min(coalesce(rung.next_attempt_at, '-infinity'))
              FROM debtor_phone AS link
              JOIN phone ON phone.number = link.number
              LEFT JOIN number_progress AS rung ON rung.number = link.number
             WHERE link.debtor_id = free.debtor_id AND link.removed_at IS NULL AND phone.dead_at IS NULL))
  FROM free
 WHERE entry.campaign_id = free.campaign_id AND entry.debtor_id = free.debtor_id;
