-- name: lock_progress(debtor_id)^
SELECT weekday_attempts, evening_attempts, weekend_attempts, unrung_in_a_row, last_attempt_at, last_window,
       last_outcome, missed_hour_of_week, nullif(next_attempt_at, '-infinity') AS next_attempt_at, contacted_at,
       wants_waiting_agent, counted_on, day_attempts, week_attempts, month_attempts, month_windows, capped_until,
       missed_cells, recall_from, urgency, overdue_from
  FROM debtor_progress WHERE debtor_id = :debtor_id::bigint FOR NO KEY UPDATE;

-- name: write_progress(debtor_id, weekday_attempts, evening_attempts, weekend_attempts, unrung_in_a_row, last_attempt_at, last_window, last_outcome, missed_hour_of_week, next_attempt_at, contacted_at, wants_waiting_agent, counted_on, day_attempts, week_attempts, month_attempts, month_windows, capped_until, missed_cells, recall_from, urgency, overdue_from)!
INSERT INTO debtor_progress
       (debtor_id, weekday_attempts, evening_attempts, weekend_attempts, unrung_in_a_row, last_attempt_at,
        last_window, last_outcome, missed_hour_of_week, next_attempt_at, contacted_at, wants_waiting_agent,
        counted_on, day_attempts, week_attempts, month_attempts, month_windows, capped_until, missed_cells,
        recall_from, urgency, overdue_from)
VALUES (:debtor_id, :weekday_attempts, :evening_attempts, :weekend_attempts, :unrung_in_a_row, :last_attempt_at,
        :last_window, :last_outcome, :missed_hour_of_week, coalesce(:next_attempt_at, '-infinity'::timestamptz),
        :contacted_at, :wants_waiting_agent, :counted_on, :day_attempts, :week_attempts, :month_attempts,
        :month_windows, :capped_until, :missed_cells, :recall_from, :urgency, :overdue_from)
    ON CONFLICT (debtor_id) DO UPDATE
   SET weekday_attempts = excluded.weekday_attempts, evening_attempts = excluded.evening_attempts,
       weekend_attempts = excluded.weekend_attempts, unrung_in_a_row = excluded.unrung_in_a_row,
       last_attempt_at = excluded.last_attempt_at, last_window = excluded.last_window,
       last_outcome = excluded.last_outcome, missed_hour_of_week = excluded.missed_hour_of_week,
       next_attempt_at = excluded.next_attempt_at, contacted_at = excluded.contacted_at,
       wants_waiting_agent = excluded.wants_waiting_agent, counted_on = excluded.counted_on,
       day_attempts = excluded.day_attempts, week_attempts = excluded.week_attempts,
       month_attempts = excluded.month_attempts, month_windows = excluded.month_windows,
       capped_until = excluded.capped_until, missed_cells = excluded.missed_cells,
       recall_from = excluded.recall_from, urgency = excluded.urgency, overdue_from = excluded.overdue_from;

-- name: lock_for_result(debtor_id, campaign_id, outcome, number, household_id)^
-- Everything that an ended attempt is held against, in one look.
SELECT progress.weekday_attempts, progress.evening_attempts, progress.weekend_attempts, progress.unrung_in_a_row,
       progress.last_attempt_at, progress.last_window, progress.last_outcome, progress.missed_hour_of_week,
       nullif(progress.next_attempt_at, '-infinity') AS next_attempt_at, progress.contacted_at,
       progress.wants_waiting_agent, progress.counted_on, progress.day_attempts, progress.week_attempts,
       progress.month_attempts, progress.month_windows, progress.capped_until, progress.missed_cells,
       progress.recall_from, progress.urgency, progress.overdue_from,
       own.delay_s, own.at_latest_s,
       ARRAY(SELECT (scope, period, at_most) FROM call_cap) AS caps,
       line.counted_on AS number_counted_on, line.day_attempts AS number_day_attempts,
       line.week_attempts AS number_week_attempts, line.month_attempts AS number_month_attempts,
       home.counted_on AS household_counted_on, home.day_attempts AS household_day_attempts,
       home.week_attempts AS household_week_attempts, home.month_attempts AS household_month_attempts
  FROM debtor_progress AS progress
  LEFT JOIN retry_rule AS own ON own.campaign_id = :campaign_id::bigint AND own.outcome = :outcome::text
  LEFT JOIN number_progress AS line ON line.number = :number::text
  LEFT JOIN household_progress AS home ON home.household_id = :household_id::bigint
 WHERE progress.debtor_id = :debtor_id::bigint
   FOR NO KEY UPDATE OF progress;

-- name: hold_lines(number, household_id, counted_on, last_attempt_at, next_attempt_at, number_day_attempts, number_week_attempts, number_month_attempts, number_capped_until, household_day_attempts, household_week_attempts, household_month_attempts, household_capped_until)!
-- Number and household of an ended attempt, in this order whatever the plan.
WITH line AS (
    INSERT INTO number_progress
           (number, last_attempt_at, next_attempt_at, counted_on, day_attempts, week_attempts, month_attempts,
            capped_until)
    VALUES (:number::text, :last_attempt_at::timestamptz, :next_attempt_at::timestamptz, :counted_on::date,
            :number_day_attempts::smallint, :number_week_attempts::smallint, :number_month_attempts::smallint,
            :number_capped_until::timestamptz)
        ON CONFLICT (number) DO UPDATE
       SET last_attempt_at = excluded.last_attempt_at, next_attempt_at = excluded.next_attempt_at,
           counted_on = excluded.counted_on, day_attempts = excluded.day_attempts,
           week_attempts = excluded.week_attempts, month_attempts = excluded.month_attempts,
           capped_until = excluded.capped_until
    RETURNING number
)
INSERT INTO household_progress
       (household_id, last_attempt_at, next_attempt_at, counted_on, day_attempts, week_attempts, month_attempts,
        capped_until)
SELECT :household_id::bigint, :last_attempt_at, :next_attempt_at, :counted_on, :household_day_attempts::smallint,
       :household_week_attempts::smallint, :household_month_attempts::smallint, :household_capped_until::timestamptz
  FROM line
 WHERE :household_id IS NOT NULL
    ON CONFLICT (household_id) DO UPDATE
   SET last_attempt_at = excluded.last_attempt_at, next_attempt_at = excluded.next_attempt_at,
       counted_on = excluded.counted_on, day_attempts = excluded.day_attempts,
       week_attempts = excluded.week_attempts, month_attempts = excluded.month_attempts,
       capped_until = excluded.capped_until;

-- name: close_callback(at, closed_as, debtor_id)!
UPDATE callback SET closed_at = :at, closed_as = :closed_as WHERE debtor_id = :debtor_id AND closed_at IS NULL;

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
           (SELECT greatest(household.next_attempt_at, household.capped_until)
              FROM debtor JOIN household_progress AS household ON household.household_id = debtor.household_id
             WHERE debtor.debtor_id = free.debtor_id),
           (SELECT min(greatest(rung.next_attempt_at, rung.capped_until, '-infinity'))
              FROM debtor_phone AS link
              JOIN phone ON phone.number = link.number
              LEFT JOIN number_progress AS rung ON rung.number = link.number
             WHERE link.debtor_id = free.debtor_id AND link.removed_at IS NULL AND phone.dead_at IS NULL))
  FROM free
 WHERE entry.campaign_id = free.campaign_id AND entry.debtor_id = free.debtor_id;
