-- Campaigns, their windows and retry rules, attempts, calls, and what attempts add up to.

CREATE TABLE campaign (
    campaign_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    state           text NOT NULL DEFAULT 'stopped' CHECK (state IN ('running', 'paused', 'stopped')),
    dial_mode       text NOT NULL CHECK (dial_mode IN ('preview', 'progressive', 'fixed_ratio')),
    ratio           real NOT NULL DEFAULT 1.0 CHECK (ratio BETWEEN 1.0 AND 10.0),
    agent_group     text NOT NULL DEFAULT 'all',
    max_lines       smallint NOT NULL DEFAULT 30 CHECK (max_lines BETWEEN 1 AND 1000),
    ring_timeout_s  smallint NOT NULL DEFAULT 25 CHECK (ring_timeout_s BETWEEN 5 AND 120),
    wrap_up_s       smallint NOT NULL DEFAULT 0 CHECK (wrap_up_s >= 0)  -- aim, the page warns; 0 = none
);

CREATE TABLE campaign_debt_type (
    campaign_id  bigint NOT NULL REFERENCES campaign ON DELETE CASCADE,
    debt_type    text NOT NULL REFERENCES debt_type,
    PRIMARY KEY (campaign_id, debt_type)
);

-- When a campaign may call. A day matches `day_kind` ('weekday' = Mon–Fri that is no holiday,
-- 'day_off' = Sat, Sun, public holiday); times are Japanese local time, `ends` excluded.
CREATE TABLE campaign_window (
    campaign_id  bigint NOT NULL REFERENCES campaign ON DELETE CASCADE,
    call_window  text NOT NULL CHECK (call_window IN ('weekday', 'evening', 'weekend')),
    day_kind     text NOT NULL CHECK (day_kind IN ('weekday', 'day_off')),
    starts       time NOT NULL,
    ends         time NOT NULL CHECK (ends > starts),   -- '24:00' is allowed
    PRIMARY KEY (campaign_id, day_kind, starts)
);

-- Days on which nobody is called (12/29–1/3 and the editable table of CALL-4), and days that count as
-- another kind of day (exchanged days).
CREATE TABLE calendar_day (
    day       date PRIMARY KEY,
    day_kind  text NOT NULL CHECK (day_kind IN ('weekday', 'day_off', 'closed')),
    reason    text NOT NULL
);

CREATE TABLE retry_rule (
    campaign_id  bigint NOT NULL REFERENCES campaign ON DELETE CASCADE,
    outcome      text NOT NULL,
    delay_s      integer NOT NULL CHECK (delay_s >= 0),
    PRIMARY KEY (campaign_id, outcome)
);

