//! What does an attacker gain who may ask, and knows all but one patient? Each attack of the design that a node can meet.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::amount::NanoRho;
use protocol::documents::{Query, Study, TemplateDocument};
use protocol::envelope::Payload;
use protocol::ids::DocumentId;
use protocol::question::{Mode, Question};
use question::template::{shipped_template, with_rho_max};
use serde::{Deserialize, Serialize};
use transport::clock::ManualClock;

use super::fixture::{Network, key, lock_rows, log, now, with_query};
use super::said::said_during;
use super::*;
use crate::init::DEFAULT_POLICY;
use crate::record::Verdict;
use crate::testing::ebmt4;

/// A study beside the network's own.
fn other_study(network: &Network, templates: Vec<DocumentId>, rho_cap: NanoRho) -> Envelope {
    let own = network.documents.study.as_ref().unwrap();
    let study = Study {
        name: "another".parse().unwrap(),
        templates,
        rho_cap,
        ..own.parse_unverified().unwrap()
    };
    network.decide(&study)
}

/// The same question in another study, by a query of another hour.
fn asked_in(network: &Network, study: &Envelope, question: &Question) -> Envelope {
    let query = network.query(question.clone(), &network.lee);
    let query = Query {
        study: study.id(),
        created: now() + SignedDuration::from_secs(60),
        deadline: now() + SignedDuration::from_hours(48),
        ..query.parse_unverified().unwrap()
    };
    Envelope::sign(&query, &network.lee)
}

fn set(question: &mut Question, name: &str, value: &str) {
    question.parameters.insert(name.into(), value.into());
}

/// The export of a real center without its first patient.
fn without_first_patient(network: &Network) -> PathBuf {
    let folder = network.data.root().join("neighbour");
    std::fs::create_dir(&folder).unwrap();
    for entry in ebmt4("center_1").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap();
        let leaves_out = if name == "patient.csv" { 1 } else { usize::MAX };
        let lines = text.lines().enumerate();
        let kept: Vec<&str> = lines
            .filter(|(number, _)| *number != leaves_out)
            .map(|(_, line)| line)
            .collect();
        std::fs::write(folder.join(name), kept.join("\n") + "\n").unwrap();
    }
    folder
}

#[test]
fn repeating_a_question_in_any_way_gives_the_same_bytes_at_no_cost() {
    let network = Network::with_rows();
    let question = network.question(0, 0.05);
    let first = network.respond(&network.query(question.clone(), &network.kim));
    let _: Answer = network.opened(&first);
    let spent = network.spent();
    let templates = network.documents.templates.iter().map(Envelope::id);
    let study = other_study(
        &network,
        templates.collect(),
        NanoRho::at_most(0.1).unwrap(),
    );
    let mut governance = network.governance();
    log(&mut governance, &study);
    let queries = [
        network.query(question.clone(), &network.kim),
        network.query(question.clone(), &network.lee),
        asked_in(&network, &study, &question),
    ];
    for query in &queries {
        // Each time by a node that was started anew.
        let again = network.respond_under(&network.answerer(), &governance, query);
        assert_eq!((again.to_json(), network.spent()), (first.to_json(), spent));
    }
}

#[test]
fn another_spelling_of_a_question_is_refused_and_not_another_draw() {
    let network = Network::with_rows();
    let with = |name: &str, value: &str| {
        let mut question = network.question(1, 0.05);
        let canonical = [
            ("by", "age_band,sex"),
            ("product", "axi_cel|tisa_cel"),
            ("age", "18..64"),
        ];
        for (name, value) in canonical {
            set(&mut question, name, value);
        }
        set(&mut question, name, value);
        network.query(question, &network.kim)
    };
    let _: Answer = network.opened(&network.respond(&with("clock", "os")));
    let spent = network.spent();
    for (name, value) in [
        ("by", "sex,age_band"),
        ("by", "age_band, sex"),
        ("by", "age_band,sex,sex"),
        ("by", " age_band,sex"),
        ("product", "tisa_cel|axi_cel"),
        ("product", "axi_cel,tisa_cel"),
        ("product", "axi_cel|axi_cel|tisa_cel"),
        ("age", "18 .. 64"),
        ("age", "+18..64"),
        ("age", "018..64"),
        ("infused", ""),
        ("infused", "1980..2060"),
    ] {
        let reason = network.reason(&with(name, value));
        assert_eq!(
            (reason, network.spent()),
            (RefusalReason::ParametersNotAllowed, spent),
            "{name}={value:?}"
        );
    }
}

