//! How does a node deal with what it is offered? It serves in this process until it has answered or takes no notice any more.

use std::sync::Arc;

use protocol::documents::{Answer, Refusal, RefusalReason};
use protocol::envelope::Envelope;
use transport::ca::{CERTIFICATE_VALID, Made, Validity};
use transport::clock::Clock;
use transport::server::Server;
use transport::shutdown::Shutdown;
use transport::tls::{Credentials, Roots, server_config};

use super::certificates::{another_authority, load};
use super::people::{network, start};
use super::relay;
use super::scene::Scene;

/// How a node's dealing with a query ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With a signed answer.
    Answered(Box<Answer>),
    /// With a signed refusal from the fixed list.
    Refused(RefusalReason),
    /// A person at the hospital must decide.
    Awaiting,
    /// The node takes no notice of what it is shown, or has ended.
    Stopped,
}

impl Scene {
    /// Logs a query and offers it to the node.
    pub fn asks(&self, query: &Envelope) -> End {
        self.log(query.clone());
        self.offers(query)
    }

    /// Offers a query to the node, whatever the log says.
    pub fn offers(&self, query: &Envelope) -> End {
        self.offers_often(query, 1);
        match self.relay.responses().first() {
            None if self.relay.awaits() => End::Awaiting,
            None => End::Stopped,
            Some(sent) => self.end(sent),
        }
    }

    /// Offers a query again and again until it was answered so often.
    pub fn offers_often(&self, query: &Envelope, times: usize) {
        self.relay.begin(std::slice::from_ref(query), times);
        self.serve(&self.authority, "localhost");
    }

    /// Offers a query behind a certificate of another authority.
    ///
    /// Whether the node answered before it had tried eight times to reach the coordinator.
    pub fn offers_behind_another_authority(&self, query: &Envelope) -> bool {
        let other = another_authority();
        self.relay.begin(std::slice::from_ref(query), 1);
        self.serve(&other, "localhost")
    }

    fn end(&self, sent: &Envelope) -> End {
        let own = [node::keys::signing_key(&self.data)
            .expect("the node has a key")
            .public()]
        .into();
        if let Ok(answer) = sent.open::<Answer>(&own) {
            return End::Answered(Box::new(answer));
        }
        let refusal = sent.open::<Refusal>(&own);
        End::Refused(refusal.expect("a node answers or refuses").reason)
    }

    /// Runs the node until every offer was answered or the node takes no notice any more; whether it was answered.
    fn serve(&self, authority: &Made, host: &str) -> bool {
        in_a_runtime(self.serve_within(authority, host))
    }

    async fn serve_within(&self, authority: &Made, host: &str) -> bool {
        let life = Shutdown::new();
        let server = self.bind(authority, host).await;
        let port = server.address().expect("it is bound").port();
        self.enrol(port);
        let (router, of_server) = (relay::router(&self.relay), Shutdown::new());
        let until = of_server.clone();
        of_server.spawn(async move { server.run(router, &until).await });
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let mut node = life.spawn(node::agent::run(self.data.clone(), clock, life.clone()));
        let heard = tokio::select! {
            heard = self.relay.heard() => heard,
            _ended = &mut node => return false,
            () = self.nothing_arrives(authority) => false,
        };
        life.finish().await;
        node.await
            .expect("the node does not panic")
            .expect("the node ends in peace");
        of_server.begin();
        heard
    }

    /// Ends once the node has tried often enough to reach a coordinator whose authority is not its own.
    async fn nothing_arrives(&self, authority: &Made) {
        if authority.public_pem == self.authority.public_pem {
            std::future::pending::<()>().await;
        }
        self.clock.waited(8).await;
    }

    pub(super) async fn bind(&self, authority: &Made, host: &str) -> Server {
        let validity = Validity::from(start(), CERTIFICATE_VALID);
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let own = load(authority)
            .certify_server(&network(), &[host.to_owned()], validity)
            .expect("a server can be certified");
        let own = Credentials::from_pem(own.public_pem.as_bytes(), own.key_pem.as_bytes())
            .expect("a certificate and its key");
        let roots = Roots::from_pem(self.authority.public_pem.as_bytes()).expect("an authority");
        let tls = server_config(&own, &roots, &clock).expect("the server can be configured");
        Server::bind("127.0.0.1:0", tls, network())
            .await
            .expect("a free port")
    }
}

pub(super) fn in_a_runtime<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}
