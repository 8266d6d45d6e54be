-- Version 1 of the record. A landed version is never edited; a later one comes as schema_2.sql.

-- The signed documents that left, or were loaded, as their exact bytes.
CREATE TABLE document (
    id    TEXT PRIMARY KEY CHECK (length(id) = 64),           -- document id
    bytes BLOB NOT NULL                                       -- the envelope's JSON
) STRICT, WITHOUT ROWID;

-- What left this node and what was decided at it, for good. Each row's head is the hash of the row, of its document's
-- bytes, and of the head before it.
CREATE TABLE entry (
    seq      INTEGER PRIMARY KEY CHECK (seq >= 1),            -- 1, 2, 3, … without gaps
    at_s     INTEGER NOT NULL,                                -- seconds since 1970-01-01 UTC
    kind     TEXT    NOT NULL CHECK (kind IN ('begun', 'policy', 'charter', 'awaiting', 'approved', 'refused_by_person',
                                              'answer', 'refusal', 'request', 'currency')),
    query    TEXT    CHECK (length(query) = 64),              -- document id of the query
    question TEXT    CHECK (length(question) = 64),           -- question id that the answer answers
    reason   TEXT,                                            -- the refusal's code
    document TEXT    REFERENCES document (id),                -- what left, or was loaded
    by       TEXT,                                            -- who decided, as the operator's machine named the person
    note     TEXT,                                            -- why, in the person's words
    text     TEXT,                                            -- the policy as it stood in its file
    version  INTEGER CHECK (version >= 1),                    -- the charter's version
    charter  TEXT    CHECK (length(charter) = 64),            -- the charter's document id
    head     BLOB    NOT NULL CHECK (length(head) = 32),      -- SHA-256
    CHECK ((kind IN ('awaiting', 'approved', 'refused_by_person', 'answer', 'refusal')) = (query IS NOT NULL)),
    CHECK ((kind IN ('answer', 'refusal', 'request', 'currency')) = (document IS NOT NULL)),
    CHECK ((kind IN ('approved', 'refused_by_person')) = (by IS NOT NULL AND note IS NOT NULL)),
    CHECK ((kind = 'answer') = (question IS NOT NULL)),
    CHECK ((kind = 'refusal') = (reason IS NOT NULL)),
    CHECK ((kind = 'policy') = (text IS NOT NULL)),
    CHECK ((kind = 'charter') = (version IS NOT NULL AND charter IS NOT NULL)),
    CHECK ((kind = 'begun') = (seq = 1))
) STRICT;

-- A resend adds nothing.
CREATE UNIQUE INDEX entry_document ON entry (kind, document, coalesce(query, '')) WHERE document IS NOT NULL;

-- A query waits once, and a person decides on it once.
CREATE UNIQUE INDEX entry_awaiting ON entry (query) WHERE kind = 'awaiting';
CREATE UNIQUE INDEX entry_decided  ON entry (query) WHERE kind IN ('approved', 'refused_by_person');

CREATE TRIGGER entry_is_final    BEFORE UPDATE ON entry    BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER entry_is_kept     BEFORE DELETE ON entry    BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER document_is_final BEFORE UPDATE ON document BEGIN SELECT RAISE(ABORT, 'documents are kept as sent'); END;
CREATE TRIGGER document_is_kept  BEFORE DELETE ON document BEGIN SELECT RAISE(ABORT, 'documents are kept as sent'); END;
