//! How many connections does each peer hold? No party may take the places of all others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::CONNECTIONS_PER_PEER_MAX;
use crate::identity::Identity;

/// The connections held now, by peer.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    counts: Arc<Mutex<BTreeMap<Identity, usize>>>,
}

/// One connection's place; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Place {
    held: Held,
    peer: Identity,
}

impl Held {
    /// Takes a place for another connection of `peer`; nothing if it holds as many as it may.
    pub(super) fn another(&self, peer: &Identity) -> Option<Place> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer.clone()).or_default();
        if *count >= CONNECTIONS_PER_PEER_MAX {
            return None;
        }
        *count += 1;
        Some(Place {
            held: self.clone(),
            peer: peer.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let counts = self.held.counts.lock();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.peer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.peer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_holds_as_many_connections_as_it_may_and_others_theirs() {
        let held = Held::default();
        let (one, two): (Identity, Identity) = (
            "cartally://demo/center/K01".parse().unwrap(),
            "cartally://demo/person/K01".parse().unwrap(),
        );
        let mut places: Vec<Place> = (0..CONNECTIONS_PER_PEER_MAX)
            .map(|_| held.another(&one).unwrap())
            .collect();
        assert!(held.another(&one).is_none());
        assert!(held.another(&two).is_some());
        places.pop();
        assert!(held.another(&one).is_some());
        drop(places);
        assert!(held.counts.lock().unwrap().is_empty());
    }
}
