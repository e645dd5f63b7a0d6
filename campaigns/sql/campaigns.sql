-- name: campaigns(campaign_id)
-- Every campaign with its debt types and windows, in the order of their making.
SELECT campaign.campaign_id, campaign.name, campaign.state, campaign.dial_mode, campaign.ratio, campaign.agent_group,
       campaign.max_lines, campaign.ring_timeout_s, campaign.wrap_up_s, campaign.rotation, campaign.lot_ratio,
       campaign.floor_attempts, campaign.floor_each_window, campaign.weight_new, campaign.weight_broken,
       campaign.weight_amount, campaign.weight_age, campaign.graded_at,
       campaign.abandon_target_ratio, campaign.abandon_limit_ratio, campaign.abandon_threshold_s, campaign.preview_s,
       campaign.amd, campaign.abandon_from,
       ARRAY(SELECT member.debt_type FROM campaign_debt_type AS member
              WHERE member.campaign_id = campaign.campaign_id ORDER BY member.debt_type) AS debt_types,
       ARRAY(SELECT (w.call_window, w.day_kind, extract(epoch FROM w.starts)::integer, extract(epoch FROM w.ends)::integer)
               FROM campaign_window AS w
              WHERE w.campaign_id = campaign.campaign_id ORDER BY w.day_kind DESC, w.starts) AS windows
  FROM campaign
 WHERE :campaign_id::bigint IS NULL OR campaign.campaign_id = :campaign_id
 ORDER BY campaign.campaign_id;

-- name: unknown_debt_types(debt_types)
-- Those of the given codes that no debt type has.
SELECT code FROM unnest(:debt_types::text[]) AS given (code)
 WHERE NOT EXISTS (SELECT FROM debt_type WHERE debt_type.code = given.code) ORDER BY code;

-- name: insert_campaign(name, dial_mode, ratio, agent_group, max_lines, ring_timeout_s, wrap_up_s, rotation, lot_ratio, floor_attempts, floor_each_window, weight_new, weight_broken, weight_amount, weight_age, abandon_target_ratio, abandon_limit_ratio, abandon_threshold_s, preview_s)$
INSERT INTO campaign (name, dial_mode, ratio, agent_group, max_lines, ring_timeout_s, wrap_up_s,
                      rotation, lot_ratio, floor_attempts, floor_each_window, weight_new, weight_broken, weight_amount, weight_age,
                      abandon_target_ratio, abandon_limit_ratio, abandon_threshold_s, preview_s)
VALUES (:name, :dial_mode, :ratio, :agent_group, :max_lines, :ring_timeout_s, :wrap_up_s,
        :rotation, :lot_ratio, :floor_attempts, :floor_each_window, :weight_new, :weight_broken, :weight_amount,
        :weight_age, :abandon_target_ratio, :abandon_limit_ratio, :abandon_threshold_s, :preview_s)
RETURNING campaign_id;

-- name: insert_campaign_debt_types(campaign_id, debt_types)!
INSERT INTO campaign_debt_type (campaign_id, debt_type) SELECT :campaign_id, unnest(:debt_types::text[]);

-- name: delete_windows(campaign_id)!
DELETE FROM campaign_window WHERE campaign_id = :campaign_id;

-- name: insert_windows(campaign_id, call_windows, day_kinds, starts_s, ends_s)!
-- make_time(24, 0, 0) is the end of the day, a time that Python has not.
INSERT INTO campaign_window (campaign_id, call_window, day_kind, starts, ends)
SELECT :campaign_id, w.call_window, w.day_kind,
       make_time(w.starts_s / 3600, w.starts_s / 60 % 60, w.starts_s % 60),
       make_time(w.ends_s / 3600, w.ends_s / 60 % 60, w.ends_s % 60)
  FROM unnest(:call_windows::text[], :day_kinds::text[], :starts_s::integer[], :ends_s::integer[])
       AS w (call_window, day_kind, starts_s, ends_s);

-- name: set_campaign_state(state, campaign_id)$
UPDATE campaign SET state = :state WHERE campaign_id = :campaign_id RETURNING campaign_id;

-- name: lock_rotation(campaign_id)$
SELECT rotation FROM campaign WHERE campaign_id = :campaign_id FOR NO KEY UPDATE;

-- name: set_choosing(rotation, lot_ratio, floor_attempts, floor_each_window, weight_new, weight_broken, weight_amount, weight_age, campaign_id)!
UPDATE campaign
   SET rotation = :rotation, lot_ratio = :lot_ratio, floor_attempts = :floor_attempts,
       floor_each_window = :floor_each_window, weight_new = :weight_new, weight_broken = :weight_broken,
       weight_amount = :weight_amount, weight_age = :weight_age, graded_at = NULL
 WHERE campaign_id = :campaign_id;
