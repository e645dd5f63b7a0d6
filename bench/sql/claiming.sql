-- name: fast_loading()#
-- For the session that makes up the rows: no look at foreign keys (they hold by construction), no waiting for the disk.
SET session_replication_role = replica;
SET synchronous_commit = off;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '128MB';
SET maintenance_work_mem = '512MB';
SELECT setseed(0.2026);

-- A third of the people live in households of three; one in fifty shares a line; one in ten has a second number; one in
-- three hundred wants an agent who speaks another language.

-- name: make_debt_types()!
INSERT INTO debt_type VALUES ('city_tax', '市税', '納税課', '+81250000001'),
                             ('care_insurance', '介護保険料', '介護保険課', '+81250000002');

-- name: make_households(people)!
INSERT INTO household (household_no) SELECT 'H' || n FROM generate_series(1, :people::integer / 9) AS n;

-- name: make_people(people)!
INSERT INTO debtor (addressee_no, household_id, name, language, updated_at)
SELECT 'A' || n, CASE WHEN n % 3 = 0 THEN (n / 9) % (:people::integer / 9) + 1 END, '見本',
       CASE WHEN n % 300 = 7 THEN 'ne' ELSE 'ja' END, '2026-11-01'
  FROM generate_series(1, :people) AS n;

-- name: make_phones(people)!
INSERT INTO phone (number, kind)
SELECT '+8190' || (10000000 + n), 'mobile' FROM generate_series(1, 2 * :people::integer) AS n;

-- name: make_first_numbers(people)!
INSERT INTO debtor_phone (debtor_id, number, rank, source, added_at, weekday_p, evening_p, weekend_p)
SELECT n, '+8190' || (10000000 + CASE WHEN n % 50 = 0 THEN n - 1 ELSE n END), 1, 'import', '2026-01-01',
       random(), random(), random()
  FROM generate_series(1, :people::integer) AS n;

-- name: make_second_numbers(people)!
INSERT INTO debtor_phone (debtor_id, number, rank, source, added_at, weekday_p, evening_p, weekend_p)
SELECT n, '+8190' || (10000000 + :people::integer + n), 2, 'import', '2026-01-01', random(), random(), random()
  FROM generate_series(1, :people, 10) AS n;

-- name: make_debts(people)!
INSERT INTO debt_item (debtor_id, debt_type, assessment_year, levy_year, notice_no, instalment, due_on, principal_yen)
SELECT n, CASE WHEN (n + part) % 3 = 0 THEN 'care_insurance' ELSE 'city_tax' END, 2026, 2026, 'N' || n, part,
       date '2026-06-30' - (random() * 700)::integer, (random() * 90000)::integer + 100
  FROM generate_series(1, :people::integer) AS n, generate_series(1, 2) AS part;

-- name: make_progress(now, people)!
-- What some seventeen attempts a person leave behind: tries by kind of hour, days rung in vain, contacts of this month.
INSERT INTO debtor_progress
       (debtor_id, weekday_attempts, evening_attempts, weekend_attempts, last_attempt_at, last_window, last_outcome,
        missed_hour_of_week, next_attempt_at, contacted_at, counted_on, month_attempts, missed_cells)
SELECT n, (random() * 12)::integer, (random() * 5)::integer, (random() * 3)::integer, last_at, 'weekday', 'no_answer',
       (random() * 4)::integer * 24 + 9 + (random() * 7)::integer, last_at + interval '1 hour',
       CASE WHEN random() < 0.1 THEN date_trunc('month', :now::timestamptz) + interval '2 days' END,
       last_at::date, 3, (random() * 31)::integer + ((random() * 31)::integer << 7) + ((random() * 3)::integer << 19)
  FROM generate_series(1, :people::integer) AS n,
       LATERAL (SELECT :now::timestamptz - interval '1 day' * (1 + random() * 20 + n * 0) AS last_at) AS past;

-- name: make_line_rests(now)!
INSERT INTO number_progress (number, last_attempt_at, next_attempt_at, counted_on, day_attempts)
SELECT DISTINCT number, :now::timestamptz - interval '2 days', :now - interval '1 day', date '2026-11-22', 1
  FROM debtor_phone;

