//! Bad input to a network: what must not be asked is refused by the client, by the coordinator, or by every node, whichever sees it
//! first, with a stable code and a sentence, and costs nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::path::Path;

use demo::network::{MEMBERS, OFFICE, RESEARCHER};
use protocol::amount::NanoRho;
use protocol::documents::{CenterEnding, Query, RefusalReason};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::keys::SigningKey;
use rstest::rstest;
use serde_json::Value;
use tests::{Researcher, TestNetwork, charges, documents_in_log, in_seconds, says_what_to_do};
use transport::TransportError;
use transport::clock::{Clock, SystemClock};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_cartally-tests");

fn rho(value: f64) -> NanoRho {
    NanoRho::at_least(value).unwrap()
}

fn spent(test: &TestNetwork) -> Vec<(i64, i64)> {
    let centers = test.network.centers.iter();
    centers.map(|center| charges(&center.data)).collect()
}

/// The coordinator answers with a problem document of this code, and its log has no such query.
async fn refused(test: &TestNetwork, asking: &Researcher, query: &Envelope, code: &str) {
    let problem = match asking.api.submit(query).await {
        Err(TransportError::Problem(problem)) => problem,
        other => panic!("wanted {code}, got {other:?}"),
    };
    assert_eq!(problem.code, code, "{problem:?}");
    assert_eq!(problem.problem_type, format!("urn:cartally:problem:{code}"));
    assert!((400..500).contains(&problem.status), "{problem:?}");
    assert!(
        problem.detail.split_whitespace().count() >= 6,
        "{problem:?}"
    );
    assert_eq!(documents_in_log(test, "query"), 0);
    assert_eq!(spent(test), [(0, 0); 2]);
}

#[tokio::test]
async fn what_everybody_would_refuse_is_refused_at_the_door_and_not_logged() {
    let test = TestNetwork::start(EXECUTABLE, 2, 20);
    let expired = old_study(&test);
    let asking = Researcher::open(&test).await;
    let stranger = Researcher::person(&test, &MEMBERS[0]).await;
    let plain = || asking.unsigned("survival", &[], rho(0.5));
    let refused = async |query: &Envelope, code| refused(&test, &asking, query, code).await;

    refused(
        &stranger.query("survival", &[], rho(0.5)),
        "not-a-researcher",
    )
    .await;
    let nobody = SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap();
    refused(&Envelope::sign(&plain(), &nobody), "not-a-researcher").await;
    refused(&altered(&asking, &plain()), "not-a-researcher").await;
    let mut unsigned = asking.sign(&plain());
    unsigned.signatures.clear();
    refused(&unsigned, "not-a-researcher").await;

    let now = SystemClock.now();
    let past = Query {
        deadline: in_seconds(now, -1),
        ..plain()
    };
    refused(&asking.sign(&past), "deadline-not-allowed").await;
    let far = Query {
        deadline: in_seconds(now, 61 * 24 * 3600),
        ..plain()
    };
    refused(&asking.sign(&far), "deadline-not-allowed").await;
    let over = asking.query("survival", &[], rho(60.5));
    refused(&over, "rho-not-allowed").await;
    let study = Query {
        study: expired,
        ..plain()
    };
    refused(&asking.sign(&study), "study-expired").await;
    let study = Query {
        study: DocumentId::from_bytes([7; 32]),
        ..plain()
    };
    refused(&asking.sign(&study), "study-not-in-force").await;
    let mut foreign = plain();
    foreign.question.template = DocumentId::from_bytes([7; 32]);
    refused(&asking.sign(&foreign), "template-not-in-study").await;
    let mut many = plain();
    many.question
        .parameters
        .insert("clock".into(), "o".repeat(2000));
    refused(&asking.sign(&many), "parameters-not-allowed").await;

    // The same bytes, right, are answered: nothing of the above left a trace.
    let id = asking.api.submit(&asking.sign(&plain())).await.unwrap().id;
    let status = asking.published(id).await;
    assert!(
        status
            .ends
            .iter()
            .all(|end| end.ending == CenterEnding::Answered),
        "{status:?}"
    );
}

/// The signature of one query over another that differs in one byte: a billionth more of rho.
fn altered(asking: &Researcher, query: &Query) -> Envelope {
    let mut more = query.clone();
    more.question.rho = NanoRho::from_nano(query.question.rho.nano() + 1);
    Envelope {
        signatures: asking.sign(query).signatures,
        ..asking.sign(&more)
    }
}

