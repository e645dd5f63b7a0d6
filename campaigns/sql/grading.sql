-- name: listed_debtors(campaign_id, ungraded_only, limit)
-- Whom a pass looks at. The index list_entry_ungraded holds only those to whom something happened.
SELECT debtor_id FROM list_entry
 WHERE campaign_id = :campaign_id AND (NOT :ungraded_only::boolean OR NOT graded)
 ORDER BY debtor_id LIMIT :limit;

-- name: people_to_grade(campaign_id, debtor_ids, debt_types, owing, today)
-- One row a person and live number. xmin tells whether the entry was written again since it was read. Of the debt types
-- that are asked about, owed_types are those that the person could be called about today.
SELECT entry.debtor_id, entry.xmin::text::bigint AS version, entry.callable_from, entry.wants IS NOT NULL AS reserved,
       entry.weekday_grade, entry.evening_grade, entry.weekend_grade, entry.by_lot, entry.graded,
       debtor.born_on, owed.debt_type, owed.yen, owed.due_on,
       ARRAY(SELECT owing.debt_type FROM unnest(:owing::text[]) AS owing (debt_type)
              WHERE EXISTS (SELECT FROM debt_item AS item
                             WHERE item.debtor_id = entry.debtor_id AND item.debt_type = owing.debt_type
                               AND item.paid_on IS NULL AND item.due_on < :today::date OFFSET 0)
                AND NOT EXISTS (SELECT FROM promise
                                 WHERE promise.debtor_id = entry.debtor_id AND promise.closed_on IS NULL
                                   AND promise.due_on >= :today - 3   -- rules.PROMISE_GRACE_DAYS
                                   AND (promise.debt_type IS NULL OR promise.debt_type = owing.debt_type)
                                OFFSET 0)) AS owed_types,
       progress.weekday_attempts, progress.evening_attempts, progress.weekend_attempts,
       progress.counted_on, progress.month_attempts, progress.month_windows, progress.missed_cells,
       progress.overdue_from, progress.recall_from, progress.contacted_at, progress.urgency,
       link.number, phone.kind, link.source = 'household' AS borrowed, link.weekday_p, link.evening_p, link.weekend_p,
       seen.weekday_hits, seen.weekday_misses, seen.evening_hits, seen.evening_misses, seen.weekend_hits,
       seen.weekend_misses, seen.counted_at
  FROM list_entry AS entry
  JOIN debtor ON debtor.debtor_id = entry.debtor_id
  JOIN debtor_progress AS progress ON progress.debtor_id = entry.debtor_id
  JOIN debtor_phone AS link ON link.debtor_id = entry.debtor_id AND link.removed_at IS NULL
  JOIN phone ON phone.number = link.number AND phone.dead_at IS NULL
  JOIN LATERAL (
        -- the debt type of which most is owed names the segment; the sum and the oldest due date are over all
        SELECT (array_agg(of_type.debt_type ORDER BY of_type.yen DESC, of_type.debt_type))[1] AS debt_type,
               sum(of_type.yen)::bigint AS yen, min(of_type.due_on) AS due_on
          FROM (SELECT item.debt_type, sum(item.principal_yen) AS yen, min(item.due_on) AS due_on
                  FROM debt_item AS item
                 WHERE item.debtor_id = entry.debtor_id AND item.paid_on IS NULL
                   AND item.debt_type = ANY (:debt_types::text[])
                 GROUP BY item.debt_type) AS of_type) AS owed ON owed.debt_type IS NOT NULL
  LEFT JOIN pick_up AS seen ON seen.debtor_id = link.debtor_id AND seen.number = link.number
 WHERE entry.campaign_id = :campaign_id::bigint AND entry.debtor_id = ANY (:debtor_ids::bigint[])
 ORDER BY entry.debtor_id, link.rank, link.number;

-- name: write_grades(campaign_id, debtor_ids, versions, weekday_grades, evening_grades, weekend_grades, by_lots)$
-- An entry that was written since it was read stays ungraded: the next pass sees what happened.
WITH fresh AS (
    SELECT * FROM unnest(:debtor_ids::bigint[], :versions::bigint[], :weekday_grades::smallint[],
                         :evening_grades::smallint[], :weekend_grades::smallint[], :by_lots::boolean[])
           AS given (debtor_id, version, weekday_grade, evening_grade, weekend_grade, by_lot)
),
written AS (
    UPDATE list_entry AS entry
       SET weekday_grade = fresh.weekday_grade, evening_grade = fresh.evening_grade,
           weekend_grade = fresh.weekend_grade, by_lot = fresh.by_lot, graded = true
      FROM fresh
     WHERE entry.campaign_id = :campaign_id AND entry.debtor_id = fresh.debtor_id
       AND entry.xmin::text::bigint = fresh.version
    RETURNING entry.debtor_id
)
SELECT count(*)::integer FROM written;

