-- A notification that is repeated is still one notification: subscribers count those, operators requests.
ALTER TABLE broker.subscription_total
ADD COLUMN notified bigint NOT NULL DEFAULT 0,
ADD COLUMN notified_failed bigint NOT NULL DEFAULT 0,
ADD COLUMN fails_in_a_row integer NOT NULL DEFAULT 0,
ADD COLUMN last_success_code smallint;

UPDATE broker.subscription_total
SET notified = times_sent, notified_failed = times_failed;
