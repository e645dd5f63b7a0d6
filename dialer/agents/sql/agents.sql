-- name: all_agents()
SELECT a.agent_id, u.display_name, a.agent_group, a.languages, a.state, a.reason, a.state_at,
       a.extension, s.kind AS seat_kind, a.leg_id, a.leg_up, a.call_id,
       coalesce(c.debtor_id, t.debtor_id) AS debtor_id, a.shift_ends, a.shift_moved_on, a.shift_moved_to
FROM agent a
JOIN app_user u ON u.user_id = a.agent_id
LEFT JOIN seat s ON s.extension = a.extension
LEFT JOIN call c ON c.call_id = a.call_id
LEFT JOIN attempt t ON t.attempt_id = a.call_id
WHERE u.disabled_at IS NULL OR a.state <> 'logged_out'
ORDER BY a.agent_id;

-- name: staff()
SELECT a.agent_id, u.display_name, a.agent_group, a.languages, a.shift_ends, a.shift_moved_on, a.shift_moved_to,
       u.disabled_at IS NOT NULL AS disabled
FROM agent a
JOIN app_user u ON u.user_id = a.agent_id;

-- name: one_agent(agent_id)^
SELECT a.agent_id, u.display_name, a.agent_group, a.languages, a.state, a.reason, a.state_at,
       a.extension, NULL::text AS seat_kind, a.leg_id, a.leg_up, a.call_id, NULL::bigint AS debtor_id,
       a.shift_ends, a.shift_moved_on, a.shift_moved_to
FROM agent a
JOIN app_user u ON u.user_id = a.agent_id
WHERE a.agent_id = :agent_id AND u.disabled_at IS NULL;

-- name: write_agent(state, reason, state_at, extension, leg_id, leg_up, call_id, agent_id, at, new_stretch)!
-- One round trip, since a callee waits for it. The count makes the closing of the old stretch come first.
WITH changed AS (
    UPDATE agent
    SET state = :state, reason = :reason, state_at = :state_at, extension = :extension,
        leg_id = :leg_id, leg_up = :leg_up, call_id = :call_id
    WHERE agent_id = :agent_id
), closed AS (
    UPDATE agent_time SET until = :at::timestamptz
    WHERE agent_id = :agent_id AND until IS NULL AND :new_stretch::boolean
    RETURNING agent_id
)
INSERT INTO agent_time (agent_id, state, reason, since)
SELECT :agent_id, :state, :reason, :at FROM (SELECT count(*) FROM closed) AS done
WHERE :new_stretch AND :state <> 'logged_out';

-- name: move_shift_end(on, to, agent_id)!
UPDATE agent SET shift_moved_on = :on, shift_moved_to = :to WHERE agent_id = :agent_id;

-- name: seat(extension)^
SELECT extension, kind FROM seat WHERE extension = :extension;

-- name: all_seats()
SELECT extension, kind, secret FROM seat ORDER BY extension;

-- name: add_seat(extension, kind, secret)!
INSERT INTO seat (extension, kind, secret) VALUES (:extension, :kind, :secret) ON CONFLICT (extension) DO NOTHING;
