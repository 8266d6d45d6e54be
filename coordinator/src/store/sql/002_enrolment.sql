-- Who was invited, and which certificates were issued to whom.
-- Times are microseconds since 1970-01-01T00:00:00Z; digests are 64 hexadecimal digits.

-- Every certificate of the network's authority, but for the server's own. One that is not here opens nothing.
CREATE TABLE certificate (
    serial TEXT PRIMARY KEY,        -- its serial number, lower-case hexadecimal
    role TEXT NOT NULL CHECK (role IN ('center', 'person')),
    id TEXT NOT NULL,               -- the center's or person's id
    issued_us INTEGER NOT NULL,
    not_after_us INTEGER NOT NULL,
    days INTEGER NOT NULL,          -- how long it was meant to last; a renewal lasts as long
    request_key TEXT NOT NULL,      -- SHA-256 of the public key that it certifies
    signing_key TEXT,               -- the signing key that the party enrolled with; NULL: certified by hand, none named yet
    pem TEXT NOT NULL,
    revoked_us INTEGER              -- when it was revoked, for good
) STRICT;
CREATE INDEX certificate_by_party ON certificate (role, id);
CREATE TRIGGER certificate_changes_only_by_revocation BEFORE UPDATE ON certificate
    WHEN OLD.revoked_us IS NOT NULL OR NEW.revoked_us IS NULL
        OR NEW.serial <> OLD.serial OR NEW.role <> OLD.role OR NEW.id <> OLD.id OR NEW.pem <> OLD.pem
        OR NEW.signing_key IS NOT OLD.signing_key
    BEGIN SELECT RAISE(ABORT, 'a certificate is only ever revoked'); END;
CREATE TRIGGER certificate_is_never_removed BEFORE DELETE ON certificate
    BEGIN SELECT RAISE(ABORT, 'a certificate is never removed'); END;

-- Invitations, each good for one enrolment.
CREATE TABLE invite (
    secret TEXT PRIMARY KEY,        -- SHA-256 of the token's secret half, which is kept nowhere
    role TEXT NOT NULL CHECK (role IN ('center', 'person')),
    id TEXT NOT NULL,
    invited_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    days INTEGER NOT NULL,          -- how long the certificate will last
    certificate TEXT REFERENCES certificate (serial),   -- what it was used for
    withdrawn_us INTEGER            -- when it was withdrawn, unused
) STRICT;
CREATE INDEX invite_by_party ON invite (role, id);
CREATE TRIGGER invite_is_used_or_withdrawn_once BEFORE UPDATE ON invite
    WHEN OLD.certificate IS NOT NULL OR OLD.withdrawn_us IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'an invitation is used or withdrawn once'); END;
CREATE TRIGGER invite_is_never_removed BEFORE DELETE ON invite
    BEGIN SELECT RAISE(ABORT, 'an invitation is never removed'); END;
