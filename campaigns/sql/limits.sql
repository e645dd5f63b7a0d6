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

-- Everybody's attempts held against other caps; the rule itself is the function capped_until of the schema.

-- name: recap_people(day_cap, week_cap, month_cap, today)!
UPDATE debtor_progress
   SET capped_until = capped_until(counted_on, day_attempts, week_attempts, month_attempts,
                                   :day_cap::integer, :week_cap::integer, :month_cap::integer, :today::date)
 WHERE capped_until IS DISTINCT FROM
       capped_until(counted_on, day_attempts, week_attempts, month_attempts, :day_cap, :week_cap, :month_cap, :today);

-- name: recap_numbers(day_cap, week_cap, month_cap, today)!
UPDATE number_progress
   SET capped_until = capped_until(counted_on, day_attempts, week_attempts, month_attempts,
                                   :day_cap::integer, :week_cap::integer, :month_cap::integer, :today::date)
 WHERE capped_until IS DISTINCT FROM
       capped_until(counted_on, day_attempts, week_attempts, month_attempts, :day_cap, :week_cap, :month_cap, :today);

-- name: recap_households(day_cap, week_cap, month_cap, today)!
UPDATE household_progress
   SET capped_until = capped_until(counted_on, day_attempts, week_attempts, month_attempts,
                                   :day_cap::integer, :week_cap::integer, :month_cap::integer, :today::date)
 WHERE capped_until IS DISTINCT FROM
       capped_until(counted_on, day_attempts, week_attempts, month_attempts, :day_cap, :week_cap, :month_cap, :today);

-- name: retry_rules(campaign_id)
SELECT outcome, delay_s, at_latest_s FROM retry_rule WHERE campaign_id = :campaign_id;

-- name: set_retry_rule(campaign_id, outcome, delay_s, at_latest_s)!
INSERT INTO retry_rule (campaign_id, outcome, delay_s, at_latest_s)
VALUES (:campaign_id, :outcome, :delay_s, :at_latest_s)
    ON CONFLICT (campaign_id, outcome) DO UPDATE SET delay_s = excluded.delay_s, at_latest_s = excluded.at_latest_s;

-- name: delete_retry_rule(campaign_id, outcome)!
DELETE FROM retry_rule WHERE campaign_id = :campaign_id AND outcome = :outcome;
