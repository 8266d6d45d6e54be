//! Which words does `cartally` understand?

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use protocol::ids::{DocumentId, NetworkName, PersonId, StudyName};
use protocol::keys::PublicKey;
use protocol::question::Mode;
use transport::telemetry::LogOptions;

use crate::ask::{self, Ask};
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
    /// Make keys and a certificate request on this machine.
    Init(InitArgs),
    /// Found a network, or pin the charter of one.
    #[command(subcommand)]
    Charter(CharterCommand),
    /// Send a signed document from a file.
    Submit {
        /// The signed document (JSON).
        file: PathBuf,
    },
    /// Put a roster, template or study before the committee.
    #[command(subcommand)]
    Propose(ProposeCommand),
    /// Read a document and sign it as a committee member.
    Sign {
        /// The document's id.
        document: DocumentId,
        /// Sign without being asked.
        #[arg(long)]
        yes: bool,
    },
    /// State, as a timekeeper, that the log is current (at least every 14 days).
    Currency,
    /// List the documents of the log.
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
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The network's name.
    #[arg(long)]
    pub(super) network: NetworkName,
    /// Your id in the network.
    #[arg(long)]
    pub(super) person: PersonId,
    /// The coordinator's address, `https://host:port`.
    #[arg(long)]
    pub(super) coordinator: String,
    /// The charter's fingerprint, if you have compared it already.
    #[arg(long)]
    pub(super) charter: Option<DocumentId>,
}

#[derive(Debug, Subcommand)]
pub(super) enum CharterCommand {
    /// Write a genesis charter from a TOML file and sign it.
    New {
        /// Members, threshold, organisations, timekeepers.
        file: PathBuf,
        /// Where to write the signed charter.
        #[arg(long)]
        out: PathBuf,
    },
    /// Read a charter in a file and add your signature to it.
    Sign {
        /// The charter (JSON).
        file: PathBuf,
        /// Sign without being asked.
        #[arg(long)]
        yes: bool,
    },
    /// Pin the charter whose fingerprint you compared.
    Pin {
        /// 64 hexadecimal digits.
        fingerprint: DocumentId,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ProposeCommand {
    /// The centers of the network.
    Roster(RosterArgs),
    /// A question that may be asked.
    Template {
        /// The template (TOML).
        file: PathBuf,
    },
    /// Who may ask what, at which price.
    Study {
        /// The study (TOML).
        file: PathBuf,
    },
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
pub(super) struct RosterArgs {
    /// The `enrolment.json` of each center.
    #[arg(long = "center", required = true)]
    pub(super) centers: Vec<PathBuf>,
    /// The coordinator's public key, as its `init` printed it.
    #[arg(long)]
    pub(super) coordinator_key: PublicKey,
    /// Until when the centers belong to the network, for example 2027-12-31T00:00:00Z.
    #[arg(long)]
    pub(super) valid_until: Timestamp,
    /// Seconds between a question's arrival at a node and the first moment anything leaves.
    #[arg(long, default_value_t = 5.0)]
    pub(super) answer_delay_s: f64,
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
