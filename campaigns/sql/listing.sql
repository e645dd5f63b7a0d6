-- name: lock_person(debtor_id)!
-- Before everything else of a person, as an ended attempt does it: two that change one person never wait for each other
-- in a circle, and the second one reads what the first has written.
SELECT FROM debtor_progress WHERE debtor_id = :debtor_id::bigint FOR NO KEY UPDATE;

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
-- The equality with one person reaches every part of the view, which then reads a few rows. Whatever brought us
-- here may have changed what the hours are worth, so the entry is to be graded anew.
WITH fresh AS MATERIALIZED (SELECT * FROM callable_debtor WHERE debtor_id = :debtor_id::bigint),
removed AS (
    DELETE FROM list_entry
     WHERE debtor_id = :debtor_id
       AND NOT EXISTS (SELECT FROM fresh WHERE fresh.campaign_id = list_entry.campaign_id)
)
INSERT INTO list_entry (campaign_id, debtor_id, callable_from, urgency, wants, weekday_spread, evening_spread,
                        weekend_spread, missed_hour)
SELECT campaign_id, debtor_id, callable_from, urgency, wants, weekday_spread, evening_spread, weekend_spread,
       missed_hour
  FROM fresh
    ON CONFLICT (debtor_id, campaign_id) DO UPDATE
   SET callable_from = excluded.callable_from, urgency = excluded.urgency, wants = excluded.wants,
       weekday_spread = excluded.weekday_spread, evening_spread = excluded.evening_spread,
       weekend_spread = excluded.weekend_spread, missed_hour = excluded.missed_hour,
       graded = false, by_lot = false;

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
INSERT INTO list_entry (campaign_id, debtor_id, callable_from, urgency, wants, weekday_spread, evening_spread,
                        weekend_spread, missed_hour)
SELECT fresh.campaign_id, fresh.debtor_id, fresh.callable_from, fresh.urgency, fresh.wants, fresh.weekday_spread,
       fresh.evening_spread, fresh.weekend_spread, fresh.missed_hour
  FROM fresh
  LEFT JOIN list_entry AS held ON held.debtor_id = fresh.debtor_id AND held.campaign_id = fresh.campaign_id
 WHERE (held.callable_from, held.urgency, held.wants, held.weekday_spread, held.evening_spread, held.weekend_spread,
        held.missed_hour)
       IS DISTINCT FROM (fresh.callable_from, fresh.urgency, fresh.wants, fresh.weekday_spread, fresh.evening_spread,
                         fresh.weekend_spread, fresh.missed_hour)
    ON CONFLICT (debtor_id, campaign_id) DO UPDATE
   SET callable_from = excluded.callable_from, urgency = excluded.urgency, wants = excluded.wants,
       weekday_spread = excluded.weekday_spread, evening_spread = excluded.evening_spread,
       weekend_spread = excluded.weekend_spread, missed_hour = excluded.missed_hour,
       graded = false, by_lot = false;

-- name: list_drift()$
-- An entry that is too early only lengthens the walk of the claim; it is no drift.
SELECT count(*)
  FROM callable_debtor AS fresh
  FULL JOIN list_entry AS held USING (campaign_id, debtor_id)
 WHERE fresh.debtor_id IS NULL OR held.debtor_id IS NULL
    OR (held.urgency, held.wants, held.weekday_spread, held.evening_spread, held.weekend_spread, held.missed_hour)
       IS DISTINCT FROM (fresh.urgency, fresh.wants, fresh.weekday_spread, fresh.evening_spread, fresh.weekend_spread,
                         fresh.missed_hour)
    OR held.callable_from > fresh.callable_from;
