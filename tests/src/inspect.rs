//! What do ledgers and logs say afterwards?

use std::path::Path;

use demo::network::RESEARCHER;
use node::data_dir::DataDir;
use rusqlite::{Connection, OpenFlags};

use crate::TestNetwork;

/// Charged rows in a center's ledger, and their sum in nano-rho.
pub fn charges(data: &Path) -> (i64, i64) {
    let ledger = DataDir::new(data).ledger();
    let ledger = Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .expect("the ledger opens");
    let sum = "SELECT COUNT(*), COALESCE(SUM(cost_nano), 0) FROM entry WHERE kind = 'charge'";
    ledger
        .query_row(sum, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("the ledger can be read")
}

/// The signed answers that a query's result rests on.
pub fn answers(test: &TestNetwork, query: &str) -> Vec<serde_json::Value> {
    let signed: serde_json::Value =
        serde_json::from_str(&test.result(query, "signed")).expect("signed documents are JSON");
    signed
        .get("answers")
        .and_then(serde_json::Value::as_array)
        .cloned()
        .expect("the answers are there")
}

/// The last query that the researcher signed.
pub fn last_query(test: &TestNetwork) -> String {
    let said = test
        .network
        .cartally(&RESEARCHER, &["queries"])
        .expect("queries can be listed")
        .output;
    said.split_whitespace()
        .next()
        .expect("a query was signed")
        .to_owned()
}

/// How many documents of a kind the coordinator's log holds.
pub fn documents_in_log(test: &TestNetwork, kind: &str) -> usize {
    let said = test
        .network
        .cartally(&RESEARCHER, &["log"])
        .expect("the log can be listed")
        .output;
    said.lines()
        .filter(|line| line.split_whitespace().nth(1) == Some(kind))
        .count()
}
