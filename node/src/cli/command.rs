//! What does each subcommand do? Opens what it needs, calls the library, tells the operator.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget};
use transport::clock::Clock;

use super::options::{Command, Forget, Format, Import, Lock, Options};
use super::{End, audit, decide, enrol};
use crate::config::NodeConfig;
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::import::{self, Check, Landed, Request};
use crate::ledger::Ledger;
use crate::policy::Policy;
use crate::status::{Status, write_counts};
use crate::store::Store;
use crate::{dictionary, forget, join, keys, lock};

/// Performs one command.
pub(super) fn perform(
    options: &Options,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    let data = DataDir::new(&options.data);
    match &options.command {
        Command::Init(asked) => enrol::init(&data, asked, out, clock),
        Command::Join(asked) => enrol::join(&data, asked, out, clock),
        Command::Import(asked) => import(&data, asked, out, clock),
        Command::Lock(asked) => lock(&data, asked, out, clock),
        Command::Forget(asked) => forget(&data, asked, out, clock),
        Command::Status(asked) => status(&data, asked.json, out, clock),
        Command::Dictionary(asked) => print_dictionary(&data, asked.format, out),
        Command::Pending => decide::pending(&data, out, clock),
        Command::Approve(asked) => decide::approve(&data, asked, out, clock),
        Command::Refuse(asked) => decide::refuse(&data, &asked.decision, out, clock),
        Command::Currency(asked) => currency(&data, &asked.file, out, clock),
        Command::Audit(asked) => audit::audit(&data, asked, out, clock),
        Command::LedgerRestored => ledger_restored(&data, out, clock),
        Command::Serve => serve(&data, options, clock),
    }
}

fn import(
    data: &DataDir,
    asked: &Import,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    let config = NodeConfig::load(data)?;
    let (dictionary, pseudonyms) = (dictionary::load(data)?, keys::pseudonyms(data)?);
    let mut store = Store::open(data)?;
    forget::finish(&store, data, &dictionary)?;
    let progress = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let request = Request {
        data,
        dictionary: &dictionary,
        pseudonyms: &pseudonyms,
        center: config.center.as_str(),
        losing_is_right: asked.yes,
        now: clock.now(),
        progress: &progress,
    };
    let landed = import::import(&mut store, &asked.dir, &request);
    progress.finish_and_clear();
    Ok(tell_import(&landed?, out))
}

fn tell_import(landed: &Landed, out: &mut dyn Write) -> End {
    say(writeln!(out, "import {} landed", landed.import.import_id));
    say(write_counts(&landed.import, out));
    let Some(report) = &landed.report else {
        return End::Done;
    };
    for (table, column, check, count) in &landed.summary {
        let meaning = Check::of_word(check).map_or("", Check::sentence);
        let dot = if column.is_empty() { "" } else { "." };
        say(writeln!(
            out,
            "rejected: {table}{dot}{column}: {count} x {check} ({meaning})"
        ));
    }
    say(writeln!(
        out,
        "the rejected rows are listed by line in {}",
        report.display()
    ));
    End::LandedWithRejects
}

fn lock(
    data: &DataDir,
    asked: &Lock,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    NodeConfig::load(data)?;
    let mut store = Store::open(data)?;
    forget::finish(&store, data, &dictionary::load(data)?)?;
    let lock = lock::lock(&mut store, data, asked.date.as_deref(), clock.now())?;
    Ok(say(writeln!(
        out,
        "locked {} (date {})",
        lock.lock_id, lock.date
    )))
}

fn forget(
    data: &DataDir,
    asked: &Forget,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    NodeConfig::load(data)?;
    let (dictionary, pseudonyms) = (dictionary::load(data)?, keys::pseudonyms(data)?);
    let source_id = match asked.patient_id.as_str() {
        "-" => std::io::read_to_string(std::io::stdin())
            .map_err(|_| NodeError::Usage("standard input holds no patient id".to_owned()))?,
        typed => typed.to_owned(),
    };
    let mut store = Store::open(data)?;
    forget::finish(&store, data, &dictionary)?;
    forget::forget(
        &mut store,
        data,
        &dictionary,
        &pseudonyms,
        &source_id,
        clock.now(),
    )?;
    Ok(say(writeln!(
        out,
        "the patient is out of the tables and of every lock; every lock so far is retired. \
         run `cartally-node lock` to serve new questions, and take the patient out of the export and of backups"
    )))
}

fn status(
    data: &DataDir,
    json: bool,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    let config = NodeConfig::load(data)?;
    let now = clock.now();
    let spent = Ledger::open(&data.ledger())?.spent(now)?;
    let policy = Policy::load(&data.policy())?;
    let status = Status::read(
        &config,
        keys::signing_key(data)?.public(),
        join::certificate_status(data, &config, now)?,
        &Store::open(data)?,
        spent,
        &policy,
        crate::day::today(now),
    )?;
    if json {
        let text = serde_json::to_string_pretty(&status)
            .map_err(|error| NodeError::Usage(error.to_string()))?;
        return Ok(say(writeln!(out, "{text}")));
    }
    Ok(say(status.write(out)))
}

fn print_dictionary(data: &DataDir, format: Format, out: &mut dyn Write) -> Result<End, NodeError> {
    let dictionary = dictionary::load(data)?;
    let text = match format {
        Format::Text => dictionary.print(),
        Format::Csv => dictionary::text(data)?,
        Format::Redcap => dictionary
            .redcap()
            .map_err(|error| NodeError::Dictionary(error.to_string()))?,
    };
    Ok(say(writeln!(out, "{}", text.trim_end())))
}

fn currency(
    data: &DataDir,
    file: &Path,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    let loaded = crate::agent::load_currency(data, file, clock)?;
    Ok(say(writeln!(
        out,
        "loaded the currency document of {:.0}, over {} entries of the log. a node that is serving takes it at its next step",
        loaded.time, loaded.log.entries
    )))
}

fn ledger_restored(
    data: &DataDir,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    NodeConfig::load(data)?;
    let _not_serving = data.lock()?;
    let lost = crate::agent::record_restore(data, clock)?;
    Ok(say(writeln!(
        out,
        "the restore is in the ledger; rho {lost} was spent without its knowledge and counts as spent. \
         start the node again"
    )))
}

fn serve(data: &DataDir, options: &Options, clock: &Arc<dyn Clock>) -> Result<End, NodeError> {
    NodeConfig::load(data)?;
    transport::telemetry::init(&options.log)?;
    crate::serve::run(data, clock)?;
    Ok(End::Done)
}

/// A closed pipe means that nobody reads on; what was done is done.
pub(super) fn say(_written: std::io::Result<()>) -> End {
    End::Done
}
