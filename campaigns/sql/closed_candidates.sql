-- name: close_candidates(campaign_id, debtor_ids, channel, closed_as, now, today, by, note)$
-- How many closings are new. In the order of the key: two who close many wait for each other, never in a circle.
WITH closed AS (
    INSERT INTO candidate_closed (campaign_id, debtor_id, channel, closed_as, closed_at, closed_on, closed_by, note)
    SELECT :campaign_id::bigint, debtor_id, :channel::text, :closed_as::text, :now::timestamptz, :today::date,
           :by::text, :note::text
      FROM (SELECT DISTINCT unnest(:debtor_ids::bigint[]) AS debtor_id) AS given
     ORDER BY debtor_id
        ON CONFLICT DO NOTHING
    RETURNING closing_id
)
SELECT count(*) FROM closed;

-- name: known_people(debtor_ids)$
SELECT count(*) FROM debtor WHERE debtor_id = ANY (:debtor_ids::bigint[]);

-- name: people_by_addressee_no(addressee_nos)
SELECT addressee_no, debtor_id FROM debtor WHERE addressee_no = ANY (:addressee_nos::text[]);

-- name: reopen_candidate(now, by, closing_id)$
UPDATE candidate_closed SET reopened_at = :now, reopened_by = :by
 WHERE closing_id = :closing_id AND reopened_at IS NULL
RETURNING closing_id;

-- name: closed_candidates(campaign_id, channel, limit, offset)
-- Newest first, on each row the totals; without closings one row that holds nothing but them.
WITH closed AS (
    SELECT * FROM candidate_closed
     WHERE reopened_at IS NULL AND (:campaign_id::bigint IS NULL OR campaign_id = :campaign_id)
)
SELECT found.closing_id, found.campaign_id, campaign.name AS campaign, found.debtor_id, debtor.addressee_no,
       debtor.name, found.channel, found.closed_as, found.closed_at, found.closed_by, found.note, totals.*
  FROM (SELECT count(*) FILTER (WHERE channel = 'sms') AS sms_total,
               count(*) FILTER (WHERE channel = 'letter') AS letter_total,
               count(*) FILTER (WHERE channel = 'visit') AS visit_total,
               count(*) FILTER (WHERE channel = 'research') AS research_total,
               count(*) AS any_total
          FROM closed) AS totals
  LEFT JOIN LATERAL (
        SELECT * FROM closed WHERE :channel::text IS NULL OR channel = :channel
         ORDER BY closed_at DESC, closing_id DESC
         LIMIT :limit::integer OFFSET :offset::integer) AS found ON true
  LEFT JOIN debtor ON debtor.debtor_id = found.debtor_id
  LEFT JOIN campaign ON campaign.campaign_id = found.campaign_id
 ORDER BY found.closed_at DESC, found.closing_id DESC;
