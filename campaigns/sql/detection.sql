-- name: set_detection(amd, abandon_from, campaign_id)$
UPDATE campaign SET amd = :amd, abandon_from = :abandon_from WHERE campaign_id = :campaign_id RETURNING campaign_id;

-- name: write_verdict(amd_status, amd_cause, amd_s, attempt_id)!
UPDATE attempt SET amd_status = :amd_status, amd_cause = :amd_cause, amd_s = :amd_s WHERE attempt_id = :attempt_id;

-- name: verdicts(campaign_id, since)
-- Latencies by nearest rank: each is one that a callee has had.
SELECT amd_status, count(*)::integer AS calls,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY amd_s) AS median_s,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY amd_s) AS p95_s
  FROM attempt
 WHERE campaign_id = :campaign_id AND claimed_at >= :since::timestamptz AND amd_status IS NOT NULL
 GROUP BY amd_status
 ORDER BY amd_status;

-- name: verdict_errors(campaign_id, since, voicemail)^
SELECT (count(*) FILTER (WHERE attempt.amd_status <> 'machine' AND call.joined_at IS NOT NULL
            AND call.disposition IS NOT NULL))::integer AS disposed,
       (count(*) FILTER (WHERE attempt.amd_status <> 'machine' AND call.joined_at IS NOT NULL
            AND call.disposition = :voicemail::text))::integer AS missed,
       (count(*) FILTER (WHERE attempt.amd_status = 'machine'
            AND attempt.amd_cause LIKE 'INITIALSILENCE%'))::integer AS silent_machines,
       (count(*) FILTER (WHERE attempt.amd_status = 'machine' AND EXISTS (
            SELECT FROM return_call
             WHERE return_call.debtor_id = attempt.debtor_id AND return_call.number = attempt.number
               AND return_call.came_at BETWEEN attempt.ended_at AND attempt.ended_at + interval '10 minutes'
            )))::integer AS rung_back
  FROM attempt
  LEFT JOIN call ON call.attempt_id = attempt.attempt_id
 WHERE attempt.campaign_id = :campaign_id AND attempt.claimed_at >= :since::timestamptz
   AND attempt.amd_status IS NOT NULL;
