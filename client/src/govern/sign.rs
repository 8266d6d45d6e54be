//! How does a member put a document in force, or say no? Shows all that `review` shows, asks, and signs over this log.

use protocol::documents::{Decline, Revocation};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use transport::clock::{Clock, SystemClock};

use super::ballot::quoted;
use super::review::whole;
use super::rules::{may_decline, may_revoke, may_sign, suspends_until};
use super::standing::standing;
use super::submit;
use super::view::{View, kind_of};
use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;
use crate::words::paragraph;

/// Shows the document `id` of the log and, once confirmed, signs and submits it.
pub(crate) async fn sign(
    home: &Home,
    session: &Session,
    id: DocumentId,
    yes: bool,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let view = View::of(home, session, SystemClock.now())?;
    let mut document = view.must_know(&id)?.clone();
    terminal.line(whole(&view, &document)?.trim_end())?;
    may_sign(&view, &document)?;
    terminal.must_confirm("Sign this document?", yes)?;
    document.add_signature_seeing(&home.signing_key()?, session.mirror.position());
    submit(session, &document, &kind_of(&document), terminal).await?;
    Ok(())
}

/// What a member objects to, and why.
#[derive(Debug)]
pub(crate) struct Objection {
    /// The proposal, or what is in force.
    pub(crate) document: DocumentId,
    /// For everybody who reads the log.
    pub(crate) reason: String,
}

/// Says no to a proposal, with a reason for its proposer and the other members.
pub(crate) async fn decline(
    home: &Home,
    session: &Session,
    objection: Objection,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let view = View::of(home, session, SystemClock.now())?;
    let document = view.must_know(&objection.document)?;
    may_decline(&view, document)?;
    let decline = Decline {
        network: home.profile.network.clone(),
        document: objection.document,
        reason: objection.reason,
        log: session.mirror.position(),
    };
    decline.check()?;
    let signed = Envelope::sign(&decline, &home.signing_key()?);
    session.api.submit(&signed).await?;
    terminal.line(format!(
        "declined {}: {}, {}; a no vetoes nothing, your signature is just not there",
        decline.document,
        view.label(document),
        quoted(&decline.reason)
    ))?;
    Ok(())
}

/// Takes a document back, once confirmed: suspends it at once, and for good when k members have signed the same revocation.
pub(crate) async fn revoke(
    home: &Home,
    session: &Session,
    objection: Objection,
    yes: bool,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let view = View::of(home, session, SystemClock.now())?;
    let document = view.must_know(&objection.document)?;
    may_revoke(&view, document)?;
    let revocation = Revocation {
        network: home.profile.network.clone(),
        document: objection.document,
        reason: objection.reason,
        time: view.now,
    };
    revocation.check()?;
    terminal.line(before_revoking(&view, document, &revocation).trim_end())?;
    terminal.must_confirm("Take it back?", yes)?;
    let key = home.signing_key()?;
    let signed = Envelope::sign_seeing(&revocation, &key, session.mirror.position());
    let submitted = session.api.submit(&signed).await?;
    let label = view.label(document);
    terminal.line(format!("revocation {}: {}", submitted.id, {
        if submitted.in_force {
            format!("{label} is revoked for good")
        } else {
            format!("{label} is {}", suspends_until(&revocation))
        }
    }))?;
    if !submitted.in_force {
        terminal.line(format!(
            "other members make it final with: cartally sign {}",
            submitted.id
        ))?;
    }
    Ok(())
}

/// What a member reads before taking a document back.
fn before_revoking(view: &View<'_>, document: &Envelope, revocation: &Revocation) -> String {
    let needed = view.governance.charter().map_or(1, |it| it.threshold);
    let until = suspends_until(revocation);
    let what = if needed > 1 {
        format!(
            "With your signature it is {until} (14 days) at every center, as soon as that has seen the log; you can suspend \
             it only once. With the signatures of {needed} members it is revoked for good."
        )
    } else {
        "With your signature it is revoked for good.".to_owned()
    };
    let head = format!("{}\nid: {}\n", view.label(document), revocation.document);
    head + &paragraph("standing: ", "  ", &standing(view, document))
        + &paragraph("reason: ", "  ", &quoted(&revocation.reason))
        + &paragraph("", "", &what)
}
