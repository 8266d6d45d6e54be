//! What holds of every log: no order and no choice of signatures decides without k members of enough organisations.

use std::collections::BTreeSet;

use proptest::prelude::*;
use protocol::envelope::Envelope;
use protocol::verify::{Governance, Taken};

use super::network::{Network, key};

const NAMES: [&str; 6] = ["kim", "park", "choi", "office", "lee", "stranger"];

/// One entry of a log about one roster: who signs it there, and whether the signer of that place saw another log.
fn entries() -> impl Strategy<Value = Vec<Vec<(usize, bool)>>> {
    let signature = (0..NAMES.len(), prop::bool::weighted(0.2));
    prop::collection::vec(prop::collection::vec(signature, 0..5), 1..6)
}

/// Any log of the documents of a network, twice over, in any order.
fn orders() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..8, 0..12)
}

fn roster_signed(network: &Network, by: &[(usize, bool)]) -> Envelope {
    let mut envelope = network.signed(&network.documents.roster, &[]);
    for (name, elsewhere) in by {
        let mut saw = network.seen();
        if *elsewhere {
            saw.head = protocol::ids::ChainHead::from_bytes([9; 32]);
        }
        envelope.add_signature_seeing(&key(NAMES[*name]), saw);
    }
    envelope
}

/// The documents of `order`, in that order: some in force, some not, some refused.
fn any_log(order: &[usize]) -> Network {
    let mut network = Network::founded();
    for which in order {
        let documents = network.documents.clone();
        match which {
            0 => drop(network.post(&documents.roster, &["office", "kim"])),
            1 => drop(network.post(&documents.roster, &["office", "choi"])),
            2 => drop(network.log(network.decided(&documents.template))),
            3 => {
                let study = network.decided(&documents.study);
                network.documents.query.study = study.id();
                drop(network.log(study));
            }
            4 => drop(network.post(&network.current(super::network::now()), &["office"])),
            5 => drop(network.log(network.query())),
            6 => drop(network.post(&network.successor(), &["kim", "choi"])),
            _ => {
                let revocation = network.revocation(documents.query.study, super::network::now());
                drop(network.post(&revocation, &["park"]));
            }
        }
    }
    network
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_in_force_before_k_members_of_enough_organisations_saw_this_log_and_signed(
        log in entries(),
    ) {
        let mut network = Network::founded();
        let mut counted = BTreeSet::new();
        for by in &log {
            let taken = network.log(roster_signed(&network, by));
            // The first of two signatures by one name on one envelope is the one that is there.
            let mut here = BTreeSet::new();
            let firsts = by.iter().filter(|(name, _)| here.insert(*name));
            counted.extend(firsts.filter(|(_, elsewhere)| !elsewhere).map(|(name, _)| *name));
            let members = counted.iter().filter(|name| **name < 3).count();
            let both = counted.contains(&2) && members >= 2;
            let proposed = counted.contains(&3);
            prop_assert_eq!(matches!(taken, Taken::InForce), both && proposed);
            prop_assert_eq!(network.governance.roster().is_some(), both && proposed);
        }
    }

    #[test]
    fn a_log_read_twice_says_the_same(order in orders()) {
        let network = any_log(&order);
        prop_assert_eq!(format!("{:?}", network.read_again()), format!("{:?}", network.governance));
    }

    #[test]
    fn what_a_log_said_about_a_query_or_a_position_it_says_for_ever(order in orders()) {
        let network = any_log(&order);
        let mut growing = Governance::pinned_to(network.governance.fingerprint().unwrap());
        for entry in &network.entries {
            growing.take(entry).unwrap();
            let here = growing.chain().position();
            prop_assert!(network.governance.chain().contains(here));
            for entry in &network.entries {
                if let Some(index) = growing.query_index(&entry.envelope.id()) {
                    prop_assert_eq!(network.governance.query_index(&entry.envelope.id()), Some(index));
                }
            }
            prop_assert!(growing.revocations().is_subset(&network.governance.revocations()));
            prop_assert!(network.governance.charters().starts_with(growing.charters()));
        }
    }
}
