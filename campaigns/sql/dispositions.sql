-- name: lock_call(call_id)^
SELECT call.agent_id, call.debtor_id, call.campaign_id, call.answered_at, call.disposition, call.note,
       promise.due_on AS promise_due_on, promise.amount_yen AS promise_amount_yen,
       promise.debt_type AS promise_debt_type, attempt.number, attempt.call_window,
       callback.due_at AS callback_due_at, callback.agent_id AS callback_agent_id
  FROM call
  LEFT JOIN attempt ON attempt.attempt_id = call.attempt_id
  LEFT JOIN promise ON promise.call_id = call.call_id
  LEFT JOIN callback ON callback.call_id = call.call_id
 WHERE call.call_id = :call_id
   FOR NO KEY UPDATE OF call;

-- name: set_disposition(disposition, now, note, call_id)!
UPDATE call SET disposition = :disposition, disposed_at = :now, note = :note WHERE call_id = :call_id;

-- name: replace_promises(today, debtor_id, debt_type)!
UPDATE promise SET closed_on = :today::date, closed_as = 'replaced'
 WHERE debtor_id = :debtor_id AND closed_on IS NULL
   AND (:debt_type::text IS NULL OR debt_type = :debt_type);

-- name: insert_promise(debtor_id, debt_type, due_on, amount_yen, now, call_id)!
INSERT INTO promise (debtor_id, debt_type, due_on, amount_yen, made_at, call_id)
VALUES (:debtor_id, :debt_type, :due_on, :amount_yen, :now, :call_id);

-- name: remove_number(now, call_id, debtor_id)!
-- Only the number that was dialed on this call; an inbound call has none.
UPDATE debtor_phone AS link SET removed_at = :now
  FROM attempt
 WHERE attempt.attempt_id = :call_id AND link.debtor_id = :debtor_id
   AND link.number = attempt.number AND link.removed_at IS NULL;

-- name: undisposed(agent_id)$
SELECT call_id FROM call
 WHERE agent_id = :agent_id AND disposition IS NULL AND ended_at IS NOT NULL
 ORDER BY answered_at, call_id LIMIT 1;
