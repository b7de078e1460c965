-- Loads of files, so that one that was stopped goes on where it was and one that is done is not done again.
CREATE TABLE load_job (
  id TEXT PRIMARY KEY,
  dataset TEXT NOT NULL,
  source TEXT NOT NULL,
  mode TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  content TEXT NOT NULL,
  started BIGINT NOT NULL,
  finished BIGINT,
  batches BIGINT NOT NULL,
  summary TEXT NOT NULL
);
CREATE INDEX load_job_dataset ON load_job (dataset, started);
-- Records that are not right.
CREATE TABLE quarantine (
  id {identity},
  dataset TEXT NOT NULL,
  load TEXT NOT NULL,
  source TEXT NOT NULL,
  place BIGINT NOT NULL,
  raw {blob} NOT NULL,
  record TEXT,
  reasons TEXT NOT NULL,
  code TEXT NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL,
  settled BIGINT,
  note TEXT,
  bytes BIGINT NOT NULL
);
CREATE UNIQUE INDEX quarantine_once ON quarantine (load, place);
CREATE INDEX quarantine_state ON quarantine (dataset, state, id);
-- How much of it waits, by dataset, so that the limit costs nothing to watch.
CREATE TABLE quarantine_held (
  dataset TEXT PRIMARY KEY,
  records BIGINT NOT NULL,
  bytes BIGINT NOT NULL
);
-- What was measured of a dataset's quality, over time.
CREATE TABLE quality (
  id {identity},
  dataset TEXT NOT NULL,
  at BIGINT NOT NULL,
  load TEXT NOT NULL,
  records BIGINT NOT NULL,
  completeness DOUBLE PRECISION,
  validity DOUBLE PRECISION,
  uniqueness DOUBLE PRECISION,
  integrity DOUBLE PRECISION,
  measures TEXT NOT NULL
);
CREATE INDEX quality_dataset ON quality (dataset, at);
-- How far each source that is pulled from has been followed.
CREATE TABLE source_state (
  source TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  at BIGINT NOT NULL
);
