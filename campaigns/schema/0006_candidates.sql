-- After how many tries without a contact a person becomes a candidate for another way than the telephone
-- (campaigns/candidates.py); NULL = never.
ALTER TABLE campaign
    ADD COLUMN sms_after     smallint DEFAULT 3 CHECK (sms_after BETWEEN 1 AND 100),
    ADD COLUMN letter_after  smallint DEFAULT 5 CHECK (letter_after BETWEEN 1 AND 100),
    ADD COLUMN visit_after   smallint DEFAULT 8 CHECK (visit_after BETWEEN 1 AND 100);

-- The call on which a number was learnt (source 'call'); what is told to the city can be heard again.
ALTER TABLE debtor_phone ADD COLUMN call_id uuid;
