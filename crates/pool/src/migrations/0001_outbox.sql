-- Which number each dataset has in keyed state: given once, for ever.
CREATE TABLE dataset_table (
    id BIGINT PRIMARY KEY NOT NULL,
    dataset TEXT NOT NULL UNIQUE
);

-- The versions of each dataset's definition under which records were written.
CREATE TABLE dataset_layout (
    tab BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hash {blob} NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (tab, number),
    UNIQUE (tab, hash)
);

-- Every write, in the order of commit, until all have taken it. kind: 1 batch, 2 files.
CREATE TABLE outbox (
    seq BIGINT PRIMARY KEY NOT NULL,
    tab BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    source TEXT NOT NULL,
    kind BIGINT NOT NULL,
    payload {blob} NOT NULL,
    moved {blob},
    row_count BIGINT NOT NULL,
    byte_count BIGINT NOT NULL,
    replaced BIGINT
);

-- One row: the last number given, and the moment of that entry.
CREATE TABLE outbox_head (
    one BIGINT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL,
    at_us BIGINT NOT NULL
);
INSERT INTO outbox_head (one, seq, at_us) VALUES (1, 0, 0);

CREATE TABLE consumer (
    name TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL,
    at_us BIGINT NOT NULL
);
INSERT INTO consumer (name, seq, at_us) VALUES ('history', 0, 0);

CREATE TABLE idempotency (
    key TEXT PRIMARY KEY NOT NULL,
    content {blob} NOT NULL,
    seq BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    replaced BIGINT NOT NULL,
    doubled BIGINT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX idempotency_at ON idempotency (at_us);

-- One row: how often the pool was opened. Names of files begin with it, so that none comes twice.
CREATE TABLE pool_boot (
    one BIGINT PRIMARY KEY NOT NULL,
    number BIGINT NOT NULL
);
INSERT INTO pool_boot (one, number) VALUES (1, 0);
