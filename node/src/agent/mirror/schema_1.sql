-- Version 1 of the mirror. A landed version is never edited; a later one comes as mirror_2.sql.

-- The coordinator's log as this node saw it. The chain is recomputed when the file is opened.
CREATE TABLE entry (
    log_index INTEGER PRIMARY KEY CHECK (log_index >= 0),  -- 0, 1, 2, … without gaps
    time      TEXT NOT NULL,                               -- when the coordinator appended it: UTC, RFC 3339
    envelope  BLOB NOT NULL                                -- the signed document, as it came
) STRICT;

CREATE TRIGGER entry_is_final BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
CREATE TRIGGER entry_is_kept  BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
