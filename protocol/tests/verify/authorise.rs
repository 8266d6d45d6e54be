//! The chain from the pinned charter to a query: what is authorised, and every way it can break.

use jiff::SignedDuration;
use protocol::amount::NanoRho;
use protocol::documents::{RefusalReason, Roster};
use protocol::envelope::{Envelope, EnvelopeError, Payload};
use protocol::ids::{ChainHead, DocumentId};
use protocol::limits::{
    CLOCK_SKEW_S, CURRENCY_VALID_S, DEADLINE_S_MAX, PARAMETER_CHARS_MAX, PARAMETERS_MAX,
};
use protocol::verify::authorised_study;
use rstest::rstest;

use super::network::{Documents, Network, in_days, key, now};

type D = Documents;

/// What K01 says to lee's query in the network of these documents.
fn ask(documents: Documents) -> Result<NanoRho, RefusalReason> {
    let mut network = Network::of(documents);
    network.found();
    network.decide_all();
    network.ask().map(|allowed| allowed.query.question.rho)
}

#[test]
fn a_query_under_a_complete_chain_is_authorised() {
    assert_eq!(ask(D::new()), Ok(NanoRho::from_nano(50_000_000)));
}

#[rstest]
#[case::roster_without_center(|d: &mut D| d.roster.centers[0].id = "K02".parse().unwrap(), RefusalReason::NotInRoster)]
#[case::center_id_is_a_prefix(|d: &mut D| d.roster.centers[0].id = "K0".parse().unwrap(), RefusalReason::NotInRoster)]
#[case::roster_with_another_key(|d: &mut D| d.roster.centers[0].signing_key = key("stranger").public(), RefusalReason::NotInRoster)]
#[case::center_expired(|d: &mut D| d.roster.centers[0].valid_until = now(), RefusalReason::NotInRoster)]
#[case::roster_of_another_network(|d: &mut D| d.roster.network = "japan".parse().unwrap(), RefusalReason::NoRoster)]
#[case::template_of_another_network(|d: &mut D| { d.template.network = "japan".parse().unwrap(); d.rename_template(); }, RefusalReason::TemplateNotInForce)]
#[case::study_of_another_network(|d: &mut D| d.study.network = "japan".parse().unwrap(), RefusalReason::StudyNotInForce)]
#[case::currency_of_another_network(|d: &mut D| d.currency.network = "japan".parse().unwrap(), RefusalReason::NoCurrency)]
#[case::roster_proposed_by_a_member_who_signs(|d: &mut D| d.roster.proposer = key("kim").public(), RefusalReason::NoRoster)]
#[case::roster_whose_proposer_did_not_sign(|d: &mut D| d.roster.proposer = key("stranger").public(), RefusalReason::NoRoster)]
#[case::coordinator_that_vouches_for_its_own_log(|d: &mut D| d.roster.coordinator = key("office").public(), RefusalReason::NoRoster)]
#[case::currency_expired(|d: &mut D| d.currency.time = now() - SignedDuration::from_secs(CURRENCY_VALID_S), RefusalReason::CurrencyExpired)]
#[case::currency_from_the_future(|d: &mut D| d.currency.time = in_days(1), RefusalReason::CurrencyMismatch)]
#[case::unseen_revocations(|d: &mut D| d.currency.revocations = ChainHead::from_bytes([7; 32]), RefusalReason::CurrencyMismatch)]
#[case::currency_of_another_log(|d: &mut D| d.currency.log.head = ChainHead::from_bytes([7; 32]), RefusalReason::CurrencyMismatch)]
#[case::currency_not_by_a_timekeeper(|d: &mut D| d.charter.timekeepers = vec![key("stranger").public()], RefusalReason::NoCurrency)]
#[case::study_expired(|d: &mut D| d.study.expires = now(), RefusalReason::StudyExpired)]
#[case::study_of_a_member_who_asks(|d: &mut D| d.study.researchers[0].key = key("kim").public(), RefusalReason::StudyNotInForce)]
#[case::study_of_a_member_who_asks_with_another_key(|d: &mut D| d.study.researchers[0].id = "kim".parse().unwrap(), RefusalReason::StudyNotInForce)]
#[case::study_without_a_cap(|d: &mut D| d.study.rho_cap = NanoRho::ZERO, RefusalReason::StudyNotInForce)]
#[case::not_a_researcher(|d: &mut D| d.study.researchers[0].key = key("stranger").public(), RefusalReason::NotAResearcher)]
#[case::template_of_another_study(|d: &mut D| d.study.templates = vec![DocumentId::from_bytes([5; 32])], RefusalReason::TemplateNotInStudy)]
#[case::template_altered(|d: &mut D| d.template.template.push('x'), RefusalReason::TemplateNotInForce)]
#[case::deadline_passed(|d: &mut D| d.query.deadline = now(), RefusalReason::DeadlineNotAllowed)]
#[case::deadline_too_far(|d: &mut D| d.query.deadline = now() + SignedDuration::from_secs(DEADLINE_S_MAX + CLOCK_SKEW_S + 1), RefusalReason::DeadlineNotAllowed)]
#[case::rho_above_the_study(|d: &mut D| d.query.question.rho = NanoRho::from_nano(500_000_001), RefusalReason::RhoNotAllowed)]
#[case::too_many_parameters(|d: &mut D| d.query.question.parameters = (0..=PARAMETERS_MAX).map(|i| (format!("p{i}"), String::new())).collect(), RefusalReason::ParametersNotAllowed)]
#[case::threshold_of_half(|d: &mut D| d.charter.threshold = 1, RefusalReason::NoCharter)]
#[case::query_over_another_log(|d: &mut D| d.query.log.head = ChainHead::from_bytes([7; 32]), RefusalReason::OtherLog)]
#[case::query_over_a_log_that_is_longer(|d: &mut D| d.query.log.entries = 1_000, RefusalReason::OtherLog)]
fn a_broken_chain_is_refused_by_name(
    #[case] break_it: fn(&mut Documents),
    #[case] reason: RefusalReason,
) {
    let mut documents = D::new();
    break_it(&mut documents);
    assert_eq!(ask(documents), Err(reason));
}

