-- name: dialed(campaign_id)$
SELECT count(*) FROM attempt WHERE campaign_id = :campaign_id AND dialed_at IS NOT NULL;

-- name: open_attempts(campaign_id)$
SELECT count(*) FROM attempt WHERE campaign_id = :campaign_id AND ended_at IS NULL;

-- name: open_inbound(campaign_id)$
SELECT count(*) FROM inbound_call WHERE campaign_id = :campaign_id AND ended_at IS NULL;

-- name: undisposed(campaign_id)$
-- Conversations of simulated agents whose result is not entered yet; a person in the browser takes her time.
SELECT count(*)
FROM call c
JOIN app_user u ON u.user_id = c.agent_id
WHERE c.campaign_id = :campaign_id AND c.joined_at IS NOT NULL AND c.disposition IS NULL AND u.login LIKE 'sim%';

-- name: open_day(day, day_kind, reason)!
INSERT INTO calendar_day (day, day_kind, reason) VALUES (:day, :day_kind, :reason)
ON CONFLICT (day) DO UPDATE SET day_kind = excluded.day_kind, reason = excluded.reason;

-- name: recordings_open(campaign_id)$
-- Recordings that the worker has not finished yet.
SELECT count(*)
FROM recording r
JOIN call c ON c.call_id = r.call_id
WHERE c.campaign_id = :campaign_id AND r.state IN ('recording', 'waiting');