-- name: make_household_rests(now)!
INSERT INTO household_progress (household_id, last_attempt_at, next_attempt_at, counted_on, day_attempts)
SELECT household_id, :now::timestamptz - interval '2 days', :now - interval '1 day', date '2026-11-22', 1 FROM household;

-- name: make_stops(now)!
-- One in a hundred.
INSERT INTO contact_stop (debtor_id, since, reason)
SELECT debtor_id, :now::timestamptz, '見本' FROM debtor WHERE debtor_id % 100 = 3;

-- name: make_promises(now)!
-- One in fifty, open for another week.
INSERT INTO promise (debtor_id, due_on, made_at)
SELECT debtor_id, date '2026-12-01', :now::timestamptz FROM debtor WHERE debtor_id % 50 = 4;

-- name: make_evidence(now)!
INSERT INTO pick_up (debtor_id, number, weekday_hits, weekday_misses, evening_hits, evening_misses, counted_at)
SELECT debtor_id, number, random(), random() * 9, random(), random() * 4, :now::timestamptz
  FROM debtor_phone WHERE rank = 1;

-- name: make_attempts(first, last, people, campaign_id, now)!
-- Ended long ago, three in four without an answer.
INSERT INTO attempt (campaign_id, debtor_id, household_id, number, caller_id, call_window, state, state_at, claimed_at,
                     dialed_at, ended_at, outcome, hangup_cause)
SELECT :campaign_id::bigint, n % :people::integer + 1, NULL, '+8190' || (10000001 + n % :people), '+81250000001', 'weekday',
       'ended', past.at, past.at, past.at, past.at + interval '25 seconds',
       CASE n % 4 WHEN 0 THEN 'answered' ELSE 'no_answer' END, 19
  FROM generate_series(:first::integer, :last::integer) AS n,
       LATERAL (SELECT :now::timestamptz - interval '1 second' * (86400 * 2 + 10 * (5000000 - n)) AS at) AS past;

-- name: drop_attempt_indexes()#
ALTER TABLE call DROP CONSTRAINT call_attempt_id_fkey;
ALTER TABLE attempt DROP CONSTRAINT attempt_pkey;
DROP INDEX attempt_of_debtor, attempt_claimed;

-- name: make_attempt_indexes()#
ALTER TABLE attempt ADD PRIMARY KEY (attempt_id);
ALTER TABLE call ADD FOREIGN KEY (attempt_id) REFERENCES attempt;
CREATE INDEX attempt_of_debtor ON attempt (debtor_id, claimed_at);
CREATE INDEX attempt_claimed ON attempt (claimed_at);

-- name: make_grades(day)!
-- As the planner leaves a list: nobody whose day of the week (bit :day) is behind them, a third not in this kind of hour,
-- the others from 1 to 200.
UPDATE list_entry
   SET weekday_grade = CASE WHEN weekday_spread & :day::integer > 0 AND weekday_spread & 31 <> 31 THEN 0
                            ELSE greatest(0, (random() * 300)::integer - 100) END,
       evening_grade = (random() * 200)::integer, weekend_grade = (random() * 200)::integer, graded = true;

-- name: now_graded(now)!
UPDATE campaign SET graded_at = :now, state = 'running';

-- name: settle()!
VACUUM (ANALYZE);

-- name: let_ring(attempt_ids, now)!
-- The claims before this one rang in vain: all that the walk meets of them afterwards.
WITH rung AS (
    UPDATE attempt SET state = 'ended', ended_at = :now, dialed_at = :now, outcome = 'no_answer'
     WHERE attempt_id = ANY (:attempt_ids::uuid[])
    RETURNING debtor_id
),
resting AS (
    UPDATE debtor_progress AS progress
       SET next_attempt_at = :now::timestamptz + interval '1 hour', missed_cells = missed_cells | 2
      FROM rung WHERE progress.debtor_id = rung.debtor_id
    RETURNING progress.debtor_id, progress.next_attempt_at, progress.missed_cells
)
UPDATE list_entry AS entry
   SET callable_from = resting.next_attempt_at, weekday_spread = resting.missed_cells & 127, graded = false
  FROM resting WHERE entry.debtor_id = resting.debtor_id;

