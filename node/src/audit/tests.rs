//! Every finding by its name, from books made by hand.

use protocol::documents::{Answer, Refusal, RefusalReason};
use protocol::envelope::Envelope;
use protocol::ids::PersonId;
use protocol::keys::SigningKey;
use protocol::log::LogPosition;

use super::*;
use crate::init::DEFAULT_POLICY;
use crate::record::Verdict;

/// Books of a node that answered questions 1, 2, … and may be altered before they are audited.
struct Case {
    ledger: LedgerBook,
    record: RecordBook,
    own_answers: Vec<LoggedAnswer>,
    queries: BTreeMap<DocumentId, AskedQuery>,
    templates: BTreeMap<QuestionId, String>,
    studies: BTreeMap<DocumentId, StudyTerms>,
}

fn question(number: u8) -> QuestionId {
    QuestionId::from_bytes([number; 32])
}

fn query(number: u8) -> DocumentId {
    DocumentId::from_bytes([number; 32])
}

fn study() -> DocumentId {
    DocumentId::from_bytes([200; 32])
}

fn head(number: u8) -> ChainHead {
    ChainHead::from_bytes([number; 32])
}

fn rho(rho: f64) -> NanoRho {
    NanoRho::at_most(rho).unwrap()
}

/// The signed answer to question `number`, which carries the ledger's head `number`.
fn answer(number: u8) -> Envelope {
    let key = SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap();
    let answer = Answer {
        question: question(number),
        center: "K01".parse().unwrap(),
        lock: "l".parse().unwrap(),
        lock_date: "2026-11-21".parse().unwrap(),
        plan: protocol::ids::PlanDigest::from_bytes([7; 32]),
        parts: vec![],
        cost: rho(0.05),
        ledger_head: head(number),
        log: LogPosition::EMPTY,
    };
    Envelope::sign(&answer, &key)
}

impl Case {
    /// A record that began in second 100, with the default policy, and nothing yet.
    fn new() -> Self {
        let mut case = Self {
            ledger: LedgerBook::default(),
            record: RecordBook::default(),
            own_answers: Vec::new(),
            queries: BTreeMap::new(),
            templates: BTreeMap::new(),
            studies: BTreeMap::new(),
        };
        let terms = StudyTerms {
            name: "trial".to_owned(),
            rho_cap: rho(1.0),
        };
        case.studies.insert(study(), terms);
        case.happens(100, record::Kind::Begun);
        case.policy(100, DEFAULT_POLICY);
        case
    }

    /// With questions 1 and 2 answered in seconds 200 and 300, all as it should be.
    fn sound() -> Self {
        let mut case = Self::new();
        case.answered(1, 200);
        case.answered(2, 300);
        case
    }

    fn happens(&mut self, at_s: i64, kind: record::Kind) {
        let seq = i64::try_from(self.record.entries.len()).unwrap() + 1;
        self.record.entries.push(record::Entry { seq, at_s, kind });
    }

    fn policy(&mut self, at_s: i64, text: &str) {
        let text = text.to_owned();
        self.happens(at_s, record::Kind::Policy { text });
    }

    fn asked(&mut self, number: u8) {
        let asked = AskedQuery {
            question: question(number),
            study: study(),
            researcher: Some("kim".parse().unwrap()),
        };
        self.queries.insert(query(number), asked);
        self.templates
            .insert(question(number), "survival".to_owned());
    }

    fn charged(&mut self, number: u8, at_s: i64, cost: f64) {
        self.asked(number);
        let seq = i64::try_from(self.ledger.entries.len()).unwrap() + 1;
        let kind = ledger::Kind::Charge {
            question: question(number),
            attempt: 0,
            study: study(),
            researcher: "kim".parse::<PersonId>().unwrap(),
        };
        let entry = ledger::Entry {
            seq,
            at_s,
            cost: rho(cost),
            kind,
        };
        self.ledger.entries.push((entry, head(number)));
    }

