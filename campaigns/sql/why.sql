-- name: why_person(debtor_id, addressee_no)^
SELECT debtor_id, addressee_no, name, language
  FROM debtor WHERE debtor_id = :debtor_id::bigint OR addressee_no = :addressee_no::text;

-- name: why_campaigns(debtor_id)
-- The campaigns for whose debt types the person owes or owed something, with the person's place on their lists.
SELECT campaign.campaign_id, entry.debtor_id IS NOT NULL AS listed, entry.callable_from,
       entry.weekday_grade, entry.evening_grade, entry.weekend_grade, entry.by_lot, entry.graded
  FROM campaign
  LEFT JOIN list_entry AS entry ON entry.campaign_id = campaign.campaign_id AND entry.debtor_id = :debtor_id::bigint
 WHERE EXISTS (SELECT FROM campaign_debt_type AS member
                 JOIN debt_item AS item ON item.debt_type = member.debt_type AND item.debtor_id = :debtor_id
                WHERE member.campaign_id = campaign.campaign_id)
 ORDER BY campaign.campaign_id;

-- name: why_known(debtor_id)^
-- What the answers of the rules rest on and what may_call itself has no need of.
SELECT progress.last_attempt_at, progress.last_window, progress.last_outcome, progress.month_windows,
       progress.counted_on, coalesce(progress.day_attempts, 0) AS day_attempts,
       coalesce(progress.week_attempts, 0) AS week_attempts, coalesce(progress.month_attempts, 0) AS month_attempts,
       household.counted_on AS household_counted_on, coalesce(household.day_attempts, 0) AS household_day_attempts,
       coalesce(household.week_attempts, 0) AS household_week_attempts,
       coalesce(household.month_attempts, 0) AS household_month_attempts,
       agreed.due_at AS callback_due_at,
       ARRAY(SELECT (stop.since, stop.reason, stop.source) FROM contact_stop AS stop
              WHERE stop.debtor_id = debtor.debtor_id ORDER BY stop.since) AS stops
  FROM debtor
  LEFT JOIN debtor_progress AS progress ON progress.debtor_id = debtor.debtor_id
  LEFT JOIN household_progress AS household ON household.household_id = debtor.household_id
  LEFT JOIN callback AS agreed ON agreed.debtor_id = debtor.debtor_id AND agreed.closed_at IS NULL
 WHERE debtor.debtor_id = :debtor_id::bigint;

-- name: why_lines(debtor_id)
-- Every number the person has or had, with what was seen on it; the debt type of which most is owed names the segment.
SELECT link.number, phone.kind, link.source, link.rank, link.added_at, link.removed_at, link.removed_by,
       phone.dead_at, phone.dead_reason, link.weekday_p, link.evening_p, link.weekend_p,
       rung.next_attempt_at, rung.capped_until, rung.counted_on AS rung_counted_on,
       coalesce(rung.day_attempts, 0) AS rung_day_attempts, coalesce(rung.week_attempts, 0) AS rung_week_attempts,
       coalesce(rung.month_attempts, 0) AS rung_month_attempts,
       EXISTS (SELECT FROM attempt WHERE attempt.number = link.number AND attempt.ended_at IS NULL) AS busy,
       seen.weekday_hits, seen.weekday_misses, seen.evening_hits, seen.evening_misses, seen.weekend_hits,
       seen.weekend_misses, seen.counted_at, debtor.born_on,
       (SELECT item.debt_type FROM debt_item AS item WHERE item.debtor_id = debtor.debtor_id
         GROUP BY item.debt_type
         ORDER BY coalesce(sum(item.principal_yen) FILTER (WHERE item.paid_on IS NULL), 0) DESC, item.debt_type
         LIMIT 1) AS debt_type
  FROM debtor_phone AS link
  JOIN debtor ON debtor.debtor_id = link.debtor_id
  JOIN phone ON phone.number = link.number
  LEFT JOIN number_progress AS rung ON rung.number = link.number
  LEFT JOIN pick_up AS seen ON seen.debtor_id = link.debtor_id AND seen.number = link.number
 WHERE link.debtor_id = :debtor_id::bigint
 ORDER BY link.removed_at IS NOT NULL OR phone.dead_at IS NOT NULL, link.rank, link.number;

