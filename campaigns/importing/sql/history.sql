-- Past calls: staged to the end of the file, stored once, their numbers entered, their evidence handed on.

-- name: create_history_stage()#
CREATE TEMP TABLE stage_past_call (
    line          integer NOT NULL,
    addressee_no  text NOT NULL,
    at            timestamptz NOT NULL,
    direction     text NOT NULL,
    number        text,
    kind          text,
    call_window   text NOT NULL,
    result        text
) ON COMMIT DROP;
CREATE TEMP TABLE past_evidence (
    debtor_id    bigint NOT NULL,
    number       text NOT NULL,
    call_window  text NOT NULL,
    at           timestamptz NOT NULL,
    hit          boolean NOT NULL
) ON COMMIT DROP;
-- As in create_stage: sets of this size are joined by hashing.
SET LOCAL enable_nestloop = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL jit = off;

-- name: match_past_calls()#
-- What is not held yet. Rows alike (records kept to the hour) are several calls.
CREATE TEMP TABLE fresh_past_call ON COMMIT DROP AS
SELECT c.*
FROM (SELECT s.line, d.debtor_id, s.number, s.kind, s.at, s.direction, s.call_window, s.result,
             row_number() OVER (PARTITION BY d.debtor_id, s.at, s.direction, s.number, s.result ORDER BY s.line)::smallint
                 AS nth
      FROM stage_past_call s
      JOIN debtor d ON d.addressee_no = s.addressee_no) AS c
WHERE NOT EXISTS (
    SELECT FROM past_call p
    WHERE p.debtor_id = c.debtor_id AND p.at = c.at AND p.direction = c.direction AND p.nth = c.nth
      AND coalesce(p.number, '') = coalesce(c.number, '') AND coalesce(p.result, '') = coalesce(c.result, ''));
ANALYZE fresh_past_call;

-- name: lines_without_person()
SELECT s.line FROM stage_past_call s
WHERE NOT EXISTS (SELECT FROM debtor d WHERE d.addressee_no = s.addressee_no)
ORDER BY s.line;

-- name: insert_past_phones()!
INSERT INTO phone (number, kind)
SELECT DISTINCT ON (c.number) c.number, c.kind
FROM fresh_past_call c
WHERE c.number IS NOT NULL AND NOT EXISTS (SELECT FROM phone known WHERE known.number = c.number)
ON CONFLICT DO NOTHING;

-- name: link_past_phones(not_theirs)
-- Behind the person's own numbers and before those borrowed from the household (rank 100 and more). Not when it is dead,
-- was taken off this person, or its last record says that it is out of service or a stranger's.
WITH last_of AS (
    SELECT DISTINCT ON (debtor_id, number) debtor_id, number, result, min(at) OVER (PARTITION BY debtor_id, number) AS known_at
    FROM fresh_past_call
    WHERE number IS NOT NULL
    ORDER BY debtor_id, number, at DESC, line DESC
),
own AS (
    SELECT debtor_id, max(rank) AS lowest
    FROM debtor_phone
    WHERE source <> 'household'
    GROUP BY debtor_id
)
INSERT INTO debtor_phone (debtor_id, number, rank, source, added_at)
SELECT l.debtor_id, l.number,
       least(coalesce(own.lowest, 0) + row_number() OVER (PARTITION BY l.debtor_id ORDER BY l.known_at DESC, l.number), 99),
       'history', l.known_at
FROM last_of l
JOIN phone ON phone.number = l.number AND phone.dead_at IS NULL
LEFT JOIN own ON own.debtor_id = l.debtor_id
WHERE (l.result IS NULL OR l.result <> ALL (:not_theirs::text[]))
  AND NOT EXISTS (SELECT FROM debtor_phone held WHERE held.debtor_id = l.debtor_id AND held.number = l.number)
RETURNING debtor_id;

-- name: insert_past_calls(source, import_id)!
INSERT INTO past_call (debtor_id, number, at, direction, call_window, result, nth, source, import_id)
SELECT debtor_id, number, at, direction, call_window, result, nth, :source, :import_id
FROM fresh_past_call
ORDER BY debtor_id, at;

