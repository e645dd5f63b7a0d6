-- name: insert_callback(debtor_id, due_at, agent_id, now, call_id)!
INSERT INTO callback (debtor_id, due_at, agent_id, made_at, call_id)
VALUES (:debtor_id, :due_at, :agent_id, :now, :call_id);

-- name: expect_call(debtor_id, due_at, urgency, now)!
INSERT INTO debtor_progress AS progress (debtor_id, next_attempt_at, urgency, recall_from)
VALUES (:debtor_id, :due_at::timestamptz, :urgency, :now)
    ON CONFLICT (debtor_id) DO UPDATE
   SET next_attempt_at = excluded.next_attempt_at, urgency = excluded.urgency, recall_from = excluded.recall_from,
       capped_until = least(progress.capped_until, excluded.next_attempt_at);

-- name: free_lines(due_at, debtor_id)!
-- The rest that this person's numbers and household are given, the call just ended among its causes, ends at the agreed
-- hour. Locked in one order, numbers first, as an ended attempt does it.
WITH line AS MATERIALIZED (
    SELECT rung.number
      FROM number_progress AS rung JOIN debtor_phone AS link ON link.number = rung.number
     WHERE link.debtor_id = :debtor_id::bigint AND link.removed_at IS NULL
       AND greatest(rung.next_attempt_at, rung.capped_until) > :due_at::timestamptz
     ORDER BY rung.number FOR NO KEY UPDATE OF rung
),
freed AS (
    UPDATE number_progress AS rung
       SET next_attempt_at = least(rung.next_attempt_at, :due_at), capped_until = least(rung.capped_until, :due_at)
      FROM line WHERE rung.number = line.number
)
UPDATE household_progress AS rung
   SET next_attempt_at = least(rung.next_attempt_at, :due_at), capped_until = least(rung.capped_until, :due_at)
  FROM debtor
 WHERE debtor.debtor_id = :debtor_id AND rung.household_id = debtor.household_id
   AND greatest(rung.next_attempt_at, rung.capped_until) > :due_at;

-- name: advance_sharers(debtor_id)!
-- Those who share a number or the household, whose lines rest less long now. An entry that somebody else is writing is
-- passed over, not waited for (see hold_sharers in results.sql); it is only later than it need be.
WITH sharer AS (
    SELECT other.debtor_id
      FROM debtor_phone AS mine JOIN debtor_phone AS other ON other.number = mine.number
     WHERE mine.debtor_id = :debtor_id::bigint AND mine.removed_at IS NULL AND other.removed_at IS NULL
    UNION
    SELECT other.debtor_id
      FROM debtor AS mine JOIN debtor AS other ON other.household_id = mine.household_id
     WHERE mine.debtor_id = :debtor_id
),
free AS MATERIALIZED (
    SELECT entry.campaign_id, entry.debtor_id
      FROM list_entry AS entry JOIN sharer ON sharer.debtor_id = entry.debtor_id
     WHERE entry.debtor_id <> :debtor_id
       FOR UPDATE OF entry SKIP LOCKED
)
UPDATE list_entry AS entry
   SET callable_from = least(
           entry.callable_from,
           (SELECT fresh.callable_from FROM callable_debtor AS fresh
             WHERE fresh.debtor_id = free.debtor_id AND fresh.campaign_id = free.campaign_id))
  FROM free
 WHERE entry.campaign_id = free.campaign_id AND entry.debtor_id = free.debtor_id;

-- name: campaigns_of_person(debtor_id)
SELECT campaign_id FROM list_entry WHERE debtor_id = :debtor_id ORDER BY campaign_id;

-- name: callbacks_of_agent(agent_id, limit)
SELECT callback.due_at, callback.debtor_id, debtor.name
  FROM callback JOIN debtor ON debtor.debtor_id = callback.debtor_id
 WHERE callback.agent_id = :agent_id AND callback.closed_at IS NULL
 ORDER BY callback.due_at, callback.debtor_id LIMIT :limit;

-- name: callbacks_to_free(before)
-- Not while the person is on the line: then the agreed call is under way.
SELECT debtor_id FROM callback
 WHERE closed_at IS NULL AND agent_id IS NOT NULL AND due_at < :before
   AND NOT EXISTS (SELECT FROM attempt WHERE attempt.debtor_id = callback.debtor_id AND attempt.ended_at IS NULL)
 ORDER BY due_at, debtor_id;

-- name: free_callback(debtor_id, before)$
UPDATE callback SET agent_id = NULL
 WHERE debtor_id = :debtor_id AND closed_at IS NULL AND agent_id IS NOT NULL AND due_at < :before
RETURNING callback_id;

-- name: callbacks_to_expire(before)
SELECT debtor_id FROM callback
 WHERE closed_at IS NULL AND due_at < :before
   AND NOT EXISTS (SELECT FROM attempt WHERE attempt.debtor_id = callback.debtor_id AND attempt.ended_at IS NULL)
 ORDER BY due_at, debtor_id;

-- name: expire_callback(now, debtor_id, before)$
UPDATE callback SET closed_at = :now, closed_as = 'expired'
 WHERE debtor_id = :debtor_id AND closed_at IS NULL AND due_at < :before
RETURNING callback_id;

-- name: calm_down(debtor_id, urgency)!
UPDATE debtor_progress SET urgency = 0 WHERE debtor_id = :debtor_id AND urgency = :urgency;
