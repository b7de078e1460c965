CREATE TABLE transfer (
    entry BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    client TEXT NOT NULL,
    consumer TEXT NOT NULL,
    provider TEXT NOT NULL,
    dataset TEXT NOT NULL,
    way TEXT NOT NULL,
    fields TEXT NOT NULL,
    subject TEXT,
    purpose TEXT NOT NULL,
    reference TEXT,
    agreement TEXT,
    records BIGINT NOT NULL,
    denied TEXT,
    times BIGINT NOT NULL
);
CREATE INDEX transfer_of_subject ON transfer (subject, entry);
CREATE INDEX transfer_of_client ON transfer (client, entry);
CREATE TABLE transfer_cursor (
    id BIGINT NOT NULL PRIMARY KEY,
    entries BIGINT NOT NULL
);
