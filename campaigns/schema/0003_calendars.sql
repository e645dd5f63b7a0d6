-- Operating calendars (CALL-4): patterns of days, rules, single days; each campaign and debt type may have one.
-- calendar_day (0002) stays the table of the whole site and wins over all of them. A NULL pattern means closed.

CREATE TABLE operating_calendar (
    name               text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9_-]*$'),
    title              text NOT NULL,
    exchanged_weekday  text,                       -- pattern of a day that calendar_day makes a weekday
    year_end_closed    boolean NOT NULL            -- 12/29–1/3
);

CREATE TABLE operating_pattern (
    calendar  text NOT NULL REFERENCES operating_calendar ON DELETE CASCADE,
    pattern   text NOT NULL CHECK (pattern ~ '^[a-z][a-z0-9_]*$' AND pattern <> 'closed'),
    place     smallint NOT NULL,                   -- in which order people list them
    label     text NOT NULL,                       -- 平日夜間催告
    PRIMARY KEY (calendar, pattern)
);
-- Deferred, because a calendar is replaced as a whole within one transaction.
ALTER TABLE operating_calendar ADD FOREIGN KEY (name, exchanged_weekday)
    REFERENCES operating_pattern (calendar, pattern) DEFERRABLE INITIALLY DEFERRED;

-- The hours of a pattern, Japanese local time, `ends` excluded; '24:00' is allowed.
CREATE TABLE operating_hours (
    calendar     text NOT NULL,
    pattern      text NOT NULL,
    starts       time NOT NULL,
    ends         time NOT NULL CHECK (ends > starts),
    call_window  text NOT NULL CHECK (call_window IN ('weekday', 'evening', 'weekend')),
    PRIMARY KEY (calendar, pattern, starts),
    FOREIGN KEY (calendar, pattern) REFERENCES operating_pattern ON DELETE CASCADE
);

-- The first rule that means a day decides; empty lists and NULLs are no conditions.
CREATE TABLE operating_rule (
    calendar     text NOT NULL REFERENCES operating_calendar ON DELETE CASCADE,
    place        smallint NOT NULL,
    pattern      text,
    weekdays     text[] NOT NULL CHECK (weekdays <@ ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']),
    nth          smallint[] NOT NULL CHECK (nth <@ ARRAY[1, 2, 3, 4, 5, -1]::smallint[]),   -- of its month; -1 = last
    holidays     text CHECK (holidays IN ('never', 'also', 'only')),   -- NULL: never if it opens, also if it closes
    from_on      date,
    until_on     date CHECK (until_on >= from_on),
    from_yearly  text CHECK (from_yearly ~ '^[0-9]{2}-[0-9]{2}$'),     -- 12-29
    until_yearly text CHECK (until_yearly ~ '^[0-9]{2}-[0-9]{2}$'),
    reason       text NOT NULL,
    PRIMARY KEY (calendar, place),
    FOREIGN KEY (calendar, pattern) REFERENCES operating_pattern DEFERRABLE INITIALLY DEFERRED,
    CHECK ((from_yearly IS NULL) = (until_yearly IS NULL))
);

-- Single days, set by hand: evenings of a month, days off worked, agreed closures, exchanged days.
CREATE TABLE operating_day (
    calendar  text NOT NULL REFERENCES operating_calendar ON DELETE CASCADE,
    day       date NOT NULL,
    pattern   text,
    reason    text NOT NULL,
    PRIMARY KEY (calendar, day),
    FOREIGN KEY (calendar, pattern) REFERENCES operating_pattern DEFERRABLE INITIALLY DEFERRED
);

-- NULL: a campaign calls in its campaign_window rows; a debt type follows its campaign.
ALTER TABLE campaign ADD COLUMN calendar text REFERENCES operating_calendar;
ALTER TABLE debt_type ADD COLUMN calendar text REFERENCES operating_calendar;
CREATE INDEX campaign_calendar ON campaign (calendar) WHERE calendar IS NOT NULL;
CREATE INDEX debt_type_calendar ON debt_type (calendar) WHERE calendar IS NOT NULL;
