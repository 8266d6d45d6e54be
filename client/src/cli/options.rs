//! Which words does `cartally` understand?

mod govern;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::civil::Date;
use protocol::fingerprint::Fingerprint;
use protocol::ids::{DocumentId, StudyName};
use protocol::question::Mode;
use transport::telemetry::LogOptions;

pub(super) use self::govern::{CharterCommand, InitArgs, ProposeCommand};
use self::govern::{CurrencyArgs, JoinArgs};
use crate::ask::{self, Ask};
use crate::audit::Auditing;
use crate::error::ClientError;
use crate::result::Format;
use crate::template::Check;

/// Ask a federated CAR T-cell registry, and decide what may be asked.
#[derive(Debug, Parser)]
#[command(name = "cartally", version, about)]
pub(super) struct Cli {
    /// The folder with this person's keys and copies.
    #[arg(long, env = "CARTALLY_DATA", global = true, default_value_os_t = default_data())]
    pub(super) data: PathBuf,
    #[command(flatten)]
    pub(super) log: LogOptions,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Enrol with an invitation: make keys on this machine, and get a certificate for them.
    Join(JoinArgs),
    /// Make keys and a certificate request on this machine, where there is no invitation.
    Init(InitArgs),
    /// Found a network, or pin the charter of one.
    #[command(subcommand)]
    Charter(CharterCommand),
    /// Send a signed document from a file.
    Submit {
        /// The signed document (JSON).
        file: PathBuf,
    },
    /// List who enrolled, with their keys.
    Enrolled {
        /// Show each key whole, and as words to compare over the telephone.
        #[arg(long)]
        words: bool,
    },
    /// Put a roster, template, study or successor charter before the committee.
    #[command(subcommand)]
    Propose(ProposeCommand),
    /// Read what waits for you and what is in force, or one document with all it changes.
    Review {
        /// The document's id; everything that is open unless given.
        document: Option<DocumentId>,
    },
    /// Read a document and sign it as a committee member.
    Sign {
        /// The document's id.
        document: DocumentId,
        /// Sign without being asked.
        #[arg(long)]
        yes: bool,
    },
    /// Say as a committee member why you do not sign a document.
    Decline {
        /// The document's id.
        document: DocumentId,
        /// Why, for its proposer and the other members.
        #[arg(long)]
        reason: String,
    },
    /// Take a roster, template or study back: suspended for 14 days at once, and for good when enough members sign it.
    Revoke {
        /// The document's id.
        document: DocumentId,
        /// Why, for everybody.
        #[arg(long)]
        reason: String,
        /// Sign without being asked.
        #[arg(long)]
        yes: bool,
    },
    /// State, as a timekeeper, that the log is current (at least every 14 days); made for cron.
    Currency(CurrencyArgs),
    /// List the documents of the log: who signed each, and how it stands.
    Log,
    /// Check a template before it is proposed.
    #[command(subcommand)]
    Template(TemplateCommand),
    /// List the templates that may be asked, with their text.
    Templates,
    /// Preview a question, sign it and send it.
    Ask(AskArgs),
    /// List what has been answered already: reading it again costs nothing.
    Catalogue,
    /// List the queries signed on this machine.
    Queries,
    /// Follow a query until its result is published.
    Watch {
        /// The query's id; the last one signed here unless given.
        query: Option<DocumentId>,
    },
    /// Show a published result.
    Result(ResultArgs),
    /// Check a published result from the signed documents alone.
    Verify {
        /// The query's id; the last one signed here unless given.
        query: Option<DocumentId>,
    },
    /// Check the whole log: only what was allowed was asked and answered, and nothing was rewritten.
    Audit(AuditArgs),
}

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// A log that was handed over (one JSON entry a line); the own copy, brought up to date, unless given.
    pub(super) file: Option<PathBuf>,
    /// The coordinator's signed head to hold it against; the one kept beside the own copy unless given.
    #[arg(long)]
    pub(super) head: Option<PathBuf>,
    /// The charter whose fingerprint you compared; the one pinned here unless given.
    #[arg(long)]
    pub(super) charter: Option<Fingerprint>,
    /// Another dictionary of the data (CSV) than the shipped one, if the network has its own.
    #[arg(long, value_name = "CSV")]
    pub(super) dictionary: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum TemplateCommand {
    /// Read a template and show its cells, cost, accuracy and a synthetic answer; needs no network.
    Check(CheckArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The template (TOML).
    pub(super) file: PathBuf,
    /// Another dictionary of the data (CSV) than the shipped one.
    #[arg(long, value_name = "CSV")]
    pub(super) dictionary: Option<PathBuf>,
    /// A parameter of the question that is shown, `key=value`; defaults unless given.
    #[arg(long = "param", value_name = "KEY=VALUE")]
    pub(super) params: Vec<String>,
    /// What that question costs at each center; the template's default unless given.
    #[arg(long)]
    pub(super) rho: Option<String>,
    /// What you expect in place of a planning value: `patients=2279`, `s12=0.74`.
    #[arg(long = "expect", value_name = "KEY=VALUE")]
    pub(super) expect: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct AskArgs {
    /// The template's name, see: cartally templates
    pub(super) template: String,
    /// A parameter, `key=value`; `by=age_band,product` names strata.
    #[arg(long = "param", value_name = "KEY=VALUE")]
    pub(super) params: Vec<String>,
    /// What the answer may cost at each center; the template's default unless given.
    #[arg(long)]
    pub(super) rho: Option<String>,
    /// Who sees which noisy numbers.
    #[arg(long, default_value = "local", value_parser = parse_mode)]
    pub(super) mode: Mode,
    /// The study, if you belong to several.
    #[arg(long)]
    pub(super) study: Option<StudyName>,
    /// What you expect, for the preview: `patients=2279`, `s12=0.74`.
    #[arg(long = "expect", value_name = "KEY=VALUE")]
    pub(super) expect: Vec<String>,
    /// Ask the newest lock on or before this date; today unless given.
    #[arg(long)]
    pub(super) lock_date: Option<Date>,
    /// Seconds until the result is published at the latest.
    #[arg(long, default_value_t = ask::DEADLINE_S_DEFAULT)]
    pub(super) deadline_s: i64,
    /// Show the preview only; nothing is signed.
    #[arg(long, conflicts_with = "yes")]
    pub(super) preview: bool,
    /// Sign and send without being asked.
    #[arg(long)]
    pub(super) yes: bool,
    /// Follow the query until its result is published.
    #[arg(long)]
    pub(super) watch: bool,
}

#[derive(Debug, Args)]
pub(super) struct ResultArgs {
    /// The query's id; the last one signed here unless given.
    pub(super) query: Option<DocumentId>,
    /// How to show it.
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: Format,
    /// Write to this file instead of the terminal.
    #[arg(long)]
    pub(super) out: Option<PathBuf>,
}

fn parse_mode(text: &str) -> Result<Mode, String> {
    match text {
        "local" => Ok(Mode::Local),
        "secure" => Err("secure sums are not available yet; use local".into()),
        _ => Err("a mode is local or secure".into()),
    }
}

fn default_data() -> PathBuf {
    let home = std::env::var_os("HOME");
    PathBuf::from(home.unwrap_or_else(|| ".".into())).join(".cartally")
}

impl Command {
    /// Whether it does nothing but read the log, which is allowed even where the committee has split.
    pub(super) const fn only_reads(&self) -> bool {
        matches!(self, Self::Log | Self::Review { .. })
    }
}

impl AuditArgs {
    pub(super) fn into_auditing(self) -> Auditing {
        Auditing {
            file: self.file,
            head: self.head,
            charter: self.charter.map(Fingerprint::document),
            dictionary: self.dictionary,
        }
    }
}

impl CheckArgs {
    pub(super) fn into_check(self) -> Result<Check, ClientError> {
        Ok(Check {
            file: self.file,
            dictionary: self.dictionary,
            params: ask::pairs("--param", &self.params)?,
            expect: ask::pairs("--expect", &self.expect)?,
            rho: self.rho,
        })
    }
}

impl AskArgs {
    pub(super) fn into_ask(self) -> Result<Ask, ClientError> {
        Ok(Ask {
            template: self.template,
            params: ask::pairs("--param", &self.params)?,
            expect: ask::pairs("--expect", &self.expect)?,
            rho: self.rho,
            mode: self.mode,
            study: self.study,
            lock_date: self.lock_date,
            deadline_s: self.deadline_s,
            preview_only: self.preview,
            yes: self.yes,
            watch: self.watch,
        })
    }
}
