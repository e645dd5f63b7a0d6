-- name: people_of_month(campaign_id, from_at, until, limit)
-- A sample of who may be called between the two moments, the same each time, and how many there are in all. Whoever has
-- an open promise then is nobody to be called (K 12(4)).
SELECT entry.debtor_id, count(*) OVER ()::integer AS total
  FROM list_entry AS entry
 WHERE entry.campaign_id = :campaign_id AND entry.callable_from < :until::timestamptz
   AND NOT (entry.callable_from > :from_at::timestamptz
            AND EXISTS (SELECT FROM promise WHERE promise.debtor_id = entry.debtor_id AND promise.closed_on IS NULL))
 ORDER BY hashint8(entry.debtor_id), entry.debtor_id
 LIMIT :limit;

-- name: cells_seen(campaign_id, since, until, hits, past_hits, contacts)
-- Attempts, pick-ups and contacts by day of the week (1 = Monday … 7, 8 = public holiday) and JST hour: our own, and
-- those of a former system with the people of this list.
SELECT cell.day, cell.hour, count(*)::integer AS attempts, count(*) FILTER (WHERE hit)::integer AS hits,
       count(*) FILTER (WHERE contact)::integer AS contacts
  FROM (
        SELECT attempt.claimed_at AT TIME ZONE 'Asia/Tokyo' AS at, attempt.call_window,
               attempt.outcome = ANY (:hits::text[]) AND call.disposition IS DISTINCT FROM 'voicemail' AS hit,
               call.disposition = ANY (:contacts::text[]) AS contact
          FROM attempt
          LEFT JOIN call ON call.attempt_id = attempt.attempt_id
         WHERE attempt.campaign_id = :campaign_id AND attempt.claimed_at >= :since::timestamptz
           AND attempt.claimed_at < :until::timestamptz AND attempt.outcome <> 'cancelled'
         UNION ALL
        SELECT past_call.at AT TIME ZONE 'Asia/Tokyo', past_call.call_window,
               past_call.result = ANY (:past_hits::text[]), past_call.result = ANY (:contacts)
          FROM past_call
         WHERE past_call.direction = 'outbound' AND past_call.at >= :since AND past_call.at < :until
           AND past_call.result IS NOT NULL
           AND EXISTS (SELECT FROM list_entry
                        WHERE list_entry.debtor_id = past_call.debtor_id AND list_entry.campaign_id = :campaign_id)
       ) AS seen
 CROSS JOIN LATERAL (
        SELECT CASE WHEN seen.call_window = 'weekend' AND extract(isodow FROM seen.at) < 6 THEN 8
                    ELSE extract(isodow FROM seen.at)::integer END AS day,
               extract(hour FROM seen.at)::integer AS hour) AS cell
 GROUP BY cell.day, cell.hour
 ORDER BY cell.day, cell.hour;
