-- Debt types, households, debtors, their telephone numbers, debts, promises and contact stops.

CREATE TABLE debt_type (
    code        text PRIMARY KEY CHECK (code ~ '^[a-z][a-z0-9_]*$'),
    name        text NOT NULL,                     -- 市税
    department  text NOT NULL,                     -- 所管課
    caller_id   text NOT NULL CHECK (caller_id ~ '^\+[0-9]{7,15}$')   -- CALL-3
);

CREATE TABLE household (
    household_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    household_no  text NOT NULL UNIQUE             -- 世帯番号
);

CREATE TABLE debtor (
    debtor_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    addressee_no  text NOT NULL UNIQUE,            -- 宛名番号: one person, one number, over all debt types
    household_id  bigint REFERENCES household,
    name          text NOT NULL,
    kana          text,
    postal_code   text,
    address       text,
    born_on       date,
    language      text NOT NULL DEFAULT 'ja',
    updated_at    timestamptz NOT NULL
);
CREATE INDEX debtor_household ON debtor (household_id);

-- A telephone number is one row however many people share it.
CREATE TABLE phone (
    number       text PRIMARY KEY CHECK (number ~ '^\+[0-9]{7,15}$'),
    kind         text NOT NULL CHECK (kind IN ('mobile', 'landline', 'voip', 'other')),
    dead_at      timestamptz,                      -- known to be out of service (CALL-8)
    dead_reason  text
);

CREATE TABLE debtor_phone (
    debtor_id   bigint NOT NULL REFERENCES debtor ON DELETE CASCADE,
    number      text NOT NULL REFERENCES phone,
    rank        smallint NOT NULL DEFAULT 1,       -- 1 = called first
    source      text NOT NULL,                     -- 'import', 'call', 'household', …
    added_at    timestamptz NOT NULL,
    removed_at  timestamptz,
    removed_by  text,                              -- 'import' = gone from the city's file (a file may bring it back)
    PRIMARY KEY (debtor_id, number)
);
CREATE INDEX debtor_phone_number ON debtor_phone (number);

CREATE TABLE debt_item (
    debt_item_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debtor_id        bigint NOT NULL REFERENCES debtor ON DELETE CASCADE,
    debt_type        text NOT NULL REFERENCES debt_type,
    assessment_year  smallint NOT NULL,            -- 調定年度
    levy_year        smallint NOT NULL,            -- 賦課年度
    notice_no        text NOT NULL,                -- 通知書番号
    instalment       smallint NOT NULL,            -- 期別
    due_on           date NOT NULL,                -- 納期限
    principal_yen    bigint NOT NULL CHECK (principal_yen >= 0),    -- 本税(料)
    late_charge_yen  bigint CHECK (late_charge_yen >= 0),           -- 延滞金; NULL = 要す (not yet fixed)
    remark           text,                         -- 備考
    paid_on          date,
    UNIQUE (notice_no, instalment, levy_year, debt_type)            -- the most telling first: quicker to search
);
CREATE INDEX debt_item_open ON debt_item (debtor_id, debt_type) WHERE paid_on IS NULL;

CREATE TABLE promise (
    promise_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debtor_id   bigint NOT NULL REFERENCES debtor ON DELETE CASCADE,
    debt_type   text REFERENCES debt_type,         -- NULL = all of them
    due_on      date NOT NULL,
    amount_yen  bigint CHECK (amount_yen > 0),
    made_at     timestamptz NOT NULL,
    call_id     uuid,                              -- the call on which it was made
    closed_on   date,                              -- kept, broken or replaced
    closed_as   text CHECK (closed_as IN ('kept', 'broken', 'replaced')),
    CHECK ((closed_on IS NULL) = (closed_as IS NULL))
);
CREATE INDEX promise_open ON promise (debtor_id) WHERE closed_on IS NULL;

-- 催告中止 (CALL-8): nobody calls a person who has a row here. Each source sets and lifts its own stop only, so that
-- the file of one department never lifts the stop of another, nor one that was set by hand.
CREATE TABLE contact_stop (
    debtor_id   bigint NOT NULL REFERENCES debtor ON DELETE CASCADE,
    since       timestamptz NOT NULL,
    reason      text NOT NULL,
    source      text NOT NULL DEFAULT 'staff',     -- 'staff', or 'import:<mapping>'
    PRIMARY KEY (debtor_id, source)
);

CREATE TABLE import_file (
    import_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256      text NOT NULL,
    mapping     text NOT NULL,
    file_name   text NOT NULL,
    rows        integer NOT NULL,
    applied_at  timestamptz NOT NULL
);