-- name: write_pick_up(debtor_ids, numbers, weekday_p, evening_p, weekend_p)!
UPDATE debtor_phone AS link
   SET weekday_p = fresh.weekday_p, evening_p = fresh.evening_p, weekend_p = fresh.weekend_p
  FROM unnest(:debtor_ids::bigint[], :numbers::text[], :weekday_p::real[], :evening_p::real[], :weekend_p::real[])
       AS fresh (debtor_id, number, weekday_p, evening_p, weekend_p)
 WHERE link.debtor_id = fresh.debtor_id AND link.number = fresh.number;

-- name: graded(campaign_id, now, grading)!
UPDATE campaign SET graded_at = :now, grading = :grading::jsonb WHERE campaign_id = :campaign_id;

-- name: last_grading(campaign_id)^
SELECT graded_at, grading::text AS grading FROM campaign WHERE campaign_id = :campaign_id;

-- name: pace_by_window(campaign_id, since, until)
-- Attempts, clock hours in which there was at least one, and how many agents talked in a session, by kind of hour.
WITH placed AS (
    SELECT attempt_id, call_window, date_trunc('hour', claimed_at) AS hour,
           (claimed_at AT TIME ZONE 'Asia/Tokyo')::date AS day
      FROM attempt
     WHERE campaign_id = :campaign_id AND claimed_at >= :since::timestamptz AND claimed_at < :until::timestamptz
       AND dialed_at IS NOT NULL
),
session AS (
    SELECT placed.call_window, placed.day, count(DISTINCT call.agent_id) AS agents
      FROM placed JOIN call ON call.attempt_id = placed.attempt_id
     WHERE call.agent_id IS NOT NULL
     GROUP BY placed.call_window, placed.day
)
SELECT placed.call_window, count(*)::integer AS attempts, count(DISTINCT placed.hour)::integer AS clock_hours,
       coalesce((SELECT avg(session.agents) FROM session WHERE session.call_window = placed.call_window), 0)::float8
           AS agents
  FROM placed
 GROUP BY placed.call_window;

-- name: evidence_rows(after_debtor, after_number, limit)
-- Every line that was ever called, with its segment's marks, in stretches. Debts, paid ones too, are read once a stretch:
-- no index finds those of one person.
WITH seen AS MATERIALIZED (
    SELECT * FROM pick_up
     WHERE (debtor_id, number) > (:after_debtor::bigint, :after_number::text)
     ORDER BY debtor_id, number LIMIT :limit
),
owed AS (
    SELECT DISTINCT ON (debtor_id) debtor_id, debt_type
      FROM debt_item WHERE debtor_id IN (SELECT debtor_id FROM seen)
     GROUP BY debtor_id, debt_type
     ORDER BY debtor_id, sum(principal_yen) DESC, debt_type
)
SELECT seen.debtor_id, seen.number, phone.kind, debtor.born_on, owed.debt_type,
       seen.weekday_hits, seen.weekday_misses, seen.evening_hits, seen.evening_misses, seen.weekend_hits,
       seen.weekend_misses, seen.counted_at
  FROM seen
  JOIN phone ON phone.number = seen.number
  JOIN debtor ON debtor.debtor_id = seen.debtor_id
  LEFT JOIN owed ON owed.debtor_id = seen.debtor_id
 ORDER BY seen.debtor_id, seen.number;

-- name: debt_type_codes()
SELECT code FROM debt_type ORDER BY code;

-- name: insert_model(now, body, rows_n)$
INSERT INTO pick_up_model (fitted_at, body, rows_n) VALUES (:now, :body::jsonb, :rows_n) RETURNING model_id;

-- name: newest_model()^
SELECT model_id, fitted_at, body::text AS body, rows_n FROM pick_up_model ORDER BY model_id DESC LIMIT 1;

-- name: delete_old_models(keep)!
DELETE FROM pick_up_model WHERE model_id <= (SELECT max(model_id) FROM pick_up_model) - :keep::integer;

-- name: past_records_since(fitted_at)$
SELECT EXISTS (SELECT FROM import_file
                WHERE applied_at > :fitted_at
                  AND EXISTS (SELECT FROM past_call WHERE past_call.import_id = import_file.import_id));
