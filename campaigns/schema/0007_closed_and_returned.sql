-- What was done for a candidate of another way than the telephone: an SMS sent, a letter sent, a visit made, a number
-- looked for, or nothing, because it was called off (campaigns/closed_candidates.py). Rows stay: they say who and when.
CREATE TABLE candidate_closed (
    closing_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id  bigint NOT NULL REFERENCES campaign ON DELETE CASCADE,
    debtor_id    bigint NOT NULL REFERENCES debtor ON DELETE CASCADE,
    channel      text NOT NULL CHECK (channel IN ('sms', 'letter', 'visit', 'research')),
    closed_as    text NOT NULL CHECK (closed_as IN ('done', 'called_off')),
    closed_at    timestamptz NOT NULL,
    closed_on    date NOT NULL,                     -- its day in Japan
    closed_by    text NOT NULL CHECK (closed_by <> ''),    -- a user's login
    note         text CHECK (char_length(note) BETWEEN 1 AND 200),
    reopened_at  timestamptz,                       -- it was closed by mistake: counts as never closed
    reopened_by  text,
    CHECK ((reopened_at IS NULL) = (reopened_by IS NULL))
);
-- The same closing of one day counts once: a file that is read twice, a button that is pressed twice.
CREATE UNIQUE INDEX candidate_closed_once ON candidate_closed (debtor_id, campaign_id, channel, closed_on, closed_as)
    WHERE reopened_at IS NULL;
CREATE INDEX candidate_closed_newest ON candidate_closed (closed_at, closing_id);

-- A call that came in from a known number: evidence that somebody is at that telephone in this kind of hour
-- (campaigns/return_calls.py). Kept so that it is counted once, and for a back-test. Of other callers nothing is kept.
CREATE TABLE return_call (
    uniqueid     text NOT NULL,                     -- Asterisk's name of the channel
    debtor_id    bigint NOT NULL REFERENCES debtor ON DELETE CASCADE,
    number       text NOT NULL REFERENCES phone ON DELETE CASCADE,
    came_at      timestamptz NOT NULL,
    call_window  text NOT NULL CHECK (call_window IN ('weekday', 'evening', 'weekend')),
    PRIMARY KEY (uniqueid, debtor_id)
);
CREATE INDEX return_call_of_debtor ON return_call (debtor_id, came_at);
