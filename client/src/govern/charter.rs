//! Who founds the network? Writes a charter from a file, and adds a member's signature to one.

use std::path::Path;

use protocol::documents::{Charter, Member, Predecessor};
use protocol::envelope::Envelope;
use protocol::ids::NetworkName;
use protocol::keys::PublicKey;
use serde::Deserialize;
use transport::keys::write_atomic;

use super::people::{People, member};
use super::read_toml;
use super::review::charter_in_words;
use super::telephone::words as fingerprint_words;
use crate::error::ClientError;
use crate::home::Home;
use crate::terminal::Terminal;

/// What the founders write down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CharterFile {
    network: NetworkName,
    threshold: u32,
    minimum_organisations: u32,
    timekeepers: Vec<PublicKey>,
    members: Vec<Member>,
}

impl CharterFile {
    /// The charter of these words.
    pub(super) fn into_charter(self, version: u32, predecessor: Option<Predecessor>) -> Charter {
        Charter {
            network: self.network,
            version,
            members: self.members,
            threshold: self.threshold,
            minimum_organisations: self.minimum_organisations,
            timekeepers: self.timekeepers,
            predecessor,
        }
    }
}

/// Makes the genesis charter that `file` describes, signs it if this person is a member, and writes it to `out`.
pub(crate) fn charter_new(
    home: &Home,
    file: &Path,
    out: &Path,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let file: CharterFile = read_toml(file)?;
    let charter = file.into_charter(1, None);
    charter.check()?;
    must_be_member(&charter, home)?;
    save(
        out,
        &Envelope::sign(&charter, &home.signing_key()?),
        &charter,
        terminal,
    )
}

/// Shows a charter in a file and, once confirmed, adds this member's signature to it.
pub(crate) fn charter_sign(
    home: &Home,
    path: &Path,
    yes: bool,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let mut envelope = Envelope::from_json(&std::fs::read(path).map_err(ClientError::file(path))?)?;
    let charter: Charter = envelope.parse_unverified()?;
    charter.check()?;
    if charter.predecessor.is_some() {
        return Err(ClientError::Usage(format!(
            "this charter succeeds another; members sign it in the log, with: cartally sign {}",
            envelope.id()
        )));
    }
    must_be_member(&charter, home)?;
    terminal.line(charter_in_words(&charter, &People::default()))?;
    terminal.must_confirm("Sign this charter?", yes)?;
    envelope.add_signature(&home.signing_key()?);
    save(path, &envelope, &charter, terminal)
}

fn must_be_member(charter: &Charter, home: &Home) -> Result<(), ClientError> {
    if charter
        .member_keys()
        .contains(&home.signing_key()?.public())
    {
        return Ok(());
    }
    Err(ClientError::Usage(
        "your key is not among the charter's members; put it in, or let a member do this".into(),
    ))
}

fn save(
    path: &Path,
    envelope: &Envelope,
    charter: &Charter,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    write_atomic(path, &envelope.to_json())?;
    let signed = envelope.signers(&charter.member_keys()).len();
    terminal.line(format!(
        "charter of {}: {signed} of {} members have signed",
        charter.network,
        charter.members.len()
    ))?;
    let missing = charter
        .members
        .iter()
        .filter(|one| !envelope.signers(&[one.key].into()).contains(&one.key));
    let missing: Vec<String> = missing.map(member).collect();
    if !missing.is_empty() {
        terminal.line(format!("missing: {}", missing.join(", ")))?;
    }
    terminal.line(format!("fingerprint {}", envelope.id()))?;
    terminal.line("as words, to be read over the telephone:")?;
    terminal.line(fingerprint_words(envelope.id().into()).trim_end())?;
    Ok(())
}
