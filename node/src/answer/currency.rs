//! What did the operator load by hand of the log's being current? `currency.json`, read anew whenever it is relied on.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use protocol::documents::{Currency, RefusalReason};
use protocol::envelope::Envelope;
use protocol::limits::{BODY_BYTES_MAX, CLOCK_SKEW_S, CURRENCY_VALID_S};
use protocol::verify::{Asked, Authorised, Governance, GovernanceError, authorise};
use transport::keys::replace_private;

use super::Answerer;
use crate::error::NodeError;
use crate::record::Record;

/// The currency document that came in a file, if there is one.
#[derive(Debug)]
pub(crate) struct Loaded {
    path: PathBuf,
    /// The last file that the operator was told is of no use.
    told: Mutex<Vec<u8>>,
}

impl Answerer {
    /// What is in force by the log and by what the operator loaded beside it.
    pub(crate) fn current<'a>(&self, governance: &'a Governance) -> Cow<'a, Governance> {
        self.currency.applied(governance)
    }

    /// The time of the document that the operator loaded, if it says by now that this is not the log.
    pub(crate) fn contradicted(&self, governance: &Governance) -> Option<Timestamp> {
        self.currency.contradicts(governance)
    }

    /// What allows the query, if no timekeeper's word that the operator loaded speaks against the log.
    pub(super) fn authorised(
        &self,
        query: &Envelope,
        governance: &Governance,
        asked: Asked<'_>,
    ) -> Result<Authorised, RefusalReason> {
        let authorised = authorise(governance, query, asked)?;
        match self.contradicted(governance) {
            Some(_) => Err(RefusalReason::CurrencyMismatch),
            None => Ok(authorised),
        }
    }
}

impl Loaded {
    /// The document at `path`, which need not be there.
    pub(crate) const fn at(path: PathBuf) -> Self {
        Self {
            path,
            told: Mutex::new(Vec::new()),
        }
    }

    /// `governance` with the loaded document, if it is one that counts and newer than the log's own. One that does not
    /// count is told once and left aside.
    pub(crate) fn applied<'a>(&self, governance: &'a Governance) -> Cow<'a, Governance> {
        let heard = self.read().map(|bytes| (heard(&bytes, governance), bytes));
        match heard {
            None | Some((Ok(None), _)) => Cow::Borrowed(governance),
            Some((Ok(Some(current)), _)) => Cow::Owned(current),
            Some((Err(why), bytes)) => {
                self.tell_once(bytes, &why);
                Cow::Borrowed(governance)
            }
        }
    }

    /// The time of the loaded document, if a timekeeper says in it that this is not the log, or that revocations are missing
    /// here, and the log holds no newer word. It counted when it was loaded: whoever carries the log has shown another since.
    pub(crate) fn contradicts(&self, governance: &Governance) -> Option<Timestamp> {
        governance.charter()?;
        let envelope = envelope(&self.read()?).ok()?;
        let heard = governance.clone().hear_currency(&envelope);
        let currency: Currency = envelope.parse_unverified().ok()?;
        matches!(
            heard,
            Err(GovernanceError::OtherLog | GovernanceError::OtherRevocations)
        )
        .then_some(currency.time)
    }

    fn read(&self) -> Option<Vec<u8>> {
        match read(&self.path) {
            Ok(bytes) => Some(bytes),
            Err(NodeError::File { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                None
            }
            Err(why) => {
                self.tell_once(why.to_string().into_bytes(), &why);
                None
            }
        }
    }

    fn tell_once(&self, about: Vec<u8>, why: &NodeError) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != about {
            tracing::warn!(
                code = why.code(),
                "the currency document in {} is not used: {why}",
                self.path.display()
            );
            *told = about;
        }
    }
}