#[rstest]
#[case::currency_in_its_last_second(|d: &mut D| d.currency.time = now() - SignedDuration::from_secs(CURRENCY_VALID_S - 1))]
#[case::currency_as_far_ahead_as_clocks_may_differ(|d: &mut D| d.currency.time = now() + SignedDuration::from_secs(CLOCK_SKEW_S))]
#[case::the_latest_deadline(|d: &mut D| d.query.deadline = now() + SignedDuration::from_secs(DEADLINE_S_MAX + CLOCK_SKEW_S))]
#[case::as_many_parameters_as_may_be(|d: &mut D| d.query.question.parameters = (0..PARAMETERS_MAX).map(|i| (format!("p{i}"), "é".repeat(PARAMETER_CHARS_MAX))).collect())]
#[case::all_that_the_study_allows(|d: &mut D| d.query.question.rho = d.study.rho_cap)]
#[case::study_in_its_last_second(|d: &mut D| d.study.expires = now() + SignedDuration::from_secs(1))]
#[case::center_in_its_last_second(|d: &mut D| d.roster.centers[0].valid_until = now() + SignedDuration::from_secs(1))]
fn what_lies_on_a_limit_is_authorised(#[case] change: fn(&mut Documents)) {
    let mut documents = D::new();
    change(&mut documents);
    assert!(ask(documents).is_ok());
}

#[rstest]
#[case::currency_too_far_ahead(|d: &mut D| d.currency.time = now() + SignedDuration::from_secs(CLOCK_SKEW_S + 1), RefusalReason::CurrencyMismatch)]
#[case::one_character_more(|d: &mut D| drop(d.query.question.parameters.insert("p".into(), "é".repeat(PARAMETER_CHARS_MAX + 1))), RefusalReason::ParametersNotAllowed)]
fn what_lies_beyond_a_limit_is_refused(
    #[case] change: fn(&mut Documents),
    #[case] reason: RefusalReason,
) {
    let mut documents = D::new();
    change(&mut documents);
    assert_eq!(ask(documents), Err(reason));
}

#[test]
fn a_query_that_is_not_in_the_log_is_refused() {
    let network = Network::ready();
    let refused = network.judge(&network.query(), now()).unwrap_err();
    assert_eq!(refused, RefusalReason::NotInLog);
}

#[test]
fn a_query_altered_by_one_byte_after_it_was_logged_is_refused() {
    let mut network = Network::ready();
    network.ask().unwrap();
    let mut altered = network.query();
    network.documents.query.question.rho = NanoRho::from_nano(50_000_001);
    altered.payload = network.query().payload;
    let refused = |network: &Network| network.judge(&altered, now()).unwrap_err();
    assert_eq!(refused(&network), RefusalReason::NotInLog);
    network.log(altered.clone());
    assert_eq!(refused(&network), RefusalReason::NotAResearcher);
}

#[test]
fn what_a_researcher_signed_as_something_else_is_no_query() {
    let mut network = Network::ready();
    let mut dressed = network.query();
    dressed.payload_type = Roster::TYPE.into();
    network.log(dressed.clone());
    let refused = network.judge(&dressed, now()).unwrap_err();
    assert_eq!(refused, RefusalReason::MalformedQuery);
}

#[test]
fn a_signature_made_for_another_document_is_none_of_the_query() {
    let mut network = Network::ready();
    let mut query = network.query();
    query.signatures = network
        .signed(&network.documents.roster, &["lee"])
        .signatures;
    network.log(query.clone());
    let refused = network.judge(&query, now()).unwrap_err();
    assert_eq!(refused, RefusalReason::NotAResearcher);
}

#[test]
fn a_query_whose_payload_is_no_query_is_refused_as_malformed() {
    let mut network = Network::ready();
    let mut query = network.query();
    for payload in [
        network.signed(&network.documents.roster, &[]).payload,
        "%".into(),
    ] {
        query.payload = payload;
        network.log(query.clone());
        let refused = network.judge(&query, now()).unwrap_err();
        assert_eq!(refused, RefusalReason::MalformedQuery);
    }
}

#[test]
fn a_query_signed_for_one_study_is_not_asked_in_another() {
    let mut network = Network::ready();
    network.documents.study.name = "second".parse().unwrap();
    network.documents.study.researchers[0].key = key("yoon").public();
    let second = network.decided(&network.documents.study);
    network.documents.query.study = second.id();
    network.log(second);
    assert_eq!(network.refusal(), RefusalReason::NotAResearcher);
}

#[test]
fn a_query_that_lies_under_more_signatures_than_may_be_is_refused() {
    let mut network = Network::ready();
    let mut query = network.query();
    query.signatures = vec![query.signatures[0].clone(); 65];
    assert!(matches!(
        Envelope::from_json(&query.to_json()),
        Err(EnvelopeError::TooLarge)
    ));
    network.log(query.clone());
    assert!(network.judge(&query, now()).is_err());
}

#[test]
fn the_coordinator_judges_a_study_by_the_rules_that_nodes_use() {
    let mut network = Network::ready();
    network.ask().unwrap();
    let (query, governance) = (network.query(), &network.governance);
    let judged = |now| authorised_study(governance, &query, &network.documents.query, now);
    assert!(judged(now()).is_ok());
    assert_eq!(judged(in_days(365)), Err(RefusalReason::StudyExpired));
}
