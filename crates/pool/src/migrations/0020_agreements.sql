CREATE TABLE agreement_version (
    agreement TEXT NOT NULL,
    hash TEXT NOT NULL,
    provider TEXT NOT NULL,
    consumer TEXT NOT NULL,
    definition TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (agreement, hash)
);
CREATE TABLE agreement_step (
    id {identity},
    agreement TEXT NOT NULL,
    hash TEXT NOT NULL,
    step TEXT NOT NULL,
    client TEXT NOT NULL,
    at BIGINT NOT NULL,
    statement TEXT NOT NULL,
    entry BIGINT NOT NULL
);
CREATE INDEX agreement_step_of ON agreement_step (agreement, hash, id);
CREATE TABLE exchange_meter (
    name TEXT NOT NULL PRIMARY KEY,
    day BIGINT NOT NULL,
    records BIGINT NOT NULL
);
