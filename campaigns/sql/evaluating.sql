-- name: last_tries(since, part, hits, misses, past_hits, past_misses)$
-- The moment by which such a part of all tries without a prediction had been made, or :since.
SELECT coalesce(:since::timestamptz, percentile_disc(:part::float8) WITHIN GROUP (ORDER BY tried.at))
  FROM (
        SELECT attempt.dialed_at AS at
          FROM attempt
         WHERE attempt.answer_probability IS NULL AND attempt.dialed_at IS NOT NULL
           AND (attempt.outcome = ANY (:hits::text[]) OR attempt.outcome = ANY (:misses::text[]))
         UNION ALL
        SELECT past_call.at
          FROM past_call
         WHERE past_call.direction = 'outbound'
           AND (past_call.result = ANY (:past_hits::text[]) OR past_call.result = ANY (:past_misses::text[]))
       ) AS tried;

-- name: predicted_tries(since, campaign_id, hits, misses)
-- Attempts that were predicted when the person was claimed, and whether somebody picked up; a voicemail service is nobody.
SELECT attempt.call_window, attempt.by_lot, attempt.answer_probability,
       attempt.outcome = ANY (:hits::text[]) AND call.disposition IS DISTINCT FROM 'voicemail' AS hit
  FROM attempt
  LEFT JOIN call ON call.attempt_id = attempt.attempt_id
 WHERE attempt.answer_probability IS NOT NULL AND attempt.dialed_at IS NOT NULL
   AND (attempt.outcome = ANY (:hits) OR attempt.outcome = ANY (:misses::text[]))
   AND (:since::timestamptz IS NULL OR attempt.claimed_at >= :since)
   AND (:campaign_id::bigint IS NULL OR attempt.campaign_id = :campaign_id);

-- name: lines_with_tries(campaign_id, hits, misses, past_hits, past_misses)
-- One row a person and number that was ever called, with its marks and all its tries in their order. Judged: to be
-- predicted by the back-test. A former record without a number is that of the number which ranks first, as in the import.
SELECT line.debtor_id, line.number, phone.kind, debtor.born_on,
       (SELECT item.debt_type FROM debt_item AS item WHERE item.debtor_id = line.debtor_id
         GROUP BY item.debt_type ORDER BY sum(item.principal_yen) DESC, item.debt_type LIMIT 1) AS debt_type,
       line.ats, line.call_windows, line.hits, line.by_lots, line.judged
  FROM (
        SELECT tried.debtor_id, tried.number, array_agg(tried.at ORDER BY tried.at, tried.hit) AS ats,
               array_agg(tried.call_window ORDER BY tried.at, tried.hit) AS call_windows,
               array_agg(tried.hit ORDER BY tried.at, tried.hit) AS hits,
               array_agg(tried.by_lot ORDER BY tried.at, tried.hit) AS by_lots,
               array_agg(tried.judged ORDER BY tried.at, tried.hit) AS judged
          FROM (
                SELECT attempt.debtor_id, attempt.number, attempt.dialed_at AS at, attempt.call_window, attempt.by_lot,
                       attempt.outcome = ANY (:hits::text[]) AND call.disposition IS DISTINCT FROM 'voicemail' AS hit,
                       attempt.answer_probability IS NULL
                           AND (:campaign_id::bigint IS NULL OR attempt.campaign_id = :campaign_id) AS judged
                  FROM attempt
                  LEFT JOIN call ON call.attempt_id = attempt.attempt_id
                 WHERE attempt.dialed_at IS NOT NULL
                   AND (attempt.outcome = ANY (:hits) OR attempt.outcome = ANY (:misses::text[]))
                 UNION ALL
                SELECT past.debtor_id, coalesce(past.number, first.number), past.at, past.call_window, false,
                       past.direction = 'inbound' OR past.result = ANY (:past_hits::text[]),
                       past.direction = 'outbound'
                           AND (:campaign_id IS NULL
                                OR EXISTS (SELECT FROM list_entry AS entry WHERE entry.debtor_id = past.debtor_id
                                              AND entry.campaign_id = :campaign_id))
                  FROM past_call AS past
                  LEFT JOIN LATERAL (
                        SELECT link.number FROM debtor_phone AS link
                         WHERE link.debtor_id = past.debtor_id AND link.removed_at IS NULL
                         ORDER BY link.rank, link.number LIMIT 1) AS first ON past.number IS NULL
                 WHERE coalesce(past.number, first.number) IS NOT NULL
                   AND CASE WHEN past.direction = 'inbound' THEN past.result IS DISTINCT FROM 'wrong_number'
                            ELSE past.result = ANY (:past_hits) OR past.result = ANY (:past_misses::text[]) END
                 UNION ALL
                SELECT debtor_id, number, came_at, call_window, false, true, false FROM return_call
               ) AS tried
         GROUP BY tried.debtor_id, tried.number) AS line
  JOIN phone ON phone.number = line.number
  JOIN debtor ON debtor.debtor_id = line.debtor_id;