    /// Records that `document` left as the answer to query and question `number`.
    fn left(&mut self, number: u8, at_s: i64, document: &Envelope) {
        let id = document.id();
        self.record.documents.insert(id, document.to_json());
        let kind = record::Kind::Answer {
            query: query(number),
            question: question(number),
            document: id,
        };
        self.happens(at_s, kind);
    }

    fn logged(&mut self, number: u8) {
        self.own_answers.push(LoggedAnswer {
            log_index: u64::from(number),
            question: question(number),
            head: head(number),
            cost: rho(0.05),
        });
    }

    /// Charged, kept, recorded, and logged.
    fn answered(&mut self, number: u8, at_s: i64) {
        let document = answer(number);
        self.charged(number, at_s, 0.05);
        self.ledger
            .answers
            .insert(question(number), document.to_json());
        self.left(number, at_s, &document);
        self.logged(number);
    }

    /// The books as they stand.
    fn books(self, audited: impl FnOnce(&mut Books<'_>)) -> Vec<Finding> {
        let mut books = Books {
            ledger: Book::Sound(self.ledger),
            record: Book::Sound(self.record),
            log: LogBook {
                own_answers: &self.own_answers,
                queries: self.queries,
                templates: self.templates,
                studies: self.studies,
            },
        };
        audited(&mut books);
        audit(&books)
    }

    fn findings(self) -> Vec<Finding> {
        self.books(|_| {})
    }

    fn codes(self) -> Vec<&'static str> {
        self.findings().iter().map(Finding::code).collect()
    }
}

#[test]
fn books_in_order_give_no_finding() {
    assert_eq!(Case::sound().findings(), []);
    assert_eq!(Case::new().findings(), []);
    assert_eq!(
        audit(&Books {
            ledger: Book::Sound(LedgerBook::default()),
            ..empty()
        }),
        []
    );
}

fn empty() -> Books<'static> {
    Books {
        ledger: Book::Sound(LedgerBook::default()),
        record: Book::Sound(RecordBook::default()),
        log: LogBook::default(),
    }
}

#[test]
fn a_broken_ledger_is_found_and_its_rows_are_not_used() {
    let findings = Case::sound().books(|books| books.ledger = Book::BrokenAt { seq: 2 });
    assert_eq!(findings, [Finding::LedgerBroken { seq: 2 }]);
}

#[test]
fn a_broken_record_is_found_and_its_rows_are_not_used() {
    let findings = Case::sound().books(|books| books.record = Book::BrokenAt { seq: 3 });
    assert_eq!(findings, [Finding::RecordBroken { seq: 3 }]);
}

#[test]
fn a_charge_above_a_cap_of_its_time_is_found() {
    let mut case = Case::sound();
    case.charged(3, 400, 0.11);
    let refused = ledger::Refused::QueryCap;
    assert_eq!(
        case.findings(),
        [Finding::ChargeAboveCaps { seq: 3, refused }]
    );
}

#[test]
fn a_charge_above_the_smaller_cap_of_a_rule_or_of_the_study_is_found() {
    let mut case = Case::sound();
    case.policy(
        350,
        &format!("{DEFAULT_POLICY}\n[[approval.rules]]\nstudy = \"trial\"\nquery_cap = 0.02\n"),
    );
    case.charged(3, 400, 0.05);
    let refused = ledger::Refused::QueryCap;
    assert_eq!(
        case.findings(),
        [Finding::ChargeAboveCaps { seq: 3, refused }]
    );
    let mut case = Case::sound();
    case.studies.get_mut(&study()).unwrap().rho_cap = rho(0.07);
    let refused = ledger::Refused::StudyCap;
    assert_eq!(
        case.findings(),
        [Finding::ChargeAboveCaps { seq: 2, refused }]
    );
}

/// A policy that leaves every question to this word.
fn deciding(word: &str) -> String {
    DEFAULT_POLICY.replace("default = \"automatic\"", &format!("default = \"{word}\""))
}

