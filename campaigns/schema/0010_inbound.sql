-- Calls that come in (IN-1): one row each, from the moment in which it is known whose agents they are for. Of calls
-- outside the opening hours, and to numbers that no campaign has, nothing is kept (IN-3). As for an attempt, the
-- conversation has its row in `call`, written when an agent takes it.
CREATE TABLE inbound_call (
    call_id          uuid PRIMARY KEY,             -- made of the channel's unique id (dialer/line.py)
    uniqueid         text NOT NULL UNIQUE,         -- Asterisk's name of the channel
    dialled          text NOT NULL,                -- the number of ours that was called
    debtor_id        bigint REFERENCES debtor,     -- NULL = nobody knows who calls
    campaign_id      bigint NOT NULL REFERENCES campaign,
    agent_groups     text[] NOT NULL,              -- whose agents may take it
    wanted_agent_id  bigint,                       -- who spoke with this person last, or tried to
    wants            text,                         -- a language, as in list_entry
    state            text NOT NULL DEFAULT 'answered' CHECK (state IN ('answered', 'joining', 'talking',
                         'abandoning', 'ended')),
    state_at         timestamptz NOT NULL,
    came_at          timestamptz NOT NULL,
    ended_at         timestamptz,
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);
-- Asked by the claim for each person: nobody is dialed while he is on the line already.
CREATE INDEX inbound_call_open ON inbound_call (debtor_id) WHERE ended_at IS NULL;
CREATE INDEX inbound_call_came ON inbound_call (came_at);

-- As in 0005, and nobody who has called us.
CREATE OR REPLACE FUNCTION hold_line(person bigint, household bigint, line text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('number ' || line, 0)) THEN
        RETURN false;
    END IF;
    IF household IS NOT NULL AND NOT pg_try_advisory_xact_lock(hashtextextended('household ' || household, 0)) THEN
        RETURN false;
    END IF;
    RETURN NOT EXISTS (SELECT FROM attempt WHERE attempt.debtor_id = person AND attempt.ended_at IS NULL)
       AND NOT EXISTS (SELECT FROM attempt WHERE attempt.household_id = household AND coalesce(attempt.outcome, '') = '')
       AND NOT EXISTS (SELECT FROM attempt WHERE attempt.number = line AND attempt.outcome IS NULL)
       AND NOT EXISTS (SELECT FROM inbound_call WHERE inbound_call.debtor_id = person AND inbound_call.ended_at IS NULL);
END
$$;
