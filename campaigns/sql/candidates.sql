-- name: candidates(month_start, today, campaign_id, reached, channel, limit, offset)
-- Who becomes a candidate for another way than the telephone; one row a person and campaign. :channel NULL = any.
-- Whoever was never contacted has all tries in debtor_progress; only of the others are attempts counted. A way that was
-- closed (campaigns/closed_candidates.py) counts its tries anew from then on.
WITH owing AS (
    SELECT member.campaign_id, item.debtor_id, item.debt_type, sum(item.principal_yen) AS yen
      FROM campaign_debt_type AS member
      JOIN debt_item AS item ON item.debt_type = member.debt_type
     WHERE item.paid_on IS NULL AND item.due_on < :today::date
       AND (:campaign_id::bigint IS NULL OR member.campaign_id = :campaign_id)
     GROUP BY member.campaign_id, item.debtor_id, item.debt_type
),
waiting AS (
    SELECT debtor_id, bool_or(debt_type IS NULL) AS for_all, array_agg(debt_type) AS debt_types
      FROM promise WHERE closed_on IS NULL AND due_on >= :today - 3 GROUP BY debtor_id
),
owed AS (
    SELECT owing.campaign_id, owing.debtor_id, sum(owing.yen)::bigint AS yen
      FROM owing LEFT JOIN waiting ON waiting.debtor_id = owing.debtor_id
     WHERE (waiting.for_all OR owing.debt_type = ANY (waiting.debt_types)) IS NOT TRUE
     GROUP BY owing.campaign_id, owing.debtor_id
),
line AS (
    -- an SMS goes to a mobile telephone of the person's own, never to another member of the household
    SELECT link.debtor_id, count(*) AS numbers_n,
           count(*) FILTER (WHERE link.removed_at IS NULL AND phone.dead_at IS NULL) AS live_n,
           count(*) FILTER (WHERE phone.dead_at IS NOT NULL) AS dead_n,
           count(*) FILTER (WHERE link.removed_at IS NOT NULL AND link.removed_by IS NULL) AS wrong_n,
           max(greatest(phone.dead_at, link.removed_at)) AS lost_at,
           (array_agg(link.number ORDER BY link.rank, link.number)
                FILTER (WHERE link.removed_at IS NULL AND phone.dead_at IS NULL AND phone.kind = 'mobile'
                          AND link.source <> 'household'))[1] AS mobile
      FROM debtor_phone AS link JOIN phone ON phone.number = link.number
     GROUP BY link.debtor_id
),
closed AS (
    SELECT campaign_id, debtor_id,
           max(closed_at) FILTER (WHERE channel = 'sms') AS sms_closed_at,
           max(closed_at) FILTER (WHERE channel = 'letter') AS letter_closed_at,
           max(closed_at) FILTER (WHERE channel = 'visit') AS visit_closed_at
      FROM candidate_closed
     WHERE reopened_at IS NULL AND channel <> 'research' AND (:campaign_id IS NULL OR campaign_id = :campaign_id)
     GROUP BY campaign_id, debtor_id
),
searched AS (
    SELECT debtor_id, max(closed_at) AS research_closed_at
      FROM candidate_closed WHERE reopened_at IS NULL AND channel = 'research' GROUP BY debtor_id
),
person AS (
    SELECT owed.campaign_id, owed.debtor_id, owed.yen, progress.last_attempt_at, progress.last_outcome,
           coalesce(line.numbers_n, 0) AS numbers_n, coalesce(line.live_n, 0) AS live_n,
           coalesce(line.dead_n, 0) AS dead_n, coalesce(line.wrong_n, 0) AS wrong_n, line.mobile,
           tried.weekday_n, tried.evening_n, tried.weekend_n,
           tried.weekday_n + tried.evening_n + tried.weekend_n AS tries,
           closed.sms_closed_at, closed.letter_closed_at, closed.visit_closed_at, searched.research_closed_at,
           CASE WHEN closed.sms_closed_at IS NOT NULL THEN anew.sms_n END AS sms_anew_n,
           CASE WHEN closed.letter_closed_at IS NOT NULL THEN anew.letter_n END AS letter_anew_n,
           CASE WHEN closed.visit_closed_at IS NOT NULL THEN anew.visit_n END AS visit_anew_n,
           -- looked for already, and no number has come and gone since
           searched.research_closed_at >= coalesce(line.lost_at, '-infinity') AS searched
      FROM owed
      JOIN debtor_progress AS progress ON progress.debtor_id = owed.debtor_id
      LEFT JOIN line ON line.debtor_id = owed.debtor_id
      LEFT JOIN closed ON closed.campaign_id = owed.campaign_id AND closed.debtor_id = owed.debtor_id
      LEFT JOIN searched ON searched.debtor_id = owed.debtor_id
     CROSS JOIN LATERAL (
           SELECT progress.weekday_attempts AS weekday_n, progress.evening_attempts AS evening_n,
                  progress.weekend_attempts AS weekend_n
            WHERE progress.contacted_at IS NULL
            UNION ALL
           SELECT count(*) FILTER (WHERE call_window = 'weekday'), count(*) FILTER (WHERE call_window = 'evening'),
                  count(*) FILTER (WHERE call_window = 'weekend')
             FROM attempt
            WHERE attempt.debtor_id = progress.debtor_id AND attempt.claimed_at > progress.contacted_at
              AND attempt.outcome = ANY (:reached::text[])
           HAVING progress.contacted_at IS NOT NULL) AS tried
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE claimed_at > closed.sms_closed_at) AS sms_n,
                  count(*) FILTER (WHERE claimed_at > closed.letter_closed_at) AS letter_n,
                  count(*) FILTER (WHERE claimed_at > closed.visit_closed_at) AS visit_n
             FROM attempt
            WHERE closed.debtor_id IS NOT NULL AND attempt.debtor_id = progress.debtor_id
              AND attempt.claimed_at > least(closed.sms_closed_at, closed.letter_closed_at, closed.visit_closed_at)
              AND attempt.claimed_at > coalesce(progress.contacted_at, '-infinity')
              AND attempt.outcome = ANY (:reached)) AS anew
     WHERE (progress.contacted_at IS NULL OR progress.contacted_at < :month_start::timestamptz)
       AND NOT EXISTS (SELECT FROM contact_stop AS stop WHERE stop.debtor_id = owed.debtor_id)
       AND NOT EXISTS (SELECT FROM callback WHERE callback.debtor_id = owed.debtor_id AND callback.closed_at IS NULL)
),
candidate AS (
    SELECT person.*, campaign.name AS campaign, campaign.sms_after, campaign.letter_after, campaign.visit_after,
           array_remove(ARRAY[
               CASE WHEN coalesce(person.sms_anew_n, person.tries) >= campaign.sms_after AND person.mobile IS NOT NULL
                    THEN 'sms' END,
               CASE WHEN coalesce(person.letter_anew_n, person.tries) >= campaign.letter_after THEN 'letter' END,
               CASE WHEN coalesce(person.visit_anew_n, person.tries) >= campaign.visit_after THEN 'visit' END,
               CASE WHEN person.live_n = 0 AND person.searched IS NOT TRUE THEN 'research' END], NULL) AS channels
      FROM person JOIN campaign ON campaign.campaign_id = person.campaign_id
),
counted AS MATERIALIZED (
    SELECT * FROM candidate WHERE channels <> '{}'
)
SELECT found.*, debtor.addressee_no, debtor.name, debtor.postal_code, debtor.address, debtor.language, totals.*
  FROM (SELECT count(*) FILTER (WHERE 'sms' = ANY (channels)) AS sms_total,
               count(*) FILTER (WHERE 'letter' = ANY (channels)) AS letter_total,
               count(*) FILTER (WHERE 'visit' = ANY (channels)) AS visit_total,
               count(*) FILTER (WHERE 'research' = ANY (channels)) AS research_total,
               count(*) AS any_total
          FROM counted) AS totals
  LEFT JOIN LATERAL (
        SELECT * FROM counted WHERE :channel::text IS NULL OR :channel = ANY (channels)
         ORDER BY tries DESC, last_attempt_at, campaign_id, debtor_id
         LIMIT :limit::integer OFFSET :offset::integer) AS found ON true
  LEFT JOIN debtor ON debtor.debtor_id = found.debtor_id
 ORDER BY found.tries DESC, found.last_attempt_at, found.campaign_id, found.debtor_id;

-- name: candidate_rules(campaign_id)^
SELECT sms_after, letter_after, visit_after FROM campaign WHERE campaign_id = :campaign_id;

-- name: set_candidate_rules(sms_after, letter_after, visit_after, campaign_id)^
UPDATE campaign SET sms_after = :sms_after, letter_after = :letter_after, visit_after = :visit_after
 WHERE campaign_id = :campaign_id RETURNING campaign_id;
