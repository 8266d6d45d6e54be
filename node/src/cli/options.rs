//! Which words does `cartally-node` understand?

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use protocol::fingerprint::Fingerprint;
use protocol::ids::{CenterId, DocumentId, NetworkName};
use transport::join::Token;
use transport::telemetry::LogOptions;

use crate::data_dir;

/// A hospital's node: loads the center's export, locks it, and answers approved questions with noise.
#[derive(Debug, Parser)]
#[command(name = "cartally-node", version)]
pub struct Options {
    /// The node's data folder
    #[arg(long, global = true, value_name = "DIR", default_value = data_dir::DEFAULT, env = "CARTALLY_NODE_DATA")]
    pub data: PathBuf,
    /// What is logged, and how
    #[command(flatten)]
    pub log: LogOptions,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a node: keys, configuration, and the enrolment for the registry office
    Init(Init),
    /// Enrol an existing node with an invitation: after init could not, or when its certificate expired or was revoked
    Join(Join),
    /// Replace the tables by the center's export: a folder with one CSV file a table
    Import(Import),
    /// Make an immutable copy of the tables; questions run on locks only
    Lock(Lock),
    /// Take a patient out of the tables and every lock, and retire the locks
    Forget(Forget),
    /// Show the last import, the locks and the budget
    Status(Status),
    /// Print the dictionary: every table, column, code and check
    Dictionary(Dictionary),
    /// List the queries that wait for a decision: what is asked, by whom, and what it would cost
    Pending,
    /// Let a query be answered that waits for a decision
    Approve(Approve),
    /// Refuse a query that waits for a decision
    Refuse(Refuse),
    /// Load a currency document from a file, for a coordinator that cannot be reached or withholds it
    Currency(Currency),
    /// Hold ledger, record and the common log against each other; exit 0 if they bear each other out, 1 otherwise
    Audit(Audit),
    /// Say that the ledger came back from a backup: what was lost of it counts as spent, by the common log
    LedgerRestored,
    /// Connect to the coordinator and answer questions until told to stop
    Serve,
}

/// Options of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// This center's id, as `center_info.center_id` has it
    #[arg(long, value_name = "ID")]
    pub center: CenterId,
    /// The hospital's name, for people
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub name: String,
    /// The network's name
    #[arg(long, value_name = "NAME")]
    pub network: NetworkName,
    /// The coordinator's address: https://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub coordinator: String,
    /// The charter's fingerprint, as the committee published it: 64 hexadecimal digits, or its 24 words in quotation marks
    #[arg(long, value_name = "FINGERPRINT")]
    pub charter: Fingerprint,
    /// The invitation's token, to enrol at once; without it the node's request is certified by hand. Other people of this
    /// machine can read command lines: where that matters, put it in the environment
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CARTALLY_TOKEN",
        hide_env_values = true,
        allow_hyphen_values = true,
        conflicts_with_all = ["ca", "tls_certificate"]
    )]
    pub token: Option<Token>,
    /// The certificate of the network's authority, PEM; an invitation brings it
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// A certificate of the hospital's own PKI for this node, PEM
    #[arg(long, value_name = "FILE", requires_all = ["tls_key", "ca"])]
    pub tls_certificate: Option<PathBuf>,
    /// Its private key, PEM, mode 0600
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
}

/// Options of `join`.
#[derive(Debug, Args)]
pub struct Join {
    /// The invitation's token, as the coordinator's operator handed it out. Other people of this machine can read command
    /// lines: where that matters, put it in the environment
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CARTALLY_TOKEN",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub token: Token,
    /// The coordinator's address, if it is another than node.toml names: https://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub coordinator: Option<String>,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The folder with the export
    pub dir: PathBuf,
    /// Land it even if more than 20 % of the patients are gone
    #[arg(long)]
    pub yes: bool,
}

/// Options of `lock`.
#[derive(Debug, Args)]
pub struct Lock {
    /// The lock's date: not in the future, not before the last lock [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<String>,
}

/// Options of `forget`.
#[derive(Debug, Args)]
pub struct Forget {
    /// The patient's id as the export writes it; `-` reads it from standard input
    pub patient_id: String,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What a decision is about, and who makes it.
#[derive(Debug, Args)]
pub struct Decision {
    /// The query's whole id, as `pending` shows it
    pub query: DocumentId,
    /// Why, for the record: it leaves this node in an exported record alone
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Who decides, for the record [default: the operating system's user]
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true)]
    pub by: Option<String>,
}

/// Options of `approve`.
#[derive(Debug, Args)]
pub struct Approve {
    #[command(flatten)]
    pub decision: Decision,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Options of `refuse`.
#[derive(Debug, Args)]
pub struct Refuse {
    #[command(flatten)]
    pub decision: Decision,
}

/// Options of `currency`.
#[derive(Debug, Args)]
pub struct Currency {
    /// The document, as the registry office signed it
    pub file: PathBuf,
}

/// Options of `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// Write the record, whole, into a new file for an auditor
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub export: Option<PathBuf>,
    /// Check a record that a node exported, on any machine; needs no data folder
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
}

/// Options of `dictionary`.
#[derive(Debug, Args)]
pub struct Dictionary {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How to print the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Readable text
    Text,
    /// The CSV that the node itself reads
    Csv,
    /// A data dictionary for `REDCap`
    Redcap,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn a_token_is_taken_from_the_environment_too_and_no_help_shows_it() {
        let program = Options::command();
        for name in ["init", "join"] {
            let command = program.find_subcommand(name).unwrap();
            let mut arguments = command.get_arguments();
            let token = arguments.find(|it| it.get_id() == "token").unwrap();
            assert_eq!(token.get_env(), Some("CARTALLY_TOKEN".as_ref()));
            assert!(token.is_hide_env_values_set());
        }
    }

    #[test]
    fn a_token_may_begin_with_a_hyphen() {
        let token = format!("-{}.{}", "A".repeat(23), "A".repeat(43));
        let read = Options::try_parse_from(["cartally-node", "join", "--token", &token]).unwrap();
        let Command::Join(join) = read.command else {
            panic!("another command");
        };
        assert_eq!(join.token.reveal().as_str(), token);
        let fingerprint = "ab".repeat(32);
        let named = [
            "--center",
            "K01",
            "--network",
            "kr",
            "--charter",
            &fingerprint,
        ];
        let init = [
            "cartally-node",
            "init",
            "--coordinator",
            "https://c",
            "--token",
            &token,
        ];
        assert!(Options::try_parse_from([init.as_slice(), &named].concat()).is_ok());
        let both = ["--ca", "ca.pem"];
        assert!(Options::try_parse_from([init.as_slice(), &named, &both].concat()).is_err());
    }
}
