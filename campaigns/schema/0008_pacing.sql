-- The predictive mode, and what a supervisor sets about abandoned calls (campaigns/pacing.py).
ALTER TABLE campaign DROP CONSTRAINT campaign_dial_mode_check;
ALTER TABLE campaign
    ADD CONSTRAINT campaign_dial_mode_check CHECK (dial_mode IN ('preview', 'progressive', 'fixed_ratio', 'predictive')),
    ADD COLUMN abandon_target_ratio float8 NOT NULL DEFAULT 0.01 CHECK (abandon_target_ratio BETWEEN 0.001 AND 0.05),
    ADD COLUMN abandon_limit_ratio  float8 NOT NULL DEFAULT 0.03 CHECK (abandon_limit_ratio BETWEEN 0.001 AND 0.05),
    ADD COLUMN abandon_threshold_s  float8 NOT NULL DEFAULT 2.0 CHECK (abandon_threshold_s BETWEEN 0.5 AND 10),
    ADD COLUMN preview_s            smallint NOT NULL DEFAULT 0 CHECK (preview_s BETWEEN 0 AND 600),  -- 0 = by click only
    ADD CONSTRAINT campaign_abandon_check CHECK (abandon_target_ratio <= abandon_limit_ratio);
