-- What a node knows about its imports and locks. The working tables themselves are made from the dictionary.

CREATE TABLE cartally_import (
    import_id      INTEGER PRIMARY KEY,
    imported_at    TEXT NOT NULL,          -- UTC, RFC 3339
    dictionary     TEXT NOT NULL,          -- SHA-256 of the dictionary, hexadecimal
    rejected_rows  INTEGER NOT NULL,       -- rows left out
    report         TEXT                    -- file name in rejects/; NULL if nothing was rejected
) STRICT;

CREATE TABLE cartally_import_table (
    import_id      INTEGER NOT NULL REFERENCES cartally_import (import_id),
    position       INTEGER NOT NULL,       -- order of the dictionary
    table_name     TEXT NOT NULL,
    present        INTEGER NOT NULL,       -- 1 if the export had a file for it
    landed_rows    INTEGER NOT NULL,
    rejected_rows  INTEGER NOT NULL,
    PRIMARY KEY (import_id, position)
) STRICT;

CREATE TABLE cartally_lock (
    lock_number    INTEGER PRIMARY KEY,    -- order of locking
    lock_id        TEXT NOT NULL UNIQUE,   -- date and random digits
    lock_day       INTEGER NOT NULL,       -- days since 1970-01-01
    locked_at      TEXT NOT NULL,          -- UTC, RFC 3339
    sha256         TEXT NOT NULL,          -- of the lock's file, hexadecimal; never leaves the node
    retired        INTEGER NOT NULL DEFAULT 0  -- 1: serves no new question
) STRICT;

CREATE TRIGGER cartally_lock_stays BEFORE DELETE ON cartally_lock
BEGIN SELECT RAISE(ABORT, 'a lock is never deleted'); END;

CREATE TRIGGER cartally_lock_is_final BEFORE UPDATE OF lock_id, lock_day, locked_at ON cartally_lock
BEGIN SELECT RAISE(ABORT, 'a lock is never renamed or redated'); END;

CREATE TRIGGER cartally_lock_stays_retired BEFORE UPDATE OF retired ON cartally_lock
WHEN OLD.retired = 1 AND NEW.retired <> 1
BEGIN SELECT RAISE(ABORT, 'a retired lock stays retired'); END;

CREATE TABLE cartally_forgotten (
    patient_id     TEXT PRIMARY KEY,       -- pseudonym; later imports leave this patient out
    forgotten_at   TEXT NOT NULL,          -- UTC, RFC 3339
    done           INTEGER NOT NULL DEFAULT 0  -- 1 when every lock file was rewritten too
) STRICT;
