-- Which languages an agent speaks decides whom she is held for (CALL-11): each change is kept like a grant (SEC-1).
ALTER TABLE account_history
    DROP CONSTRAINT account_history_act_check,
    ADD CONSTRAINT account_history_act_check
        CHECK (act IN ('added', 'disabled', 'enabled', 'password_set', 'role_set', 'languages_set'));