#[test]
fn an_answer_that_the_policy_of_its_time_refused_or_left_to_a_person_is_found() {
    for word in ["refuse", "person"] {
        let mut case = Case::sound();
        case.policy(350, &deciding(word));
        case.answered(3, 400);
        assert_eq!(case.codes(), ["answer-against-policy"], "{word}");
    }
    let mut case = Case::new();
    case.policy(150, &deciding("person"));
    case.happens(160, record::Kind::Awaiting { query: query(1) });
    let (by, note) = ("jo".to_owned(), String::new());
    let query = query(1);
    case.happens(170, record::Kind::Approved { query, by, note });
    case.answered(1, 200);
    assert_eq!(case.findings(), []);
}

#[test]
fn an_answer_is_judged_by_the_policies_between_its_charge_and_its_departure() {
    let mut case = Case::new();
    let document = answer(1);
    case.charged(1, 200, 0.05);
    let kept = document.to_json();
    case.ledger.answers.insert(question(1), kept);
    // Somebody changed the policy while the rows were counted.
    case.policy(201, &deciding("refuse"));
    case.left(1, 202, &document);
    // The same answer to another query later rests on the policy of then.
    let other = AskedQuery {
        question: question(1),
        ..case.queries[&query(1)].clone()
    };
    case.queries.insert(query(5), other);
    let kind = record::Kind::Answer {
        query: query(5),
        question: question(1),
        document: document.id(),
    };
    case.happens(300, kind);
    let query = query(5);
    assert_eq!(
        case.findings(),
        [Finding::AnswerAgainstPolicy { seq: 5, query }]
    );
}

#[test]
fn an_answer_in_a_study_that_the_review_board_had_not_approved_is_found() {
    let requires = "[review_board]\nrequired = true\n";
    let approval = "[[review_board.approvals]]\nstudy = \"trial\"\nnumber = \"7\"\nexpires = ";
    let with = |more: &str| {
        let mut case = Case::new();
        case.policy(150, &format!("{DEFAULT_POLICY}\n{requires}{more}"));
        case.answered(1, 200);
        case.codes()
    };
    assert_eq!(with(""), ["answer-without-review-board"]);
    assert_eq!(
        with(&format!("{approval}1969-12-30\n")),
        ["answer-without-review-board"]
    );
    assert_eq!(with(&format!("{approval}1999-12-31\n")), [""; 0]);
}

#[test]
fn what_another_version_of_the_study_spent_counts_for_a_charge() {
    let mut case = Case::sound();
    let terms = StudyTerms {
        rho_cap: rho(0.12),
        ..case.studies[&study()].clone()
    };
    let later = DocumentId::from_bytes([201; 32]);
    case.studies.insert(later, terms);
    case.charged(3, 400, 0.05);
    let ledger::Kind::Charge { study, .. } = &mut case.ledger.entries[2].0.kind else {
        panic!("a charge")
    };
    *study = later;
    let refused = ledger::Refused::StudyCap;
    assert_eq!(
        case.findings(),
        [Finding::ChargeAboveCaps { seq: 3, refused }]
    );
}

#[test]
fn what_was_spent_before_counts_for_every_later_charge() {
    let mut case = Case::new();
    for number in 1..=6 {
        case.answered(number, 200);
    }
    let refused = ledger::Refused::ResearcherCap;
    assert_eq!(
        case.findings(),
        [Finding::ChargeAboveCaps { seq: 6, refused }]
    );
}

#[test]
fn a_charge_behind_the_clock_of_the_one_before_is_found() {
    let mut case = Case::sound();
    case.charged(3, 250, 0.05);
    let refused = ledger::Refused::ClockBehind;
    assert_eq!(
        case.findings(),
        [Finding::ChargeAboveCaps { seq: 3, refused }]
    );
}

