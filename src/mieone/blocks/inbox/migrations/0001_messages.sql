-- Messages to people and how each was delivered. What a message says is sealed under a key of its own person.
SELECT core.create_block_schema('inbox');

CREATE TABLE inbox.message (
    message_id uuid PRIMARY KEY,
    key text NOT NULL,
    person_id uuid NOT NULL,
    sealed bytea NOT NULL,
    arrived_at timestamptz NOT NULL,
    read_at timestamptz,
    CONSTRAINT a_key_is_delivered_once UNIQUE (key)
);
CREATE INDEX message_of_person ON inbox.message (person_id, arrived_at);
CREATE INDEX unread_of_person ON inbox.message (person_id) WHERE read_at IS NULL;

-- Every change of a delivery's state is a row; the newest one holds.
CREATE TABLE inbox.delivery (
    delivery_id uuid PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES inbox.message ON DELETE CASCADE,
    channel text NOT NULL,
    state text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT channel_is_known CHECK (channel IN ('portal', 'print', 'mail', 'sms')),
    CONSTRAINT state_is_known CHECK (state IN (
        'created', 'sending', 'sent', 'delivered', 'cancelled', 'technical-failure',
        'temporary-failure', 'permanent-failure', 'returned-letter'
    ))
);
CREATE INDEX delivery_of_message ON inbox.delivery (message_id, channel, delivery_id);
CREATE INDEX print_queue ON inbox.delivery (channel, changed_at) WHERE channel = 'print';
