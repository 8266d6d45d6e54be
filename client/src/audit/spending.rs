//! What did the answers cost, and is it within each study's cap? As far as the log shows: a center's own ledger knows more.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use protocol::amount::NanoRho;
use protocol::documents::Answer;
use protocol::ids::{CenterId, StudyName};

use super::queries::Asked;
use super::{Code, Spent};

/// What one study has spent at one center, and the largest cap under which it asked there.
#[derive(Default)]
struct Account {
    spent: NanoRho,
    cap: NanoRho,
    is_told: bool,
}

/// All accounts.
#[derive(Default)]
pub(super) struct Spending {
    accounts: BTreeMap<(CenterId, StudyName), Account>,
    pub(super) by_center: BTreeMap<CenterId, Spent>,
}

impl Spending {
    /// Books an answer on the study for which it was given. A question that two studies asked is booked on neither: which of
    /// them paid is known to the center's ledger alone.
    pub(super) fn add<'a>(
        &mut self,
        answer: &Answer,
        asked: impl Iterator<Item = &'a Asked>,
        came: Timestamp,
    ) -> Option<(Code, String)> {
        let year = came.to_zoned(TimeZone::UTC).year();
        let center = self.by_center.entry(answer.center.clone()).or_default();
        center.add(year, answer.cost);
        let asked: Vec<&Asked> = asked
            .filter(|asked| asked.entry < answer.log.entries && asked.study.is_some())
            .collect();
        let refused = |asked: &&&Asked| asked.refused_by.contains(&answer.center);
        let mut may_have_paid: Vec<&Asked> =
            asked.iter().filter(|a| !refused(a)).copied().collect();
        if may_have_paid.is_empty() {
            may_have_paid = asked;
        }
        let studies = may_have_paid.iter().filter_map(|a| a.study.as_ref());
        let names: BTreeSet<&StudyName> = studies.clone().map(|study| &study.name).collect();
        let (Some(name), 1) = (names.first(), names.len()) else {
            return None;
        };
        let cap = studies.map(|study| study.rho_cap).max()?;
        let account = self
            .accounts
            .entry((answer.center.clone(), (*name).clone()))
            .or_default();
        account.book(answer.cost, cap).then(|| {
            let why = format!(
                "with it the questions of study {name} have cost rho {} at {}, and its cap is {}",
                account.spent, answer.center, account.cap
            );
            (Code::StudyOverspent, why)
        })
    }
}

impl Account {
    /// Whether this charge is the first beyond the cap.
    fn book(&mut self, cost: NanoRho, cap: NanoRho) -> bool {
        self.spent = self.spent.plus(cost);
        self.cap = self.cap.max(cap);
        let is_new = self.spent > self.cap && !self.is_told;
        self.is_told |= is_new;
        is_new
    }
}
