//! What does `audit` do? It holds the node's books against each other, exports the record, or checks an exported one.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use protocol::ids::ChainHead;
use transport::clock::Clock;

use super::End;
use super::command::say;
use super::options::Audit;
use crate::audit::{
    Book, Books, Finding, LedgerBook, RecordBook, Weight, audit as findings_of, log_book,
};
use crate::config::NodeConfig;
use crate::counted::counted;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::ledger::{Ledger, LedgerError, Spent};
use crate::policy::Policy;
use crate::record::{Entry, Record, RecordError, Summary, verify_export};
use crate::status::Budget;

/// Audits the node in `data`, or checks an exported record without one.
pub(super) fn audit(
    data: &DataDir,
    asked: &Audit,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    if let Some(exported) = &asked.check {
        return check(exported, out);
    }
    NodeConfig::load(data)?;
    let ledger = sound(Ledger::open(&data.ledger()).map_err(broken_ledger))?;
    let record = sound(Record::open(&data.record()).map_err(broken_record))?;
    let mirror = crate::agent::open_mirror(data)?;
    if let (Book::Sound(record), Some(file)) = (&record, &asked.export) {
        export(record, file)?;
        say(writeln!(out, "exported the record to {}", file.display()));
    }
    let rows = map(&record, Record::entries)?;
    tell_record(&rows, out)?;
    tell_ledger(data, &ledger, out, clock)?;
    let position = mirror.position();
    say(writeln!(
        out,
        "common log   {} entries\nlog head     {}",
        position.entries, position.head
    ));
    let entries = mirror.entries()?;
    let books = Books {
        ledger: map(&ledger, ledger_book)?,
        record: record_book(&record, &rows)?,
        log: log_book(&entries, mirror.governance(), mirror.own_answers()),
    };
    Ok(tell(&findings_of(&books), out))
}

/// What an audit found, and how it ends.
fn tell(findings: &[Finding], out: &mut dyn Write) -> End {
    for finding in findings {
        let weight = match finding.weight() {
            Weight::Note => "note",
            Weight::Fault => "fault",
        };
        say(writeln!(out, "{weight}[{}]: {finding}", finding.code()));
    }
    let faults = findings.iter().filter(|it| it.weight() == Weight::Fault);
    match faults.count() {
        0 => say(writeln!(
            out,
            "clean: ledger, record and common log bear each other out"
        )),
        count => {
            let are = if count == 1 {
                "is a fault"
            } else {
                "are faults"
            };
            say(writeln!(
                out,
                "not clean: {count} of the findings above {are}"
            ));
            End::Faults
        }
    }
}

fn tell_record(rows: &Book<Vec<(Entry, ChainHead)>>, out: &mut dyn Write) -> Result<(), NodeError> {
    if let Book::Sound(rows) = rows
        && let Some(summary) = Summary::of(rows)?
    {
        say(summary.write(out));
    }
    Ok(())
}

fn tell_ledger(
    data: &DataDir,
    ledger: &Book<Ledger>,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<(), NodeError> {
    let Book::Sound(ledger) = ledger else {
        return Ok(());
    };
    let spent: Spent = ledger.spent(clock.now())?;
    let head = ledger.head()?;
    say(writeln!(
        out,
        "ledger       {}\nledger head  {head}",
        counted(spent.charges, "charge", "charges")
    ));
    let policy = Policy::load(&data.policy())?;
    say(Budget::of(spent, &policy).write(out));
    Ok(())
}

/// The record as a new file that its owner alone can read. Never over another one: it may be an earlier export.
fn export(record: &Record, path: &Path) -> Result<(), NodeError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(path);
    let file = made.map_err(|error| NodeError::file("written", path, error))?;
    let mut lines = BufWriter::new(file);
    record.export(&mut lines)?;
    let file = lines
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error);
    file.and_then(|file| file.sync_all())
        .map_err(|error| NodeError::file("written", path, error))
}

/// Checks what another node exported.
fn check(path: &Path, out: &mut dyn Write) -> Result<End, NodeError> {
    let file = File::open(path).map_err(|error| NodeError::file("read", path, error))?;
    let summary = verify_export(BufReader::new(file))?;
    say(summary.write(out));
    Ok(say(writeln!(
        out,
        "clean: every row follows from the one before it. compare the record head with the one that the node itself shows: \
         rows cut off at the end leave no other trace"
    )))
}

/// A book that can be used, one whose chain is broken, or neither.
fn sound<T>(opened: Result<T, Result<i64, NodeError>>) -> Result<Book<T>, NodeError> {
    match opened {
        Ok(book) => Ok(Book::Sound(book)),
        Err(Ok(seq)) => Ok(Book::BrokenAt { seq }),
        Err(Err(error)) => Err(error),
    }
}

fn broken_ledger(error: LedgerError) -> Result<i64, NodeError> {
    match error {
        LedgerError::ChainBroken { seq } => Ok(seq),
        other => Err(other.into()),
    }
}

fn broken_record(error: RecordError) -> Result<i64, NodeError> {
    match error {
        RecordError::ChainBroken { seq } => Ok(seq),
        other => Err(other.into()),
    }
}

fn map<T, U, E>(book: &Book<T>, read: impl FnOnce(&T) -> Result<U, E>) -> Result<Book<U>, E> {
    match book {
        Book::Sound(book) => read(book).map(Book::Sound),
        Book::BrokenAt { seq } => Ok(Book::BrokenAt { seq: *seq }),
    }
}

fn ledger_book(ledger: &Ledger) -> Result<LedgerBook, NodeError> {
    Ok(LedgerBook {
        entries: ledger.entries()?,
        answers: ledger.answers()?,
    })
}

fn record_book(
    record: &Book<Record>,
    rows: &Book<Vec<(Entry, ChainHead)>>,
) -> Result<Book<RecordBook>, NodeError> {
    let (Book::Sound(record), Book::Sound(rows)) = (record, rows) else {
        return map(rows, |_| Ok(RecordBook::default()));
    };
    let mut book = RecordBook::default();
    for (entry, _) in rows {
        if let Some(id) = entry.kind.document()
            && let Some(bytes) = record.document(id)?
        {
            book.documents.insert(id, bytes);
        }
        book.entries.push(entry.clone());
    }
    Ok(Book::Sound(book))
}