-- name: mark_contacted(contacts, month_start, now)
-- The last contact of this month, where it is later than what is known. What was before it is over, as after a talk of our
-- own (campaigns/progress.py: after_disposition); what a later attempt left, and a later recall, stand.
WITH told AS (
    SELECT d.debtor_id, max(s.at) AS contacted_at
    FROM stage_past_call s
    JOIN debtor d ON d.addressee_no = s.addressee_no
    LEFT JOIN debtor_progress known ON known.debtor_id = d.debtor_id
    WHERE s.result = ANY (:contacts::text[]) AND s.at >= :month_start::timestamptz
      AND (known.contacted_at IS NULL OR known.contacted_at < s.at)
    GROUP BY d.debtor_id
),
marked AS (
    INSERT INTO debtor_progress AS held (debtor_id, contacted_at)
    SELECT debtor_id, contacted_at FROM told ORDER BY debtor_id
    ON CONFLICT (debtor_id) DO UPDATE
    SET contacted_at = excluded.contacted_at,
        missed_cells = CASE WHEN held.last_attempt_at > excluded.contacted_at THEN held.missed_cells ELSE 0 END,
        overdue_from = CASE WHEN held.last_attempt_at > excluded.contacted_at THEN held.overdue_from END,
        wants_waiting_agent = held.wants_waiting_agent
                              AND coalesce(held.last_attempt_at > excluded.contacted_at, false),
        urgency = CASE WHEN held.recall_from > excluded.contacted_at THEN held.urgency ELSE 0 END
    WHERE held.contacted_at IS NULL OR held.contacted_at < excluded.contacted_at
    RETURNING held.debtor_id, held.contacted_at, coalesce(held.recall_from > held.contacted_at, false) AS recalled
),
closed AS (
    UPDATE callback
    SET closed_at = :now::timestamptz, closed_as = 'contacted'
    FROM marked
    WHERE callback.debtor_id = marked.debtor_id AND callback.closed_at IS NULL AND NOT marked.recalled
)
SELECT debtor_id FROM marked;

-- name: kill_past_numbers()!
-- The number's last record of all says "not in service", after everybody who has it got it, and no call of ours rang later.
UPDATE phone
SET dead_at = last_of.at, dead_reason = 'history'
FROM (SELECT DISTINCT ON (number) number, at, result
      FROM past_call
      WHERE number IN (SELECT number FROM fresh_past_call)
      ORDER BY number, at DESC, past_call_id DESC) AS last_of
WHERE phone.number = last_of.number AND phone.dead_at IS NULL AND last_of.result = 'invalid_number'
  AND (SELECT max(l.added_at) FROM debtor_phone l WHERE l.number = last_of.number AND l.removed_at IS NULL) <= last_of.at
  AND NOT EXISTS (SELECT FROM number_progress rung
                  WHERE rung.number = last_of.number AND rung.last_attempt_at > last_of.at);

-- name: debtors_of_killed()
SELECT DISTINCT l.debtor_id
FROM debtor_phone l
JOIN phone ON phone.number = l.number AND phone.dead_reason = 'history'
WHERE l.number IN (SELECT number FROM fresh_past_call);

-- name: make_evidence(hits, misses)!
-- Only of numbers that the person has. A record without a number is taken for the one that ranked first at that time; one
-- that was learnt later comes last. A person who called back was free then, whatever came of it.
INSERT INTO past_evidence (debtor_id, number, call_window, at, hit)
SELECT c.debtor_id, l.number, c.call_window, c.at, c.direction = 'inbound' OR c.result = ANY (:hits::text[])
FROM fresh_past_call c
JOIN LATERAL (
    SELECT link.number
    FROM debtor_phone link
    WHERE link.debtor_id = c.debtor_id
      AND CASE WHEN c.number IS NULL THEN coalesce(link.removed_at > c.at, true)
               ELSE link.number = c.number AND link.removed_at IS NULL END
    ORDER BY link.source NOT IN ('import', 'household') AND link.added_at > c.at, link.rank, link.number
    LIMIT 1) AS l ON true
WHERE CASE WHEN c.direction = 'inbound' THEN c.result IS DISTINCT FROM 'wrong_number'
           ELSE c.result = ANY (:hits) OR c.result = ANY (:misses::text[]) END;

-- name: evidence()
SELECT debtor_id, number, call_window, at, hit FROM past_evidence ORDER BY debtor_id, at;

-- name: people_of_households(debtor_ids)
-- These people and everyone of their households.
SELECT debtor_id FROM debtor WHERE debtor_id = ANY (:debtor_ids::bigint[])
UNION
SELECT member.debtor_id
FROM debtor d
JOIN debtor member ON member.household_id = d.household_id
WHERE d.debtor_id = ANY (:debtor_ids);
