-- Debt types, debts and payments, and the log of files.

-- name: put_debt_type(code, name, department, caller_id)!
-- The mapping is where a city's numbers are kept; they change up to twice a year (S 9(6)).
INSERT INTO debt_type AS known (code, name, department, caller_id)
VALUES (:code, :name, :department, :caller_id)
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, department = excluded.department, caller_id = excluded.caller_id
WHERE (known.name, known.department, known.caller_id) IS DISTINCT FROM
      (excluded.name, excluded.department, excluded.caller_id);

-- name: update_debts(today, knows_payment)!
-- `knows_payment`: the file tells what is paid, so a blank means open again; else a payment known from elsewhere stays.
-- A payments' file may be ahead of this one (速報): what its payments have completed stays paid while the amount that they
-- completed is the one that this file gives.
UPDATE debt_item i
SET debtor_id       = s.debtor_id,
    assessment_year = f.assessment_year,
    due_on          = f.due_on,
    principal_yen   = f.principal_yen,
    late_charge_yen = f.late_charge_yen,
    remark          = f.remark,
    paid_on         = CASE WHEN f.paid_on IS NOT NULL THEN f.paid_on
                           WHEN f.paid THEN coalesce(i.paid_on, :today)
                           WHEN :knows_payment AND NOT EXISTS (
                               SELECT FROM payment p
                               WHERE p.debt_item_id = i.debt_item_id AND p.completes
                                 AND p.of_principal_yen = f.principal_yen) THEN NULL
                           ELSE i.paid_on END
FROM stage_debt f
JOIN debtor s ON s.addressee_no = f.addressee_no
WHERE i.debt_type = f.debt_type AND i.levy_year = f.levy_year
  AND i.notice_no = f.notice_no AND i.instalment = f.instalment
  AND (i.debtor_id, i.assessment_year, i.due_on, i.principal_yen, i.late_charge_yen, i.remark, i.paid_on)
      IS DISTINCT FROM
      (s.debtor_id, f.assessment_year, f.due_on, f.principal_yen, f.late_charge_yen, f.remark,
       CASE WHEN f.paid_on IS NOT NULL THEN f.paid_on
            WHEN f.paid THEN coalesce(i.paid_on, :today)
            WHEN :knows_payment AND NOT EXISTS (
                SELECT FROM payment p
                WHERE p.debt_item_id = i.debt_item_id AND p.completes
                  AND p.of_principal_yen = f.principal_yen) THEN NULL
            ELSE i.paid_on END);

-- name: insert_debts(today)!
INSERT INTO debt_item (debtor_id, debt_type, assessment_year, levy_year, notice_no, instalment, due_on,
                       principal_yen, late_charge_yen, remark, paid_on)
SELECT s.debtor_id, f.debt_type, f.assessment_year, f.levy_year, f.notice_no, f.instalment, f.due_on,
       f.principal_yen, f.late_charge_yen, f.remark,
       CASE WHEN f.paid_on IS NOT NULL THEN f.paid_on WHEN f.paid THEN :today END
FROM stage_debt f
JOIN debtor s ON s.addressee_no = f.addressee_no
WHERE NOT EXISTS (
    SELECT FROM debt_item i
    WHERE i.debt_type = f.debt_type AND i.levy_year = f.levy_year
      AND i.notice_no = f.notice_no AND i.instalment = f.instalment);

-- name: count_absent()^
-- Open debts of the debt types that the file holds: how many there are, and how many of them it lacks.
SELECT count(*) AS open, count(*) FILTER (WHERE k.notice_no IS NULL) AS absent
FROM debt_item i
LEFT JOIN stage_key k ON k.debt_type = i.debt_type AND k.levy_year = i.levy_year
                     AND k.notice_no = i.notice_no AND k.instalment = i.instalment
WHERE i.paid_on IS NULL AND i.debt_type IN (SELECT debt_type FROM stage_key);

-- name: pay_absent(today)!
UPDATE debt_item i
SET paid_on = :today
WHERE i.paid_on IS NULL
  AND i.debt_type IN (SELECT debt_type FROM stage_key)
  AND NOT EXISTS (
      SELECT FROM stage_key k
      WHERE k.debt_type = i.debt_type AND k.levy_year = i.levy_year
        AND k.notice_no = i.notice_no AND k.instalment = i.instalment);

-- name: log_file(sha256, mapping, file_name, rows, now, changed)!
-- A file that was applied before and changes nothing now is not logged again.
INSERT INTO import_file (sha256, mapping, file_name, rows, applied_at)
SELECT :sha256, :mapping, :file_name, :rows, :now
WHERE :changed OR NOT EXISTS (SELECT FROM import_file WHERE sha256 = :sha256 AND mapping = :mapping);