#[test]
fn questions_that_differ_by_a_hair_are_paid_one_by_one_until_a_cap_ends_them() {
    let network = Network::with_rows();
    let mut asked = 0;
    for day in 1..=20 {
        // All these dates select one lock, so that each answer is a new draw over the same rows.
        let mut question = network.question(0, 0.04);
        question.lock_date = jiff::civil::date(2026, 11, day);
        question.rho = NanoRho::from_nano(question.rho.nano() + u64::try_from(day).unwrap());
        let response = network.respond(&network.query(question, &network.kim));
        if response.is::<Answer>() {
            let answer: Answer = network.opened(&response);
            asked += 1;
            assert!(network.spent() >= asked * answer.cost.nano());
        } else {
            let refusal: Refusal = network.opened(&response);
            assert_eq!(refusal.reason, RefusalReason::OutOfBudget);
        }
    }
    // The study's cap is 0.15.
    assert_eq!(asked, 3);
    assert!(network.spent() <= 150_000_000);
}

#[test]
fn a_template_that_is_signed_again_asks_another_question_at_another_charge() {
    let network = Network::with_rows();
    let own: TemplateDocument = network.documents.templates[0].parse_unverified().unwrap();
    let again = TemplateDocument {
        template: own.template.clone() + "\n",
        ..own
    };
    let template = network.decide(&again);
    let study = other_study(
        &network,
        vec![template.id()],
        NanoRho::at_most(0.1).unwrap(),
    );
    let mut governance = network.governance();
    log(&mut governance, &template);
    log(&mut governance, &study);
    let first: Answer =
        network.opened(&network.respond(&network.query(network.question(0, 0.05), &network.kim)));
    let question = Question {
        template: template.id(),
        ..network.question(0, 0.05)
    };
    let query = asked_in(&network, &study, &question);
    let second: Answer =
        network.opened(&network.respond_under(&network.answerer(), &governance, &query));
    assert_ne!(first.question, second.question);
    assert_eq!(network.spent(), first.cost.plus(second.cost).nano());
}

#[test]
fn a_patient_who_came_between_two_locks_changes_no_answer_that_was_given() {
    let network = Network::new();
    let neighbour = without_first_patient(&network);
    lock_rows(&network.data, &neighbour, "2026-01-01");
    let question = network.question(0, 0.05);
    let before = network.respond(&network.query(question.clone(), &network.kim));
    let first: Answer = network.opened(&before);
    lock_rows(&network.data, &ebmt4("center_1"), "2026-01-02");
    let after = network.respond(&network.query(question, &network.lee));
    assert_eq!(
        (after.to_json(), network.spent()),
        (before.to_json(), first.cost.nano())
    );
    // To see the new lock is another question: it has noise of its own and is paid for.
    let mut question = network.question(0, 0.05);
    question.lock_date = jiff::civil::date(2026, 11, 21);
    let second: Answer = network.opened(&network.respond(&network.query(question, &network.kim)));
    assert_ne!(first.lock, second.lock);
    assert_eq!(network.spent(), first.cost.plus(second.cost).nano());
}

/// What others see of a node that is asked many things, and what its log says: all but noise, lock ids and times.
fn seen(network: &Network, data: &DataDir) -> (Vec<String>, String) {
    let answerer = Answerer::open(data.clone(), now()).unwrap();
    let asked = |change: fn(&mut Question)| {
        let mut question = network.question(1, 0.05);
        change(&mut question);
        network.query(question, &network.kim)
    };
    let queries = [
        asked(|_| ()),
        asked(|_| ()),
        asked(|question| question.rho = NanoRho::at_most(0.2).unwrap()),
        asked(|question| question.rho = NanoRho::from_nano(1)),
        asked(|question| question.lock_date = jiff::civil::date(2025, 1, 1)),
        asked(|question| set(question, "by", "sex, age_band")),
        asked(|question| set(question, "by", "age_band,disease")),
        asked(|question| set(question, "age", "119..120")),
        asked(|question| question.mode = Mode::Secure),
        asked(|question| question.rho = NanoRho::at_most(0.06).unwrap()),
    ];
    said_during(|| {
        let end = |query| {
            let response = network.respond_with(&answerer, query);
            if response.is::<Answer>() {
                let answer: Answer = network.opened(&response);
                let shape: Vec<usize> = answer.parts.iter().map(Vec::len).collect();
                let Answer {
                    question,
                    cost,
                    lock_date,
                    plan,
                    ledger_head,
                    log,
                    ..
                } = answer;
                format!("{question} {cost} {lock_date} {plan} {ledger_head} {log:?} {shape:?}")
            } else {
                format!("{:?}", network.opened::<Refusal>(&response))
            }
        };
        queries.iter().map(end).collect()
    })
}