/// A study whose time is over, signed by all who must sign.
fn old_study(test: &TestNetwork) -> DocumentId {
    let root = &test.network.settings.root;
    let study = std::fs::read_to_string(root.join("study.toml")).unwrap();
    let line = study
        .lines()
        .find(|line| line.starts_with("expires"))
        .unwrap();
    let old = study
        .replace(line, "expires = \"2026-01-01T00:00:00Z\"")
        .replace("name = \"demo\"", "name = \"old\"");
    propose_study(test, &root.join("old.toml"), &old)
}

/// Proposed by the office, signed by the member.
fn propose_study(test: &TestNetwork, path: &Path, study: &str) -> DocumentId {
    std::fs::write(path, study).unwrap();
    let words = ["propose", "study", path.to_str().unwrap()];
    let said = test.network.cartally(&OFFICE, &words).unwrap();
    let id = said.id_after("study old").unwrap();
    test.network.decide(&id).unwrap();
    id.parse().unwrap()
}

#[tokio::test]
async fn what_only_a_node_can_judge_is_refused_by_every_node_for_nothing() {
    let test = TestNetwork::start(EXECUTABLE, 2, 20);
    let asking = Researcher::open(&test).await;
    let plain = || asking.unsigned("survival", &[], rho(0.5));
    let with = |key: &str, value: &str| {
        let mut query = plain();
        query.question.parameters.insert(key.into(), value.into());
        query
    };
    let mut without = plain();
    without.question.parameters.remove("clock");
    let mut early = plain();
    early.question.lock_date = "2020-01-01".parse().unwrap();
    let mut cheap = plain();
    cheap.question.rho = NanoRho::from_nano(1);
    for (query, reason) in [
        (with("age", "200..300"), RefusalReason::ParametersNotAllowed),
        (with("clock", "noon"), RefusalReason::ParametersNotAllowed),
        (with("ward", "7"), RefusalReason::ParametersNotAllowed),
        (without, RefusalReason::ParametersNotAllowed),
        (early, RefusalReason::NoLock),
        (cheap, RefusalReason::RhoNotAllowed),
    ] {
        let id = asking.api.submit(&asking.sign(&query)).await.unwrap().id;
        let status = asking.published(id).await;
        for (task, end) in status.tasks.iter().zip(&status.ends) {
            assert_eq!(task.reason, Some(reason), "{status:?}");
            assert_eq!(end.ending, CenterEnding::Refused, "{status:?}");
        }
    }
    assert_eq!(spent(&test), [(0, 0); 2]);
}

#[rstest]
#[case::template(&["no-such-template"], "unknown-template")]
#[case::parameter(&["survival", "--param", "ward=7"], "parameter-unknown")]
#[case::bounds(&["survival", "--param", "age=200..300"], "parameter-invalid")]
#[case::level(&["survival", "--param", "clock=noon"], "parameter-invalid")]
#[case::above_the_template(&["feasibility-count", "--rho", "0.5", "--study", "old"], "rho-out-of-limits")]
#[case::above_the_study(&["feasibility-count", "--rho", "61", "--study", "old"], "usage")]
#[case::study(&["survival", "--study", "other"], "unknown-study")]
#[case::deadline(&["survival", "--deadline-s", "0"], "usage")]
fn the_client_refuses_to_sign_what_cannot_be_answered(#[case] words: &[&str], #[case] code: &str) {
    let test = limited_network();
    let ask = [&["ask"], words, &["--yes"]].concat();
    let complaint = test.complaint(&ask);
    says_what_to_do(complaint.lines().last().unwrap(), code);
    assert_eq!(documents_in_log(&test, "query"), 0);
    let queries = test.network.cartally(&RESEARCHER, &["queries"]).unwrap();
    assert_eq!(queries.output, "", "nothing was signed");
}

/// One center, where the count may cost 0.2 only: its shipped limit, under another version.
fn limited_network() -> TestNetwork {
    let test = TestNetwork::start(EXECUTABLE, 1, 20);
    let root = &test.network.settings.root;
    let template = std::fs::read_to_string(root.join("feasibility-count.toml")).unwrap();
    let cap = template
        .lines()
        .find(|line| line.starts_with("rho_max"))
        .unwrap();
    let version = template
        .lines()
        .find(|line| line.starts_with("version"))
        .unwrap();
    let limited = template
        .replace(cap, "rho_max = 0.2")
        .replace(version, "version = \"9.0.0\"");
    let path = root.join("limited.toml");
    std::fs::write(&path, limited).unwrap();
    let words = ["propose", "template", path.to_str().unwrap()];
    let said = test.network.cartally(&OFFICE, &words).unwrap();
    let id = said.id_after("feasibility-count@9.0.0").unwrap();
    test.network.decide(&id).unwrap();
    let study = std::fs::read_to_string(root.join("study.toml")).unwrap();
    let study = study.replace("feasibility-count@1.0.0", "feasibility-count@9.0.0");
    let study = study
        .replace("\"survival@1.0.0\", ", "")
        .replace("name = \"demo\"", "name = \"old\"");
    propose_study(&test, &root.join("limited-study.toml"), &study);
    test
}