-- One Originate. Written before it is sent; its id is the callee channel's unique id in Asterisk.
CREATE TABLE attempt (
    attempt_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_id   bigint NOT NULL REFERENCES campaign,
    debtor_id     bigint NOT NULL REFERENCES debtor,
    household_id  bigint REFERENCES household,
    number        text NOT NULL REFERENCES phone,
    caller_id     text NOT NULL,
    call_window   text NOT NULL CHECK (call_window IN ('weekday', 'evening', 'weekend')),
    agent_id      bigint,                          -- preview only: the agent for whom it is placed
    state         text NOT NULL DEFAULT 'claimed' CHECK (state IN ('claimed', 'dialing', 'ringing',
                      'answered', 'joining', 'talking', 'abandoning', 'ended')),
    state_at      timestamptz NOT NULL,
    claimed_at    timestamptz NOT NULL,
    dialed_at     timestamptz,                     -- just before the Originate is sent
    answered_at   timestamptz,
    ended_at      timestamptz,
    outcome       text,
    hangup_cause  smallint,                        -- Q.850
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK ((state = 'ended') = (outcome IS NOT NULL))
);
-- Two calls at a time to one person, one household or one number are impossible (CALL-7, CALL-8).
CREATE UNIQUE INDEX attempt_open_debtor ON attempt (debtor_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX attempt_open_household ON attempt (household_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX attempt_open_number ON attempt (number) WHERE ended_at IS NULL;
CREATE INDEX attempt_of_debtor ON attempt (debtor_id, claimed_at);
CREATE INDEX attempt_claimed ON attempt (claimed_at);

-- An answered attempt: the conversation. call_id = attempt_id for outbound calls.
CREATE TABLE call (
    call_id       uuid PRIMARY KEY,
    attempt_id    uuid UNIQUE REFERENCES attempt,
    direction     text NOT NULL CHECK (direction IN ('outbound', 'inbound')),
    debtor_id     bigint REFERENCES debtor,
    campaign_id   bigint REFERENCES campaign,
    agent_id      bigint,                          -- who talked; NULL = abandoned or gone early
    answered_at   timestamptz NOT NULL,
    joined_at     timestamptz,                     -- both in one bridge, Asterisk's own time stamp
    ended_at      timestamptz,
    ended_by      text CHECK (ended_by IN ('callee', 'agent', 'engine', 'lost')),
    disposition   text,
    disposed_at   timestamptz,
    note          text,
    CHECK ((disposition IS NULL) = (disposed_at IS NULL))
);
CREATE INDEX call_of_debtor ON call (debtor_id, answered_at);
CREATE INDEX call_answered ON call (answered_at);
CREATE INDEX call_undisposed ON call (agent_id) WHERE disposition IS NULL;

-- What the attempts of one debtor add up to, so that choosing the next person reads no attempts.
-- Written only by campaigns/results.py. A busy line or a fault of the network is no attempt of a window.
CREATE TABLE debtor_progress (
    debtor_id            bigint PRIMARY KEY REFERENCES debtor ON DELETE CASCADE,
    weekday_attempts     integer NOT NULL DEFAULT 0,
    evening_attempts     integer NOT NULL DEFAULT 0,
    weekend_attempts     integer NOT NULL DEFAULT 0,
    unrung_in_a_row      smallint NOT NULL DEFAULT 0,   -- busy, congestion, failed since it last rang
    last_attempt_at      timestamptz,
    last_window          text,
    last_outcome         text,
    missed_hour_of_week  smallint CHECK (missed_hour_of_week BETWEEN 0 AND 167),  -- JST, 0 = Monday 0:00
    next_attempt_at      timestamptz NOT NULL DEFAULT '-infinity',
    contacted_at         timestamptz,
    wants_waiting_agent  boolean NOT NULL DEFAULT false   -- an abandoned call touched this person
);

-- A line that rang for one person is left alone by the others who share it.
CREATE TABLE number_progress (
    number           text PRIMARY KEY REFERENCES phone ON DELETE CASCADE,
    last_attempt_at  timestamptz NOT NULL,
    next_attempt_at  timestamptz NOT NULL
);
CREATE TABLE household_progress (
    household_id     bigint PRIMARY KEY REFERENCES household ON DELETE CASCADE,
    last_attempt_at  timestamptz NOT NULL,
    next_attempt_at  timestamptz NOT NULL
);

-- The list of each campaign as the stored facts have it: who may be called, and from which moment on.
-- Rules that depend on the moment itself (open attempts, the hour, the rotation) are asked by the claim.
CREATE VIEW callable_debtor AS
SELECT listed.campaign_id, listed.debtor_id,
       progress.weekday_attempts, progress.evening_attempts, progress.weekend_attempts,
       greatest(
           listed.owing_from,
           progress.next_attempt_at,
           -- contacted: leaves the list of that month (CALL-7)
           (date_trunc('month', progress.contacted_at AT TIME ZONE 'Asia/Tokyo') + interval '1 month')
               AT TIME ZONE 'Asia/Tokyo',
           line.rested_from,
           household.next_attempt_at
       ) AS callable_from
  FROM (
        SELECT member.campaign_id, owing.debtor_id, min(owing.owing_from) AS owing_from
          FROM campaign_debt_type AS member
          JOIN (
                -- overdue from the day after the due date; an open promise covers its debt type until it is broken
                SELECT item.debtor_id, item.debt_type,
                       (greatest(min(item.due_on), max(promise.due_on)) + 1)::timestamp
                           AT TIME ZONE 'Asia/Tokyo' AS owing_from
                  FROM debt_item AS item
                  LEFT JOIN promise ON promise.debtor_id = item.debtor_id AND promise.closed_on IS NULL
                       AND (promise.debt_type IS NULL OR promise.debt_type = item.debt_type)
                 WHERE item.paid_on IS NULL
                 GROUP BY item.debtor_id, item.debt_type
               ) AS owing USING (debt_type)
         GROUP BY member.campaign_id, owing.debtor_id
       ) AS listed
  JOIN debtor_progress AS progress ON progress.debtor_id = listed.debtor_id
  JOIN debtor ON debtor.debtor_id = listed.debtor_id
  JOIN (
        -- the first of the live numbers to be left alone no longer
        SELECT link.debtor_id, min(coalesce(rung.next_attempt_at, '-infinity')) AS rested_from
          FROM debtor_phone AS link
          JOIN phone ON phone.number = link.number
          LEFT JOIN number_progress AS rung ON rung.number = link.number
         WHERE link.removed_at IS NULL AND phone.dead_at IS NULL
         GROUP BY link.debtor_id
       ) AS line ON line.debtor_id = listed.debtor_id
  LEFT JOIN household_progress AS household ON household.household_id = debtor.household_id
 WHERE NOT EXISTS (SELECT FROM contact_stop WHERE contact_stop.debtor_id = listed.debtor_id);

-- callable_debtor written down, so that the claim is a walk along an index. Kept equal to the view by
-- campaigns/listing.py: after an import, a change of a campaign, the end of an attempt, a disposition.
CREATE TABLE list_entry (
    campaign_id       bigint NOT NULL REFERENCES campaign ON DELETE CASCADE,
    debtor_id         bigint NOT NULL REFERENCES debtor ON DELETE CASCADE,
    weekday_attempts  integer NOT NULL,
    evening_attempts  integer NOT NULL,
    weekend_attempts  integer NOT NULL,
    callable_from     timestamptz NOT NULL,
    PRIMARY KEY (debtor_id, campaign_id)
);
CREATE INDEX list_entry_walk ON list_entry
    (campaign_id, weekday_attempts, evening_attempts, weekend_attempts, callable_from, debtor_id);

-- Asked by the claim for each person it has locked: reserves number and household until the transaction ends,
-- and says whether nobody calls there. It never waits. Being volatile it sees what was committed since the
-- claim began; without that, a claim could run into an attempt newer than its snapshot, and wait, and deadlock.
CREATE FUNCTION hold_line(person bigint, household bigint, line text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('number ' || line, 0)) THEN
        RETURN false;
    END IF;
    IF household IS NOT NULL AND NOT pg_try_advisory_xact_lock(hashtextextended('household ' || household, 0)) THEN
        RETURN false;
    END IF;
    RETURN NOT EXISTS (SELECT FROM attempt WHERE attempt.debtor_id = person AND attempt.ended_at IS NULL)
       AND NOT EXISTS (SELECT FROM attempt WHERE attempt.household_id = household AND attempt.ended_at IS NULL)
       AND NOT EXISTS (SELECT FROM attempt WHERE attempt.number = line AND attempt.ended_at IS NULL);
END
$$;
