-- Promises that were made elsewhere (at the counter, to the department).

-- name: match_promises()#
-- What is known already is left out, also when it is closed by now: same person, type, day, amount and day it was made.
CREATE TEMP TABLE fresh_promise ON COMMIT DROP AS
SELECT min(s.line) AS line, d.debtor_id, s.debt_type, s.due_on, s.amount_yen, s.made_on
FROM stage_promise s
JOIN debtor d ON d.addressee_no = s.addressee_no
WHERE (s.debt_type IS NULL OR s.debt_type IN (SELECT code FROM debt_type))
  AND NOT EXISTS (
      SELECT FROM promise p
      WHERE p.debtor_id = d.debtor_id AND p.due_on = s.due_on
        AND coalesce(p.debt_type, '') = coalesce(s.debt_type, '')
        AND coalesce(p.amount_yen, 0) = coalesce(s.amount_yen, 0)
        AND (p.made_at AT TIME ZONE 'Asia/Tokyo')::date = s.made_on)
GROUP BY d.debtor_id, s.debt_type, s.due_on, s.amount_yen, s.made_on;
ANALYZE fresh_promise;

-- name: lines_of_strangers()
SELECT s.line FROM stage_promise s
WHERE NOT EXISTS (SELECT FROM debtor d WHERE d.addressee_no = s.addressee_no)
ORDER BY s.line;

-- name: lines_of_foreign_types()
SELECT s.line FROM stage_promise s
WHERE s.debt_type IS NOT NULL AND NOT EXISTS (SELECT FROM debt_type t WHERE t.code = s.debt_type)
  AND EXISTS (SELECT FROM debtor d WHERE d.addressee_no = s.addressee_no)
ORDER BY s.line;

-- name: replace_older_promises(today)!
-- As a promise on a call does; promises made on one day (分納) stand beside each other.
UPDATE promise p
SET closed_on = :today, closed_as = 'replaced'
WHERE p.closed_on IS NULL
  AND EXISTS (
      SELECT FROM fresh_promise f
      WHERE f.debtor_id = p.debtor_id AND (f.debt_type IS NULL OR f.debt_type = p.debt_type)
        AND f.made_on > (p.made_at AT TIME ZONE 'Asia/Tokyo')::date);

-- name: insert_promises(import_id, today)
-- One that was replaced before it came in is kept, closed.
INSERT INTO promise (debtor_id, debt_type, due_on, amount_yen, made_at, import_id, closed_on, closed_as)
SELECT f.debtor_id, f.debt_type, f.due_on, f.amount_yen, f.made_on::timestamp AT TIME ZONE 'Asia/Tokyo', :import_id,
       CASE WHEN newer.it THEN :today::date END, CASE WHEN newer.it THEN 'replaced' END
FROM fresh_promise f
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM fresh_promise g
                   WHERE g.debtor_id = f.debtor_id AND g.made_on > f.made_on
                     AND (g.debt_type IS NULL OR g.debt_type = f.debt_type))
        OR EXISTS (SELECT FROM promise p
                   WHERE p.debtor_id = f.debtor_id AND p.closed_on IS NULL
                     AND (p.made_at AT TIME ZONE 'Asia/Tokyo')::date > f.made_on
                     AND (p.debt_type IS NULL OR p.debt_type = f.debt_type)) AS it
) AS newer
ORDER BY f.line
RETURNING debtor_id;
