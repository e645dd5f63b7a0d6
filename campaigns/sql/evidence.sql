-- name: add_evidence(half_life_s, debtor_ids, numbers, call_windows, ats, hits, misses)!
-- Counts are as of the newest evidence: what is older, in the row or in the new lines, fades to that moment first.
-- The row's own part is reckoned inside the update, where it is locked, so that two who add at once lose nothing.
-- In the order of the key: two who add many wait for each other, never in a circle.
WITH line AS (
    SELECT debtor_id, number, call_window, at, hits, misses, max(at) OVER (PARTITION BY debtor_id, number) AS newest_at
      FROM unnest(:debtor_ids::bigint[], :numbers::text[], :call_windows::text[], :ats::timestamptz[],
                  :hits::real[], :misses::real[]) AS given (debtor_id, number, call_window, at, hits, misses)
),
faded AS (
    SELECT debtor_id, number, call_window, newest_at, hits * kept.part AS hits, misses * kept.part AS misses
      FROM line, LATERAL (SELECT power(0.5, extract(epoch FROM newest_at - at) / :half_life_s::float8) AS part) AS kept
),
total AS (
    SELECT debtor_id, number, newest_at,
           coalesce(sum(hits) FILTER (WHERE call_window = 'weekday'), 0) AS weekday_hits,
           coalesce(sum(misses) FILTER (WHERE call_window = 'weekday'), 0) AS weekday_misses,
           coalesce(sum(hits) FILTER (WHERE call_window = 'evening'), 0) AS evening_hits,
           coalesce(sum(misses) FILTER (WHERE call_window = 'evening'), 0) AS evening_misses,
           coalesce(sum(hits) FILTER (WHERE call_window = 'weekend'), 0) AS weekend_hits,
           coalesce(sum(misses) FILTER (WHERE call_window = 'weekend'), 0) AS weekend_misses
      FROM faded GROUP BY debtor_id, number, newest_at
)
INSERT INTO pick_up AS held
       (debtor_id, number, weekday_hits, weekday_misses, evening_hits, evening_misses, weekend_hits, weekend_misses,
        counted_at)
SELECT debtor_id, number, weekday_hits, weekday_misses, evening_hits, evening_misses, weekend_hits, weekend_misses,
       newest_at
  FROM total
 ORDER BY debtor_id, number
    ON CONFLICT (debtor_id, number) DO UPDATE
   SET (weekday_hits, weekday_misses, evening_hits, evening_misses, weekend_hits, weekend_misses, counted_at) = (
       SELECT held.weekday_hits * old.part + excluded.weekday_hits * new.part,
              held.weekday_misses * old.part + excluded.weekday_misses * new.part,
              held.evening_hits * old.part + excluded.evening_hits * new.part,
              held.evening_misses * old.part + excluded.evening_misses * new.part,
              held.weekend_hits * old.part + excluded.weekend_hits * new.part,
              held.weekend_misses * old.part + excluded.weekend_misses * new.part,
              newest.at
         FROM (SELECT greatest(held.counted_at, excluded.counted_at) AS at) AS newest,
      LATERAL (SELECT power(0.5, extract(epoch FROM newest.at - held.counted_at) / :half_life_s) AS part) AS old,
      LATERAL (SELECT power(0.5, extract(epoch FROM newest.at - excluded.counted_at) / :half_life_s) AS part) AS new);

-- name: take_back_hit(half_life_s, debtor_id, number, call_window, at)!
-- Never below nothing, and from nobody of whom nothing is known.
UPDATE pick_up
   SET (weekday_hits, evening_hits, weekend_hits) = (
       SELECT CASE :call_window::text WHEN 'weekday' THEN greatest(0, weekday_hits - kept.part) ELSE weekday_hits END,
              CASE :call_window WHEN 'evening' THEN greatest(0, evening_hits - kept.part) ELSE evening_hits END,
              CASE :call_window WHEN 'weekend' THEN greatest(0, weekend_hits - kept.part) ELSE weekend_hits END
         FROM (SELECT power(0.5, extract(epoch FROM greatest(counted_at, :at::timestamptz) - :at)
                                 / :half_life_s::float8) AS part) AS kept)
 WHERE debtor_id = :debtor_id::bigint AND number = :number::text;
