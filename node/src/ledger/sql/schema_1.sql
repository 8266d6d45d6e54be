-- Version 1 of the ledger. A landed version is never edited; a later one comes as schema_2.sql.

-- What has been spent, for good. Each row's head is the hash of the row and of the head before it.
CREATE TABLE entry (
    seq        INTEGER PRIMARY KEY CHECK (seq >= 1),          -- 1, 2, 3, … without gaps
    kind       TEXT    NOT NULL CHECK (kind IN ('charge', 'restored')),
    at_s       INTEGER NOT NULL,                              -- seconds since 1970-01-01 UTC
    question   TEXT    CHECK (length(question) = 64),         -- question id; NULL for 'restored'
    attempt    INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0), -- which attempt at the question
    study      TEXT    CHECK (length(study) = 64),            -- document id of the study; NULL for 'restored'
    researcher TEXT,                                          -- person id; NULL for 'restored'
    cost_nano  INTEGER NOT NULL CHECK (cost_nano >= 0),       -- billionths of rho
    log_entries  INTEGER CHECK (log_entries >= 0),                -- entries of the common log that the operator looked at; NULL for 'charge'
    head       BLOB    NOT NULL CHECK (length(head) = 32),    -- SHA-256
    CHECK ((kind = 'charge') = (question IS NOT NULL AND study IS NOT NULL AND researcher IS NOT NULL)),
    CHECK ((kind = 'restored') = (log_entries IS NOT NULL))
) STRICT;

-- One attempt at a question is charged once.
CREATE UNIQUE INDEX entry_question ON entry (question, attempt) WHERE question IS NOT NULL;

-- The bytes that left, kept for ever: the same question gets them again.
CREATE TABLE answer (
    question TEXT    PRIMARY KEY CHECK (length(question) = 64),
    at_s     INTEGER NOT NULL,                                -- seconds since 1970-01-01 UTC
    bytes    BLOB    NOT NULL                                 -- the signed answer as it was sent
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entry_is_final  BEFORE UPDATE ON entry  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entry_is_kept   BEFORE DELETE ON entry  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER answer_is_final BEFORE UPDATE ON answer BEGIN SELECT RAISE(ABORT, 'answers are kept as sent'); END;
CREATE TRIGGER answer_is_kept  BEFORE DELETE ON answer BEGIN SELECT RAISE(ABORT, 'answers are kept as sent'); END;
CREATE TRIGGER answer_is_paid  BEFORE INSERT ON answer
    WHEN NOT EXISTS (SELECT 1 FROM entry WHERE entry.question = NEW.question)
    BEGIN SELECT RAISE(ABORT, 'an answer needs its charge'); END;
