-- Choosing the next person by what this hour is worth: evidence, grades, spread, caps, callbacks, urgency.

-- How often somebody picked up, for each person and number in each kind of hour. Counts fade with time
-- (campaigns/evidence.py); they are as of counted_at. An attempt adds to one row, so no attempt is ever read again.
CREATE TABLE pick_up (
    debtor_id       bigint NOT NULL REFERENCES debtor ON DELETE CASCADE,
    number          text NOT NULL REFERENCES phone ON DELETE CASCADE,
    weekday_hits    real NOT NULL DEFAULT 0 CHECK (weekday_hits >= 0),
    weekday_misses  real NOT NULL DEFAULT 0 CHECK (weekday_misses >= 0),
    evening_hits    real NOT NULL DEFAULT 0 CHECK (evening_hits >= 0),
    evening_misses  real NOT NULL DEFAULT 0 CHECK (evening_misses >= 0),
    weekend_hits    real NOT NULL DEFAULT 0 CHECK (weekend_hits >= 0),
    weekend_misses  real NOT NULL DEFAULT 0 CHECK (weekend_misses >= 0),
    counted_at      timestamptz NOT NULL,
    PRIMARY KEY (debtor_id, number)
);

-- The model as it was last fitted; the newest row is in force. Kept, so that a prediction can be explained later.
CREATE TABLE pick_up_model (
    model_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fitted_at  timestamptz NOT NULL,
    body       jsonb NOT NULL,                     -- campaigns/learning: PickUpModel
    rows_n     integer NOT NULL                    -- person × number rows that it was fitted on
);

-- What the model expects of each number in each kind of hour, written by the planner; NULL = not yet.
ALTER TABLE debtor_phone
    ADD COLUMN weekday_p real CHECK (weekday_p BETWEEN 0 AND 1),
    ADD COLUMN evening_p real CHECK (evening_p BETWEEN 0 AND 1),
    ADD COLUMN weekend_p real CHECK (weekend_p BETWEEN 0 AND 1);

ALTER TABLE attempt
    ADD COLUMN answer_probability real,            -- as the model had it when the person was claimed
    ADD COLUMN by_lot boolean NOT NULL DEFAULT false;   -- drawn at random, so that the model doesn't repeat its habits

