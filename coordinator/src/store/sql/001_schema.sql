-- The coordinator's store: the log, and where each query and task stands.
-- Times are microseconds since 1970-01-01T00:00:00Z; ids are 64 hexadecimal digits.

CREATE TABLE network (
    name TEXT NOT NULL,             -- the network this coordinator serves
    charter TEXT                    -- the first charter that every member had signed; pinned from then on
) STRICT;

-- Every signed document, in the order in which it came. Hash-chained; nothing is ever changed.
CREATE TABLE log (
    entry INTEGER PRIMARY KEY,      -- 0, 1, 2, ... without gaps
    time_us INTEGER NOT NULL,
    document TEXT NOT NULL,         -- id of the document; it comes again when it brings new signatures
    envelope BLOB NOT NULL,         -- the DSSE envelope as JSON
    head TEXT NOT NULL              -- the chain's head after this entry
) STRICT;
CREATE INDEX log_by_document ON log (document);
CREATE TRIGGER log_is_never_changed BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_is_never_cut BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is never cut'); END;

CREATE TABLE query (
    id TEXT PRIMARY KEY,
    question TEXT NOT NULL,
    researcher TEXT NOT NULL,       -- the public key that signed it, as the study lists it
    roster TEXT NOT NULL,           -- the roster that was in force when it came
    submitted_us INTEGER NOT NULL,
    deadline_us INTEGER NOT NULL,
    entry INTEGER NOT NULL REFERENCES log (entry)
) STRICT;
CREATE TRIGGER query_is_never_changed BEFORE UPDATE ON query
    BEGIN SELECT RAISE(ABORT, 'a query is never changed'); END;
CREATE TRIGGER query_is_never_removed BEFORE DELETE ON query
    BEGIN SELECT RAISE(ABORT, 'a query is never removed'); END;

-- One row for each center of the query's roster. An ended task is final.
CREATE TABLE task (
    query TEXT NOT NULL REFERENCES query (id),
    position INTEGER NOT NULL,      -- the center's place in the roster, from 0
    center TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('offered', 'fetched', 'awaiting-approval', 'accepted', 'answered', 'refused', 'failed', 'expired')),
    reason TEXT,                    -- code of the refusal
    document TEXT,                  -- the signed answer or refusal that ended it
    PRIMARY KEY (query, center)
) STRICT;
CREATE INDEX task_open ON task (center) WHERE state IN ('offered', 'fetched', 'awaiting-approval', 'accepted');
CREATE TRIGGER task_end_is_final BEFORE UPDATE ON task
    WHEN OLD.state IN ('answered', 'refused', 'failed', 'expired')
    BEGIN SELECT RAISE(ABORT, 'an ended task is never changed'); END;
CREATE TRIGGER task_is_never_removed BEFORE DELETE ON task
    BEGIN SELECT RAISE(ABORT, 'a task is never removed'); END;

-- Every transition of every task.
CREATE TABLE task_event (
    seq INTEGER PRIMARY KEY,
    query TEXT NOT NULL REFERENCES query (id),
    center TEXT NOT NULL,
    state TEXT NOT NULL,            -- the state after it
    time_us INTEGER NOT NULL
) STRICT;
CREATE INDEX task_event_by_query ON task_event (query);
CREATE TRIGGER task_event_is_never_changed BEFORE UPDATE ON task_event
    BEGIN SELECT RAISE(ABORT, 'a transition is never changed'); END;
CREATE TRIGGER task_event_is_never_removed BEFORE DELETE ON task_event
    BEGIN SELECT RAISE(ABORT, 'a transition is never removed'); END;

-- Which answer or refusal came for which task; the document itself stands in the log once.
CREATE TABLE submission (
    query TEXT NOT NULL REFERENCES query (id),
    center TEXT NOT NULL,
    document TEXT NOT NULL,
    late INTEGER NOT NULL CHECK (late IN (0, 1)),   -- 1: the task had ended; it changes nothing
    time_us INTEGER NOT NULL,
    PRIMARY KEY (query, center, document)
) STRICT;
CREATE TRIGGER submission_is_never_changed BEFORE UPDATE ON submission
    BEGIN SELECT RAISE(ABORT, 'a submission is never changed'); END;
CREATE TRIGGER submission_is_never_removed BEFORE DELETE ON submission
    BEGIN SELECT RAISE(ABORT, 'a submission is never removed'); END;

-- Published once.
CREATE TABLE result (
    query TEXT PRIMARY KEY REFERENCES query (id),
    document TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES log (entry)
) STRICT;
CREATE TRIGGER result_is_never_changed BEFORE UPDATE ON result
    BEGIN SELECT RAISE(ABORT, 'a result is never changed'); END;
CREATE TRIGGER result_is_never_removed BEFORE DELETE ON result
    BEGIN SELECT RAISE(ABORT, 'a result is never removed'); END;
