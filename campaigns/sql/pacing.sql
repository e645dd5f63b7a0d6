-- name: set_dialing(dial_mode, ratio, max_lines, abandon_target_ratio, abandon_limit_ratio, abandon_threshold_s, preview_s, campaign_id)$
UPDATE campaign
   SET dial_mode = :dial_mode, ratio = :ratio, max_lines = :max_lines, abandon_target_ratio = :abandon_target_ratio,
       abandon_limit_ratio = :abandon_limit_ratio, abandon_threshold_s = :abandon_threshold_s, preview_s = :preview_s
 WHERE campaign_id = :campaign_id
RETURNING campaign_id;

-- name: live_answers_by_hour(since)
-- Live answers and the abandoned of them (campaigns/pacing.py: Pacing). Walks call_answered from `since` on; the attempt
-- is looked up only for those who met no agent, and where patience is counted from the verdict of machine detection.
SELECT call.campaign_id, date_trunc('hour', call.answered_at, 'UTC') AS starts_at,
       count(*)::integer AS answers,
       (count(*) FILTER (WHERE call.joined_at IS NULL
            OR call.joined_at - call.answered_at > patience.until_s * interval '1 second'))::integer AS abandoned
  FROM call
  JOIN campaign ON campaign.campaign_id = call.campaign_id
  LEFT JOIN attempt ON attempt.attempt_id = call.attempt_id
       AND (call.joined_at IS NULL OR campaign.abandon_from = 'verdict')
 CROSS JOIN LATERAL (
       SELECT campaign.abandon_threshold_s
              + CASE WHEN campaign.abandon_from = 'answer' THEN 0
                     -- the verdict was never heard: it came within three seconds (dialer/calls/outcomes.py)
                     WHEN attempt.amd_status IS NULL AND call.joined_at IS NULL AND campaign.amd
                          AND attempt.agent_id IS NULL THEN 3
                     ELSE coalesce(attempt.amd_s, 0) END AS until_s
       ) AS patience
 WHERE call.answered_at >= :since::timestamptz AND call.direction = 'outbound'
   AND CASE WHEN call.joined_at IS NULL
            THEN attempt.outcome = 'abandoned' OR attempt.state = 'abandoning' OR attempt.outcome = 'hung_up_early'
                 AND attempt.ended_at - call.answered_at > patience.until_s * interval '1 second'
            ELSE call.disposition IS DISTINCT FROM 'voicemail' END
 GROUP BY call.campaign_id, starts_at;

-- name: recent_attempts(since, at_most, looked_at, without)
-- The newest attempts of each campaign that were dialed and are over, oldest first: walks attempt_claimed backwards,
-- over `looked_at` of them at the most. With machine detection an answer is the verdict that it is a person.
SELECT attempt.campaign_id, campaign.agent_group, attempt.agent_id IS NOT NULL AS had_agent, attempt.claimed_at,
       CASE WHEN attempt.amd_status = 'machine' THEN NULL
            WHEN attempt.amd_status IS NULL AND campaign.amd AND attempt.outcome IN ('hung_up_early', 'abandoned')
            THEN NULL  -- gone before the verdict: nobody knows who picked up
            ELSE attempt.answered_at + coalesce(attempt.amd_s, 0) * interval '1 second' END AS answered_at,
       attempt.ended_at, attempt.answer_probability::float8 AS answer_probability,
       call.joined_at, call.ended_at AS talk_ended_at, call.disposed_at,
       CASE WHEN attempt.amd_status <> 'machine' THEN attempt.amd_s END AS detected_s
  FROM (SELECT newest.attempt_id, row_number() OVER (PARTITION BY newest.campaign_id ORDER BY newest.claimed_at DESC) AS nth
          FROM (SELECT attempt_id, campaign_id, claimed_at
                  FROM attempt
                 WHERE claimed_at >= :since::timestamptz AND dialed_at IS NOT NULL AND ended_at IS NOT NULL
                   AND outcome <> ALL (:without::text[])
                 ORDER BY claimed_at DESC
                 LIMIT :looked_at::integer) AS newest
       ) AS ranked
  JOIN attempt ON attempt.attempt_id = ranked.attempt_id
  JOIN campaign ON campaign.campaign_id = attempt.campaign_id
  LEFT JOIN call ON call.attempt_id = attempt.attempt_id
 WHERE ranked.nth <= :at_most::integer
 ORDER BY attempt.claimed_at;
