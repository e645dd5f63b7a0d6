-- name: first_claim()$
SELECT min(claimed_at) FROM attempt;

-- name: team_time(since, until)^
-- Seconds of all agents between two moments: in talk and wrap-up, and logged in without breaks.
SELECT coalesce(sum(part.s) FILTER (WHERE state IN ('talking', 'wrap_up')), 0)::float8 AS busy_s,
       coalesce(sum(part.s) FILTER (WHERE state IN ('ready', 'reserved', 'talking', 'wrap_up')), 0)::float8 AS paid_s
  FROM agent_time
 CROSS JOIN LATERAL (
       SELECT extract(epoch FROM least(coalesce(agent_time.until, :until), :until::timestamptz)
                                 - greatest(agent_time.since, :since::timestamptz)) AS s) AS part
 WHERE agent_time.since < :until AND coalesce(agent_time.until, :until) > :since;

-- name: course()^
-- What calls were like: the mean answer probability that they were claimed with, and mean durations in seconds.
SELECT avg(attempt.answer_probability)::float8 AS told,
       avg(extract(epoch FROM attempt.answered_at - claimed_at))::float8 AS answer_s,
       avg(extract(epoch FROM attempt.ended_at - claimed_at)) FILTER (WHERE outcome = 'no_answer')::float8 AS in_vain_s,
       avg(extract(epoch FROM attempt.ended_at - claimed_at)) FILTER (WHERE outcome = 'busy')::float8 AS busy_s,
       avg(extract(epoch FROM call.joined_at - call.answered_at))::float8 AS join_s,
       avg(extract(epoch FROM call.ended_at - call.joined_at))::float8 AS talk_s,
       avg(extract(epoch FROM call.disposed_at - call.ended_at))::float8 AS wrap_s
  FROM attempt LEFT JOIN call USING (attempt_id);
