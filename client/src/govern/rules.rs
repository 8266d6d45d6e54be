//! May this person sign, decline or revoke this document, so that it counts?

use protocol::documents::{Charter, Predecessor, Revocation, Roster, Study, TemplateDocument};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::keys::PublicKey;
use protocol::verify::Standing;
use question::template::Template;
use thiserror::Error;

use super::ballot::Ballot;
use super::standing::{decides, superseder};
use super::view::{View, kind_of, moment};

/// Why a member's word would not count, or would do harm. Nothing was signed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum VoteError {
    /// No document of a kind that the committee decides on.
    #[error("a {0} is not put in force by the committee, so there is nothing to sign")]
    NotDecided(String),
    /// Of no effect in this log.
    #[error("this document has no effect in this log ({0}), so there is nothing to sign")]
    NoEffect(String),
    /// Not a member.
    #[error(
        "your key is not a member's of the charter that decides; only members sign, decline and revoke"
    )]
    NotAMember,
    /// A member whose signature does not count for this document.
    #[error("your signature would not count: you {0}; let other members decide")]
    Barred(&'static str),
    /// Signed before.
    #[error("you have signed this document already; see who is missing with: cartally review {0}")]
    SignedAlready(DocumentId),
    /// The rule is met.
    #[error(
        "this document is decided already; to take it back, use: cartally revoke {0} --reason TEXT"
    )]
    DecidedAlready(DocumentId),
    /// The rule is met, of a charter.
    #[error(
        "this charter is decided already, and a charter cannot be revoked; to change it, propose its successor, with: cartally propose charter FILE"
    )]
    CharterDecided,
    /// A revocation that is final, or a document that was revoked for good.
    #[error("the committee has revoked this document; whoever wants it again proposes it anew")]
    Revoked,
    /// A later version is in force.
    #[error("{0} is in force, so this one can no longer be; propose it anew if it is still wanted")]
    Superseded(String),
    /// A template that nodes cannot read.
    #[error("this template cannot be read, by this program or by any node of its version: {0}")]
    Unreadable(String),
    /// Another successor of the same charter carries this member's signature.
    #[error(
        "you have signed charter {0}, which succeeds the same charter; if both found enough signatures the committee would be split for good, so let \
         members sign this one who have not signed that one"
    )]
    SecondSuccessor(DocumentId),
    /// Another revocation of the same document is open.
    #[error(
        "another member has a revocation of this document open; join it with: cartally sign {0}"
    )]
    RevocationOpen(DocumentId),
    /// This member suspended the document before.
    #[error(
        "you have revoked this document before ({0}), and a member can suspend one document only once; let other members sign that revocation"
    )]
    RevokedByYou(DocumentId),
    /// Not a document that can be revoked.
    #[error(
        "a {0} cannot be revoked: the committee revokes rosters, templates and studies, and replaces a charter by its successor"
    )]
    NotRevocable(String),
    /// Those who count can never be enough.
    #[error("nothing was submitted: {0}")]
    Unreachable(String),
}

impl VoteError {
    /// The stable code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotDecided(_) | Self::NoEffect(_) => "nothing-to-sign",
            Self::NotAMember => "not-a-member",
            Self::Barred(_) => "does-not-count",
            Self::SignedAlready(_) => "signed-already",
            Self::DecidedAlready(_) | Self::CharterDecided => "decided-already",
            Self::Revoked => "revoked",
            Self::Superseded(_) => "superseded",
            Self::Unreadable(_) => "template-unreadable",
            Self::SecondSuccessor(_) => "second-successor",
            Self::RevocationOpen(_) => "revocation-open",
            Self::RevokedByYou(_) => "revoked-already",
            Self::NotRevocable(_) => "not-revocable",
            Self::Unreachable(_) => "unreachable",
        }
    }
}

/// Whether my signature on this document would count and do good.
pub(crate) fn may_sign(view: &View<'_>, envelope: &Envelope) -> Result<(), VoteError> {
    is_not_founding(view, envelope)?;
    let ballot = ballot_of(view, envelope)?;
    let id = envelope.id();
    if let Ok(revocation) = envelope.parse_unverified::<Revocation>() {
        is_open(view, &revocation.document)?;
    } else {
        is_open(view, &id)?;
    }
    is_not_superseded(view, envelope)?;
    is_readable(envelope)?;
    if ballot.votes.signed.contains(&view.me) {
        return Err(VoteError::SignedAlready(id));
    }
    if ballot.decided {
        return Err(decided_already(envelope));
    }
    is_only_successor(view, envelope)
}

/// Whether my no would be heard.
pub(crate) fn may_decline(view: &View<'_>, envelope: &Envelope) -> Result<(), VoteError> {
    is_not_founding(view, envelope)?;
    let ballot = ballot_of(view, envelope)?;
    let id = envelope.id();
    is_open(view, &id)?;
    is_not_superseded(view, envelope)?;
    if ballot.votes.signed.contains(&view.me) {
        return Err(VoteError::SignedAlready(id));
    }
    if ballot.decided {
        return Err(decided_already(envelope));
    }
    Ok(())
}

