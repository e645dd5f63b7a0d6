-- name: count_due_promises(grace_days, today)$
SELECT count(*) FROM promise WHERE closed_on IS NULL AND due_on + :grace_days::integer < :today::date;

-- name: close_due_promises(grace_days, today, urgency)^
-- Every promise whose day and grace are over is judged and closed; who broke one comes back on this month's list first.
-- A promise that somebody is replacing right now is passed over; the next settlement takes it. One statement,
-- whatever the number of promises: debts and payments are joined, not asked for one by one.
WITH due AS MATERIALIZED (
    SELECT promise_id, debtor_id, debt_type, amount_yen, due_on, due_on + :grace_days::integer AS until_on,
           (made_at AT TIME ZONE 'Asia/Tokyo')::date AS made_on
      FROM promise
     WHERE closed_on IS NULL AND due_on + :grace_days < :today::date
       FOR NO KEY UPDATE SKIP LOCKED
),
asked AS MATERIALIZED (
    -- promises made on one day (分納) share what comes in: the earlier ones first
    SELECT due.promise_id, sum(made.amount_yen) AS yen
      FROM due
      JOIN promise AS made ON made.debtor_id = due.debtor_id
           AND made.debt_type IS NOT DISTINCT FROM due.debt_type
           AND (made.made_at AT TIME ZONE 'Asia/Tokyo')::date = due.made_on
           AND made.due_on <= due.due_on AND made.closed_as IS DISTINCT FROM 'replaced'
     WHERE due.amount_yen IS NOT NULL
     GROUP BY due.promise_id
),
about AS MATERIALIZED (
    -- the debts that a promise is about: what was not paid when it was made
    SELECT due.promise_id, due.made_on, due.due_on, due.until_on, item.debt_item_id, item.due_on AS item_due_on,
           item.principal_yen, item.paid_on
      FROM due
      JOIN debt_item AS item ON item.debtor_id = due.debtor_id
           AND (due.debt_type IS NULL OR item.debt_type = due.debt_type)
           AND (item.paid_on IS NULL OR item.paid_on >= due.made_on)
),
came_in AS MATERIALIZED (
    SELECT about.promise_id, about.debt_item_id,
           coalesce(sum(coalesce(payment.amount_yen, payment.of_principal_yen))
                    FILTER (WHERE payment.paid_on BETWEEN about.made_on AND about.until_on), 0) AS yen
      FROM about
      JOIN payment ON payment.debt_item_id = about.debt_item_id AND payment.taken_back_by IS NULL
     GROUP BY about.promise_id, about.debt_item_id
),
stood AS MATERIALIZED (
    SELECT about.promise_id,
           count(*) FILTER (WHERE item_due_on < made_on) AS overdue_n,
           count(*) FILTER (WHERE item_due_on < made_on AND (paid_on IS NULL OR paid_on > until_on)) AS overdue_open_n,
           count(*) FILTER (WHERE item_due_on <= due_on AND (paid_on IS NULL OR paid_on > until_on)) AS due_open_n,
           -- a debt that is paid according to the debts' file alone has no payment of its own
           sum(coalesce(came_in.yen, CASE WHEN paid_on BETWEEN made_on AND until_on THEN principal_yen ELSE 0 END)) AS yen
      FROM about
      LEFT JOIN came_in ON came_in.promise_id = about.promise_id AND came_in.debt_item_id = about.debt_item_id
     GROUP BY about.promise_id
),
closed AS (
    UPDATE promise
       SET closed_on = :today,
           closed_as = CASE WHEN CASE WHEN coalesce(stood.overdue_n, 0) > 0 THEN stood.overdue_open_n = 0
                                      ELSE coalesce(stood.due_open_n, 0) = 0 END
                              OR coalesce(stood.yen >= asked.yen, false)
                            THEN 'kept' ELSE 'broken' END
      FROM due
      LEFT JOIN stood ON stood.promise_id = due.promise_id
      LEFT JOIN asked ON asked.promise_id = due.promise_id
     WHERE promise.promise_id = due.promise_id
    RETURNING promise.debtor_id, promise.closed_as, due.until_on
),
broken AS (
    SELECT debtor_id, (max(until_on) + 1)::timestamp AT TIME ZONE 'Asia/Tokyo' AS broken_at
      FROM closed WHERE closed_as = 'broken' GROUP BY debtor_id
),
waiting AS MATERIALIZED (
    -- whoever was talked with since then has been asked already
    SELECT progress.debtor_id, broken.broken_at
      FROM debtor_progress AS progress JOIN broken ON broken.debtor_id = progress.debtor_id
     WHERE progress.contacted_at IS NULL OR progress.contacted_at < broken.broken_at
     ORDER BY progress.debtor_id FOR NO KEY UPDATE OF progress
),
recalled AS (
    UPDATE debtor_progress AS progress
       SET urgency = greatest(progress.urgency, :urgency::smallint),
           recall_from = greatest(progress.recall_from, waiting.broken_at)
      FROM waiting WHERE progress.debtor_id = waiting.debtor_id
)
SELECT count(*) FILTER (WHERE closed_as = 'kept') AS kept,
       count(*) FILTER (WHERE closed_as = 'broken') AS broken,
       coalesce(array_agg(DISTINCT debtor_id), '{}') AS debtor_ids
  FROM closed;
