-- name: lock_lists()!
-- Other writers of list_entry wait; readers, and so claims, do not.
LOCK TABLE list_entry IN SHARE ROW EXCLUSIVE MODE;

-- name: add_missing_progress(debtor_ids)!
-- EXCEPT, not an anti-join: it is hashed even when the planner believes debtor_progress to be empty.
INSERT INTO debtor_progress (debtor_id)
SELECT debtor_id FROM debtor WHERE :debtor_ids::bigint[] IS NULL OR debtor_id = ANY (:debtor_ids)
EXCEPT
SELECT debtor_id FROM debtor_progress WHERE :debtor_ids::bigint[] IS NULL OR debtor_id = ANY (:debtor_ids)
    ON CONFLICT DO NOTHING;

-- name: analyze_filled()!
-- Tables that hold something only: of an empty one the planner would learn the wrong thing.
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOREACH name IN ARRAY ARRAY['debtor', 'household', 'phone', 'debtor_phone', 'debt_item', 'debtor_progress',
                                'campaign_debt_type', 'list_entry'] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('ANALYZE %I', name);
        END IF;
    END LOOP;
END $$;

-- name: only_hash_joins(nested_loops)^
-- For this transaction: 'off' before the whole view is read, 'on' afterwards.
SELECT set_config('enable_nestloop', :nested_loops, true);

-- name: relist_one(debtor_id)!
-- The equality with one person reaches every part of the view, which then reads a few rows.
WITH fresh AS MATERIALIZED (SELECT * FROM callable_debtor WHERE debtor_id = :debtor_id::bigint),
removed AS (
    DELETE FROM list_entry
     WHERE debtor_id = :debtor_id
       AND NOT EXISTS (SELECT FROM fresh WHERE fresh.campaign_id = list_entry.campaign_id)
)
INSERT INTO list_entry
       (campaign_id, debtor_id, weekday_attempts, evening_attempts, weekend_attempts, callable_from)
SELECT campaign_id, debtor_id, weekday_attempts, evening_attempts, weekend_attempts, callable_from
  FROM fresh
    ON CONFLICT (debtor_id, campaign_id) DO UPDATE
   SET weekday_attempts = excluded.weekday_attempts, evening_attempts = excluded.evening_attempts,
       weekend_attempts = excluded.weekend_attempts, callable_from = excluded.callable_from;

-- name: relist_many(debtor_ids)!
-- The whole view by hash joins; entries that are right already are not touched.
WITH fresh AS MATERIALIZED (
    SELECT * FROM callable_debtor WHERE :debtor_ids::bigint[] IS NULL OR debtor_id = ANY (:debtor_ids)
),
removed AS (
    DELETE FROM list_entry
     WHERE (:debtor_ids::bigint[] IS NULL OR debtor_id = ANY (:debtor_ids))
       AND NOT EXISTS (SELECT FROM fresh WHERE fresh.campaign_id = list_entry.campaign_id
                                           AND fresh.debtor_id = list_entry.debtor_id)
)
INSERT INTO list_entry
       (campaign_id, debtor_id, weekday_attempts, evening_attempts, weekend_attempts, callable_from)
SELECT fresh.campaign_id, fresh.debtor_id, fresh.weekday_attempts, fresh.evening_attempts, fresh.weekend_attempts,
       fresh.callable_from
  FROM fresh
  LEFT JOIN list_entry AS held ON held.debtor_id = fresh.debtor_id AND held.campaign_id = fresh.campaign_id
 WHERE (held.weekday_attempts, held.evening_attempts, held.weekend_attempts, held.callable_from)
       IS DISTINCT FROM
       (fresh.weekday_attempts, fresh.evening_attempts, fresh.weekend_attempts, fresh.callable_from)
    ON CONFLICT (debtor_id, campaign_id) DO UPDATE
   SET weekday_attempts = excluded.weekday_attempts, evening_attempts = excluded.evening_attempts,
       weekend_attempts = excluded.weekend_attempts, callable_from = excluded.callable_from;

-- name: list_drift()$
-- An entry that is too early only lengthens the walk of the claim; it is no drift.
SELECT count(*)
  FROM callable_debtor AS fresh
  FULL JOIN list_entry AS held USING (campaign_id, debtor_id)
 WHERE (held.weekday_attempts, held.evening_attempts, held.weekend_attempts)
       IS DISTINCT FROM (fresh.weekday_attempts, fresh.evening_attempts, fresh.weekend_attempts)
    OR held.callable_from > fresh.callable_from;
