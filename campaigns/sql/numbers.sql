-- name: borrow_household_numbers(debtor_ids, now)
-- Whoever has no live number of their own gets the live numbers of the household, landlines first; what was
-- borrowed and is needed no longer, or is a member's no longer, goes. Gives the people for whom something changed.
-- The number of a member under a contact stop is not borrowed: calling it would be calling that member.
WITH person AS MATERIALIZED (
    SELECT debtor.debtor_id, debtor.household_id,
           NOT EXISTS (SELECT FROM debtor_phone AS own JOIN phone ON phone.number = own.number
                        WHERE own.debtor_id = debtor.debtor_id AND own.source <> 'household'
                          AND own.removed_at IS NULL AND phone.dead_at IS NULL) AS lonely
      FROM debtor
     WHERE (:debtor_ids::bigint[] IS NULL OR debtor.debtor_id = ANY (:debtor_ids))
       AND (debtor.household_id IS NOT NULL
            OR EXISTS (SELECT FROM debtor_phone AS link
                        WHERE link.debtor_id = debtor.debtor_id AND link.source = 'household'))
),
lent AS MATERIALIZED (
    SELECT DISTINCT person.debtor_id, link.number, CASE phone.kind WHEN 'landline' THEN 100 ELSE 101 END AS rank
      FROM person
      JOIN debtor AS member ON member.household_id = person.household_id AND member.debtor_id <> person.debtor_id
      JOIN debtor_phone AS link ON link.debtor_id = member.debtor_id AND link.source <> 'household'
                               AND link.removed_at IS NULL
      JOIN phone ON phone.number = link.number AND phone.dead_at IS NULL
     WHERE person.lonely
       AND NOT EXISTS (SELECT FROM contact_stop WHERE contact_stop.debtor_id = member.debtor_id)
),
given_back AS (
    UPDATE debtor_phone AS link SET removed_at = :now::timestamptz, removed_by = 'household'
      FROM person
      JOIN debtor_phone AS held ON held.debtor_id = person.debtor_id AND held.source = 'household'
                               AND held.removed_at IS NULL
      JOIN phone ON phone.number = held.number
      LEFT JOIN lent ON lent.debtor_id = held.debtor_id AND lent.number = held.number
     WHERE link.debtor_id = held.debtor_id AND link.number = held.number AND lent.number IS NULL
       -- a dead number stays while nothing better is known, so that it can be seen what is wrong
       AND (phone.dead_at IS NULL OR NOT person.lonely)
    RETURNING link.debtor_id
),
borrowed AS (
    INSERT INTO debtor_phone AS held (debtor_id, number, rank, source, added_at)
    SELECT debtor_id, number, rank, 'household', :now FROM lent
        ON CONFLICT (debtor_id, number) DO UPDATE
       SET removed_at = NULL, removed_by = NULL, rank = excluded.rank, added_at = excluded.added_at
     -- what an agent marked as a wrong number stays off
     WHERE held.source = 'household' AND held.removed_by = 'household'
    RETURNING held.debtor_id
)
SELECT debtor_id FROM given_back UNION SELECT debtor_id FROM borrowed;

-- name: household_of(debtor_id)
SELECT member.debtor_id
  FROM debtor JOIN debtor AS member ON member.debtor_id = debtor.debtor_id
                                    OR member.household_id = debtor.household_id
 WHERE debtor.debtor_id = :debtor_id::bigint
 ORDER BY member.debtor_id;

-- name: households_on(number)
-- Everyone who has or had the number, and their households: if it is live again, all of them may be concerned.
SELECT DISTINCT member.debtor_id
  FROM debtor_phone AS link
  JOIN debtor ON debtor.debtor_id = link.debtor_id
  JOIN debtor AS member ON member.debtor_id = debtor.debtor_id OR member.household_id = debtor.household_id
 WHERE link.number = :number::text
 ORDER BY member.debtor_id;

-- name: revive_phone(number, kind)!
-- Somebody told us this number just now: whatever was known against it is over.
INSERT INTO phone (number, kind) VALUES (:number, :kind)
    ON CONFLICT (number) DO UPDATE SET dead_at = NULL, dead_reason = NULL;

-- name: rank_others_lower(debtor_id, number)!
UPDATE debtor_phone SET rank = rank + 1
 WHERE debtor_id = :debtor_id AND number <> :number AND source <> 'household' AND removed_at IS NULL;

-- name: learn_number(debtor_id, number, now, call_id)!
INSERT INTO debtor_phone (debtor_id, number, rank, source, added_at, call_id)
VALUES (:debtor_id, :number, 1, 'call', :now, :call_id)
    ON CONFLICT (debtor_id, number) DO UPDATE
   SET rank = 1, source = 'call', added_at = excluded.added_at, call_id = excluded.call_id,
       removed_at = NULL, removed_by = NULL;

-- name: numbers_told(since)
-- What calls have taught about numbers since a moment: new ones, and ones out of service or not the person's.
SELECT told.what, told.at, debtor.addressee_no, told.number, phone.kind, told.source
  FROM (SELECT 'new' AS what, link.added_at AS at, link.debtor_id, link.number, link.source
          FROM debtor_phone AS link
         WHERE link.source = 'call' AND link.removed_at IS NULL AND link.added_at >= :since::timestamptz
         UNION ALL
        SELECT 'dead', dead.dead_at, link.debtor_id, link.number, link.source
          FROM phone AS dead JOIN debtor_phone AS link ON link.number = dead.number
         WHERE dead.dead_at >= :since AND link.removed_at IS NULL AND link.source <> 'household'
         UNION ALL
        SELECT 'wrong', link.removed_at, link.debtor_id, link.number, link.source
          FROM debtor_phone AS link
         WHERE link.removed_at >= :since AND link.removed_by IS NULL AND link.source <> 'household') AS told
  JOIN debtor ON debtor.debtor_id = told.debtor_id
  JOIN phone ON phone.number = told.number
 ORDER BY told.at, debtor.addressee_no, told.number;
