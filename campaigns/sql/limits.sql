-- name: call_caps()
SELECT scope, period, at_most FROM call_cap;

-- name: lock_caps()!
-- Whoever changes the caps waits for the others who do; who only reads them does not.
LOCK TABLE call_cap IN SHARE ROW EXCLUSIVE MODE;

-- name: delete_caps()!
DELETE FROM call_cap;

-- name: insert_caps(scopes, periods, at_mosts)!
INSERT INTO call_cap (scope, period, at_most)
SELECT * FROM unnest(:scopes::text[], :periods::text[], :at_mosts::smallint[]);

-- The three below are campaigns/caps.py: capped_until, for everybody at once; a test holds the two together.

-- name: recap_people(today)!
WITH capped AS (
    SELECT held.debtor_id,
           (greatest(
                CASE WHEN held.day_attempts >= cap.day THEN held.counted_on + 1 END,
                CASE WHEN held.week_attempts >= cap.week THEN date_trunc('week', held.counted_on)::date + 7 END,
                CASE WHEN held.month_attempts >= cap.month
                     THEN (date_trunc('month', held.counted_on) + interval '1 month')::date END
            ))::timestamp AT TIME ZONE 'Asia/Tokyo' AS until
      FROM debtor_progress AS held,
           (SELECT max(at_most) FILTER (WHERE period = 'day') AS day, max(at_most) FILTER (WHERE period = 'week') AS week,
                   max(at_most) FILTER (WHERE period = 'month') AS month
              FROM call_cap WHERE scope = 'person') AS cap
     WHERE held.counted_on IS NOT NULL
)
UPDATE debtor_progress AS held
   SET capped_until = CASE WHEN capped.until > :today::date::timestamp AT TIME ZONE 'Asia/Tokyo' THEN capped.until END
  FROM capped
 WHERE held.debtor_id = capped.debtor_id
   AND held.capped_until IS DISTINCT FROM
       CASE WHEN capped.until > :today::timestamp AT TIME ZONE 'Asia/Tokyo' THEN capped.until END;

-- name: recap_numbers(today)!
WITH capped AS (
    SELECT held.number,
           (greatest(
                CASE WHEN held.day_attempts >= cap.day THEN held.counted_on + 1 END,
                CASE WHEN held.week_attempts >= cap.week THEN date_trunc('week', held.counted_on)::date + 7 END,
                CASE WHEN held.month_attempts >= cap.month
                     THEN (date_trunc('month', held.counted_on) + interval '1 month')::date END
            ))::timestamp AT TIME ZONE 'Asia/Tokyo' AS until
      FROM number_progress AS held,
           (SELECT max(at_most) FILTER (WHERE period = 'day') AS day, max(at_most) FILTER (WHERE period = 'week') AS week,
                   max(at_most) FILTER (WHERE period = 'month') AS month
              FROM call_cap WHERE scope = 'number') AS cap
     WHERE held.counted_on IS NOT NULL
)
UPDATE number_progress AS held
   SET capped_until = CASE WHEN capped.until > :today::date::timestamp AT TIME ZONE 'Asia/Tokyo' THEN capped.until END
  FROM capped
 WHERE held.number = capped.number
   AND held.capped_until IS DISTINCT FROM
       CASE WHEN capped.until > :today::timestamp AT TIME ZONE 'Asia/Tokyo' THEN capped.until END;

-- name: recap_households(today)!
WITH capped AS (
    SELECT held.household_id,
           (greatest(
                CASE WHEN held.day_attempts >= cap.day THEN held.counted_on + 1 END,
                CASE WHEN held.week_attempts >= cap.week THEN date_trunc('week', held.counted_on)::date + 7 END,
                CASE WHEN held.month_attempts >= cap.month
                     THEN (date_trunc('month', held.counted_on) + interval '1 month')::date END
            ))::timestamp AT TIME ZONE 'Asia/Tokyo' AS until
      FROM household_progress AS held,
           (SELECT max(at_most) FILTER (WHERE period = 'day') AS day, max(at_most) FILTER (WHERE period = 'week') AS week,
                   max(at_most) FILTER (WHERE period = 'month') AS month
              FROM call_cap WHERE scope = 'household') AS cap
     WHERE held.counted_on IS NOT NULL
)
UPDATE household_progress AS held
   SET capped_until = CASE WHEN capped.until > :today::date::timestamp AT TIME ZONE 'Asia/Tokyo' THEN capped.until END
  FROM capped
 WHERE held.household_id = capped.household_id
   AND held.capped_until IS DISTINCT FROM
       CASE WHEN capped.until > :today::timestamp AT TIME ZONE 'Asia/Tokyo' THEN capped.until END;

-- name: retry_rules(campaign_id)
SELECT outcome, delay_s, at_latest_s FROM retry_rule WHERE campaign_id = :campaign_id;

-- name: set_retry_rule(campaign_id, outcome, delay_s, at_latest_s)!
INSERT INTO retry_rule (campaign_id, outcome, delay_s, at_latest_s)
VALUES (:campaign_id, :outcome, :delay_s, :at_latest_s)
    ON CONFLICT (campaign_id, outcome) DO UPDATE SET delay_s = excluded.delay_s, at_latest_s = excluded.at_latest_s;

-- name: delete_retry_rule(campaign_id, outcome)!
DELETE FROM retry_rule WHERE campaign_id = :campaign_id AND outcome = :outcome;
