//! The chain from the pinned charter to a query: what is authorised, and every way it can break.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot build its network should stop"
)]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use protocol::amount::NanoRho;
use protocol::documents::{
    Charter, Currency, Member, Query, RefusalReason, Researcher, Roster, RosterCenter, Study,
    TemplateDocument, hash_of_revocations,
};
use protocol::envelope::{Envelope, Payload};
use protocol::ids::{CenterId, ChainHead, DocumentId};
use protocol::keys::{SigningKey, SumKey};
use protocol::limits::{
    CLOCK_SKEW_S, CURRENCY_VALID_S, DEADLINE_S_MAX, PARAMETER_CHARS_MAX, PARAMETERS_MAX,
    SIGNATURES_MAX,
};
use protocol::log::{LogEntry, LogPosition};
use protocol::question::{Mode, Question};
use protocol::verify::{Asked, Governance, GovernanceError, Taken, authorise};
use rstest::rstest;

struct People {
    member: SigningKey,
    office: SigningKey,
    researcher: SigningKey,
    center: SigningKey,
    coordinator: SigningKey,
    stranger: SigningKey,
}

/// A network of one member and one center whose documents a test alters before they are signed.
struct Network {
    people: People,
    charter: Charter,
    roster: Roster,
    template: TemplateDocument,
    study: Study,
    currency: Currency,
    query: Query,
}

fn key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
}

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn in_days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

fn center() -> CenterId {
    "K01".parse().unwrap()
}

fn charter_of(people: &People) -> Charter {
    let member = Member {
        id: "kim".parse().unwrap(),
        name: "Dr Kim".into(),
        organisation: "society".into(),
        key: people.member.public(),
    };
    Charter {
        network: "korea".parse().unwrap(),
        version: 1,
        members: vec![member],
        threshold: 1,
        minimum_organisations: 1,
        timekeepers: vec![people.office.public()],
        predecessor: None,
    }
}

fn roster_of(people: &People) -> Roster {
    let k01 = RosterCenter {
        id: center(),
        name: "First".into(),
        signing_key: people.center.public(),
        sum_key: SumKey::from_bytes([1; 32]),
        valid_until: in_days(365),
    };
    Roster {
        network: "korea".parse().unwrap(),
        proposer: people.office.public(),
        version: 1,
        coordinator: people.coordinator.public(),
        centers: vec![k01],
        answer_delay_s: 5.0,
    }
}

fn study_of(people: &People, template: DocumentId) -> Study {
    Study {
        network: "korea".parse().unwrap(),
        proposer: people.office.public(),
        name: "first".parse().unwrap(),
        version: 1,
        purpose: "survival after infusion".into(),
        protocol_reference: "P-1".into(),
        ethics_reference: "E-1".into(),
        researchers: vec![Researcher {
            id: "lee".parse().unwrap(),
            name: "Dr Lee".into(),
            key: people.researcher.public(),
        }],
        templates: vec![template],
        rho_cap: NanoRho::from_nano(500_000_000),
        expires: in_days(365),
        calendar: vec![],
    }
}

impl Network {
    fn new() -> Self {
        let people = People {
            member: key(),
            office: key(),
            researcher: key(),
            center: key(),
            coordinator: key(),
            stranger: key(),
        };
        let template = TemplateDocument {
            network: "korea".parse().unwrap(),
            proposer: people.office.public(),
            template: "name = \"survival\"".into(),
        };
        let template_id = Envelope::sign(&template, &people.office).id();
        let study = study_of(&people, template_id);
        let question = Question {
            template: template_id,
            parameters: BTreeMap::new(),
            mode: Mode::Local,
            rho: NanoRho::from_nano(50_000_000),
            lock_date: "2026-11-21".parse().unwrap(),
        };
        let query = Query {
            question,
            study: DocumentId::from_bytes([0; 32]),
            created: now(),
            deadline: in_days(1),
            log: LogPosition::EMPTY,
        };
        let currency = Currency {
            network: "korea".parse().unwrap(),
            time: now(),
            log: LogPosition::EMPTY,
            revocations: hash_of_revocations(&std::collections::BTreeSet::new()),
        };
        Self {
            charter: charter_of(&people),
            roster: roster_of(&people),
            template,
            study,
            currency,
            query,
            people,
        }
    }

    fn decided<P: Payload>(&self, document: &P, log: LogPosition) -> Envelope {
        let mut envelope = Envelope::sign_seeing(document, &self.people.office, log);
        envelope.add_signature_seeing(&self.people.member, log);
        envelope
    }

    fn signed_charter(&self) -> Envelope {
        Envelope::sign(&self.charter, &self.people.member)
    }

