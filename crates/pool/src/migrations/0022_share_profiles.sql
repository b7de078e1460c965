CREATE TABLE share_profile (
    id TEXT NOT NULL PRIMARY KEY,
    bearer TEXT NOT NULL,
    client TEXT NOT NULL,
    purpose TEXT NOT NULL,
    reference TEXT,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX share_profile_of_client ON share_profile (client, expires_at);
