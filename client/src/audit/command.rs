//! How is `cartally audit` run? On the own copy, brought up to date first, or on a file that anybody handed over.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use question::Dictionary;
use transport::TransportError;

use super::{Code, Finding, LogFile, Report, Terms, audit, read_head};
use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;

/// What to audit, as typed.
#[derive(Debug, Default)]
pub(crate) struct Auditing {
    /// The log, if not the home's.
    pub(crate) file: Option<PathBuf>,
    /// The coordinator's signed head, if not the one beside the home's log.
    pub(crate) head: Option<PathBuf>,
    /// The charter, if not the home's.
    pub(crate) charter: Option<DocumentId>,
    /// Another dictionary (CSV) than the shipped one.
    pub(crate) dictionary: Option<PathBuf>,
}

/// Audits and says what was found; an error if anything is wrong.
pub(crate) async fn run(
    data: &Path,
    auditing: &Auditing,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let dictionary = dictionary(auditing.dictionary.as_deref())?;
    let charter = charter(data, auditing)?;
    let (log, head, refused) = match &auditing.file {
        Some(path) => (LogFile::read(path)?, None, None),
        None => of_home(&Home::open(data)?).await?,
    };
    let head = match &auditing.head {
        Some(path) => Some(read_head(path)?),
        None => head,
    };
    let bar = bar(log.entries.len());
    let terms = Terms {
        charter,
        head: head.as_ref(),
        dictionary: &dictionary,
    };
    let mut report = audit(&log, &terms, &|checked| bar.set_position(checked));
    bar.finish_and_clear();
    report.findings.splice(0..0, refused);
    shown(&report, terminal)
}

fn shown(report: &Report, terminal: &mut Terminal) -> Result<(), ClientError> {
    for line in report.to_string().lines() {
        terminal.line(line)?;
    }
    if report.passes() {
        return Ok(terminal.line("nothing is wrong with this log")?);
    }
    Err(ClientError::AuditFailed(report.findings.len()))
}

type OfHome = (LogFile, Option<Envelope>, Option<Finding>);

/// The home's copy, brought up to date: a copy that is broken, or that the coordinator's log does not extend, is audited as it is.
async fn of_home(home: &Home) -> Result<OfHome, ClientError> {
    let path = home.path("log.jsonl");
    let (log, refused) = match Session::open(home).await {
        Ok(session) => (LogFile::from(session.mirror.entries().to_vec()), None),
        // A line that cannot be read becomes a finding of its own.
        Err(ClientError::Unreadable { path: broken, .. }) if broken == path => {
            (LogFile::read(&path)?, None)
        }
        Err(error) => (LogFile::read(&path)?, Some(refused(error)?)),
    };
    let head = home.path("log.head.json");
    let head = head.exists().then(|| read_head(&head)).transpose()?;
    Ok((log, head, refused))
}

/// What a coordinator did that made the copy here not grow; any other reason is no fault of the log.
fn refused(error: ClientError) -> Result<Finding, ClientError> {
    let code = match &error {
        ClientError::HeadNotSigned { .. } => Code::HeadUnsigned,
        ClientError::HeadsContradict { .. } => Code::OtherHead,
        ClientError::Log(_) | ClientError::Transport(TransportError::LogBroken(_)) => {
            Code::NotAnExtension
        }
        _ => return Err(error),
    };
    let why = format!("the copy kept here could not be brought up to date: {error}");
    Ok(Finding::whole(code, why))
}

fn charter(data: &Path, auditing: &Auditing) -> Result<DocumentId, ClientError> {
    match auditing.charter {
        Some(charter) => Ok(charter),
        None => Home::open(data)
            .and_then(|home| home.charter())
            .map_err(|_| {
                ClientError::Usage(
                    "no charter is pinned here; name the one you compared with --charter".into(),
                )
            }),
    }
}

fn dictionary(path: Option<&Path>) -> Result<Dictionary, ClientError> {
    let Some(path) = path else {
        return Ok(Dictionary::shipped()?);
    };
    let text = std::fs::read_to_string(path).map_err(ClientError::file(path))?;
    Ok(Dictionary::parse(&text)?)
}

/// On standard error, and only where somebody watches.
fn bar(entries: usize) -> ProgressBar {
    let bar = ProgressBar::new(entries as u64);
    if let Ok(style) = ProgressStyle::with_template("checking the log [{bar:40}] {pos}/{len}") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use protocol::log::LogError;

    use super::*;
    use crate::verify::story::Story;

    async fn audit_file(story: &Story, log: &Path, head: Option<&Path>) -> Result<(), ClientError> {
        let auditing = Auditing {
            file: Some(log.to_owned()),
            head: head.map(Path::to_owned),
            charter: Some(story.charter().id()),
            dictionary: None,
        };
        let nowhere = Path::new("/nowhere/at/all");
        run(nowhere, &auditing, &mut Terminal::standard()).await
    }

    #[tokio::test]
    async fn a_file_that_was_handed_over_is_audited_without_home_or_network() {
        let mut story = Story::new();
        story.told(|_| {});
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("handed-over.jsonl");
        let lines = story.mirror.entries().iter();
        let mut lines: Vec<String> = lines.map(|e| serde_json::to_string(e).unwrap()).collect();
        std::fs::write(&path, lines.join("\n")).unwrap();
        audit_file(&story, &path, None).await.unwrap();
        lines.remove(5);
        std::fs::write(&path, lines.join("\n")).unwrap();
        let failed = audit_file(&story, &path, None).await.unwrap_err();
        let said = (failed.code(), failed.exit_code());
        assert_eq!(said, ("audit-failed".to_owned(), 1));
        let head = dir.path().join("head.json");
        std::fs::write(&head, "{}").unwrap();
        let failed = audit_file(&story, &path, Some(&head)).await.unwrap_err();
        assert_eq!(failed.code(), "document");
    }

    #[test]
    fn the_command_line_takes_a_file_and_says_by_its_exit_code_whether_it_passes() {
        let mut story = Story::new();
        story.told(|_| {});
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("handed-over.jsonl");
        let lines = story.mirror.entries().iter();
        let lines: Vec<String> = lines.map(|e| serde_json::to_string(e).unwrap()).collect();
        let charter = story.charter().id().to_string();
        let file = path.to_str().unwrap();
        let code = |text: String| {
            std::fs::write(&path, text).unwrap();
            let words = ["cartally", "audit", file, "--charter", &charter];
            format!("{:?}", crate::cli::run(words))
        };
        assert_eq!(code(lines.join("\n")), format!("{:?}", ExitCode::SUCCESS));
        let cut = lines.get(1..).unwrap().join("\n");
        assert_eq!(code(cut), format!("{:?}", ExitCode::FAILURE));
    }

    #[tokio::test]
    async fn without_a_charter_nothing_is_audited() {
        let auditing = Auditing {
            file: Some("log.jsonl".into()),
            ..Auditing::default()
        };
        let nowhere = Path::new("/nowhere/at/all");
        let refused = run(nowhere, &auditing, &mut Terminal::standard()).await;
        assert_eq!(refused.unwrap_err().exit_code(), 2);
    }

    #[test]
    fn what_the_coordinator_did_to_the_own_copy_is_a_finding_and_a_lost_connection_is_not() {
        let cut = ClientError::from(LogError::CutBack { seen: 9, now: 3 });
        let found = refused(cut).unwrap();
        assert_eq!(found.code, Code::NotAnExtension);
        assert!(found.sentence.contains("9 entries"), "{found}");
        assert!(refused(ClientError::Usage("no".into())).is_err());
    }
}
