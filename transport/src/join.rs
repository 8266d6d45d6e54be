//! How does an invited party come in? With a one-time token, which names the authority to believe and holds a secret.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::api::{Enrolled, EnrolmentRequest, paths};
use protocol::documents::{EnrolledRole, Enrolment};
use protocol::envelope::Envelope;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::certificate::{CertificateDigest, CertificateFacts};
use crate::client::HttpClient;
use crate::clock::Clock;
use crate::error::TransportError;
use crate::identity::{Identity, Role};
use crate::tls::Roots;

/// Random bytes of a token's secret half: 144 bits cannot be guessed.
const SECRET_BYTES: usize = 18;

/// An invitation: base64url(18 random bytes) "." base64url(SHA-256 of the authority's certificate). `Debug` hides the
/// secret, and there is no `Display`.
#[derive(Clone)]
pub struct Token {
    secret: Zeroizing<String>,
    authority: CertificateDigest,
}

impl Token {
    /// A new token for the network of this authority. It never begins with a hyphen, which shells and people take for an option.
    pub fn generate(authority: &Roots) -> Result<Self, TransportError> {
        loop {
            let secret = random_secret()?;
            if !secret.starts_with('-') {
                let authority = authority.digest();
                return Ok(Self { secret, authority });
            }
        }
    }

    /// The secret half, for whoever issued it.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The digest of the authority to believe.
    #[must_use]
    pub const fn authority(&self) -> CertificateDigest {
        self.authority
    }

    /// The whole token, for the one who is invited and for nobody else.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let authority = URL_SAFE_NO_PAD.encode(self.authority);
        Zeroizing::new(format!("{}.{authority}", *self.secret))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

fn random_secret() -> Result<Zeroizing<String>, TransportError> {
    let mut bytes = Zeroizing::new([0_u8; SECRET_BYTES]);
    let filled = SystemRandom::new().fill(bytes.as_mut());
    filled
        .map_err(|_| TransportError::Making("the operating system gave no random bytes".into()))?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_ref())))
}

impl FromStr for Token {
    type Err = TransportError;

    fn from_str(text: &str) -> Result<Self, TransportError> {
        let decode = |half: &str| URL_SAFE_NO_PAD.decode(half).map(Zeroizing::new).ok();
        let (secret, authority) = text.trim().split_once('.').ok_or(TransportError::Token)?;
        decode(secret)
            .filter(|bytes| bytes.len() == SECRET_BYTES)
            .ok_or(TransportError::Token)?;
        let authority = decode(authority).ok_or(TransportError::Token)?;
        Ok(Self {
            secret: Zeroizing::new(secret.to_owned()),
            authority: <[u8; 32]>::try_from(authority.as_slice())
                .map_err(|_| TransportError::Token)?,
        })
    }
}

/// Enrols with the coordinator at `base` (`https://host:port`), without a certificate: the server must show the authority
/// that the token names and be the coordinator of the enrolment's network under it. `enrolment` is the signed
/// [`Enrolment`]. After a lost answer the same call may be made again.
pub async fn enrol(
    base: &str,
    token: &Token,
    enrolment: &Envelope,
    clock: &Arc<dyn Clock>,
) -> Result<Enrolled, TransportError> {
    let joiner = named_in(enrolment)?;
    let http = HttpClient::of_joiner(base, &joiner, token.authority(), clock)?;
    let request = EnrolmentRequest {
        secret: token.secret().to_owned(),
        enrolment: enrolment.clone(),
    };
    let enrolled: Enrolled = http.post(paths::ENROLMENTS, &request).await?;
    check(&enrolled, &joiner, token.authority())?;
    Ok(enrolled)
}

fn named_in(enrolment: &Envelope) -> Result<Identity, TransportError> {
    let enrolment: Enrolment = enrolment
        .parse_unverified()
        .map_err(|error| TransportError::Making(error.to_string()))?;
    identity_of(&enrolment)
}

/// The party that an enrolment speaks of.
pub fn identity_of(enrolment: &Enrolment) -> Result<Identity, TransportError> {
    let role = match enrolment.role {
        EnrolledRole::Center => Role::Center,
        EnrolledRole::Person => Role::Person,
    };
    Identity::new(enrolment.network.clone(), role, &enrolment.id)
}

fn check(
    enrolled: &Enrolled,
    joiner: &Identity,
    authority: CertificateDigest,
) -> Result<(), TransportError> {
    let roots = Roots::from_pem(enrolled.ca.as_bytes())?;
    if roots.digest() != authority {
        return Err(TransportError::Answer(
            "it holds another authority than the invitation names".into(),
        ));
    }
    let named = CertificateFacts::from_pem(&enrolled.certificate)?.identity;
    if &named == joiner {
        return Ok(());
    }
    Err(TransportError::WrongParty {
        found: named,
        wanted: joiner.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode([7; SECRET_BYTES]));
        let authority = [9; 32];
        Token { secret, authority }
    }

    #[test]
    fn a_token_is_written_and_read_one_way_and_hides_in_debug() {
        let text = token().reveal();
        assert_eq!(text.len(), 68);
        let read: Token = format!(" {}\n", *text).parse().unwrap();
        assert_eq!(
            (read.secret(), read.authority()),
            (token().secret(), [9; 32])
        );
        assert!(!format!("{read:?}").contains(token().secret()));
    }

    #[rstest::rstest]
    #[case("")]
    #[case(".")]
    #[case("BwcHBwcHBwcHBwcHBwcHBwcH")]
    #[case("BwcHBwcHBwcHBwcHBwcHBwcH.CQkJ")]
    #[case("BwcH.CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk")]
    #[case("BwcHBwcHBwcHBwcHBwcHBwcH.CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk.x")]
    fn what_is_not_a_token_is_refused(#[case] text: &str) {
        assert_eq!(text.parse::<Token>().unwrap_err().code(), "token");
    }
}