-- name: grade_the_called()!
-- What the planner's next short pass makes of those who were called: not in this kind of hour today.
UPDATE list_entry SET weekday_grade = 0, graded = true WHERE NOT graded;

-- name: open_twice()$
-- People, households and numbers with more than one open attempt: what the workers must never do.
SELECT (count(*) - count(DISTINCT debtor_id) + count(household_id) - count(DISTINCT household_id)
        + count(*) - count(DISTINCT number))::integer
  FROM attempt WHERE ended_at IS NULL;

-- name: close_open()!
UPDATE attempt SET state = 'ended', ended_at = claimed_at, outcome = 'cancelled' WHERE ended_at IS NULL;

-- name: grade_blindly()!
-- As a planner would that knows nothing of the rules of spread: everybody is in the walk.
UPDATE list_entry SET weekday_grade = 1 + (random() * 199)::integer, graded = true;

-- name: remember()#
-- The list before it is spoiled.
CREATE TABLE progress_before AS SELECT debtor_id, next_attempt_at, missed_cells, missed_hour_of_week FROM debtor_progress;
CREATE TABLE language_before AS SELECT debtor_id, language FROM debtor;
CREATE TABLE entry_before AS SELECT debtor_id, weekday_order FROM list_entry WHERE wants IS NULL;
ALTER TABLE progress_before ADD PRIMARY KEY (debtor_id);
ALTER TABLE language_before ADD PRIMARY KEY (debtor_id);
CREATE INDEX ON entry_before (weekday_order DESC, debtor_id);

-- name: restore_progress()!
UPDATE debtor_progress AS progress
   SET next_attempt_at = before.next_attempt_at, missed_cells = before.missed_cells,
       missed_hour_of_week = before.missed_hour_of_week
  FROM progress_before AS before
 WHERE progress.debtor_id = before.debtor_id
   AND (progress.next_attempt_at, progress.missed_cells, progress.missed_hour_of_week)
       IS DISTINCT FROM (before.next_attempt_at, before.missed_cells, before.missed_hour_of_week);

-- name: restore_languages()!
UPDATE debtor SET language = before.language
  FROM language_before AS before
 WHERE debtor.debtor_id = before.debtor_id AND debtor.language <> before.language;

-- name: best_rest(n, until)!
-- Those :n who come first rest.
UPDATE debtor_progress AS progress SET next_attempt_at = :until::timestamptz
  FROM (SELECT debtor_id FROM entry_before ORDER BY weekday_order DESC, debtor_id LIMIT :n::integer) AS best
 WHERE progress.debtor_id = best.debtor_id;

-- name: best_rang_in_vain(n, cell)!
-- Those :n who come first rang in vain on this day of the week, and not on all the others.
UPDATE debtor_progress AS progress SET missed_cells = (missed_cells | :cell::integer) & ~16
  FROM (SELECT debtor_id FROM entry_before ORDER BY weekday_order DESC, debtor_id LIMIT :n::integer) AS best
 WHERE progress.debtor_id = best.debtor_id;

-- name: best_missed_hour(n, hour_of_week)!
-- Those :n who come first rang in vain in this very hour of the week, as the last of all days.
UPDATE debtor_progress AS progress
   SET missed_hour_of_week = :hour_of_week::smallint, missed_cells = missed_cells | 31
  FROM (SELECT debtor_id FROM entry_before ORDER BY weekday_order DESC, debtor_id LIMIT :n::integer) AS best
 WHERE progress.debtor_id = best.debtor_id;

-- name: best_speak_nepali(n)!
UPDATE debtor SET language = 'ne'
  FROM (SELECT debtor_id FROM entry_before ORDER BY weekday_order DESC, debtor_id LIMIT :n::integer) AS best
 WHERE debtor.debtor_id = best.debtor_id;

-- name: settle_lists()!
VACUUM (ANALYZE) list_entry, debtor_progress, debtor, attempt;