#[test]
fn the_policy_of_the_charges_own_time_counts_and_any_of_its_second() {
    let lower = DEFAULT_POLICY.replace("query = 0.1 ", "query = 0.01 ");
    // A lower cap that came later does not reach back, and one of the same second may not have been there yet.
    let mut case = Case::sound();
    case.policy(300, &lower);
    assert_eq!(case.findings(), []);
    // One second before, it was.
    let mut case = Case::sound();
    case.policy(299, &lower);
    assert_eq!(case.codes(), ["charge-above-caps"]);
    // Raised again in the charge's second.
    let mut case = Case::sound();
    case.policy(299, &lower);
    case.policy(300, DEFAULT_POLICY);
    assert_eq!(case.findings(), []);
}

#[test]
fn a_charge_without_a_policy_that_can_be_read_is_found() {
    let mut case = Case::sound();
    case.record.entries.remove(1);
    assert_eq!(
        case.codes(),
        [
            "charge-without-policy",
            "charge-without-policy",
            "answer-against-policy",
            "answer-against-policy"
        ]
    );
    let mut case = Case::sound();
    case.policy(250, "[caps]");
    assert_eq!(
        case.codes(),
        ["charge-without-policy", "answer-against-policy"]
    );
}

#[test]
fn a_charge_of_what_nobody_asked_is_found() {
    let mut case = Case::sound();
    case.templates.remove(&question(2));
    assert_eq!(case.findings(), [Finding::ChargeUnasked { seq: 2 }]);
    let mut case = Case::sound();
    case.studies.clear();
    assert_eq!(case.codes(), ["charge-unasked", "charge-unasked"]);
}

#[test]
fn a_record_younger_than_the_ledger_is_said_and_fails_nothing() {
    let mut case = Case::sound();
    case.record.entries.remove(2);
    case.ledger.entries[0].0.at_s = 99;
    let findings = case.findings();
    let younger = Finding::RecordYounger {
        begun_s: 100,
        charges: 1,
    };
    assert_eq!(findings, [younger]);
    assert_eq!(findings[0].weight(), Weight::Note);
    assert!(findings[0].to_string().contains("1970-01-01T00:01:40Z"));
}

#[test]
fn an_answer_that_was_never_charged_is_found() {
    let mut case = Case::sound();
    case.asked(3);
    case.left(3, 400, &answer(3));
    assert_eq!(
        case.findings(),
        [Finding::AnswerNotCharged {
            seq: 5,
            question: question(3)
        }]
    );
}

#[test]
fn an_answer_with_other_bytes_than_the_ledger_keeps_is_found() {
    let altered = Finding::AnswerAltered {
        seq: 3,
        question: question(1),
    };
    // Another draw for the same question, signed by another key.
    let mut case = Case::sound();
    case.ledger.answers.insert(question(1), answer(1).to_json());
    assert_eq!(case.findings(), std::slice::from_ref(&altered));
    // The ledger keeps none at all.
    let mut case = Case::sound();
    case.ledger.answers.remove(&question(1));
    assert_eq!(case.findings(), [altered]);
}

#[test]
fn an_answer_sent_under_another_question_is_found() {
    // To a query that asks something else.
    let mut case = Case::sound();
    case.queries.get_mut(&query(1)).unwrap().question = question(9);
    assert_eq!(
        case.findings(),
        [Finding::AnswerToAnother {
            seq: 3,
            query: query(1)
        }]
    );
    // To a query that the log does not hold.
    let mut case = Case::sound();
    case.queries.remove(&query(1));
    assert_eq!(case.codes(), ["answer-to-another"]);
    // The ledger's bytes for question 3 are an answer to question 4.
    let mut case = Case::sound();
    let other = answer(4);
    case.charged(3, 400, 0.05);
    case.ledger.answers.insert(question(3), other.to_json());
    case.left(3, 400, &other);
    assert_eq!(
        case.findings(),
        [Finding::AnswerToAnother {
            seq: 5,
            query: query(3)
        }]
    );
}

#[test]
fn an_answer_that_is_no_answer_is_found() {
    let mut case = Case::sound();
    let key = SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap();
    let refusal = Refusal {
        query: query(3),
        center: "K01".parse().unwrap(),
        reason: RefusalReason::NoLock,
        log: LogPosition::EMPTY,
    };
    let refusal = Envelope::sign(&refusal, &key);
    case.charged(3, 400, 0.05);
    case.ledger.answers.insert(question(3), refusal.to_json());
    case.left(3, 400, &refusal);
    assert_eq!(case.codes(), ["answer-to-another"]);
}

