//! What can a person type? The command line, and which step each command takes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use protocol::envelope::Envelope;
use protocol::ids::{DocumentId, NetworkName, PersonId, StudyName};
use protocol::keys::PublicKey;
use protocol::question::Mode;
use transport::telemetry::{self, LogOptions};

use crate::ask::{self, Ask};
use crate::catalogue::{self, releases};
use crate::error::ClientError;
use crate::govern;
use crate::home::{Home, Profile};
use crate::outbox;
use crate::result::{self, Format};
use crate::session::Session;
use crate::terminal::{Terminal, complain};
use crate::watch;

/// Ask a federated CAR T-cell registry, and decide what may be asked.
#[derive(Debug, Parser)]
#[command(name = "cartally", version, about)]
struct Cli {
    /// The folder with this person's keys and copies.
    #[arg(long, env = "CARTALLY_DATA", global = true, default_value_os_t = default_data())]
    data: PathBuf,
    #[command(flatten)]
    log: LogOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
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
struct InitArgs {
    /// The network's name.
    #[arg(long)]
    network: NetworkName,
    /// Your id in the network.
    #[arg(long)]
    person: PersonId,
    /// The coordinator's address, `https://host:port`.
    #[arg(long)]
    coordinator: String,
    /// The charter's fingerprint, if you have compared it already.
    #[arg(long)]
    charter: Option<DocumentId>,
}

#[derive(Debug, Subcommand)]
enum CharterCommand {
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
enum ProposeCommand {
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

#[derive(Debug, Args)]
struct RosterArgs {
    /// The `enrolment.json` of each center.
    #[arg(long = "center", required = true)]
    centers: Vec<PathBuf>,
    /// The coordinator's public key, as its `init` printed it.
    #[arg(long)]
    coordinator_key: PublicKey,
    /// Until when the centers belong to the network, for example 2027-12-31T00:00:00Z.
    #[arg(long)]
    valid_until: Timestamp,
    /// Seconds between a question's arrival at a node and the first moment anything leaves.
    #[arg(long, default_value_t = 5.0)]
    answer_delay_s: f64,
}

#[derive(Debug, Args)]
struct AskArgs {
    /// The template's name, see: cartally templates
    template: String,
    /// A parameter, `key=value`; `by=age_band,product` names strata.
    #[arg(long = "param", value_name = "KEY=VALUE")]
    params: Vec<String>,
    /// What the answer may cost at each center; the template's default unless given.
    #[arg(long)]
    rho: Option<String>,
    /// Who sees which noisy numbers.
    #[arg(long, default_value = "local", value_parser = parse_mode)]
    mode: Mode,
    /// The study, if you belong to several.
    #[arg(long)]
    study: Option<StudyName>,
    /// What you expect, for the preview: `patients=2279`, `s12=0.74`.
    #[arg(long = "expect", value_name = "KEY=VALUE")]
    expect: Vec<String>,
    /// Ask the newest lock on or before this date; today unless given.
    #[arg(long)]
    lock_date: Option<Date>,
    /// Seconds until the result is published at the latest.
    #[arg(long, default_value_t = ask::DEADLINE_S_DEFAULT)]
    deadline_s: i64,
    /// Show the preview only; nothing is signed.
    #[arg(long, conflicts_with = "yes")]
    preview: bool,
    /// Sign and send without being asked.
    #[arg(long)]
    yes: bool,
    /// Follow the query until its result is published.
    #[arg(long)]
    watch: bool,
}

#[derive(Debug, Args)]
struct ResultArgs {
    /// The query's id; the last one signed here unless given.
    query: Option<DocumentId>,
    /// How to show it.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Write to this file instead of the terminal.
    #[arg(long)]
    out: Option<PathBuf>,
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

/// Runs one command with these arguments (the first is the program's name).
pub fn run<A: Into<OsString> + Clone>(args: impl IntoIterator<Item = A>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Only a closed terminal can keep the message from being shown.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn start(cli: Cli) -> Result<(), ClientError> {
    telemetry::init(&cli.log)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(dispatch(cli))
}

async fn dispatch(cli: Cli) -> Result<(), ClientError> {
    let mut terminal = Terminal::standard();
    match cli.command {
        Command::Init(args) => return init(&cli.data, args, &mut terminal),
        Command::Charter(command) => return charter(&cli.data, command, &mut terminal),
        _ => {}
    }
    let home = Home::open(&cli.data)?;
    if let Command::Queries = cli.command {
        return queries(&home, &mut terminal);
    }
    let session = Session::open(&home).await?;
    connected(cli.command, &home, session, &mut terminal).await
}

/// Commands that talk to the coordinator.
async fn connected(
    command: Command,
    home: &Home,
    mut session: Session,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    match command {
        Command::Init(_) | Command::Charter(_) | Command::Queries => Ok(()),
        Command::Submit { file } => {
            let document =
                Envelope::from_json(&std::fs::read(&file).map_err(ClientError::file(&file))?)?;
            govern::submit(&session, &document, "document", terminal)
                .await
                .map(drop)
        }
        Command::Propose(command) => propose(command, home, &session, terminal).await,
        Command::Sign { document, yes } => {
            govern::sign(home, &session, document, yes, terminal).await
        }
        Command::Currency => govern::currency(home, &session, terminal).await,
        Command::Log => govern::list_log(&session, terminal),
        Command::Catalogue => list_catalogue(&session, terminal),
        Command::Templates => ask::list_templates(home, &session, terminal),
        Command::Ask(args) => ask::ask(home, &mut session, &args.into_ask()?, terminal).await,
        Command::Watch { query } => {
            watch::watch(home, &session, or_last(home, query)?, terminal).await
        }
        Command::Result(args) => {
            let query = or_last(home, args.query)?;
            result::show(
                home,
                &mut session,
                query,
                args.format,
                args.out.as_deref(),
                terminal,
            )
            .await
        }
        Command::Verify { query } => {
            result::verify_only(home, &mut session, or_last(home, query)?, terminal).await
        }
    }
}

fn init(
    data: &std::path::Path,
    args: InitArgs,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let profile = Profile {
        network: args.network,
        person: args.person,
        coordinator: args.coordinator,
        charter: args.charter,
    };
    let home = Home::create(data, profile)?;
    terminal.line(format!("signing key {}", home.signing_key()?.public()))?;
    terminal.line(format!(
        "hand to the coordinator's operator: {}",
        home.path("request.pem").display()
    ))?;
    terminal.line(format!(
        "put what you get back at: {} and {}",
        home.path("certificate.pem").display(),
        home.path("ca.pem").display()
    ))?;
    Ok(())
}

fn charter(
    data: &std::path::Path,
    command: CharterCommand,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let mut home = Home::open(data)?;
    match command {
        CharterCommand::New { file, out } => govern::charter_new(&home, &file, &out, terminal),
        CharterCommand::Sign { file, yes } => govern::charter_sign(&home, &file, yes, terminal),
        CharterCommand::Pin { fingerprint } => {
            home.pin(fingerprint)?;
            Ok(terminal.line(format!("pinned charter {fingerprint}"))?)
        }
    }
}

async fn propose(
    command: ProposeCommand,
    home: &Home,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    match command {
        ProposeCommand::Roster(args) => {
            let choice = govern::RosterChoice {
                centers: args.centers,
                coordinator: args.coordinator_key,
                valid_until: args.valid_until,
                answer_delay_s: args.answer_delay_s,
            };
            govern::propose_roster(home, session, &choice, terminal).await
        }
        ProposeCommand::Template { file } => {
            govern::propose_template(home, session, &file, terminal).await
        }
        ProposeCommand::Study { file } => {
            govern::propose_study(home, session, &file, terminal).await
        }
    }
}

fn queries(home: &Home, terminal: &mut Terminal) -> Result<(), ClientError> {
    for (id, query) in outbox::all(home)? {
        terminal.line(format!(
            "{id}  {:.0}  question {}",
            query.created,
            query.question.id().short()
        ))?;
    }
    Ok(())
}

fn list_catalogue(session: &Session, terminal: &mut Terminal) -> Result<(), ClientError> {
    for release in releases(&session.mirror) {
        terminal.line(catalogue::line(&release))?;
    }
    Ok(())
}

fn or_last(home: &Home, query: Option<DocumentId>) -> Result<DocumentId, ClientError> {
    if let Some(query) = query {
        return Ok(query);
    }
    let last = outbox::all(home)?.into_iter().next();
    last.map(|(id, _)| id)
        .ok_or_else(|| ClientError::Usage("no query was signed here yet; name one".into()))
}

impl AskArgs {
    fn into_ask(self) -> Result<Ask, ClientError> {
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
