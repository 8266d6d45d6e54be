//! A network from nothing: authority, people, centers, documents in force, servers running.

mod process;
mod program;
mod people;
mod centers;
mod documents;

use std::path::{Path, PathBuf};

pub use centers::{Center, find_centers};
pub use people::{MEMBERS, OFFICE, Person, RESEARCHER, everybody};
pub use process::Server;
pub use program::{Program, Words};

use crate::actor::Actor;
use crate::error::DemoError;

/// The network's name in every certificate and document.
pub const NETWORK: &str = "demo";

/// How a network is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The executable that plays all programs: `actor::play` decides by the first argument.
    pub executable: PathBuf,
    /// An empty folder for everything.
    pub root: PathBuf,
    /// The folder with one folder a center.
    pub centers: PathBuf,
    /// Seconds before anything leaves a node.
    pub answer_delay_s: f64,
    /// What the study and every cap of the centers' policy allow; the templates' limit is raised to it too.
    pub rho_cap: String,
}

/// A running network.
#[derive(Debug)]
pub struct Network {
    /// How it was made.
    pub settings: Settings,
    /// The coordinator's data folder.
    pub coordinator_dir: PathBuf,
    /// `https://host:port`.
    pub url: String,
    /// The centers, in the order of their ids.
    pub centers: Vec<Center>,
    /// The running coordinator.
    pub coordinator: Option<Server>,
    /// The running nodes, in the centers' order.
    pub nodes: Vec<Option<Server>>,
}

impl Network {
    /// Makes the network and starts it; `tell` hears a line for each step.
    pub fn start(settings: Settings, tell: &mut dyn FnMut(&str)) -> Result<Self, DemoError> {
        let program = Program::new(&settings.executable);
        let centers = find_centers(&settings.centers, &settings.root.join("nodes"))?;
        let coordinator_dir = settings.root.join("coordinator");
        tell("coordinator: keys, authority, certificate");
        program.run(
            Actor::Coordinator,
            &[
                "init",
                "--data",
                &text(&coordinator_dir),
                "--network",
                NETWORK,
                "--host",
                "127.0.0.1",
            ],
        )?;
        let coordinator = serve_coordinator(&program, &coordinator_dir, "127.0.0.1:0")?;
        let url = format!("https://{}", coordinator.address);
        let mut network = Self {
            settings,
            coordinator_dir,
            url,
            centers,
            coordinator: Some(coordinator),
            nodes: Vec::new(),
        };
        tell("people: three committee members, the registry office, a researcher make their keys");
        people::enrol_all(&network, &program)?;
        let fingerprint = documents::found(&network)?;
        tell(&format!("charter: {fingerprint}"));
        tell(&format!(
            "centers: {} make keys, import their rows, lock",
            network.centers.len()
        ));
        for left_out in centers::enrol_all(&network, &program, &fingerprint)? {
            tell(&left_out);
        }
        tell(
            "committee: roster, templates and study proposed by the office, each signed by two members of two organisations",
        );
        documents::put_in_force(&network)?;
        for index in 0..network.centers.len() {
            network.nodes.push(None);
            network.start_node(index, &[])?;
        }
        Ok(network)
    }

    /// Runs one of the programs of this network to its end.
    #[must_use]
    pub fn program(&self) -> Program {
        Program::new(&self.settings.executable)
    }

    /// Starts the node of center `index` with these variables in its environment.
    pub fn start_node(
        &mut self,
        index: usize,
        variables: &[(&str, &str)],
    ) -> Result<(), DemoError> {
        let center = self.center(index)?;
        let arguments = ["serve", "--data", &text(&center.data)];
        let server = Server::start(&self.program(), Actor::Node, &arguments, variables)?;
        if let Some(slot) = self.nodes.get_mut(index) {
            *slot = Some(server);
        }
        Ok(())
    }

    /// Kills the node of center `index` (SIGKILL) if it runs.
    pub fn kill_node(&mut self, index: usize) {
        if let Some(server) = self.nodes.get_mut(index).and_then(Option::take) {
            server.kill();
        }
    }

    /// Starts the coordinator again on the address that everybody knows.
    pub fn start_coordinator(&mut self, variables: &[(&str, &str)]) -> Result<(), DemoError> {
        let address = self.url.trim_start_matches("https://").to_owned();
        let arguments = [
            "serve",
            "--data",
            &text(&self.coordinator_dir),
            "--listen",
            &address,
        ];
        self.coordinator = Some(Server::start(
            &self.program(),
            Actor::Coordinator,
            &arguments,
            variables,
        )?);
        Ok(())
    }

    /// Kills the coordinator (SIGKILL) if it runs.
    pub fn kill_coordinator(&mut self) {
        if let Some(server) = self.coordinator.take() {
            server.kill();
        }
    }

    /// The home of a person.
    #[must_use]
    pub fn home(&self, person: &Person) -> PathBuf {
        self.settings.root.join("people").join(person.id)
    }

    /// Runs `cartally` as `person`.
    pub fn cartally(&self, person: &Person, arguments: &[&str]) -> Result<Words, DemoError> {
        let home = text(&self.home(person));
        let whole: Vec<&str> = ["--data", &home]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        self.program().run(Actor::Client, &whole)
    }

    /// Has as many members sign a document as the charter demands: one of each organisation.
    pub fn decide(&self, id: &str) -> Result<(), DemoError> {
        let [first, second, _] = MEMBERS;
        for member in [first, second] {
            self.cartally(&member, &["sign", id, "--yes"])?;
        }
        Ok(())
    }

    fn center(&self, index: usize) -> Result<&Center, DemoError> {
        self.centers
            .get(index)
            .ok_or_else(|| DemoError::Usage(format!("there is no center {index}")))
    }
}

impl Drop for Network {
    /// Nodes first, all at once: a coordinator that ends before them would make them complain.
    fn drop(&mut self) {
        for node in self.nodes.iter_mut().flatten() {
            node.ask_to_end();
        }
        self.nodes.clear();
        self.coordinator = None;
    }
}

fn serve_coordinator(program: &Program, dir: &Path, listen: &str) -> Result<Server, DemoError> {
    Server::start(
        program,
        Actor::Coordinator,
        &["serve", "--data", &text(dir), "--listen", listen],
        &[],
    )
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Has the coordinator invite a center or person; the one-time token.
fn invite(network: &Network, program: &Program, role: &str, id: &str) -> Result<String, DemoError> {
    let data = text(&network.coordinator_dir);
    let said = program.run(Actor::Coordinator, &["invite", "--data", &data, role, id])?;
    let token = said.output.lines().last();
    token.map(str::to_owned).ok_or_else(|| DemoError::Silent {
        what: format!("invite {role} {id}"),
        wanted: "the token",
    })
}

fn write(path: &Path, content: &str) -> Result<(), DemoError> {
    std::fs::write(path, content).map_err(DemoError::file(path))
}
