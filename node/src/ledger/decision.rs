//! May this question be charged? A pure function of what was spent, what is asked, the caps and the time.

use std::collections::BTreeSet;

use protocol::amount::NanoRho;
use protocol::ids::{DocumentId, PersonId, QuestionId};

/// Seconds of the rolling year: 365 days.
pub const YEAR_S: i64 = 365 * DAY_S;

/// Seconds of the rolling day.
pub const DAY_S: i64 = 24 * 3600;

/// The most that may be spent; every cap holds at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// All charges of any 365 days together.
    pub year: NanoRho,
    /// All charges ever.
    pub lifetime: NanoRho,
    /// All charges ever of one study, in all its versions: the lesser of the study's own cap and the center's.
    pub study: NanoRho,
    /// All charges of one researcher in any 365 days.
    pub researcher: NanoRho,
    /// One question.
    pub query: NanoRho,
    /// Charges of one researcher in any 24 hours.
    pub charges_per_day: u32,
}

/// What is asked of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRequest {
    /// The question; its id is charged once.
    pub question: QuestionId,
    /// The study under which it is asked.
    pub study: DocumentId,
    /// Every version of that study: they spend from one cap.
    pub study_versions: BTreeSet<DocumentId>,
    /// Who asks.
    pub researcher: PersonId,
    /// What the release costs, as `privacy::cost` says.
    pub cost: NanoRho,
}

/// An amount that was spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCharge {
    /// When, in seconds since 1970-01-01 UTC.
    pub at_s: i64,
    /// For whom; `None` if a restored backup lost who asked.
    pub asked_by: Option<(DocumentId, PersonId)>,
    /// How much.
    pub cost: NanoRho,
}

/// Why a question is not charged. A value, not an error: it costs nothing and locks nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The clock is behind the ledger's last row, so no window of time can be trusted.
    ClockBehind,
    /// The question costs more than one question may.
    QueryCap,
    /// The researcher has asked too often in 24 hours.
    DayRate,
    /// The researcher's year is spent.
    ResearcherCap,
    /// The study's budget is spent.
    StudyCap,
    /// The center's year is spent.
    YearCap,
    /// The center's lifetime budget is spent.
    LifetimeCap,
    /// Charged before, but the ledger was restored from a backup since: an answer may have left.
    SpentBeforeRestore,
}

impl Refused {
    /// The stable code that programs match.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ClockBehind => "clock_behind",
            Self::QueryCap => "query_cap",
            Self::DayRate => "day_rate",
            Self::ResearcherCap => "researcher_cap",
            Self::StudyCap => "study_cap",
            Self::YearCap => "year_cap",
            Self::LifetimeCap => "lifetime_cap",
            Self::SpentBeforeRestore => "spent_before_restore",
        }
    }
}

/// Whether `request` fits under every cap at `now_s`, given everything that was spent.
///
/// # Errors
/// The first cap that it would break; order: clock, query, day, researcher, study, year, lifetime.
pub fn decide(
    past: &[PastCharge],
    request: &ChargeRequest,
    caps: &Caps,
    now_s: i64,
) -> Result<(), Refused> {
    if past.iter().any(|charge| charge.at_s > now_s) {
        return Err(Refused::ClockBehind);
    }
    let by_researcher = |c: &&PastCharge| {
        c.asked_by
            .as_ref()
            .is_some_and(|(_, researcher)| *researcher == request.researcher)
    };
    let in_study = |c: &&PastCharge| {
        c.asked_by.as_ref().is_some_and(|(study, _)| {
            *study == request.study || request.study_versions.contains(study)
        })
    };
    let in_year = |c: &&PastCharge| within(c, YEAR_S, now_s);
    let fits = |spent: NanoRho, cap: NanoRho| spent.plus(request.cost) <= cap;

    let today = past
        .iter()
        .filter(by_researcher)
        .filter(|c| within(c, DAY_S, now_s))
        .count();
    let researcher = past
        .iter()
        .filter(by_researcher)
        .filter(in_year)
        .map(|c| c.cost)
        .sum();
    let study = past.iter().filter(in_study).map(|c| c.cost).sum();
    let year = past.iter().filter(in_year).map(|c| c.cost).sum();
    let lifetime = past.iter().map(|c| c.cost).sum();

    let laws = [
        (request.cost <= caps.query, Refused::QueryCap),
        (
            u32::try_from(today).is_ok_and(|today| today < caps.charges_per_day),
            Refused::DayRate,
        ),
        (fits(researcher, caps.researcher), Refused::ResearcherCap),
        (fits(study, caps.study), Refused::StudyCap),
        (fits(year, caps.year), Refused::YearCap),
        (fits(lifetime, caps.lifetime), Refused::LifetimeCap),
    ];
    laws.into_iter()
        .find(|(holds, _)| !holds)
        .map_or(Ok(()), |(_, refused)| Err(refused))
}

