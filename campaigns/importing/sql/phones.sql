-- Telephone numbers. What calls have taught (dead, removed as wrong, another rank) is never undone by a file.

-- name: insert_phones()!
INSERT INTO phone (number, kind)
SELECT DISTINCT ON (p.number) p.number, p.kind
FROM stage_phone p
WHERE NOT EXISTS (SELECT FROM phone known WHERE known.number = p.number)
ON CONFLICT DO NOTHING;

-- name: insert_links(now)!
INSERT INTO debtor_phone (debtor_id, number, rank, source, added_at)
SELECT d.debtor_id, p.number, p.rank, 'import', :now
FROM stage_phone p
JOIN debtor d ON d.addressee_no = p.addressee_no
WHERE NOT EXISTS (SELECT FROM debtor_phone l WHERE l.debtor_id = d.debtor_id AND l.number = p.number)
ON CONFLICT DO NOTHING;

-- name: revive_links()!
UPDATE debtor_phone l
SET removed_at = NULL, removed_by = NULL
FROM stage_phone p
JOIN debtor d ON d.addressee_no = p.addressee_no
WHERE l.debtor_id = d.debtor_id AND l.number = p.number AND l.removed_by = 'import';

-- name: own_links()!
-- The city knows the number by now as the person's own: it is no longer only borrowed from the household.
UPDATE debtor_phone l
SET source = 'import', rank = p.rank
FROM stage_phone p
JOIN debtor d ON d.addressee_no = p.addressee_no
WHERE l.debtor_id = d.debtor_id AND l.number = p.number AND l.source = 'household' AND l.removed_at IS NULL;

-- name: remove_links(now)!
-- With the numbers of the whole file in stage_phone.
UPDATE debtor_phone l
SET removed_at = :now, removed_by = 'import'
FROM stage_person s
JOIN debtor d ON d.addressee_no = s.addressee_no
WHERE l.debtor_id = d.debtor_id AND l.source = 'import' AND l.removed_at IS NULL
  AND NOT EXISTS (SELECT FROM stage_phone p WHERE p.addressee_no = s.addressee_no AND p.number = l.number);
