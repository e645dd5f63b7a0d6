-- name: call(agent_id, call_id)^
-- A conversation, or (preview, or before the answer) the attempt that may become one.
SELECT k.id AS call_id,
       coalesce(c.direction, 'outbound') AS direction,
       coalesce(c.debtor_id, a.debtor_id) AS debtor_id,
       coalesce(c.campaign_id, a.campaign_id) AS campaign_id,
       p.name AS campaign, p.dial_mode, p.wrap_up_s,
       a.number,
       c.answered_at, c.joined_at, coalesce(c.ended_at, a.ended_at) AS ended_at,
       c.disposition, c.note,
       coalesce(c.agent_id = :agent_id, false) OR coalesce(a.agent_id = :agent_id, false)
           OR EXISTS (SELECT FROM agent g WHERE g.agent_id = :agent_id AND g.call_id = k.id) AS is_mine
FROM (SELECT :call_id::uuid AS id) k
LEFT JOIN call c ON c.call_id = k.id
LEFT JOIN attempt a ON a.attempt_id = k.id
LEFT JOIN campaign p ON p.campaign_id = coalesce(c.campaign_id, a.campaign_id)
WHERE c.call_id IS NOT NULL OR a.attempt_id IS NOT NULL;

-- name: debtor(debtor_id)^
SELECT d.debtor_id, d.addressee_no, d.household_id, d.name, d.kana, d.postal_code, d.address, d.born_on, d.language,
       h.household_no, s.since AS stopped_since, s.reason AS stopped_reason
FROM debtor d
LEFT JOIN household h ON h.household_id = d.household_id
LEFT JOIN LATERAL (
    SELECT c.since, c.reason FROM contact_stop c WHERE c.debtor_id = d.debtor_id ORDER BY c.since LIMIT 1
) s ON true
WHERE d.debtor_id = :debtor_id;

-- name: debtor_of_call(call_id)$
SELECT debtor_id FROM call WHERE call_id = :call_id;

-- name: phones(debtor_id)
SELECT l.number, p.kind, l.source, p.dead_at IS NOT NULL AS is_dead
FROM debtor_phone l JOIN phone p ON p.number = l.number
WHERE l.debtor_id = :debtor_id AND l.removed_at IS NULL
ORDER BY p.dead_at IS NOT NULL, l.rank, l.number;

-- name: household(household_id, debtor_id)
SELECT d.debtor_id, d.name, d.kana, d.born_on,
       coalesce(sum(i.principal_yen + coalesce(i.late_charge_yen, 0)), 0)::bigint AS open_yen
FROM debtor d
LEFT JOIN debt_item i ON i.debtor_id = d.debtor_id AND i.paid_on IS NULL
WHERE d.household_id = :household_id AND d.debtor_id <> :debtor_id
GROUP BY d.debtor_id
ORDER BY d.born_on NULLS LAST, d.debtor_id;

-- name: debts(campaign_id, debtor_id)
SELECT i.debt_type, t.name AS debt_type_name, t.department, i.assessment_year, i.levy_year, i.notice_no, i.instalment,
       i.due_on, i.principal_yen, i.late_charge_yen, i.remark,
       EXISTS (SELECT FROM campaign_debt_type c
               WHERE c.campaign_id = :campaign_id AND c.debt_type = i.debt_type) AS in_campaign
FROM debt_item i JOIN debt_type t ON t.code = i.debt_type
WHERE i.debtor_id = :debtor_id AND i.paid_on IS NULL
ORDER BY i.due_on, i.debt_type, i.notice_no, i.instalment;

-- name: promises(debtor_id)
SELECT p.promise_id, p.debt_type, t.name AS debt_type_name, p.due_on, p.amount_yen, p.made_at, p.closed_on, p.closed_as
FROM promise p LEFT JOIN debt_type t ON t.code = p.debt_type
WHERE p.debtor_id = :debtor_id
ORDER BY p.closed_on IS NOT NULL, p.made_at DESC
LIMIT 10;

-- name: history(debtor_id, call_id)
-- What was tried and said before, newest first: attempts with their conversations, and inbound calls.
SELECT h.call_id, h.at, h.direction, h.call_window, h.outcome, h.disposition, h.note, h.talk_s,
       u.display_name AS agent
FROM (
    SELECT a.attempt_id AS call_id, coalesce(a.dialed_at, a.claimed_at) AS at, 'outbound' AS direction, a.call_window,
           a.outcome, c.disposition, c.note, c.agent_id,
           extract(epoch FROM c.ended_at - c.joined_at)::int AS talk_s
    FROM attempt a LEFT JOIN call c ON c.attempt_id = a.attempt_id
    WHERE a.debtor_id = :debtor_id AND a.ended_at IS NOT NULL AND a.outcome <> 'cancelled'
    UNION ALL
    SELECT c.call_id, c.answered_at, c.direction, NULL, NULL, c.disposition, c.note, c.agent_id,
           extract(epoch FROM c.ended_at - c.joined_at)::int
    FROM call c
    WHERE c.debtor_id = :debtor_id AND c.attempt_id IS NULL
) h
LEFT JOIN app_user u ON u.user_id = h.agent_id
WHERE h.call_id <> :call_id
ORDER BY h.at DESC
LIMIT 30;
