-- Persons, households and contact stops. Every statement touches only rows that really differ, so that a file that
-- was applied before writes nothing. A blank in the file never erases what is known.

-- name: insert_households(batch)!
-- Of one batch, or of all when NULL.
INSERT INTO household (household_no)
SELECT DISTINCT p.household_no
FROM stage_person p
WHERE (:batch::integer IS NULL OR p.batch = :batch)
  AND p.household_no IS NOT NULL
  AND NOT EXISTS (SELECT FROM household h WHERE h.household_no = p.household_no);

-- name: insert_debtors(batch, now)!
-- New persons, with the row that scheduling keeps of each.
WITH fresh AS (
    INSERT INTO debtor (addressee_no, household_id, name, kana, postal_code, address, born_on, language, updated_at)
    SELECT p.addressee_no, h.household_id, p.name, p.kana, p.postal_code, p.address, p.born_on,
           coalesce(p.language, 'ja'), :now
    FROM stage_person p
    LEFT JOIN household h ON h.household_no = p.household_no
    WHERE p.batch = :batch
      AND NOT EXISTS (SELECT FROM debtor d WHERE d.addressee_no = p.addressee_no)
    RETURNING debtor_id
)
INSERT INTO debtor_progress (debtor_id) SELECT debtor_id FROM fresh;

-- name: update_debtors(now)!
UPDATE debtor d
SET household_id = coalesce(h.household_id, d.household_id),
    name         = p.name,
    kana         = coalesce(p.kana, d.kana),
    postal_code  = coalesce(p.postal_code, d.postal_code),
    address      = coalesce(p.address, d.address),
    born_on      = coalesce(p.born_on, d.born_on),
    language     = coalesce(p.language, d.language),
    updated_at   = :now
FROM stage_person p
LEFT JOIN household h ON h.household_no = p.household_no
WHERE d.addressee_no = p.addressee_no
  AND (d.household_id, d.name, d.kana, d.postal_code, d.address, d.born_on, d.language) IS DISTINCT FROM
      (coalesce(h.household_id, d.household_id), p.name, coalesce(p.kana, d.kana),
       coalesce(p.postal_code, d.postal_code), coalesce(p.address, d.address),
       coalesce(p.born_on, d.born_on), coalesce(p.language, d.language));

-- name: insert_stops(now, reason, source)!
INSERT INTO contact_stop (debtor_id, since, reason, source)
SELECT d.debtor_id, :now, :reason, :source
FROM stage_person p
JOIN debtor d ON d.addressee_no = p.addressee_no
WHERE p.contact_stop
ON CONFLICT DO NOTHING;

-- name: lift_stops(source)!
-- Only what this very mapping has set, and only when the file says so.
DELETE FROM contact_stop c
USING stage_person p, debtor d
WHERE p.contact_stop = false
  AND d.addressee_no = p.addressee_no
  AND c.debtor_id = d.debtor_id
  AND c.source = :source;