#[test]
fn nothing_but_noise_tells_a_center_from_one_without_a_patient_or_without_any() {
    let network = Network::new();
    let neighbour = without_first_patient(&network);
    let nobody = network.data.root().join("nobody");
    std::fs::create_dir(&nobody).unwrap();
    let name = "center_info.csv";
    std::fs::copy(ebmt4("center_1").join(name), nobody.join(name)).unwrap();
    let [all, one_less, none] = [ebmt4("center_1"), neighbour, nobody].map(|export| {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path().join("node"));
        copy(network.data.root(), data.root());
        lock_rows(&data, &export, "2026-01-01");
        let seen = seen(&network, &data);
        drop(folder);
        seen
    });
    assert_eq!(all.0.len(), 10);
    assert!(
        all.0.iter().any(|end| end.contains("OutOfBudget")),
        "{all:?}"
    );
    assert!(all.1.contains("a query was refused"), "{}", all.1);
    assert_eq!(all, one_less);
    assert_eq!(all, none);
}

/// What others and the person who decides see of a node that leaves questions to a person, and what its log says.
fn seen_by_a_person(network: &Network, data: &DataDir) -> (Vec<String>, String) {
    let policy = DEFAULT_POLICY.replace("\"automatic\"", "\"person\"");
    std::fs::write(data.policy(), policy).unwrap();
    let answerer = Answerer::open(data.clone(), now()).unwrap();
    let asked = |day: i8| {
        let mut question = network.question(1, 0.05);
        question.lock_date = jiff::civil::date(2026, 11, day);
        network.query(question, &network.kim)
    };
    let verdicts = [Some(Verdict::Approve), Some(Verdict::Refuse), None];
    said_during(|| {
        let mut seen = Vec::new();
        for (day, verdict) in (1..).zip(verdicts) {
            let query = asked(day);
            let governance = with_query(&network.governance(), &query);
            let respond = || match answerer.respond(&query, network.on(&governance)).unwrap() {
                Response::AwaitingApproval => "awaiting-approval".to_owned(),
                Response::Send(envelope) => envelope.payload_type,
            };
            seen.push(respond());
            let mut read = Vec::new();
            let pending = answerer.pending(&query, network.on(&governance)).unwrap();
            pending.write(&mut read).unwrap();
            seen.push(String::from_utf8(read).unwrap());
            if let Some(verdict) = verdict {
                let record = answerer.record();
                record.decide(query.id(), verdict, "jo", "", now()).unwrap();
            }
            seen.push(respond());
        }
        seen
    })
}

#[test]
fn nothing_that_a_person_reads_or_others_see_of_it_tells_a_center_from_one_without_a_patient() {
    let network = Network::new();
    let neighbour = without_first_patient(&network);
    let [all, one_less] = [ebmt4("center_1"), neighbour].map(|export| {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path().join("node"));
        copy(network.data.root(), data.root());
        lock_rows(&data, &export, "2026-01-01");
        let seen = seen_by_a_person(&network, &data);
        drop(folder);
        seen
    });
    let ends: Vec<&str> = all.0.iter().step_by(3).map(String::as_str).collect();
    assert_eq!(ends, ["awaiting-approval"; 3]);
    assert_eq!(all.0[2], Answer::TYPE);
    assert_eq!(
        (all.0[5].as_str(), all.0[8].as_str()),
        (Refusal::TYPE, "awaiting-approval")
    );
    assert_eq!(all, one_less);
}

/// A node's folder, copied before it holds rows: the same center, keys and policy.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let (path, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

#[test]
fn noise_too_small_to_hide_anybody_is_refused_even_if_the_committee_signed_it() {
    let network = Network::with_rows();
    let most = NanoRho::at_most(100.0).unwrap();
    let own: TemplateDocument = network.documents.templates[0].parse_unverified().unwrap();
    let shipped = shipped_template("feasibility-count").unwrap();
    let raised = TemplateDocument {
        template: with_rho_max(shipped.toml(), most).unwrap(),
        ..own
    };
    let template = network.decide(&raised);
    let study = other_study(&network, vec![template.id()], most);
    let mut governance = network.governance();
    log(&mut governance, &template);
    log(&mut governance, &study);
    let hundred = "year = 100\nlifetime = 100\nstudy = 100\nresearcher = 100\nquery = 100\n";
    let policy =
        format!("[caps]\n{hundred}questions_per_day = 9\n[approval]\ndefault = \"automatic\"\n");
    std::fs::write(network.data.policy(), policy).unwrap();
    let ask = |nano: u64| {
        let question = Question {
            template: template.id(),
            rho: NanoRho::from_nano(nano),
            ..network.question(0, 0.05)
        };
        let query = asked_in(&network, &study, &question);
        network.respond_under(&network.answerer(), &governance, &query)
    };
    // sigma 0.3 is rho 5.555…
    for nano in [0, 5_555_700_000, 100_000_000_000, 100_000_000_001, u64::MAX] {
        let refusal: Refusal = network.opened(&ask(nano));
        assert_eq!(
            (refusal.reason, network.spent()),
            (RefusalReason::RhoNotAllowed, 0),
            "{nano}"
        );
    }
    let answer: Answer = network.opened(&ask(5_555_500_000));
    assert_eq!(answer.cost.nano(), network.spent());
}