#[test]
fn a_date_before_every_lock_is_refused_where_the_researcher_sees_it() {
    let test = TestNetwork::start(EXECUTABLE, 2, 20);
    let words = [
        "ask",
        "survival",
        "--lock-date",
        "2020-01-01",
        "--yes",
        "--watch",
    ];
    let said = test.network.cartally(&RESEARCHER, &words).unwrap();
    for center in ["K01", "K02"] {
        let line = said
            .output
            .lines()
            .find(|line| line.trim_start().starts_with(center));
        let line = line.unwrap();
        assert!(
            line.contains("refused (no-lock:") && line.contains("ask for a later date"),
            "{line}"
        );
    }
    let report: Value =
        serde_json::from_str(&test.result(&said.id_after("query").unwrap(), "json")).unwrap();
    assert_eq!(report["centers"]["refused"], 2);
    assert_eq!(spent(&test), [(0, 0); 2]);
}

#[test]
fn a_center_whose_caps_are_reached_says_so_charges_nothing_more_and_still_repeats_itself() {
    let test = TestNetwork::start(EXECUTABLE, 2, 20);
    // The policy is read for each question; year and study would let two questions of 0.05 pass.
    let policy = test.network.centers[0].data.join("policy.toml");
    let open = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, open.replace("year = 60", "year = 0.1")).unwrap();
    let count = |query: &str| {
        let report: Value = serde_json::from_str(&test.result(query, "json")).unwrap();
        let centers = &report["centers"];
        (
            centers["answered"].as_u64().unwrap(),
            centers["out_of_budget"].as_u64().unwrap(),
        )
    };
    let os = test.ask(&["survival", "--rho", "0.05"]);
    let pfs = test.ask(&["survival", "--rho", "0.05", "--param", "clock=pfs"]);
    assert_eq!((count(&os), count(&pfs)), ((2, 0), (2, 0)));
    let before = charges(&test.network.centers[0].data);

    let third = test.ask(&["feasibility-count", "--rho", "0.05"]);
    assert_eq!(count(&third), (1, 1));
    let seen = test
        .network
        .cartally(&RESEARCHER, &["watch", &third])
        .unwrap()
        .output;
    assert!(seen.contains("K01: refused (out-of-budget: "), "{seen}");
    let table = test.result(&third, "table");
    assert!(table.contains("1 out of budget"), "{table}");

    let again = test.ask(&["survival", "--rho", "0.05"]);
    assert_eq!(count(&again), (2, 0));
    assert_eq!(test.result(&again, "json"), test.result(&os, "json"));
    assert_eq!(charges(&test.network.centers[0].data), before);
    assert_eq!(before.0, 2);

    // More room, by the operator's word: the refused question is answered when it is asked again.
    std::fs::write(&policy, open).unwrap();
    assert_eq!(
        count(&test.ask(&["feasibility-count", "--rho", "0.05"])),
        (2, 0)
    );
}

#[rstest]
#[case::year("year")]
#[case::lifetime("lifetime")]
#[case::study("study")]
#[case::researcher("researcher")]
#[case::query("query")]
fn each_cap_of_a_center_is_kept(#[case] cap: &str) {
    let test = TestNetwork::start(EXECUTABLE, 1, 20);
    let policy = test.network.centers[0].data.join("policy.toml");
    let open = std::fs::read_to_string(&policy).unwrap();
    let lower = open.replace(&format!("\n{cap} = 60"), &format!("\n{cap} = 0.04"));
    assert_ne!(lower, open);
    std::fs::write(&policy, lower).unwrap();
    let query = test.ask(&["survival", "--rho", "0.05"]);
    let report: Value = serde_json::from_str(&test.result(&query, "json")).unwrap();
    assert_eq!(report["centers"]["out_of_budget"], 1, "{report}");
    assert_eq!(charges(&test.network.centers[0].data), (0, 0));
}