/// Takes the currency document in the file `from` into use, if `governance` finds that it counts at `now`.
pub(crate) fn load(
    from: &Path,
    to: &Path,
    governance: &Governance,
    record: &Record,
    now: Timestamp,
) -> Result<Currency, NodeError> {
    let envelope = envelope(&read(from)?)?;
    let mut current = Loaded::at(to.to_owned()).applied(governance).into_owned();
    current
        .hear_currency(&envelope)
        .map_err(|why| refused(&why))?;
    let currency: Currency = envelope
        .parse_unverified()
        .map_err(|why| NodeError::network("currency.unreadable", &why))?;
    let age = now.duration_since(currency.time);
    if age >= SignedDuration::from_secs(CURRENCY_VALID_S) {
        return Err(fault(
            "currency.expired",
            "this currency document is older than 14 days. ask the registry office for a new one",
        ));
    }
    if age < SignedDuration::from_secs(-CLOCK_SKEW_S) {
        return Err(fault(
            "currency.ahead",
            "this currency document is of a time that this machine's clock has not reached. set the clock",
        ));
    }
    record.note_currency(&envelope, now)?;
    replace_private(to, &envelope.to_json())?;
    Ok(currency)
}

/// The governance with this document; nothing if the log's own is as new.
fn heard(bytes: &[u8], governance: &Governance) -> Result<Option<Governance>, NodeError> {
    let envelope = envelope(bytes)?;
    let known = governance.currency().map(|known| known.id);
    // Before the pinned charter was reached there is nobody whose word could count.
    if governance.charter().is_none() || known == Some(envelope.id()) {
        return Ok(None);
    }
    let mut current = governance.clone();
    match current.hear_currency(&envelope) {
        Ok(()) => Ok(Some(current)),
        Err(GovernanceError::Older) => Ok(None),
        Err(why) => Err(refused(&why)),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, NodeError> {
    use std::io::Read as _;
    let unreadable = |error| NodeError::file("read", path, error);
    let mut bytes = Vec::new();
    let most = u64::try_from(BODY_BYTES_MAX).unwrap_or(u64::MAX);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

fn envelope(bytes: &[u8]) -> Result<Envelope, NodeError> {
    Envelope::from_json(bytes).map_err(|why| NodeError::network("currency.unreadable", &why))
}

/// Why a document is of no use, in words for the operator.
fn refused(why: &GovernanceError) -> NodeError {
    match why {
        GovernanceError::Envelope(_) => fault(
            "currency.signature",
            "this is no currency document that a timekeeper of the charter signed. ask the registry office for one",
        ),
        GovernanceError::Older => fault(
            "currency.older",
            "a newer currency document was seen before. ask the registry office for the newest",
        ),
        GovernanceError::OtherRevocations => fault(
            "currency.revocations",
            "the registry counts revocations that this node has not seen. nothing is answered by this document. \
             let the node fetch the log, and compare `cartally log` with the registry office if it stays so",
        ),
        GovernanceError::OtherLog => fault(
            "currency.other_log",
            "this currency document speaks of another log than the one that the coordinator shows here. \
             compare `cartally log` with the registry office",
        ),
        GovernanceError::OtherNetwork => fault(
            "currency.network",
            "this currency document belongs to another network. ask the registry office for your network's",
        ),
        GovernanceError::NoCharter => fault(
            "currency.no_charter",
            "the pinned charter is not in this node's copy of the log yet. let the node fetch the log first: `cartally-node serve`",
        ),
        other @ (GovernanceError::Document(_)
        | GovernanceError::OtherCharter
        | GovernanceError::NotEveryMember
        | GovernanceError::NoPredecessor
        | GovernanceError::Fork { .. }
        | GovernanceError::ProposerMissing
        | GovernanceError::NoMember
        | GovernanceError::UnknownDocument) => NodeError::network("currency.unusable", other),
    }
}

fn fault(code: &'static str, sentence: &str) -> NodeError {
    NodeError::Network {
        code,
        sentence: sentence.to_owned(),
    }
}
