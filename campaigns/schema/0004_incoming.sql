-- What comes in after the debts: payments, promises taken elsewhere, and the records of a former system.

-- One payment of one instalment. Whether the instalment is paid stands in debt_item.paid_on; the payment that
-- completed it is marked here, so that a debts' file that does not know of it yet does not open the instalment again.
CREATE TABLE payment (
    payment_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debt_item_id      bigint NOT NULL REFERENCES debt_item ON DELETE CASCADE,
    paid_on           date NOT NULL,                       -- 納付日
    amount_yen        bigint CHECK (amount_yen > 0),       -- NULL = the file says only that it is settled
    receipt_no        text NOT NULL DEFAULT '',            -- 領収番号; '' = the file has none
    nth               smallint NOT NULL DEFAULT 1,         -- of several alike in one file, where there is no receipt_no
    settled           boolean NOT NULL DEFAULT false,      -- the file says that nothing is left to pay (完納)
    of_principal_yen  bigint NOT NULL,                     -- the instalment's principal when the payment came in
    completes         boolean NOT NULL DEFAULT false,      -- with this one the instalment is paid
    import_id         bigint NOT NULL REFERENCES import_file,
    taken_back_by     bigint REFERENCES import_file        -- the file that took it back (取消); NULL = it stands
);
CREATE UNIQUE INDEX payment_once ON payment (debt_item_id, paid_on, amount_yen, receipt_no, nth) NULLS NOT DISTINCT;
CREATE INDEX payment_completing ON payment (debt_item_id, of_principal_yen) WHERE completes;

-- NULL = made on one of our calls, or entered by hand.
ALTER TABLE promise ADD COLUMN import_id bigint REFERENCES import_file;

-- A call of the former system, as its negotiation records (経過記録) tell it. It is evidence about the hour at which
-- somebody answers, and history for the screen; it is no attempt of ours and counts in no figure.
CREATE TABLE past_call (
    past_call_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debtor_id     bigint NOT NULL REFERENCES debtor ON DELETE CASCADE,
    number        text REFERENCES phone,               -- NULL = the record doesn't say
    at            timestamptz NOT NULL,
    direction     text NOT NULL CHECK (direction IN ('outbound', 'inbound')),
    call_window   text NOT NULL CHECK (call_window IN ('weekday', 'evening', 'weekend')),
    result        text,                                -- a disposition or outcome; NULL = an inbound call's was not told
    nth           smallint NOT NULL DEFAULT 1,         -- of several alike in one file (records kept to the hour)
    source        text NOT NULL,                       -- the mapping's name
    import_id     bigint NOT NULL REFERENCES import_file
);
CREATE UNIQUE INDEX past_call_once ON past_call (debtor_id, at, direction, number, result, nth) NULLS NOT DISTINCT;
