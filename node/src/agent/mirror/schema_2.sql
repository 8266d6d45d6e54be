-- Version 2 of the mirror. A landed version is never edited; a later one comes as schema_3.sql.

-- The coordinator's last signed word on where its log ends: two such words that lie on no common chain prove that it lied.
CREATE TABLE head (
    only     INTEGER PRIMARY KEY CHECK (only = 1),  -- one row
    envelope BLOB NOT NULL                          -- the signed head, as it came
) STRICT;