-- name: why_attempts(debtor_id, limit)
-- What was tried and who called us, newest first.
SELECT tried.at, tried.direction, tried.call_window, tried.outcome, tried.disposition, tried.answer_probability,
       tried.by_lot
  FROM (SELECT coalesce(attempt.dialed_at, attempt.claimed_at) AS at, 'outbound' AS direction, attempt.call_window,
               attempt.outcome, call.disposition, attempt.answer_probability, attempt.by_lot
          FROM attempt LEFT JOIN call ON call.attempt_id = attempt.attempt_id
         WHERE attempt.debtor_id = :debtor_id::bigint
         UNION ALL
        SELECT call.answered_at, 'inbound', NULL, NULL, call.disposition, NULL, false
          FROM call WHERE call.debtor_id = :debtor_id AND call.attempt_id IS NULL) AS tried
 ORDER BY tried.at DESC LIMIT :limit::integer;

-- name: standing(campaign_id, call_window, at, today, month_start, hour_of_week, cell, cells_ahead, others_ahead, own_types, own_cells, own_others, lowest, open_types, debtor_id)$
-- Everybody of a campaign at a moment, with each reason that stands in the way, in the order of rules.Reason: the
-- same questions as the claim's and may_call's, for all at once by hash joins. A test holds them together.
-- One JSON text: counts per reason, who is callable, when the others open, and the place of :debtor_id among them.
WITH owing AS MATERIALIZED (
    SELECT item.debtor_id, item.debt_type, min(item.due_on) FILTER (WHERE item.paid_on IS NULL) AS due_on
      FROM campaign_debt_type AS member
      JOIN debt_item AS item ON item.debt_type = member.debt_type
     WHERE member.campaign_id = :campaign_id::bigint
     GROUP BY item.debtor_id, item.debt_type
),
waiting AS MATERIALIZED (
    SELECT debtor_id, bool_or(debt_type IS NULL) AS for_all, array_agg(debt_type) AS debt_types
      FROM promise WHERE closed_on IS NULL AND due_on >= :today::date - 3 GROUP BY debtor_id
),
owed AS MATERIALIZED (
    SELECT owing.debtor_id,
           bool_and(owing.due_on IS NULL) AS paid,
           coalesce(bool_or(owing.due_on < :today), false) AS overdue,
           coalesce(bool_and(coalesce(waiting.for_all OR owing.debt_type = ANY (waiting.debt_types), false))
                        FILTER (WHERE owing.due_on < :today), false) AS promised,
           coalesce(bool_or(owing.debt_type = ANY (:open_types::text[])
                            AND NOT coalesce(waiting.for_all OR owing.debt_type = ANY (waiting.debt_types), false))
                        FILTER (WHERE owing.due_on < :today), false) AS may_be_about,
           -- what still comes for the debt types that this person could be called about (campaigns/ahead.py)
           coalesce(bit_or(own.cells) FILTER (WHERE owing.due_on < :today AND NOT coalesce(
                        waiting.for_all OR owing.debt_type = ANY (waiting.debt_types), false)),
                    :cells_ahead::integer) AS cells_ahead,
           coalesce(bit_or(own.others) FILTER (WHERE owing.due_on < :today AND NOT coalesce(
                        waiting.for_all OR owing.debt_type = ANY (waiting.debt_types), false)),
                    :others_ahead::integer) AS others_ahead
      FROM owing
      LEFT JOIN waiting ON waiting.debtor_id = owing.debtor_id
      LEFT JOIN unnest(:own_types::text[], :own_cells::integer[], :own_others::integer[])
                AS own (debt_type, cells, others) ON own.debt_type = owing.debt_type
     GROUP BY owing.debtor_id
),
open_attempt AS MATERIALIZED (
    SELECT debtor_id, household_id, number FROM attempt WHERE ended_at IS NULL
),
line AS MATERIALIZED (
    -- of each person the number that the claim would take
    SELECT DISTINCT ON (known.debtor_id) known.*
      FROM (SELECT link.debtor_id, link.rank, link.number,
                   link.removed_at IS NOT NULL OR phone.dead_at IS NOT NULL AS dead,
                   coalesce(rung.next_attempt_at > :at::timestamptz, false) AS rests,
                   coalesce(rung.capped_until > :at, false) AS capped,
                   link.number IN (SELECT open_attempt.number FROM open_attempt) AS busy,
                   CASE :call_window::text WHEN 'weekday' THEN link.weekday_p
                                           WHEN 'evening' THEN link.evening_p
                                           WHEN 'weekend' THEN link.weekend_p END AS p
              FROM owed
              JOIN debtor_phone AS link ON link.debtor_id = owed.debtor_id
              JOIN phone ON phone.number = link.number
              LEFT JOIN number_progress AS rung ON rung.number = link.number) AS known
     ORDER BY known.debtor_id, known.dead, known.rests OR known.capped, known.busy, known.p DESC NULLS LAST,
              known.rank, known.number
),
person AS MATERIALIZED (
    SELECT owed.debtor_id, entry.debtor_id IS NOT NULL AS listed, entry.callable_from,
           CASE :call_window WHEN 'weekday' THEN entry.weekday_order
                             WHEN 'evening' THEN entry.evening_order
                             WHEN 'weekend' THEN entry.weekend_order END AS place,
           array_remove(ARRAY[
               CASE WHEN owed.overdue AND NOT owed.promised AND NOT owed.may_be_about THEN 'outside_calendar' END,
               CASE WHEN owed.paid THEN 'paid' END,
               CASE WHEN NOT owed.paid AND NOT owed.overdue THEN 'not_yet_due' END,
               CASE WHEN owed.overdue AND owed.promised THEN 'open_promise' END,
               CASE WHEN EXISTS (SELECT FROM contact_stop AS stop WHERE stop.debtor_id = owed.debtor_id)
                    THEN 'contact_stop' END,
               CASE WHEN progress.contacted_at >= :month_start::timestamptz
                         AND (progress.recall_from > progress.contacted_at) IS NOT TRUE
                    THEN 'already_contacted_this_month' END,
               CASE WHEN line.number IS NULL THEN 'no_number' END,
               CASE WHEN line.dead THEN 'dead_number' END,
               CASE WHEN progress.next_attempt_at > :at THEN 'too_soon' END,
               CASE WHEN progress.capped_until > :at OR household.capped_until > :at OR line.capped
                    THEN 'cap_reached' END,
               CASE WHEN spread.asked AND progress.missed_hour_of_week = :hour_of_week::smallint
                    THEN 'same_hour_repeated' END,
               CASE WHEN spread.asked AND progress.missed_cells & :cell::integer <> 0
                         AND owed.cells_ahead & ~progress.missed_cells <> 0
                    THEN 'same_day_repeated' END,
               CASE WHEN spread.asked AND (
                         owed.others_ahead & 1 <> 0 AND tried.here > progress.weekday_attempts
                      OR owed.others_ahead & 2 <> 0 AND tried.here > progress.evening_attempts
                      OR owed.others_ahead & 4 <> 0 AND tried.here > progress.weekend_attempts)
                    THEN 'same_window_repeated' END,
               CASE WHEN owed.debtor_id IN (SELECT open_attempt.debtor_id FROM open_attempt)
                         OR owed.debtor_id IN (SELECT inbound_call.debtor_id FROM inbound_call
                                                WHERE inbound_call.ended_at IS NULL AND inbound_call.debtor_id IS NOT NULL)
                    THEN 'person_busy' END,
               CASE WHEN household.next_attempt_at > :at
                         OR debtor.household_id IN (SELECT open_attempt.household_id FROM open_attempt
                                                     WHERE open_attempt.household_id IS NOT NULL)
                    THEN 'household_busy' END,
               CASE WHEN line.busy OR line.rests THEN 'number_busy' END,
               CASE WHEN agreed.agent_id IS NULL AND debtor.language = 'ja' AND progress.wants_waiting_agent
                    THEN 'wants_waiting_agent' END,
               CASE WHEN agreed.agent_id IS NULL AND debtor.language <> 'ja' THEN 'wants_language' END,
               CASE WHEN agreed.agent_id IS NOT NULL THEN 'wants_named_agent' END
           ], NULL) AS reasons
      FROM owed
      JOIN debtor ON debtor.debtor_id = owed.debtor_id
      LEFT JOIN debtor_progress AS progress ON progress.debtor_id = owed.debtor_id
      LEFT JOIN household_progress AS household ON household.household_id = debtor.household_id
      LEFT JOIN callback AS agreed ON agreed.debtor_id = owed.debtor_id AND agreed.closed_at IS NULL
      LEFT JOIN line ON line.debtor_id = owed.debtor_id
      LEFT JOIN list_entry AS entry ON entry.debtor_id = owed.debtor_id AND entry.campaign_id = :campaign_id
     CROSS JOIN LATERAL (SELECT progress.urgency IS DISTINCT FROM 255 AND :call_window IS NOT NULL AS asked) AS spread
     CROSS JOIN LATERAL (SELECT CASE :call_window WHEN 'weekday' THEN progress.weekday_attempts
                                                  WHEN 'evening' THEN progress.evening_attempts
                                                  WHEN 'weekend' THEN progress.weekend_attempts END AS here) AS tried
),
judged AS MATERIALIZED (
    -- what no rule refuses and the walk of the list still leaves out
    SELECT debtor_id, listed, callable_from, place,
           CASE WHEN reasons <> '{}' THEN reasons
                WHEN NOT listed OR callable_from > :at THEN ARRAY['not_listed']
                WHEN place < :lowest::integer THEN ARRAY['better_hour']
                ELSE reasons END AS reasons
      FROM person
),
own AS MATERIALIZED (
    SELECT * FROM judged WHERE debtor_id = :debtor_id::bigint
),
per_reason AS (
    SELECT reason, count(*) FILTER (WHERE nth = 1) AS first_n, count(*) AS total_n,
           count(*) FILTER (WHERE nth = 1 AND NOT listed) AS unlisted_n
      FROM judged CROSS JOIN LATERAL unnest(reasons) WITH ORDINALITY AS given (reason, nth)
     GROUP BY reason
),
opens AS (
    SELECT date_trunc('hour', callable_from) AS at, count(*) AS people_n
      FROM judged WHERE reasons <> '{}' AND listed AND callable_from > :at
     GROUP BY 1 ORDER BY 1 LIMIT 8
)
SELECT json_build_object(
    'people_n', count(*),
    'listed_n', count(*) FILTER (WHERE judged.listed),
    'callable_n', count(*) FILTER (WHERE judged.reasons = '{}'),
    'reasons', (SELECT coalesce(json_agg(per_reason), '[]') FROM per_reason),
    'opens', (SELECT coalesce(json_agg(opens ORDER BY opens.at), '[]') FROM opens),
    'ahead_n', count(*) FILTER (WHERE judged.reasons = '{}' AND own.listed
                                  AND (judged.place > own.place
                                       OR judged.place = own.place
                                      AND (judged.callable_from, judged.debtor_id) < (own.callable_from, own.debtor_id)))
)::text
  FROM judged LEFT JOIN own ON true;
