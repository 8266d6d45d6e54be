//! What would a study leave of each center's year and lifetime? From the answers in the log, which say what was charged.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use protocol::amount::{DELTA_SHOWN, LIFETIME_CAP_DEFAULT, NanoRho, YEAR_CAP_DEFAULT};
use protocol::documents::{Answer, Query, Roster, Study};
use protocol::ids::{CenterId, DocumentId, QuestionId, StudyName};
use protocol::keys::PublicKey;
use protocol::verify::Standing;

use crate::govern::view::View;
use crate::table::table;
use crate::words::paragraph;

/// A center's year goes back so far.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// One charge: a question is charged once at each center, whoever asks again.
#[derive(Debug, Clone)]
struct Charge {
    cost: NanoRho,
    time: Timestamp,
    /// The study that asked first.
    study: Option<StudyName>,
}

/// What was charged at each center, by the first answer to each question.
type Charges = BTreeMap<CenterId, BTreeMap<QuestionId, Charge>>;

/// How one center stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    year: NanoRho,
    ever: NanoRho,
    /// What other studies in force may still spend.
    promised: NanoRho,
    /// What this study may still spend.
    asked: NanoRho,
}

impl Row {
    /// What is left of the year's cap if all is spent that may be; nothing if it does not fit.
    fn left_of(self, cap: NanoRho, spent: NanoRho) -> Option<NanoRho> {
        let taken = spent.plus(self.promised).plus(self.asked);
        (taken <= cap).then(|| cap.minus(taken))
    }

    fn left_of_year(self) -> Option<NanoRho> {
        self.left_of(YEAR_CAP_DEFAULT, self.year)
    }

    fn left_of_lifetime(self) -> Option<NanoRho> {
        self.left_of(LIFETIME_CAP_DEFAULT, self.ever)
    }
}

/// The table for all centers of the roster in force, and a warning for each where the study does not fit.
pub(super) fn in_words(view: &View<'_>, study: &Study) -> String {
    let Some(roster) = view.governance.roster() else {
        return "no roster is in force yet, so there is no center to look at\n".to_owned();
    };
    let charges = charges(view);
    let mut shown = table(
        [
            "center",
            "spent, year",
            "spent, ever",
            "other studies",
            "this study",
            "left, year",
            "left, ever",
        ],
        1,
    );
    let mut warnings = String::new();
    for center in &roster.document.centers {
        let row = row(view, &charges, &center.id, study);
        shown.add_row([
            center.id.to_string(),
            pair(row.year),
            pair(row.ever),
            pair(row.promised),
            pair(row.asked),
            left(row.left_of_year()),
            left(row.left_of_lifetime()),
        ]);
        warnings.push_str(&warning(&center.id, row));
    }
    let note = format!(
        "Each as rho / epsilon at delta {DELTA_SHOWN:e}. Held against the default caps of a center: {} in any 365 days, {} ever. \
         A center's own policy may allow less; what left in answers that are not in this log is not counted.",
        both(YEAR_CAP_DEFAULT),
        both(LIFETIME_CAP_DEFAULT)
    );
    format!("{shown}\n{}{warnings}", paragraph("", "", &note))
}

fn warning(center: &CenterId, row: Row) -> String {
    let of = |fits: bool, which: &str, cap: NanoRho, spent: NanoRho| {
        let free = cap.minus(spent.plus(row.promised));
        let line = format!(
            "WARNING {center}: it does not fit the {which}: {} is free beside what was spent and promised, and this study may spend {}",
            both(free),
            both(row.asked)
        );
        if fits {
            String::new()
        } else {
            paragraph("", "  ", &line)
        }
    };
    of(
        row.left_of_year().is_some(),
        "year",
        YEAR_CAP_DEFAULT,
        row.year,
    ) + &of(
        row.left_of_lifetime().is_some(),
        "lifetime",
        LIFETIME_CAP_DEFAULT,
        row.ever,
    )
}

