-- name: summary(heard_dbfs, campaign_id)^
-- One campaign in numbers; what each means stands in dialer/simulation/summary.py.
SELECT count(*) FILTER (WHERE a.dialed_at IS NOT NULL)                       AS dialed,
       count(*) FILTER (WHERE a.answered_at IS NOT NULL)                     AS answered,
       count(*) FILTER (WHERE c.joined_at IS NOT NULL)                       AS connected,
       count(*) FILTER (WHERE a.outcome = 'abandoned')                       AS abandoned,
       count(DISTINCT a.debtor_id) FILTER (WHERE a.dialed_at IS NOT NULL)    AS persons_dialed,
       count(DISTINCT a.debtor_id) FILTER (WHERE p.contacted_at >= a.claimed_at) AS persons_contacted,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM c.joined_at - c.answered_at) * 1000)
           FILTER (WHERE c.joined_at IS NOT NULL)                            AS p50_ms,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM c.joined_at - c.answered_at) * 1000)
           FILTER (WHERE c.joined_at IS NOT NULL)                            AS p99_ms,
       count(*) FILTER (WHERE r.state = 'stored')                            AS recordings,
       count(*) FILTER (WHERE r.state = 'stored' AND r.callee_dbfs > :heard_dbfs AND r.agent_dbfs > :heard_dbfs)
                                                                             AS recordings_both_voices,
       count(*) FILTER (WHERE a.outcome IS NULL)                             AS without_outcome,
       count(*) FILTER (WHERE a.answered_at IS NOT NULL AND c.joined_at IS NULL
                          AND a.outcome IS DISTINCT FROM 'abandoned'
                          AND a.outcome IS DISTINCT FROM 'hung_up_early')    AS unresolved,
       count(*) FILTER (WHERE a.ended_at IS NULL)                            AS open_attempts
FROM attempt a
LEFT JOIN call c ON c.call_id = a.attempt_id
LEFT JOIN recording r ON r.call_id = a.attempt_id
LEFT JOIN debtor_progress p ON p.debtor_id = a.debtor_id
WHERE a.campaign_id = :campaign_id;

-- name: dialed_numbers(campaign_id)
-- Attempts by number: `sent` may have reached the carrier, `reached` must have. An Originate that failed on our side,
-- or whose end nobody saw (Asterisk was killed), is of the first kind only.
SELECT number, count(*) AS sent, count(*) FILTER (WHERE outcome IS DISTINCT FROM 'failed') AS reached
FROM attempt
WHERE campaign_id = :campaign_id AND dialed_at IS NOT NULL
GROUP BY number;

-- name: inbound(campaign_id)^
SELECT count(*) AS inbound, count(call.joined_at) AS inbound_taken,
       count(*) FILTER (WHERE inbound_call.ended_at IS NULL) AS inbound_open
  FROM inbound_call LEFT JOIN call USING (call_id)
 WHERE inbound_call.campaign_id = :campaign_id;