    /// Governance as the node sees it, and the query by the researcher.
    fn ask(mut self) -> Result<NanoRho, RefusalReason> {
        let charter = self.signed_charter();
        let mut governance = Governance::pinned_to(charter.id());
        log(&mut governance, charter);
        for document in [
            self.decided(&self.roster, governance.chain().position()),
            self.decided(&self.template, governance.chain().position()),
            self.decided(&self.study, governance.chain().position()),
        ] {
            self.query.study = document.id();
            // What is not in force is refused below, by its absence.
            log(&mut governance, document);
        }
        log(
            &mut governance,
            Envelope::sign(&self.currency, &self.people.office),
        );
        let query = Envelope::sign(&self.query, &self.people.researcher);
        log(&mut governance, query.clone());
        let asked = Asked {
            center: &center(),
            signing_key: self.people.center.public(),
            now: now(),
        };
        authorise(&governance, &query, asked).map(|a| a.query.question.rho)
    }

    /// The member's charter in force, and nothing else.
    fn founded(&self) -> Governance {
        let charter = self.signed_charter();
        let mut governance = Governance::pinned_to(charter.id());
        assert!(matches!(log(&mut governance, charter), Taken::InForce));
        governance
    }
}

/// Appends a document to the log that `governance` reads.
fn log(governance: &mut Governance, envelope: Envelope) -> Taken {
    let entry = LogEntry {
        index: governance.chain().position().entries,
        time: now(),
        envelope,
    };
    governance.take(&entry).unwrap()
}

#[test]
fn a_query_under_a_complete_chain_is_authorised() {
    assert_eq!(Network::new().ask(), Ok(NanoRho::from_nano(50_000_000)));
}

#[rstest]
#[case::roster_without_center(|n: &mut Network| n.roster.centers[0].id = "K02".parse().unwrap(), RefusalReason::NotInRoster)]
#[case::center_id_is_a_prefix(|n: &mut Network| n.roster.centers[0].id = "K0".parse().unwrap(), RefusalReason::NotInRoster)]
#[case::roster_with_another_key(|n: &mut Network| n.roster.centers[0].signing_key = n.people.stranger.public(), RefusalReason::NotInRoster)]
#[case::center_left(|n: &mut Network| n.roster.centers[0].valid_until = now(), RefusalReason::NotInRoster)]
#[case::roster_of_another_network(|n: &mut Network| n.roster.network = "japan".parse().unwrap(), RefusalReason::NoRoster)]
#[case::roster_proposed_by_the_only_member(|n: &mut Network| n.roster.proposer = n.people.member.public(), RefusalReason::NoRoster)]
#[case::roster_whose_proposer_did_not_sign(|n: &mut Network| n.roster.proposer = n.people.stranger.public(), RefusalReason::NoRoster)]
#[case::coordinator_that_vouches_for_its_own_log(|n: &mut Network| n.roster.coordinator = n.people.office.public(), RefusalReason::NoRoster)]
#[case::currency_at_its_end(|n: &mut Network| n.currency.time = now() - SignedDuration::from_secs(CURRENCY_VALID_S), RefusalReason::CurrencyExpired)]
#[case::currency_from_the_future(|n: &mut Network| n.currency.time = in_days(1), RefusalReason::CurrencyMismatch)]
#[case::unseen_revocations(|n: &mut Network| n.currency.revocations = ChainHead::from_bytes([7; 32]), RefusalReason::CurrencyMismatch)]
#[case::currency_not_by_a_timekeeper(|n: &mut Network| n.charter.timekeepers = vec![n.people.stranger.public()], RefusalReason::NoCurrency)]
#[case::study_expired(|n: &mut Network| n.study.expires = now(), RefusalReason::StudyExpired)]
#[case::study_of_a_member_who_asks(|n: &mut Network| n.study.researchers[0].key = n.people.member.public(), RefusalReason::StudyNotInForce)]
#[case::study_without_a_cap(|n: &mut Network| n.study.rho_cap = NanoRho::ZERO, RefusalReason::StudyNotInForce)]
#[case::not_a_researcher(|n: &mut Network| n.study.researchers[0].key = n.people.stranger.public(), RefusalReason::NotAResearcher)]
#[case::template_of_another_study(|n: &mut Network| n.study.templates = vec![DocumentId::from_bytes([5; 32])], RefusalReason::TemplateNotInStudy)]
#[case::template_altered(|n: &mut Network| n.template.template.push('x'), RefusalReason::TemplateNotInForce)]
#[case::deadline_passed(|n: &mut Network| n.query.deadline = now(), RefusalReason::DeadlineNotAllowed)]
#[case::deadline_too_far(|n: &mut Network| n.query.deadline = now() + SignedDuration::from_secs(DEADLINE_S_MAX + 301), RefusalReason::DeadlineNotAllowed)]
#[case::rho_above_the_study(|n: &mut Network| n.query.question.rho = NanoRho::from_nano(500_000_001), RefusalReason::RhoNotAllowed)]
#[case::too_many_parameters(|n: &mut Network| n.query.question.parameters = (0..33).map(|i| (format!("p{i}"), String::new())).collect(), RefusalReason::ParametersNotAllowed)]
#[case::threshold_of_half(|n: &mut Network| n.charter.threshold = 0, RefusalReason::NoCharter)]
fn a_broken_chain_is_refused_by_name(
    #[case] break_it: fn(&mut Network),
    #[case] reason: RefusalReason,
) {
    let mut network = Network::new();
    break_it(&mut network);
    assert_eq!(network.ask(), Err(reason));
}

