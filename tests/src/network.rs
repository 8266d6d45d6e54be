//! How does a test get a network, and stop one of its processes at a named point?

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use demo::actor::Actor;
use demo::network::{Network, RESEARCHER, Settings};

use crate::cohort::{Cohort, write_center};
use crate::process::Logged;

/// A network of real processes in a folder that goes with it.
pub struct TestNetwork {
    /// The running network.
    pub network: Network,
    _root: tempfile::TempDir,
}

impl TestNetwork {
    /// Starts `centers` made-up centers, K01 with `first` patients, each next one with twice as many; a quarter died. Answers
    /// leave at once.
    pub fn start(executable: &str, centers: u32, first: u32) -> Self {
        Self::with_delay(executable, centers, first, 0.0)
    }

    /// The same, whose answers leave at the first tick of so many seconds.
    pub fn with_delay(executable: &str, centers: u32, first: u32, answer_delay_s: f64) -> Self {
        let root = tempfile::tempdir().expect("a folder can be made");
        let exports = root.path().join("exports");
        for number in 0..centers {
            let id = format!("K{:02}", number + 1);
            let patients = first << number;
            write_center(
                &exports.join(&id),
                &id,
                Cohort {
                    patients,
                    deaths: patients / 4,
                },
            );
        }
        Self::made(root, executable, exports, answer_delay_s)
    }

    /// Starts a network over existing exports, whose answers leave at once.
    pub fn over(root: tempfile::TempDir, executable: &str, centers: PathBuf) -> Self {
        Self::made(root, executable, centers, 0.0)
    }

    fn made(
        root: tempfile::TempDir,
        executable: &str,
        centers: PathBuf,
        answer_delay_s: f64,
    ) -> Self {
        let settings = Settings {
            executable: executable.into(),
            root: root.path().join("network"),
            centers,
            answer_delay_s,
            rho_cap: "60".into(),
        };
        std::fs::create_dir_all(&settings.root).expect("a folder can be made");
        let network = Network::start(settings, &mut |_| {}).expect("the network starts");
        Self {
            network,
            _root: root,
        }
    }

    /// Starts the node of center `index` so that the test reads its log, at `level`.
    pub fn logged_node(&mut self, index: usize, level: &str) -> Logged {
        self.network.kill_node(index);
        let center = self
            .network
            .centers
            .get(index)
            .expect("there is such a center");
        let data = center.data.to_string_lossy();
        let program = self.network.program();
        Logged::start(
            program.command(Actor::Node, &["serve", "--data", &data]),
            level,
        )
    }

    /// Asks as the researcher and follows to the end; the query's id.
    pub fn ask(&self, arguments: &[&str]) -> String {
        let whole = [
            &["ask"],
            arguments,
            &["--yes", "--watch", "--deadline-s", "60"],
        ]
        .concat();
        let said = self
            .network
            .cartally(&RESEARCHER, &whole)
            .expect("the question is answered");
        said.id_after("query").expect("the client names the query")
    }

    /// Sends a question as the researcher without waiting; the query's id.
    pub fn send(&self, arguments: &[&str]) -> String {
        let whole = [&["ask"], arguments, &["--yes", "--deadline-s", "60"]].concat();
        let said = self
            .network
            .cartally(&RESEARCHER, &whole)
            .expect("the question is sent");
        said.id_after("query").expect("the client names the query")
    }

    /// Follows a query to its end.
    pub fn watch(&self, query: &str) {
        self.network
            .cartally(&RESEARCHER, &["watch", query])
            .expect("the query ends");
    }

    /// The result in a format, verified by the client.
    pub fn result(&self, query: &str, format: &str) -> String {
        self.network
            .cartally(&RESEARCHER, &["result", query, "--format", format])
            .expect("the result verifies")
            .output
    }

    /// What a failing command of the researcher said.
    pub fn complaint(&self, arguments: &[&str]) -> String {
        self.network
            .cartally(&RESEARCHER, arguments)
            .expect_err("the command fails")
            .to_string()
    }
}

impl Drop for TestNetwork {
    /// Nobody waits for servers to finish what a test is done with.
    fn drop(&mut self) {
        self.network.kill_coordinator();
        (0..self.network.nodes.len()).for_each(|index| self.network.kill_node(index));
    }
}

/// Runs the researcher's client until it reaches the fault point, then kills it. What it had said so far.
pub fn run_to_fault(test: &TestNetwork, point: &str, arguments: &[&str]) -> Vec<String> {
    let home = test.network.home(&RESEARCHER);
    let home = home.to_string_lossy();
    let whole: Vec<&str> = ["--data", &home]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    let mut command = test.network.program().command(Actor::Client, &whole);
    command
        .env("CARTALLY_FAULT_POINT", point)
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("the client starts");
    let output = BufReader::new(child.stdout.take().expect("its output is piped"));
    let mut said = Vec::new();
    let mut lines = output.lines().map_while(Result::ok);
    let reached = lines.any(|line| {
        said.push(line);
        said.last()
            .is_some_and(|line| line.starts_with("fault-point"))
    });
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    assert!(reached, "the client ended before {point}: {said:?}");
    said.pop();
    said
}
