//! What do people and operators type while a network runs, beyond asking?

use std::path::PathBuf;

use client::home::Home;
use demo::actor::Actor;
use demo::network::{NETWORK, OFFICE, Person};

use crate::TestNetwork;
use crate::process::{Ended, run, says_what_to_do};

impl TestNetwork {
    /// What `cartally` says to a person whose command succeeds.
    pub fn says(&self, person: &Person, arguments: &[&str]) -> String {
        let said = self.network.cartally(person, arguments);
        said.unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
            .output
    }

    /// A person's command fails with this code, and is told what to do.
    pub fn refuses(&self, person: &Person, arguments: &[&str], code: &str) -> String {
        let home = self.network.home(person);
        let home = home.to_string_lossy();
        let whole = [&["--data", &home], arguments].concat();
        let ended = run(&self.executable(), Actor::Client, &whole);
        assert_eq!(ended.code, 1, "{arguments:?}: {ended:?}");
        let told = ended.complaint.lines().last().unwrap_or_default();
        says_what_to_do(told, code);
        told.to_owned()
    }

    /// What an operator's command at center `index` ends in.
    pub fn operator(&self, index: usize, arguments: &[&str]) -> Ended {
        let data = self.node_data(index);
        let data = data.to_string_lossy();
        let whole = [&["--data", &data], arguments].concat();
        run(&self.executable(), Actor::Node, &whole)
    }

    /// What a command of the coordinator's operator ends in; the data folder comes after its first word.
    pub fn at_coordinator(&self, arguments: &[&str]) -> Ended {
        let data = self.network.coordinator_dir.to_string_lossy();
        let (first, rest) = arguments.split_at(1);
        let whole = [first, &["--data", &data], rest].concat();
        run(&self.executable(), Actor::Coordinator, &whole)
    }

    /// A one-time token for a center or person.
    pub fn invited(&self, role: &str, id: &str) -> String {
        let said = self.at_coordinator(&["invite", role, id]).done();
        said.lines().last().expect("the token").to_owned()
    }

    /// Has another person join by an invitation, and pin the network's charter.
    pub fn join_person(&self, person: &Person) {
        let token = self.invited("person", person.id);
        let url = self.network.url.clone();
        let words = ["join", "--token", &token, "--network", NETWORK];
        let who = ["--person", person.id, "--name", person.name];
        let whence = ["--organisation", person.organisation, "--coordinator", &url];
        self.says(person, &[&words[..], &who, &whence].concat());
        let office = Home::open(&self.network.home(&OFFICE)).expect("the office has a home");
        let charter = office.charter().expect("it pinned one").to_string();
        self.says(person, &["charter", "pin", &charter]);
    }

    /// The public key on a person's card.
    pub fn key_of(&self, person: &Person) -> String {
        let home = Home::open(&self.network.home(person)).expect("the person has a home");
        let key = home.signing_key().expect("and a key");
        key.public().to_string()
    }

    /// The data folder of center `index`.
    pub fn node_data(&self, index: usize) -> PathBuf {
        let center = self.network.centers.get(index);
        center.expect("there is such a center").data.clone()
    }

    /// Replaces words of a center's policy, which it reads anew for every question.
    pub fn change_policy(&self, index: usize, from: &str, to: &str) {
        let path = self.node_data(index).join("policy.toml");
        let text = std::fs::read_to_string(&path).expect("there is a policy");
        assert!(text.contains(from), "{from:?} is not in {text}");
        std::fs::write(path, text.replace(from, to)).expect("it can be written");
    }

    /// The text of the network's study, with words replaced, in a file of this name.
    pub fn study_file(&self, name: &str, changes: &[(&str, &str)]) -> String {
        self.variant("study.toml", name, changes)
    }

    /// One of the files that founded the network, with words replaced, in a file of this name.
    pub fn variant(&self, of: &str, name: &str, changes: &[(&str, &str)]) -> String {
        let root = &self.network.settings.root;
        let mut text = std::fs::read_to_string(root.join(of)).expect("the network was founded");
        for (from, to) in changes {
            assert!(text.contains(from), "{from:?} is not in {text}");
            text = text.replace(from, to);
        }
        let path = root.join(name);
        std::fs::write(&path, text).expect("it can be written");
        path.to_string_lossy().into_owned()
    }

    /// Proposes a file as the office; the document's id.
    pub fn propose(&self, kind: &str, file: &str, label: &str) -> String {
        let said = self.network.cartally(&OFFICE, &["propose", kind, file]);
        let said = said.expect("it can be proposed");
        said.id_after(label).expect("its id is said")
    }

    /// The id of the study that the committee put in force under this name.
    pub fn study(&self, name: &str) -> String {
        let said = self.says(&OFFICE, &["review"]);
        let words = format!("study {name}, version");
        let mut lines = said.lines().skip_while(|line| *line != "In force");
        lines.find(|line| line.contains(&words));
        let id = lines.next().unwrap_or_else(|| panic!("no {words}: {said}"));
        id.trim().to_owned()
    }

    fn executable(&self) -> String {
        let path = &self.network.settings.executable;
        path.to_string_lossy().into_owned()
    }
}

impl Ended {
    /// It ended well; what it said.
    pub fn done(&self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.output.clone()
    }
}