/// Whether a charge lies in the last `window_s` seconds; a charge exactly that old has left the window.
fn within(charge: &PastCharge, window_s: i64, now_s: i64) -> bool {
    charge.at_s.saturating_add(window_s) > now_s
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn request(person: u8, study: u8, nano: u64) -> ChargeRequest {
        ChargeRequest {
            question: QuestionId::from_bytes([7; 32]),
            study: DocumentId::from_bytes([study; 32]),
            study_versions: BTreeSet::new(),
            researcher: format!("r{person}").parse().unwrap(),
            cost: NanoRho::from_nano(nano),
        }
    }

    fn past(at_s: i64, person: u8, study: u8, nano: u64) -> PastCharge {
        let asked = request(person, study, nano);
        PastCharge {
            at_s,
            asked_by: Some((asked.study, asked.researcher)),
            cost: asked.cost,
        }
    }

    fn caps() -> Caps {
        let of = NanoRho::from_nano;
        Caps {
            year: of(50),
            lifetime: of(80),
            study: of(30),
            researcher: of(20),
            query: of(10),
            charges_per_day: 3,
        }
    }

    #[rstest]
    #[case::the_query_cap_itself_fits(vec![], 10, Ok(()))]
    #[case::above_the_query_cap(vec![], 11, Err(Refused::QueryCap))]
    #[case::clock_behind(vec![past(1001, 9, 9, 1)], 1, Err(Refused::ClockBehind))]
    #[case::same_second(vec![past(1000, 9, 9, 1)], 1, Ok(()))]
    #[case::third_today(vec![past(0, 1, 1, 1), past(1, 1, 1, 1)], 1, Ok(()))]
    #[case::fourth_today(vec![past(0, 1, 1, 1), past(1, 1, 1, 1), past(2, 1, 1, 1)], 1, Err(Refused::DayRate))]
    #[case::others_do_not_count_today(vec![past(0, 2, 2, 1), past(1, 2, 2, 1), past(2, 2, 2, 1)], 1, Ok(()))]
    #[case::researcher_full(vec![past(0, 1, 2, 10), past(0, 1, 3, 6)], 5, Err(Refused::ResearcherCap))]
    #[case::researcher_just_fits(vec![past(0, 1, 2, 10), past(0, 1, 3, 5)], 5, Ok(()))]
    #[case::study_full(vec![past(0, 2, 1, 10), past(0, 3, 1, 10), past(0, 4, 1, 6)], 5, Err(Refused::StudyCap))]
    #[case::year_full(vec![past(0, 2, 2, 30), past(0, 3, 3, 16)], 5, Err(Refused::YearCap))]
    #[case::lifetime_full(vec![past(-2 * YEAR_S, 2, 2, 76)], 5, Err(Refused::LifetimeCap))]
    #[case::last_year_is_forgiven(vec![past(1000 - YEAR_S, 1, 2, 50)], 10, Ok(()))]
    #[case::one_second_less_is_not(vec![past(1001 - YEAR_S, 9, 9, 50)], 10, Err(Refused::YearCap))]
    fn each_cap_refuses_one_billionth_beyond_it(
        #[case] spent: Vec<PastCharge>,
        #[case] nano: u64,
        #[case] expected: Result<(), Refused>,
    ) {
        assert_eq!(
            decide(&spent, &request(1, 1, nano), &caps(), 1000),
            expected
        );
    }

    #[test]
    fn what_an_earlier_version_of_the_study_spent_counts_for_the_later_one() {
        let spent = [past(0, 2, 1, 10), past(0, 3, 2, 10), past(0, 4, 3, 6)];
        let versions = |studies: &[u8]| ChargeRequest {
            study_versions: studies
                .iter()
                .map(|of| DocumentId::from_bytes([*of; 32]))
                .collect(),
            ..request(1, 3, 5)
        };
        assert_eq!(
            decide(&spent, &versions(&[1, 2, 3]), &caps(), 1000),
            Err(Refused::StudyCap)
        );
        assert_eq!(decide(&spent, &versions(&[2, 3]), &caps(), 1000), Ok(()));
    }

    #[test]
    fn amounts_near_the_end_of_the_integers_are_refused_not_wrapped() {
        let spent = [past(0, 2, 2, u64::MAX)];
        assert_eq!(
            decide(&spent, &request(1, 1, 10), &caps(), 10),
            Err(Refused::YearCap)
        );
    }

    #[test]
    fn what_a_restored_backup_lost_counts_for_the_center() {
        let lost = [PastCharge {
            at_s: 0,
            asked_by: None,
            cost: NanoRho::from_nano(46),
        }];
        assert_eq!(
            decide(&lost, &request(1, 1, 5), &caps(), 10),
            Err(Refused::YearCap)
        );
    }

    proptest! {
        #[test]
        fn no_sequence_of_questions_exceeds_any_cap(
            asked in proptest::collection::vec((0..4_u8, 0..3_u8, 1..14_u64, 0..YEAR_S / 6), 1..120),
        ) {
            let caps = caps();
            let mut spent: Vec<PastCharge> = Vec::new();
            let mut now_s = 0;
            for (person, study, nano, step_s) in asked {
                now_s += step_s;
                if decide(&spent, &request(person, study, nano), &caps, now_s).is_ok() {
                    spent.push(past(now_s, person, study, nano));
                }
            }
            let sum = |keep: &dyn Fn(&PastCharge) -> bool| -> u64 {
                spent.iter().filter(|c| keep(c)).map(|c| c.cost.nano()).sum()
            };
            prop_assert!(sum(&|_| true) <= caps.lifetime.nano());
            for study in 0..3 {
                let of_study = past(0, 0, study, 0).asked_by.unwrap().0;
                prop_assert!(sum(&|c| c.asked_by.as_ref().unwrap().0 == of_study) <= caps.study.nano());
            }
            for end in spent.iter().map(|c| c.at_s) {
                let in_year = |c: &PastCharge| c.at_s <= end && c.at_s > end - YEAR_S;
                prop_assert!(sum(&in_year) <= caps.year.nano());
                for person in 0..4 {
                    let name = past(0, person, 0, 0).asked_by.unwrap().1;
                    let theirs = |c: &PastCharge| c.asked_by.as_ref().unwrap().1 == name;
                    prop_assert!(sum(&|c| in_year(c) && theirs(c)) <= caps.researcher.nano());
                    let today = spent.iter().filter(|c| theirs(c) && c.at_s <= end && c.at_s > end - DAY_S).count();
                    prop_assert!(today <= 3);
                }
            }
            prop_assert!(spent.iter().all(|c| c.cost <= caps.query));
        }
    }
}
