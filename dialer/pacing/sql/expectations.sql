-- name: expectations(since, at_most)
-- Of each campaign the newest, oldest first.
SELECT campaign_id, starts_at, answers, abandoned, came
  FROM (SELECT pacing_expectation.*, row_number() OVER (PARTITION BY campaign_id ORDER BY starts_at DESC) AS nth
          FROM pacing_expectation
         WHERE starts_at >= :since) AS ranked
 WHERE nth <= :at_most
 ORDER BY starts_at, campaign_id;

-- name: write_expectations(campaign_ids, starts_at, answers, abandoned, came)!
-- A campaign that was deleted meanwhile is left out.
INSERT INTO pacing_expectation (campaign_id, starts_at, answers, abandoned, came)
SELECT told.campaign_id, told.starts_at, told.answers, told.abandoned, told.came
  FROM unnest(:campaign_ids::bigint[], :starts_at::timestamptz[], :answers::float8[], :abandoned::float8[],
              :came::integer[]) AS told (campaign_id, starts_at, answers, abandoned, came)
  JOIN campaign ON campaign.campaign_id = told.campaign_id
    ON CONFLICT (campaign_id, starts_at)
    DO UPDATE SET answers = excluded.answers, abandoned = excluded.abandoned, came = excluded.came;

-- name: forget_expectations(before)!
DELETE FROM pacing_expectation WHERE starts_at < :before;
