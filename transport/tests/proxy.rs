//! A hospital's HTTP proxy: the client goes through it, and TLS still ends at the coordinator.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use jiff::Timestamp;
use protocol::ids::NetworkName;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use transport::ca::{self, Authority, CERTIFICATE_VALID, Validity};
use transport::client::HttpClient;
use transport::clock::{Clock, ManualClock};
use transport::identity::Identity;
use transport::keys::create_private;
use transport::server::{PeerIdentity, Server};
use transport::shutdown::Shutdown;
use transport::tls::{Credentials, Roots, server_config};

const HOST: &str = "coordinator.example";
/// Set for the child process alone: the folder with its certificate.
const FOLDER: &str = "CARTALLY_TEST_PROXY_FOLDER";

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new(
        "2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap(),
    ))
}

/// Takes one CONNECT, joins it with the server whatever name was asked for, and returns that name.
async fn proxy_once(listener: TcpListener, server_port: u16) -> String {
    let (client, _) = listener.accept().await.unwrap();
    let mut client = BufReader::new(client);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(client.read_line(&mut head).await.unwrap() > 0);
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let mut server = TcpStream::connect(("127.0.0.1", server_port))
        .await
        .unwrap();
    // Whichever side closes first: what was asked through the tunnel is judged by the child's exit code.
    let _ = copy_bidirectional(&mut client, &mut server).await;
    head.lines().next().unwrap_or_default().to_owned()
}

async fn serve(folder: &Path, shutdown: &Shutdown) -> u16 {
    let network: NetworkName = "demo".parse().unwrap();
    let valid = Validity::from(clock().now(), CERTIFICATE_VALID);
    let made = ca::create_authority(&network, valid).unwrap();
    let authority = Authority::load(&made.public_pem, made.key_pem.as_bytes()).unwrap();
    let request = ca::create_request().unwrap();
    let party: Identity = "cartally://demo/center/K01".parse().unwrap();
    std::fs::write(folder.join("ca.pem"), &made.public_pem).unwrap();
    std::fs::write(
        folder.join("K01.pem"),
        authority
            .certify(&request.public_pem, &party, valid)
            .unwrap(),
    )
    .unwrap();
    create_private(&folder.join("K01.key"), request.key_pem.as_bytes()).unwrap();
    let server = authority
        .certify_server(&network, &[HOST.into()], valid)
        .unwrap();
    let server =
        Credentials::from_pem(server.public_pem.as_bytes(), server.key_pem.as_bytes()).unwrap();
    let roots = Roots::load(&folder.join("ca.pem")).unwrap();
    let tls = server_config(&server, &roots, &clock()).unwrap();
    let server = Server::bind("127.0.0.1:0", tls, network).await.unwrap();
    let port = server.address().unwrap().port();
    let who = |peer: PeerIdentity| async move { axum::Json(peer.identity.to_string()) };
    let (router, life) = (Router::new().route("/who", get(who)), shutdown.clone());
    shutdown.spawn(async move { server.run(router, &life).await });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn https_proxy_is_honoured_and_sees_only_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let shutdown = Shutdown::new();
    let port = serve(folder.path(), &shutdown).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let proxied = shutdown.spawn(proxy_once(listener, port));
    // The environment belongs to a whole process, so the client is a process of its own: this program, at its other test.
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "as_a_client_behind_a_proxy"])
        .env(FOLDER, folder.path())
        .env("HTTPS_PROXY", format!("http://{address}"))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .status();
    assert!(child.await.unwrap().success());
    assert_eq!(
        proxied.await.unwrap(),
        format!("CONNECT {HOST}:8443 HTTP/1.1")
    );
    shutdown.finish().await;
}

/// The child's part; on its own it has nothing to do.
#[tokio::test]
async fn as_a_client_behind_a_proxy() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let credentials = Credentials::load(&folder.join("K01.pem"), &folder.join("K01.key")).unwrap();
    let roots = Roots::load(&folder.join("ca.pem")).unwrap();
    let client = HttpClient::new(
        &format!("https://{HOST}:8443"),
        &credentials,
        &roots,
        &clock(),
    )
    .unwrap();
    let who: String = client.get("/who", &[], Duration::ZERO).await.unwrap();
    assert_eq!(who, "cartally://demo/center/K01");
}
