//! Which network's books are audited? One that asked and refused, declined, suspended, superseded and renewed.

use std::path::PathBuf;

use coordinator::data_dir::DataDir as CoordinatorDir;
use demo::network::{MEMBERS, OFFICE, RESEARCHER};
use protocol::envelope::Envelope;
use protocol::keys::SigningKey;
use protocol::log::LogEntry;
use tests::TestNetwork;

/// A network that has told its story; its log as the researcher keeps it.
pub(crate) struct Told {
    pub(crate) test: TestNetwork,
    pub(crate) entries: Vec<LogEntry>,
    /// The coordinator's signed head.
    pub(crate) head: Envelope,
    /// The fingerprint that the auditor compared.
    pub(crate) charter: String,
    /// What whoever broke into the coordinator holds.
    pub(crate) coordinator: SigningKey,
}

impl Told {
    pub(crate) fn new(executable: &str) -> Self {
        let test = TestNetwork::start(executable, 3, 20);
        tell(&test);
        let home = test.network.home(&RESEARCHER);
        let read = |name: &str| std::fs::read_to_string(home.join(name)).unwrap();
        let log = read("log.jsonl");
        let entries = log.lines().map(|line| serde_json::from_str(line).unwrap());
        let dir = CoordinatorDir::at(&test.network.coordinator_dir);
        Self {
            entries: entries.collect(),
            head: Envelope::from_json(read("log.head.json").as_bytes()).unwrap(),
            charter: client::home::Home::open(&home)
                .unwrap()
                .charter()
                .unwrap()
                .to_string(),
            coordinator: dir.load_signing_key().unwrap(),
            test,
        }
    }

    /// A file of this network's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.test.network.settings.root.join(name)
    }
}

/// Answered; answered again from the store; refused by one center; a study suspended after it was asked, one declined; the roster
/// renewed, and a timekeeper's word; and asked again after all that.
fn tell(test: &TestNetwork) {
    let demo = |template: &str, rho: &str| {
        test.ask(&[template, "--rho", rho, "--study", "demo"]);
    };
    demo("survival", "0.5");
    demo("feasibility-count", "0.4");
    demo("survival", "0.5");
    test.change_policy(2, "query = 60", "query = 0.6");
    demo("survival", "0.9");

    let pilot = [("name = \"demo\"", "name = \"pilot\"")];
    let pilot = test.study_file("pilot.toml", &pilot);
    let pilot = test.propose("study", &pilot, "study pilot");
    test.network.decide(&pilot).unwrap();
    test.ask(&["survival", "--rho", "0.3", "--study", "pilot"]);
    let [_, lee, cho] = MEMBERS;
    test.says(
        &cho,
        &["revoke", &pilot, "--reason", "a patient asked", "--yes"],
    );
    let second = [("name = \"demo\"", "name = \"second\"")];
    let second = test.study_file("second.toml", &second);
    let second = test.propose("study", &second, "study second");
    let no = ["decline", &second, "--reason", "its purpose is not clear"];
    test.says(&lee, &no);

    let until = ["--valid-until", "2039-12-31T00:00:00Z"];
    let roster = [&["propose", "roster", "--from-current"], &until[..]].concat();
    let said = test.network.cartally(&OFFICE, &roster).unwrap();
    test.network
        .decide(&said.id_after("roster").unwrap())
        .unwrap();
    test.says(&OFFICE, &["currency"]);
    demo("incidence-rate", "0.5");
    test.says(&RESEARCHER, &["log"]);
}
