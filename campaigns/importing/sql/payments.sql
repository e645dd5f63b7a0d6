-- Payments: staged to the end of the file, matched with the instalments that are held, stored, and judged.

-- name: create_payment_stage()#
CREATE TEMP TABLE stage_payment (
    line        integer NOT NULL,
    debt_type   text NOT NULL,
    levy_year   smallint NOT NULL,
    notice_no   text NOT NULL,
    instalment  smallint NOT NULL,
    paid_on     date NOT NULL,
    amount_yen  bigint,
    settled     boolean NOT NULL,
    taken_back  boolean NOT NULL,
    receipt_no  text NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE stage_promise (
    line          integer NOT NULL,
    addressee_no  text NOT NULL,
    debt_type     text,
    due_on        date NOT NULL,
    amount_yen    bigint,
    made_on       date NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE touched_item (debt_item_id bigint NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE completed_item (           -- of the touched ones: with which payment each is paid
    debt_item_id  bigint NOT NULL,
    payment_id    bigint NOT NULL,
    paid_on       date NOT NULL
) ON COMMIT DROP;
-- As in create_stage: sets of this size are joined by hashing.
SET LOCAL enable_nestloop = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL jit = off;

-- name: match_payments()#
-- Rows alike are several payments where the file has no receipt numbers, and one where it has.
CREATE TEMP TABLE matched ON COMMIT DROP AS
SELECT s.line, i.debt_item_id, i.principal_yen, s.paid_on, s.amount_yen, s.settled, s.taken_back, s.receipt_no,
       (CASE WHEN s.receipt_no = '' AND s.amount_yen IS NOT NULL
             THEN row_number() OVER (PARTITION BY s.notice_no, s.instalment, s.levy_year, s.debt_type, s.paid_on,
                                                  s.amount_yen, s.receipt_no, s.taken_back ORDER BY s.line)
             ELSE 1 END)::smallint AS nth
FROM stage_payment s
LEFT JOIN debt_item i ON i.notice_no = s.notice_no AND i.instalment = s.instalment
                     AND i.levy_year = s.levy_year AND i.debt_type = s.debt_type;
ANALYZE matched;

-- name: lines_without_item()
SELECT line FROM matched WHERE debt_item_id IS NULL ORDER BY line;

-- name: lines_alike()
SELECT line FROM matched WHERE nth > 1 AND NOT taken_back AND debt_item_id IS NOT NULL ORDER BY line;

-- name: settle_known()!
-- A later file may know that nothing is left after a payment that came in before.
WITH changed AS (
    UPDATE payment p
    SET settled = true
    FROM matched m
    WHERE m.settled AND NOT m.taken_back AND NOT p.settled AND p.taken_back_by IS NULL
      AND p.debt_item_id = m.debt_item_id AND p.paid_on = m.paid_on AND p.receipt_no = m.receipt_no AND p.nth = m.nth
      AND coalesce(p.amount_yen, 0) = coalesce(m.amount_yen, 0)
    RETURNING p.debt_item_id
)
INSERT INTO touched_item SELECT debt_item_id FROM changed;

-- name: insert_payments(import_id)!
WITH stored AS (
    INSERT INTO payment (debt_item_id, paid_on, amount_yen, receipt_no, nth, settled, of_principal_yen, import_id)
    SELECT m.debt_item_id, m.paid_on, m.amount_yen, m.receipt_no, m.nth, bool_or(m.settled), m.principal_yen, :import_id
    FROM matched m
    WHERE m.debt_item_id IS NOT NULL AND NOT m.taken_back
      AND NOT EXISTS (
          SELECT FROM payment p
          WHERE p.debt_item_id = m.debt_item_id AND p.paid_on = m.paid_on AND p.receipt_no = m.receipt_no
            AND p.nth = m.nth AND coalesce(p.amount_yen, 0) = coalesce(m.amount_yen, 0))
    GROUP BY m.debt_item_id, m.principal_yen, m.paid_on, m.amount_yen, m.receipt_no, m.nth
    ORDER BY min(m.line)
    RETURNING debt_item_id
)
INSERT INTO touched_item SELECT debt_item_id FROM stored;

-- name: lines_without_payment()
-- Taken back, but never given.
SELECT m.line
FROM matched m
WHERE m.taken_back AND m.debt_item_id IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM payment p
      WHERE p.debt_item_id = m.debt_item_id AND p.paid_on = m.paid_on AND p.receipt_no = m.receipt_no
        AND p.nth = m.nth AND coalesce(p.amount_yen, 0) = coalesce(m.amount_yen, 0))
ORDER BY m.line;

-- name: take_back(import_id)!
WITH changed AS (
    UPDATE payment p
    SET taken_back_by = :import_id
    FROM matched m
    WHERE m.taken_back AND p.taken_back_by IS NULL
      AND p.debt_item_id = m.debt_item_id AND p.paid_on = m.paid_on AND p.receipt_no = m.receipt_no AND p.nth = m.nth
      AND coalesce(p.amount_yen, 0) = coalesce(m.amount_yen, 0)
    RETURNING p.debt_item_id
)
INSERT INTO touched_item SELECT debt_item_id FROM changed;

-- name: judge_items(principal_is)!
-- The first payment with which the sum reaches the principal, or with which the file says that nothing is left. Where
-- the debts' file gives what is still unpaid, payments count only against the amount that it gave when they came in.
INSERT INTO completed_item
SELECT DISTINCT ON (debt_item_id) debt_item_id, payment_id, paid_on
FROM (
    SELECT p.debt_item_id, p.payment_id, p.paid_on,
           p.settled OR coalesce(sum(p.amount_yen) OVER (PARTITION BY p.debt_item_id ORDER BY p.paid_on, p.payment_id), 0)
                        >= i.principal_yen AS completes
    FROM (SELECT DISTINCT debt_item_id FROM touched_item) t
    JOIN debt_item i ON i.debt_item_id = t.debt_item_id
    JOIN payment p ON p.debt_item_id = t.debt_item_id
    WHERE p.taken_back_by IS NULL AND (:principal_is = 'levied' OR p.of_principal_yen = i.principal_yen)
) AS judged
WHERE completes
ORDER BY debt_item_id, paid_on, payment_id;

-- name: reopen_items()
-- Paid by a payment that was taken back, and by nothing else.
UPDATE debt_item i
SET paid_on = NULL
WHERE i.paid_on IS NOT NULL
  AND i.debt_item_id IN (SELECT debt_item_id FROM touched_item)
  AND i.debt_item_id IN (SELECT debt_item_id FROM payment WHERE completes AND taken_back_by IS NOT NULL)
  AND i.debt_item_id NOT IN (SELECT debt_item_id FROM completed_item)
RETURNING i.debtor_id;

-- name: pay_items()
UPDATE debt_item i
SET paid_on = c.paid_on
FROM completed_item c
WHERE i.debt_item_id = c.debt_item_id AND i.paid_on IS NULL
RETURNING i.debtor_id;

-- name: mark_completing()!
UPDATE payment p
SET completes = NOT p.completes
WHERE p.debt_item_id IN (SELECT debt_item_id FROM touched_item)
  AND p.completes <> (p.payment_id IN (SELECT payment_id FROM completed_item));
