-- Machine detection (campaigns/detection.py): what a campaign sets, and the verdict of each call that was listened to.
ALTER TABLE campaign
    ADD COLUMN amd          boolean NOT NULL DEFAULT false,
    ADD COLUMN abandon_from text NOT NULL DEFAULT 'answer' CHECK (abandon_from IN ('answer', 'verdict'));

ALTER TABLE attempt DROP CONSTRAINT attempt_state_check;
ALTER TABLE attempt
    ADD CONSTRAINT attempt_state_check CHECK (state IN ('claimed', 'dialing', 'ringing', 'detecting', 'answered',
                                                        'joining', 'talking', 'abandoning', 'ended')),
    ADD COLUMN amd_status text CHECK (amd_status IN ('human', 'notsure', 'machine')),
    ADD COLUMN amd_cause  text CHECK (char_length(amd_cause) <= 60),         -- Asterisk's AMDCAUSE
    ADD COLUMN amd_s      float8 CHECK (amd_s >= 0),                         -- from the answer to the verdict
    ADD CONSTRAINT attempt_amd_check CHECK (amd_status IS NOT NULL OR (amd_cause IS NULL AND amd_s IS NULL));
