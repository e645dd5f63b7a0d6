-- name: note_return_call(uniqueid, number, came_at, call_window)
-- Everybody on a live number, when all of them are one person, or of one household. A second time nobody.
WITH held AS (
    SELECT link.debtor_id, debtor.household_id
      FROM debtor_phone AS link
      JOIN phone ON phone.number = link.number AND phone.dead_at IS NULL
      JOIN debtor ON debtor.debtor_id = link.debtor_id
     WHERE link.number = :number::text AND link.removed_at IS NULL
)
INSERT INTO return_call (uniqueid, debtor_id, number, came_at, call_window)
SELECT :uniqueid::text, debtor_id, :number, :came_at::timestamptz, :call_window::text
  FROM held
 WHERE NOT EXISTS (SELECT FROM return_call WHERE return_call.uniqueid = :uniqueid)
   -- ids are positive: a person without a household stands for a household of its own
   AND (SELECT count(DISTINCT coalesce(household_id, -debtor_id)) FROM held) = 1
 ORDER BY debtor_id
    ON CONFLICT DO NOTHING
RETURNING debtor_id;

-- name: grade_anew(debtor_ids)!
-- What an hour is worth to them has changed. An entry that somebody else is writing is passed over, not waited for, as
-- in hold_sharers: whoever writes it marks it as well, or the planner's next whole pass sees the evidence.
WITH free AS MATERIALIZED (
    SELECT campaign_id, debtor_id FROM list_entry
     WHERE debtor_id = ANY (:debtor_ids::bigint[]) AND graded
       FOR UPDATE SKIP LOCKED
)
UPDATE list_entry AS entry SET graded = false
  FROM free WHERE entry.campaign_id = free.campaign_id AND entry.debtor_id = free.debtor_id;
