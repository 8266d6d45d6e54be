//! Does the network still know what is in force? The registry office says so, at least every 14 days.

use protocol::documents::{Currency, hash_of_revocations};
use protocol::envelope::Envelope;
use transport::clock::{Clock, SystemClock};

use super::submit;
use crate::error::ClientError;
use crate::home::Home;
use crate::session::Session;
use crate::terminal::Terminal;

/// Signs and submits a currency document over the log as it was just verified here.
pub(crate) async fn currency(
    home: &Home,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), ClientError> {
    let governance = session.governance(home)?;
    let key = home.signing_key()?;
    let timekeeper = governance
        .charter()
        .is_some_and(|c| c.timekeeper_keys().contains(&key.public()));
    if !timekeeper {
        return Err(ClientError::Usage(
            "your key is not a timekeeper's; the registry office signs currency".into(),
        ));
    }
    let currency = Currency {
        network: home.profile.network.clone(),
        time: SystemClock.now(),
        log: session.mirror.position(),
        revocations: hash_of_revocations(&governance.revocations()),
    };
    submit(
        session,
        &Envelope::sign(&currency, &key),
        "currency",
        terminal,
    )
    .await?;
    Ok(())
}
