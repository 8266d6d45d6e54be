//! How many connections does each peer hold? No party may take the places of all others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{ANONYMOUS_CONNECTIONS_MAX, CONNECTIONS_PER_PEER_MAX};
use crate::identity::Identity;

/// The connections held now, by peer; all those without a name are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    counts: Arc<Mutex<BTreeMap<Option<Identity>, usize>>>,
}

/// One connection's place; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Place {
    held: Held,
    peer: Option<Identity>,
}

impl Held {
    /// Takes a place for another connection of `peer`; nothing if it holds as many as it may.
    pub(super) fn another(&self, peer: Option<&Identity>) -> Option<Place> {
        let most = match peer {
            Some(_) => CONNECTIONS_PER_PEER_MAX,
            None => ANONYMOUS_CONNECTIONS_MAX,
        };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer.cloned()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            held: self.clone(),
            peer: peer.cloned(),
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
        for (peer, other, most) in [
            (Some(&one), Some(&two), CONNECTIONS_PER_PEER_MAX),
            (None, Some(&one), ANONYMOUS_CONNECTIONS_MAX),
        ] {
            let mut places: Vec<Place> = (0..most).map(|_| held.another(peer).unwrap()).collect();
            assert!(held.another(peer).is_none());
            assert!(held.another(other).is_some());
            places.pop();
            assert!(held.another(peer).is_some());
        }
        assert!(held.counts.lock().unwrap().is_empty());
    }
}