/// A query's payload as an attacker writes it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Raw(serde_json::Value);

impl Payload for Raw {
    const TYPE: &'static str = Query::TYPE;
}

#[test]
fn a_price_that_is_no_whole_number_above_nothing_is_refused() {
    let network = Network::with_rows();
    let sound = network.query(network.question(0, 0.05), &network.kim);
    let Raw(sound) = sound.parse_unverified().unwrap();
    for price in [
        serde_json::json!(-1),
        serde_json::json!(-50_000_000),
        serde_json::json!(0.05),
        serde_json::json!(5e7),
        serde_json::json!(1e300),
        serde_json::json!(f64::MIN_POSITIVE),
        serde_json::json!("NaN"),
        serde_json::json!("50000000"),
        serde_json::Value::Null,
    ] {
        let mut altered = sound.clone();
        altered["question"]["rho"] = price.clone();
        let query = Envelope::sign(&Raw(altered), &network.kim);
        assert_eq!(
            network.reason(&query),
            RefusalReason::MalformedQuery,
            "{price}"
        );
    }
    let mut free = sound;
    free["question"]["rho"] = serde_json::json!(0);
    let query = Envelope::sign(&Raw(free), &network.kim);
    assert_eq!(network.reason(&query), RefusalReason::RhoNotAllowed);
    assert_eq!(network.spent(), 0);
}

#[test]
fn a_query_that_was_altered_on_its_way_is_nobodys() {
    let network = Network::with_rows();
    let signed = network.query(network.question(0, 0.05), &network.kim);
    let Raw(sound) = signed.parse_unverified().unwrap();
    for (field, value) in [
        ("rho", serde_json::json!(49_999_999)),
        ("lock_date", serde_json::json!("2026-11-19")),
        ("parameters", serde_json::json!({})),
        (
            "template",
            serde_json::json!(network.documents.templates[1].id()),
        ),
    ] {
        let mut altered = sound.clone();
        altered["question"][field] = value;
        let mut query = Envelope::sign(&Raw(altered), &key());
        query.signatures.clone_from(&signed.signatures);
        assert_eq!(
            network.reason(&query),
            RefusalReason::NotAResearcher,
            "{field}"
        );
    }
    assert_eq!(network.spent(), 0);
}

#[test]
fn a_clock_that_is_moved_opens_no_new_year() {
    let mut network = Network::with_rows();
    let answered = network.query(network.question(0, 0.1), &network.kim);
    let first = network.respond(&answered);
    let _: Answer = network.opened(&first);
    let spent = network.spent();
    let mut ask = |clock: Timestamp, rho: f64| {
        network.clock = Arc::new(ManualClock::new(clock));
        let query = network.query(network.question(1, rho), &network.kim);
        (network.reason(&query), network.spent())
    };
    let hours = SignedDuration::from_hours;
    // Behind the ledger by a second, and behind the currency document by more than clocks may differ.
    let behind = now() - SignedDuration::from_secs(1);
    assert_eq!(ask(behind, 0.04), (RefusalReason::ClockBehind, spent));
    assert_eq!(
        ask(now() - hours(1), 0.04),
        (RefusalReason::CurrencyMismatch, spent)
    );
    // Ahead by as much as empties the year: nothing is current any more.
    assert_eq!(
        ask(now() + hours(24 * 14), 0.04),
        (RefusalReason::CurrencyExpired, spent)
    );
    assert_eq!(
        ask(now() + hours(24 * 366), 0.04),
        (RefusalReason::NotInRoster, spent)
    );
    network.clock = Arc::new(ManualClock::new(now() + Duration::from_secs(1)));
    assert_eq!(network.respond(&answered).to_json(), first.to_json());
}