#[test]
fn only_the_pinned_charter_is_believed() {
    let network = Network::new();
    let mut governance = Governance::pinned_to(DocumentId::from_bytes([3; 32]));
    log(&mut governance, network.signed_charter());
    assert!(governance.charter().is_none());
}

#[test]
fn an_older_roster_or_currency_does_not_replace_a_newer_one() {
    let network = Network::new();
    let mut governance = network.founded();
    let second = Roster {
        version: 2,
        ..network.roster.clone()
    };
    let seen = governance.chain().position();
    log(&mut governance, network.decided(&second, seen));
    assert!(matches!(
        log(&mut governance, network.decided(&network.roster, seen)),
        Taken::Ineffective(GovernanceError::Older)
    ));
    log(
        &mut governance,
        Envelope::sign(&network.currency, &network.people.office),
    );
    let older = Currency {
        time: in_days(-1),
        ..network.currency.clone()
    };
    assert!(matches!(
        log(
            &mut governance,
            Envelope::sign(&older, &network.people.office)
        ),
        Taken::Ineffective(GovernanceError::Older)
    ));
    assert_eq!(governance.roster().unwrap().document.version, 2);
}

#[test]
fn signatures_that_arrive_one_after_the_other_count_together_and_once_each() {
    let network = Network::new();
    let mut governance = network.founded();
    let seen = governance.chain().position();
    let proposed = Envelope::sign_seeing(&network.roster, &network.people.office, seen);
    let Taken::Pending(votes) = log(&mut governance, proposed) else {
        panic!("nobody has signed")
    };
    assert!(votes.signed.is_empty() && votes.reachable);
    let mut signed = Envelope::sign_seeing(&network.roster, &network.people.member, seen);
    signed.signatures.push(signed.signatures[0].clone());
    assert!(matches!(log(&mut governance, signed), Taken::InForce));
    assert!(governance.roster().is_some());
}

#[test]
fn signatures_that_count_for_nothing_crowd_out_none_that_does() {
    let network = Network::new();
    let mut governance = network.founded();
    let seen = governance.chain().position();
    for _ in 0..2 {
        let mut junk = Envelope::sign_seeing(&network.roster, &network.people.office, seen);
        while junk.signatures.len() < SIGNATURES_MAX {
            let strange = Envelope::sign_seeing(&network.roster, &key(), seen);
            let mut strange = strange.signatures[0].clone();
            strange.keyid = network.people.member.public().to_string();
            junk.signatures.push(strange);
        }
        let taken = log(&mut governance, junk);
        assert!(matches!(taken, Taken::Pending(votes) if votes.signed.is_empty()));
    }
    let signed = Envelope::sign_seeing(&network.roster, &network.people.member, seen);
    assert!(matches!(log(&mut governance, signed), Taken::InForce));
}

#[rstest]
#[case::currency_in_its_last_second(|n: &mut Network| n.currency.time = now() - SignedDuration::from_secs(CURRENCY_VALID_S - 1))]
#[case::currency_as_far_ahead_as_clocks_may_differ(|n: &mut Network| n.currency.time = now() + SignedDuration::from_secs(CLOCK_SKEW_S))]
#[case::the_latest_deadline(|n: &mut Network| n.query.deadline = now() + SignedDuration::from_secs(DEADLINE_S_MAX + CLOCK_SKEW_S))]
#[case::as_many_parameters_as_may_be(|n: &mut Network| n.query.question.parameters = (0..PARAMETERS_MAX).map(|i| (format!("p{i}"), "é".repeat(PARAMETER_CHARS_MAX))).collect())]
#[case::all_that_the_study_allows(|n: &mut Network| n.query.question.rho = n.study.rho_cap)]
fn what_lies_on_a_limit_is_authorised(#[case] change: fn(&mut Network)) {
    let mut network = Network::new();
    change(&mut network);
    assert!(network.ask().is_ok());
}

#[rstest]
#[case::currency_too_far_ahead(|n: &mut Network| n.currency.time = now() + SignedDuration::from_secs(CLOCK_SKEW_S + 1), RefusalReason::CurrencyMismatch)]
#[case::one_character_more(|n: &mut Network| drop(n.query.question.parameters.insert("p".into(), "é".repeat(PARAMETER_CHARS_MAX + 1))), RefusalReason::ParametersNotAllowed)]
fn what_lies_beyond_a_limit_is_refused(
    #[case] change: fn(&mut Network),
    #[case] reason: RefusalReason,
) {
    let mut network = Network::new();
    change(&mut network);
    assert_eq!(network.ask(), Err(reason));
}

#[test]
fn a_doubled_member_key_makes_no_second_vote() {
    let network = Network::new();
    let mut charter = network.charter.clone();
    let twin = Member {
        id: "park".parse().unwrap(),
        ..charter.members[0].clone()
    };
    charter.members.push(twin);
    assert!(charter.check().is_err());
}