fn row(view: &View<'_>, charges: &Charges, center: &CenterId, study: &Study) -> Row {
    let spent = charges.get(center);
    let spent = || spent.into_iter().flat_map(BTreeMap::values);
    let by = |name: &StudyName| -> NanoRho {
        let theirs = spent().filter(|charge| charge.study.as_ref() == Some(name));
        theirs.map(|charge| charge.cost).sum()
    };
    let left_to = |other: &Study| other.rho_cap.minus(by(&other.name));
    let since = view.now.saturating_sub(YEAR).unwrap_or(Timestamp::MIN);
    Row {
        year: spent()
            .filter(|charge| charge.time > since)
            .map(|charge| charge.cost)
            .sum(),
        ever: spent().map(|charge| charge.cost).sum(),
        promised: others(view, study).map(left_to).sum(),
        asked: left_to(study),
    }
}

/// Other studies that may still spend. One that is suspended may come back.
fn others<'a>(view: &'a View<'_>, study: &'a Study) -> impl Iterator<Item = &'a Study> {
    let all = view.governance.studies();
    all.filter(move |(id, other)| {
        other.name != study.name
            && other.expires > view.now
            && view.governance.standing(id, view.now) != Standing::Revoked
    })
    .map(|(_, other)| other)
}

/// What the answers of the log say was charged: those that a center of a roster signed, one for each question.
fn charges(view: &View<'_>) -> Charges {
    let keys = keys_of_centers(view);
    let first = first_askers(view);
    let mut charges = Charges::new();
    for (place, envelope) in view.mirror.documents().enumerate() {
        let Ok(named) = envelope.parse_unverified::<Answer>() else {
            continue;
        };
        let signed = keys.get(&named.center);
        if signed.is_none_or(|keys| envelope.signers(keys).is_empty()) {
            continue;
        }
        let charge = Charge {
            cost: named.cost,
            time: view.mirror.time_at(place).unwrap_or(view.now),
            study: first.get(&named.question).cloned(),
        };
        let of_center = charges.entry(named.center).or_default();
        of_center.entry(named.question).or_insert(charge);
    }
    charges
}

/// Every key that a center ever had in a roster in force.
fn keys_of_centers(view: &View<'_>) -> BTreeMap<CenterId, BTreeSet<PublicKey>> {
    let proposed = view.mirror.documents().filter(|it| it.is::<Roster>());
    let ids: BTreeSet<DocumentId> = proposed.map(protocol::envelope::Envelope::id).collect();
    let rosters = ids.iter().filter_map(|id| view.governance.past_roster(id));
    let mut keys: BTreeMap<CenterId, BTreeSet<PublicKey>> = BTreeMap::new();
    for center in rosters.flat_map(|roster| &roster.centers) {
        let known = keys.entry(center.id.clone()).or_default();
        known.insert(center.signing_key);
    }
    keys
}

/// The study that first asked each question.
fn first_askers(view: &View<'_>) -> BTreeMap<QuestionId, StudyName> {
    let mut first = BTreeMap::new();
    for envelope in view.mirror.documents() {
        let Ok(query) = envelope.parse_unverified::<Query>() else {
            continue;
        };
        if let Some(study) = view.governance.past_study(&query.study) {
            let question = query.question.id();
            first.entry(question).or_insert_with(|| study.name.clone());
        }
    }
    first
}

/// `rho 0.5 (epsilon 5.22)`.
pub(super) fn both(amount: NanoRho) -> String {
    format!("rho {amount} (epsilon {:.2})", amount.epsilon())
}

/// `0.5 / 5.22`: four digits of rho are what a table has room for; nothing is decided by them.
fn pair(amount: NanoRho) -> String {
    if amount == NanoRho::ZERO {
        return "0".to_owned();
    }
    let rho = format!("{:.4}", amount.rho());
    let rho = rho.trim_end_matches('0').trim_end_matches('.');
    format!("{rho} / {:.2}", amount.epsilon())
}

fn left(amount: Option<NanoRho>) -> String {
    amount.map_or_else(|| "does not fit".to_owned(), pair)
}