#[test]
fn an_answer_without_the_approval_that_it_waited_for_is_found() {
    let waits = record::Kind::Awaiting { query: query(3) };
    let says = |verdict| {
        let (query, by, note) = (query(3), "lee".to_owned(), String::new());
        match verdict {
            Verdict::Approve => record::Kind::Approved { query, by, note },
            Verdict::Refuse => record::Kind::RefusedByPerson { query, by, note },
        }
    };
    let mut case = Case::sound();
    case.happens(400, waits.clone());
    case.answered(3, 401);
    // Approved only afterwards.
    case.happens(402, says(Verdict::Approve));
    assert_eq!(
        case.findings(),
        [Finding::AnswerUnapproved {
            seq: 6,
            query: query(3)
        }]
    );
    let mut case = Case::sound();
    case.happens(400, waits.clone());
    case.happens(401, says(Verdict::Approve));
    case.answered(3, 402);
    assert_eq!(case.findings(), []);
    let mut case = Case::sound();
    case.happens(400, waits);
    case.happens(401, says(Verdict::Refuse));
    case.answered(3, 402);
    assert_eq!(
        case.findings(),
        [Finding::AnswerRefused {
            seq: 7,
            query: query(3)
        }]
    );
}

#[test]
fn an_answer_in_the_log_that_neither_book_knows_is_found() {
    let unknown = Finding::AnswerUnknown {
        question: question(7),
        log_index: 7,
    };
    let mut case = Case::sound();
    case.logged(7);
    assert_eq!(case.findings(), std::slice::from_ref(&unknown));
    // Known to the ledger by its head alone: a second answer would be drawn.
    let mut case = Case::sound();
    case.charged(7, 400, 0.05);
    case.logged(7);
    assert_eq!(case.findings(), [unknown]);
}

#[test]
fn what_an_operator_has_looked_at_after_a_restore_is_accounted_for() {
    let mut case = Case::sound();
    case.logged(7);
    let restored = ledger::Entry {
        seq: 3,
        at_s: 400,
        cost: rho(0.05),
        kind: ledger::Kind::Restored { log_entries: 8 },
    };
    case.ledger.entries.push((restored, head(99)));
    assert_eq!(case.findings(), []);
}

#[test]
fn an_answer_that_the_record_should_know_and_does_not_is_found() {
    let mut case = Case::sound();
    case.record.entries.pop();
    assert_eq!(
        case.findings(),
        [Finding::AnswerNotRecorded {
            question: question(2),
            log_index: 2
        }]
    );
}

#[test]
fn every_finding_has_a_sentence_of_its_own_and_no_two_share_a_code() {
    let (seq, log_index, question, query) = (7, 8, question(1), query(2));
    let refused = ledger::Refused::YearCap;
    let all = [
        Finding::LedgerBroken { seq },
        Finding::RecordBroken { seq },
        Finding::RecordYounger {
            begun_s: 1,
            charges: 2,
        },
        Finding::ChargeUnasked { seq },
        Finding::ChargeWithoutPolicy { seq },
        Finding::ChargeAboveCaps { seq, refused },
        Finding::AnswerNotCharged { seq, question },
        Finding::AnswerAltered { seq, question },
        Finding::AnswerToAnother { seq, query },
        Finding::AnswerUnapproved { seq, query },
        Finding::AnswerRefused { seq, query },
        Finding::AnswerUnknown {
            question,
            log_index,
        },
        Finding::AnswerNotRecorded {
            question,
            log_index,
        },
    ];
    let codes: BTreeSet<&str> = all.iter().map(Finding::code).collect();
    let sentences: BTreeSet<String> = all.iter().map(Finding::to_string).collect();
    assert_eq!((codes.len(), sentences.len()), (all.len(), all.len()));
}
