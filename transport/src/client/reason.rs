//! Why did the connection fail? The chain of errors below a request, in a sentence that says what to do.

use std::error::Error;
use std::io;

use crate::error::TransportError;
use crate::identity::Identity;
use crate::tls::{NOT_THE_COORDINATOR, OTHER_AUTHORITY};

const THEIRS: &str = "the coordinator's certificate";
const OURS: &str = "this party's certificate";

/// Links of a chain of errors that are read.
const LINKS_MAX: usize = 16;

pub(super) fn of(error: &reqwest::Error, url: &str, ours: &Identity) -> TransportError {
    let chain = chain_of(error);
    let says = |words: &str| chain.iter().any(|link| link.contains(words));
    // HTTP/2 keeps only the text of the error below it, so the text is what can be relied on in both versions.
    if says("received fatal alert: CertificateExpired") {
        TransportError::CertificateExpired { whose: OURS }
    } else if says("received fatal alert: UnknownCA") || says("received fatal alert: DecryptError")
    {
        TransportError::CertificateAuthority { whose: OURS }
    } else if says("received fatal alert: CertificateRequired")
        || says("received fatal alert: BadCertificate")
    {
        TransportError::Refused("no acceptable certificate was shown".into())
    } else if says(OTHER_AUTHORITY) {
        TransportError::OtherAuthority {
            url: url.to_owned(),
        }
    } else if says(NOT_THE_COORDINATOR) || says("not valid for name") {
        let wanted = Identity::coordinator(ours.network().clone()).to_string();
        TransportError::NotTheCoordinator {
            url: url.to_owned(),
            wanted,
        }
    } else if says("invalid peer certificate: certificate expired")
        || says("invalid peer certificate: Expired")
    {
        TransportError::CertificateExpired { whose: THEIRS }
    } else if says("certificate not valid yet") || says("invalid peer certificate: NotValidYet") {
        TransportError::CertificateNotYet { whose: THEIRS }
    } else if says("invalid peer certificate: UnknownIssuer")
        || says("invalid peer certificate: BadSignature")
    {
        TransportError::CertificateAuthority { whose: THEIRS }
    } else {
        TransportError::Unreachable {
            url: url.to_owned(),
            reason: last_word(error, chain),
        }
    }
}

fn last_word(error: &reqwest::Error, chain: Vec<String>) -> String {
    if error.is_timeout() {
        return "it did not answer in time".into();
    }
    chain
        .into_iter()
        .next_back()
        .unwrap_or_else(|| "the connection failed".into())
}

/// The texts of an error and of those below it; `io::Error` skips the one it carries, so that one is asked for.
fn chain_of(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut texts = Vec::new();
    let mut next = Some(error);
    while let Some(link) = next.filter(|_| texts.len() < LINKS_MAX) {
        texts.push(link.to_string());
        let carried = link
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = carried
            .map(|inner| inner as &(dyn Error + 'static))
            .or_else(|| link.source());
    }
    texts
}
