//! Which certificates are handed to the node, and which of them does it keep?

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use node::config::NodeConfig;
use node::error::NodeError;
use protocol::api::paths;
use transport::ca::{Authority, CERTIFICATE_VALID, Made, Validity, create_authority};
use transport::clock::Clock;
use transport::identity::Identity;
use transport::join::Token;
use transport::shutdown::Shutdown;
use transport::tls::Roots;

use super::people::{network, start};
use super::relay;
use super::scene::Scene;
use super::serving::in_a_runtime;

impl Scene {
    /// The node's certificate, and where its coordinator listens.
    pub(super) fn enrol(&self, port: u16) {
        let request = self.request();
        let valid = Validity::from(start(), self.certificate_valid);
        let certificate = certificate(&self.authority, &k01(), &request, valid);
        let write = |path, text: &str| std::fs::write(path, text).expect("the file can be written");
        write(self.data.tls_certificate(), &certificate);
        write(self.data.ca(), &self.authority.public_pem);
        *self.issued.lock().unwrap_or_else(PoisonError::into_inner) = certificate;
        let config = NodeConfig {
            coordinator: format!("https://localhost:{port}"),
            ..NodeConfig::load(&self.data).expect("the node has a configuration")
        };
        write(
            self.data.config(),
            &config.to_toml().expect("it can be written"),
        );
    }

    /// The node's own certificate request.
    pub fn request(&self) -> String {
        std::fs::read_to_string(self.data.tls_request()).expect("a request")
    }

    /// Whether the node still shows the certificate that it was given last, and believes the authority that it was given.
    pub fn keeps_its_certificate(&self) -> bool {
        let read = |path| std::fs::read_to_string(path).expect("the file is there");
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        read(self.data.tls_certificate()) == *issued
            && read(self.data.ca()) == self.authority.public_pem
    }

    /// The node joins by an invitation that names `invited`; who answers comes under `shown`.
    pub fn joins(&self, invited: &Made, shown: &Made) -> Result<Timestamp, NodeError> {
        self.enrol(1);
        let roots = Roots::from_pem(invited.public_pem.as_bytes()).expect("an authority");
        let token = Token::generate(&roots).expect("a token can be made");
        in_a_runtime(async {
            let server = self.bind(shown, "localhost").await;
            let server = server.open_to_everybody(&[paths::ENROLMENTS]);
            let port = server.address().expect("it is bound").port();
            let (router, life) = (relay::router(&self.relay), Shutdown::new());
            let until = life.clone();
            life.spawn(async move { server.run(router, &until).await });
            let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
            let address = format!("https://localhost:{port}");
            let joined = node::join::join(&self.data, &token, Some(&address), &clock).await;
            life.begin();
            joined
        })
    }
}

/// The name of the node's center in certificates.
pub fn k01() -> Identity {
    Identity::of_center(network(), "K01".parse().expect("an id"))
}

/// An authority that is not the network's, though it says so.
pub fn another_authority() -> Made {
    create_authority(&network(), Validity::from(start(), CERTIFICATE_VALID))
        .expect("an authority can be made")
}

/// A certificate for whoever holds the key of `request`.
pub fn certificate(authority: &Made, whom: &Identity, request: &str, valid: Validity) -> String {
    let certified = load(authority).certify(request, whom, valid);
    certified.expect("a party can be certified")
}

pub(super) fn load(made: &Made) -> Authority {
    Authority::load(&made.public_pem, made.key_pem.as_bytes()).expect("an authority and its key")
}
