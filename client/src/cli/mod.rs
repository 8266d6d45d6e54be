//! Which step does each command take?

mod options;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use protocol::envelope::Envelope;
use protocol::fingerprint::Fingerprint;
use protocol::ids::DocumentId;
use transport::telemetry;

use self::options::{CharterCommand, Cli, Command, InitArgs, ProposeCommand, TemplateCommand};
use crate::ask;
use crate::audit;
use crate::catalogue::{self, releases};
use crate::error::ClientError;
use crate::govern;
use crate::home::{Home, Profile};
use crate::join;
use crate::outbox;
use crate::result;
use crate::session::Session;
use crate::template;
use crate::terminal::{Terminal, complain};
use crate::watch;

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
        Command::Join(args) => {
            return join::join(&cli.data, args.into_joining()?, &mut terminal).await;
        }
        Command::Charter(command) => return charter(&cli.data, command, &mut terminal),
        Command::Template(TemplateCommand::Check(args)) => {
            return template::check(&args.into_check()?, &mut terminal);
        }
        Command::Audit(args) => {
            return audit::run(&cli.data, &args.into_auditing(), &mut terminal).await;
        }
        _ => {}
    }
    let home = Home::open(&cli.data)?;
    if let Command::Queries = cli.command {
        return queries(&home, &mut terminal);
    }
    let session = Session::open(&home).await?;
    if !cli.command.only_reads() {
        session.must_not_be_forked()?;
    }
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
        Command::Init(_)
        | Command::Join(_)
        | Command::Charter(_)
        | Command::Template(_)
        | Command::Audit(_)
        | Command::Queries => Ok(()),
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
        Command::Decline { document, reason } => {
            let objection = govern::Objection { document, reason };
            govern::decline(home, &session, objection, terminal).await
        }
        Command::Revoke {
            document,
            reason,
            yes,
        } => {
            let objection = govern::Objection { document, reason };
            govern::revoke(home, &session, objection, yes, terminal).await
        }
        Command::Review { document } => govern::review(home, &session, document, terminal),
        Command::Enrolled { words } => govern::list_enrolled(home, &session, words, terminal),
        Command::Currency(args) => {
            govern::currency(home, &session, &args.into_choice(), terminal).await
        }
        Command::Log => govern::list_log(home, &session, terminal),
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
        name: args.name,
        organisation: args.organisation,
        charter: args.charter.map(Fingerprint::document),
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
        CharterCommand::Pin { fingerprint, yes } => {
            let fingerprint = govern::read_fingerprint(&fingerprint)?;
            govern::charter_pin(&mut home, fingerprint, yes, terminal)
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
            govern::propose_roster(home, session, &args.into_choice(), terminal).await
        }
        ProposeCommand::Charter { file } => {
            govern::propose_charter(home, session, &file, terminal).await
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