/// Whether I can take this document back by a revocation of my own.
pub(crate) fn may_revoke(view: &View<'_>, envelope: &Envelope) -> Result<(), VoteError> {
    if !(envelope.is::<Roster>() || envelope.is::<TemplateDocument>() || envelope.is::<Study>()) {
        return Err(VoteError::NotRevocable(kind_of(envelope)));
    }
    if !view.members().contains(&view.me) {
        return Err(VoteError::NotAMember);
    }
    let id = envelope.id();
    if view.governance.standing(&id, view.now) == Standing::Revoked {
        return Err(VoteError::Revoked);
    }
    if view.governance.standing(&id, view.now) == Standing::Unknown {
        return Err(VoteError::NoEffect("nobody who may has signed it".into()));
    }
    let open: Vec<DocumentId> = view
        .governance
        .revocations_naming(&id)
        .map(|(id, _)| *id)
        .collect();
    let mine = open.iter().find(|id| signed_by_me(view, id));
    match (mine, open.first()) {
        (Some(mine), _) => Err(VoteError::RevokedByYou(*mine)),
        (None, Some(open)) => Err(VoteError::RevocationOpen(*open)),
        (None, None) => Ok(()),
    }
}

fn signed_by_me(view: &View<'_>, id: &DocumentId) -> bool {
    let votes = view
        .document(id)
        .and_then(|it| view.governance.votes(it).ok());
    votes.is_some_and(|votes| votes.signed.contains(&view.me))
}

/// How the committee stands with a document on which I may have a say.
fn ballot_of(view: &View<'_>, envelope: &Envelope) -> Result<Ballot, VoteError> {
    if !decides(envelope) && !envelope.is::<Revocation>() {
        return Err(VoteError::NotDecided(kind_of(envelope)));
    }
    let ballot = Ballot::of(&view.governance, envelope)
        .map_err(|error| VoteError::NoEffect(error.to_string()))?;
    if !ballot.charter.member_keys().contains(&view.me) {
        return Err(VoteError::NotAMember);
    }
    match ballot.bar(&view.me) {
        Some(bar) => Err(VoteError::Barred(bar)),
        None => Ok(ballot),
    }
}

/// The genesis charter came complete: nobody signs it in the log.
fn is_not_founding(view: &View<'_>, envelope: &Envelope) -> Result<(), VoteError> {
    let id = envelope.id();
    let mut known = view.governance.charters().iter();
    let founding = known.any(|known| known.id == id && known.charter.predecessor.is_none());
    if founding {
        Err(VoteError::CharterDecided)
    } else {
        Ok(())
    }
}

fn decided_already(envelope: &Envelope) -> VoteError {
    if envelope.is::<Charter>() {
        VoteError::CharterDecided
    } else {
        VoteError::DecidedAlready(envelope.id())
    }
}

fn is_open(view: &View<'_>, id: &DocumentId) -> Result<(), VoteError> {
    match view.governance.standing(id, view.now) {
        Standing::Revoked => Err(VoteError::Revoked),
        Standing::Unknown => Err(VoteError::NoEffect("nobody who may has signed it".into())),
        Standing::Pending
        | Standing::InForce
        | Standing::Superseded
        | Standing::Suspended { .. } => Ok(()),
    }
}

fn is_not_superseded(view: &View<'_>, envelope: &Envelope) -> Result<(), VoteError> {
    superseder(view, envelope).map_or(Ok(()), |by| Err(VoteError::Superseded(by)))
}

/// A template that nodes could not read is not worth a signature.
fn is_readable(envelope: &Envelope) -> Result<(), VoteError> {
    let Ok(document) = envelope.parse_unverified::<TemplateDocument>() else {
        return Ok(());
    };
    Template::parse(&document.template)
        .map(drop)
        .map_err(|error| VoteError::Unreadable(error.to_string()))
}

/// Whether I have signed no other charter that would succeed the same one.
fn is_only_successor(view: &View<'_>, envelope: &Envelope) -> Result<(), VoteError> {
    let Some(predecessor) = predecessor_of(envelope) else {
        return Ok(());
    };
    match signed_successor(view, predecessor, view.me, Some(envelope.id())) {
        Some(other) => Err(VoteError::SecondSuccessor(other)),
        None => Ok(()),
    }
}

/// A successor of the same charter, other than `but`, that `member` has signed.
pub(crate) fn signed_successor(
    view: &View<'_>,
    predecessor: Predecessor,
    member: PublicKey,
    but: Option<DocumentId>,
) -> Option<DocumentId> {
    let rivals = view.governance.proposals().filter(|(id, envelope)| {
        Some(**id) != but && predecessor_of(envelope) == Some(predecessor)
    });
    let mut signed = rivals.filter(|(_, envelope)| {
        let votes = view.governance.votes(envelope);
        votes.is_ok_and(|votes| votes.signed.contains(&member))
    });
    signed.next().map(|(id, _)| *id)
}

fn predecessor_of(envelope: &Envelope) -> Option<Predecessor> {
    envelope.parse_unverified::<Charter>().ok()?.predecessor
}

/// What a member's own revocation brings about, for the question before it is signed.
pub(crate) fn suspends_until(revocation: &Revocation) -> String {
    format!("suspended until {}", moment(revocation.suspended_until()))
}

#[cfg(test)]
mod tests;
