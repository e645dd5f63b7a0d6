-- The tables that hold a file while it is merged, batch after batch. They vanish with the transaction.

-- name: try_lock(key)$
-- One import at a time. Held until the transaction ends.
SELECT pg_try_advisory_xact_lock(:key);

-- name: create_stage()#
CREATE TEMP TABLE stage_person (               -- each person of the file once
    batch         integer NOT NULL,            -- in which the person was first seen
    addressee_no  text NOT NULL,
    household_no  text,
    name          text NOT NULL,
    kana          text,
    postal_code   text,
    address       text,
    born_on       date,
    language      text,
    contact_stop  boolean
) ON COMMIT DROP;
CREATE TEMP TABLE stage_phone (                -- numbers new in this batch
    addressee_no  text NOT NULL,
    number        text NOT NULL,
    kind          text NOT NULL,
    rank          smallint NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE stage_debt (                 -- debts of this batch
    addressee_no     text NOT NULL,
    debt_type        text NOT NULL,
    assessment_year  smallint NOT NULL,
    levy_year        smallint NOT NULL,
    notice_no        text NOT NULL,
    instalment       smallint NOT NULL,
    due_on           date NOT NULL,
    principal_yen    bigint NOT NULL,
    late_charge_yen  bigint,
    remark           text,
    paid             boolean,
    paid_on          date
) ON COMMIT DROP;
CREATE TEMP TABLE stage_key (                  -- keys of all debts of the file, where absence means something
    debt_type   text NOT NULL,
    levy_year   smallint NOT NULL,
    notice_no   text NOT NULL,
    instalment  smallint NOT NULL
) ON COMMIT DROP;
-- These tables have no statistics, and with few rows the planner would look rows up one by one; sets of this size are
-- joined by hashing.
SET LOCAL enable_nestloop = off;
SET LOCAL enable_mergejoin = off;

-- name: empty_batch()#
TRUNCATE stage_phone, stage_debt;

-- name: keep_keys()!
INSERT INTO stage_key SELECT debt_type, levy_year, notice_no, instalment FROM stage_debt;

-- name: forget_persons(addressee_nos)!
DELETE FROM stage_person WHERE addressee_no = ANY (:addressee_nos::text[]);

-- name: open_file(sha256, mapping, file_name, rows, now)$
-- Before the rows that refer to it; forgotten again when there turn out to be none.
INSERT INTO import_file (sha256, mapping, file_name, rows, applied_at)
VALUES (:sha256, :mapping, :file_name, :rows, :now)
RETURNING import_id;

-- name: forget_file(import_id, sha256, mapping)!
-- A file that was applied before and changes nothing now is not logged again.
DELETE FROM import_file
WHERE import_id = :import_id
  AND EXISTS (SELECT FROM import_file earlier
              WHERE earlier.sha256 = :sha256 AND earlier.mapping = :mapping AND earlier.import_id < :import_id);
