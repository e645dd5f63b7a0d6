-- name: campaigns()
SELECT c.campaign_id, c.name, c.state, c.dial_mode, c.ratio, c.agent_group, c.max_lines,
       coalesce((SELECT array_agg(t.name ORDER BY t.code) FROM campaign_debt_type x
                 JOIN debt_type t ON t.code = x.debt_type WHERE x.campaign_id = c.campaign_id), '{}') AS debt_types
FROM campaign c
ORDER BY c.name;