-- A call at an agreed hour. One open one a person; a newer one replaces it.
CREATE TABLE callback (
    callback_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debtor_id    bigint NOT NULL REFERENCES debtor ON DELETE CASCADE,
    due_at       timestamptz NOT NULL,
    agent_id     bigint,                           -- for this agent; NULL = for anyone
    made_at      timestamptz NOT NULL,
    call_id      uuid,                             -- the call on which it was agreed
    closed_at    timestamptz,
    closed_as    text CHECK (closed_as IN ('called', 'replaced', 'contacted', 'expired')),
    CHECK ((closed_at IS NULL) = (closed_as IS NULL))
);
CREATE UNIQUE INDEX callback_open ON callback (debtor_id) WHERE closed_at IS NULL;
CREATE INDEX callback_call ON callback (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX promise_call ON promise (call_id) WHERE call_id IS NOT NULL;

-- At most so many attempts, over all campaigns. JST days, weeks from Monday, months. No row = no cap.
CREATE TABLE call_cap (
    scope    text NOT NULL CHECK (scope IN ('person', 'number', 'household')),
    period   text NOT NULL CHECK (period IN ('day', 'week', 'month')),
    at_most  smallint NOT NULL CHECK (at_most BETWEEN 1 AND 1000),
    PRIMARY KEY (scope, period)
);
INSERT INTO call_cap VALUES ('person', 'day', 3), ('number', 'day', 4), ('household', 'day', 4);

ALTER TABLE debtor_progress
    ADD COLUMN counted_on     date,                -- the JST day of the last attempt that the three counts include
    ADD COLUMN day_attempts   smallint NOT NULL DEFAULT 0,
    ADD COLUMN week_attempts  smallint NOT NULL DEFAULT 0,
    ADD COLUMN month_attempts smallint NOT NULL DEFAULT 0,
    ADD COLUMN month_windows  smallint NOT NULL DEFAULT 0,     -- kinds of hour tried this month: bit 0 weekday, 1 evening, 2 weekend
    ADD COLUMN capped_until   timestamptz,
    ADD COLUMN missed_cells   integer NOT NULL DEFAULT 0,      -- bit 7 × window + day of the week (0 = Monday) that rang in vain
    ADD COLUMN recall_from    timestamptz,         -- a broken promise or an agreed callback: newer than a contact, it lifts it
    ADD COLUMN overdue_from   timestamptz,         -- the retry rule's latest moment; then the planner puts the person first
    ADD COLUMN urgency        smallint NOT NULL DEFAULT 0 CHECK (urgency BETWEEN 0 AND 255);   -- model.Urgency

ALTER TABLE number_progress
    ADD COLUMN counted_on     date,
    ADD COLUMN day_attempts   smallint NOT NULL DEFAULT 0,
    ADD COLUMN week_attempts  smallint NOT NULL DEFAULT 0,
    ADD COLUMN month_attempts smallint NOT NULL DEFAULT 0,
    ADD COLUMN capped_until   timestamptz;
ALTER TABLE household_progress
    ADD COLUMN counted_on     date,
    ADD COLUMN day_attempts   smallint NOT NULL DEFAULT 0,
    ADD COLUMN week_attempts  smallint NOT NULL DEFAULT 0,
    ADD COLUMN month_attempts smallint NOT NULL DEFAULT 0,
    ADD COLUMN capped_until   timestamptz;

-- The end of the longest period whose cap is reached and that is not over on the JST day `today`; NULL = none, as for a
-- cap that is NULL. It is campaigns/caps.py: capped_until, for everybody at once; a test holds the two together.
-- One expression of immutable parts, so that PostgreSQL puts it in place of the call.
CREATE FUNCTION capped_until(
    counted_on date, day_attempts integer, week_attempts integer, month_attempts integer,
    day_cap integer, week_cap integer, month_cap integer, today date
) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(greatest(
               today,
               CASE WHEN day_attempts >= day_cap THEN counted_on + 1 END,
               CASE WHEN week_attempts >= week_cap THEN date_trunc('week', counted_on::timestamp)::date + 7 END,
               CASE WHEN month_attempts >= month_cap
                    THEN (date_trunc('month', counted_on::timestamp) + interval '1 month')::date END
           ), today)::timestamp AT TIME ZONE 'Asia/Tokyo'
$$;

-- delay_s = not before; at_latest_s = from then on this person comes before the graded ones.
ALTER TABLE retry_rule
    ADD COLUMN at_latest_s integer CHECK (at_latest_s >= delay_s);

-- What a supervisor sets about the choice (campaigns/campaign.py: Choosing).
ALTER TABLE campaign
    ADD COLUMN rotation          text NOT NULL DEFAULT 'by_worth' CHECK (rotation IN ('by_worth', 'strict')),
    ADD COLUMN lot_ratio         float8 NOT NULL DEFAULT 0.03 CHECK (lot_ratio BETWEEN 0 AND 0.5),
    ADD COLUMN floor_attempts    smallint NOT NULL DEFAULT 0 CHECK (floor_attempts BETWEEN 0 AND 30),
    ADD COLUMN floor_each_window boolean NOT NULL DEFAULT false,
    ADD COLUMN weight_new        float8 NOT NULL DEFAULT 0 CHECK (weight_new BETWEEN 0 AND 10),
    ADD COLUMN weight_broken     float8 NOT NULL DEFAULT 1 CHECK (weight_broken BETWEEN 0 AND 10),
    ADD COLUMN weight_amount     float8 NOT NULL DEFAULT 0 CHECK (weight_amount BETWEEN 0 AND 10),
    ADD COLUMN weight_age        float8 NOT NULL DEFAULT 0 CHECK (weight_age BETWEEN 0 AND 10),
    ADD COLUMN graded_at         timestamptz,      -- the planner's last whole pass over this list
    ADD COLUMN grading           jsonb;            -- what it found: prices, price of the floor, counts

-- The list of each campaign as the stored facts have it: who may be called, from which moment on, and who
-- comes first whatever the hour is worth. Rules that depend on the moment itself (open attempts, the hour, the
-- spread over days) are asked by the claim.
DROP VIEW callable_debtor;
CREATE VIEW callable_debtor AS
SELECT listed.campaign_id, listed.debtor_id,
       greatest(
           listed.owing_from,
           progress.next_attempt_at,
           progress.capped_until,
           -- contacted: leaves the list of that month (CALL-7), unless something newer asks for a call
           CASE WHEN progress.recall_from > progress.contacted_at THEN NULL
                ELSE (date_trunc('month', progress.contacted_at AT TIME ZONE 'Asia/Tokyo') + interval '1 month')
                         AT TIME ZONE 'Asia/Tokyo' END,
           line.rested_from,
           household.next_attempt_at,
           household.capped_until
       ) AS callable_from,
       progress.urgency,
       -- only with an agent reserved beforehand: this one, one who speaks the language, or any
       CASE WHEN agreed.agent_id IS NOT NULL THEN 'agent:' || agreed.agent_id
            WHEN debtor.language <> 'ja' THEN 'language:' || debtor.language
            WHEN progress.wants_waiting_agent THEN 'any' END AS wants,
       -- for each kind of hour, what the spread rules ask
       spread.weekday_spread, spread.evening_spread, spread.weekend_spread, spread.missed_hour
  FROM (
        SELECT member.campaign_id, owing.debtor_id, min(owing.owing_from) AS owing_from
          FROM campaign_debt_type AS member
          JOIN (
                -- overdue from the day after the due date; an open promise covers its debt type until its
                -- three days of grace are over (rules.PROMISE_GRACE_DAYS)
                SELECT item.debtor_id, item.debt_type,
                       greatest(min(item.due_on) + 1, max(promise.due_on) + 1 + 3)::timestamp
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
        SELECT link.debtor_id,
               min(greatest(rung.next_attempt_at, rung.capped_until, '-infinity')) AS rested_from
          FROM debtor_phone AS link
          JOIN phone ON phone.number = link.number
          LEFT JOIN number_progress AS rung ON rung.number = link.number
         WHERE link.removed_at IS NULL AND phone.dead_at IS NULL
         GROUP BY link.debtor_id
       ) AS line ON line.debtor_id = listed.debtor_id
  LEFT JOIN household_progress AS household ON household.household_id = debtor.household_id
  LEFT JOIN callback AS agreed ON agreed.debtor_id = listed.debtor_id AND agreed.closed_at IS NULL
  JOIN campaign ON campaign.campaign_id = listed.campaign_id
 CROSS JOIN LATERAL (
       -- bits 0-6: days of the week, Monday first, that rang in vain in this kind of hour; bits 7 and 8, only where
       -- the rotation is strict: tried more often than the first, the second of the other kinds. An agreed hour
       -- (urgency 255) is kept whatever was tried.
       SELECT (CASE WHEN progress.urgency = 255 THEN 0 ELSE progress.missed_cells & 127 END
               + CASE WHEN strict AND progress.weekday_attempts > progress.evening_attempts THEN 128 ELSE 0 END
               + CASE WHEN strict AND progress.weekday_attempts > progress.weekend_attempts THEN 256 ELSE 0 END
              )::smallint AS weekday_spread,
              (CASE WHEN progress.urgency = 255 THEN 0 ELSE progress.missed_cells >> 7 & 127 END
               + CASE WHEN strict AND progress.evening_attempts > progress.weekday_attempts THEN 128 ELSE 0 END
               + CASE WHEN strict AND progress.evening_attempts > progress.weekend_attempts THEN 256 ELSE 0 END
              )::smallint AS evening_spread,
              (CASE WHEN progress.urgency = 255 THEN 0 ELSE progress.missed_cells >> 14 & 127 END
               + CASE WHEN strict AND progress.weekend_attempts > progress.weekday_attempts THEN 128 ELSE 0 END
               + CASE WHEN strict AND progress.weekend_attempts > progress.evening_attempts THEN 256 ELSE 0 END
              )::smallint AS weekend_spread,
              CASE WHEN progress.urgency < 255 THEN progress.missed_hour_of_week END AS missed_hour
         FROM (SELECT campaign.rotation = 'strict' AND progress.urgency < 255 AS strict) AS rotation) AS spread
 WHERE NOT EXISTS (SELECT FROM contact_stop WHERE contact_stop.debtor_id = listed.debtor_id);

-- Graded anew by the planner: how much this person's call is worth in each kind of hour, 1 to 200, more first;
-- 0 = not in this kind of hour before the next grading; above 200 by rule (campaigns/grading).
-- urgency, written with callable_from, comes before all grades. The greater of the two is the order.
--
-- A band is everyone of a campaign with one order and one spread: one stretch of an index, by the moment from which
-- they may be called. Least bands come first. Whoever rests, or has this day of the week behind them, is passed over
-- a band at a time, never one by one, however many they are.
ALTER TABLE list_entry
    DROP COLUMN weekday_attempts,
    DROP COLUMN evening_attempts,
    DROP COLUMN weekend_attempts,
    ADD COLUMN urgency        smallint NOT NULL DEFAULT 0,
    ADD COLUMN wants          text,
    ADD COLUMN weekday_spread smallint NOT NULL DEFAULT 0 CHECK (weekday_spread BETWEEN 0 AND 511),
    ADD COLUMN evening_spread smallint NOT NULL DEFAULT 0 CHECK (evening_spread BETWEEN 0 AND 511),
    ADD COLUMN weekend_spread smallint NOT NULL DEFAULT 0 CHECK (weekend_spread BETWEEN 0 AND 511),
    ADD COLUMN missed_hour    smallint,
    ADD COLUMN weekday_grade  smallint NOT NULL DEFAULT 100 CHECK (weekday_grade BETWEEN 0 AND 255),
    ADD COLUMN evening_grade  smallint NOT NULL DEFAULT 100 CHECK (evening_grade BETWEEN 0 AND 255),
    ADD COLUMN weekend_grade  smallint NOT NULL DEFAULT 100 CHECK (weekend_grade BETWEEN 0 AND 255),
    ADD COLUMN by_lot         boolean NOT NULL DEFAULT false,
    ADD COLUMN graded         boolean NOT NULL DEFAULT false,   -- false: something happened since the last grading
    ADD COLUMN weekday_order  smallint NOT NULL GENERATED ALWAYS AS (greatest(weekday_grade, urgency)) STORED,
    ADD COLUMN evening_order  smallint NOT NULL GENERATED ALWAYS AS (greatest(evening_grade, urgency)) STORED,
    ADD COLUMN weekend_order  smallint NOT NULL GENERATED ALWAYS AS (greatest(weekend_grade, urgency)) STORED,
    ADD COLUMN weekday_band   integer NOT NULL
        GENERATED ALWAYS AS ((255 - greatest(weekday_grade, urgency)) * 512 + weekday_spread) STORED,
    ADD COLUMN evening_band   integer NOT NULL
        GENERATED ALWAYS AS ((255 - greatest(evening_grade, urgency)) * 512 + evening_spread) STORED,
    ADD COLUMN weekend_band   integer NOT NULL
        GENERATED ALWAYS AS ((255 - greatest(weekend_grade, urgency)) * 512 + weekend_spread) STORED;
CREATE INDEX list_entry_weekday ON list_entry (campaign_id, weekday_band, callable_from, debtor_id) WHERE wants IS NULL;
CREATE INDEX list_entry_evening ON list_entry (campaign_id, evening_band, callable_from, debtor_id) WHERE wants IS NULL;
CREATE INDEX list_entry_weekend ON list_entry (campaign_id, weekend_band, callable_from, debtor_id) WHERE wants IS NULL;
-- Of people who want an agent reserved there are few; these indexes hold nobody else.
CREATE INDEX list_entry_reserved ON list_entry (campaign_id, wants, callable_from) WHERE wants IS NOT NULL;
CREATE INDEX list_entry_reserved_weekday ON list_entry (campaign_id, wants, weekday_band, callable_from, debtor_id)
    WHERE wants IS NOT NULL;
CREATE INDEX list_entry_reserved_evening ON list_entry (campaign_id, wants, evening_band, callable_from, debtor_id)
    WHERE wants IS NOT NULL;
CREATE INDEX list_entry_reserved_weekend ON list_entry (campaign_id, wants, weekend_band, callable_from, debtor_id)
    WHERE wants IS NOT NULL;
CREATE INDEX list_entry_ungraded ON list_entry (campaign_id, debtor_id) WHERE NOT graded;

-- Two calls at a time to one person, one household or one number are impossible, as before. But each of the three
-- indexes now says "open" in words of its own (the CHECKs of the table make them one), so that a question about a
-- household can be answered by its index only. Told in the same words, all three fit every question, and as statistics
-- are made while nobody is called they look equally cheap: one that holds 1,000 calls was then read whole, for each person.
DROP INDEX attempt_open_household, attempt_open_number;
CREATE UNIQUE INDEX attempt_open_household ON attempt (household_id) WHERE coalesce(outcome, '') = '';
CREATE UNIQUE INDEX attempt_open_number ON attempt (number) WHERE outcome IS NULL;

-- Asked by the claim for each person it has locked: reserves number and household until the transaction ends,
-- and says whether nobody calls there. It never waits. Being volatile it sees what was committed since the
-- claim began; without that, a claim could run into an attempt newer than its snapshot, and wait, and deadlock.
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
       AND NOT EXISTS (SELECT FROM attempt WHERE attempt.number = line AND attempt.outcome IS NULL);
END
$$;

-- What somebody owed and has paid counts for the segment of a line, too; debt_item_open holds the unpaid ones only.
CREATE INDEX debt_item_of_debtor ON debt_item (debtor_id);
