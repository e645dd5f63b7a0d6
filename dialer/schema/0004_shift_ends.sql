-- When an agent's shift ends: every day, and another hour on one day. Each change of the former is kept like a grant (SEC-1).
ALTER TABLE agent
    ADD COLUMN shift_ends       time,   -- in Japan, every day; NULL = none is known
    ADD COLUMN shift_moved_on   date,   -- the day in Japan on which `shift_moved_to` holds instead
    ADD COLUMN shift_moved_to   time,   -- NULL = no end that day
    ADD CONSTRAINT agent_shift_moved_check CHECK (shift_moved_on IS NOT NULL OR shift_moved_to IS NULL);
ALTER TABLE account_history
    DROP CONSTRAINT account_history_act_check,
    ADD CONSTRAINT account_history_act_check
        CHECK (act IN ('added', 'disabled', 'enabled', 'password_set', 'role_set', 'languages_set', 'shift_set'));
