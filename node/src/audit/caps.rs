//! Was every charge within the caps of the policy in force when it was made? The ledger's own decision, taken again.

use super::policies::Policies;
use super::{Finding, LedgerBook, LogBook, RecordBook};
use crate::ledger::{ChargeRequest, Entry, Kind, PastCharge, Refused, decide};
use crate::policy::Policy;

/// Every charge that no policy in force in its second allowed, and what cannot be said of charges before the record.
pub(super) fn check(ledger: &LedgerBook, record: &RecordBook, log: &LogBook<'_>) -> Vec<Finding> {
    let Some(begun_s) = record.begun_s() else {
        return Vec::new();
    };
    let policies = Policies::of(record);
    let mut findings = Vec::new();
    let (mut past, mut unknown) = (Vec::<PastCharge>::new(), 0);
    for (entry, _) in &ledger.entries {
        if let Some(request) = request(entry, log) {
            if entry.at_s < begun_s {
                unknown += 1;
            } else {
                findings.extend(fault(entry, &request, &past, &policies, log));
            }
        }
        past.push(entry.spent());
    }
    if unknown > 0 {
        let younger = Finding::RecordYounger {
            begun_s,
            charges: unknown,
        };
        findings.insert(0, younger);
    }
    findings
}

/// What was asked of the ledger when it wrote this row; nothing of the ledger's own rows.
fn request(entry: &Entry, log: &LogBook<'_>) -> Option<ChargeRequest> {
    match &entry.kind {
        Kind::Charge {
            question,
            study,
            researcher,
            ..
        } => Some(ChargeRequest {
            question: *question,
            study: *study,
            study_versions: log.versions_of(*study),
            researcher: researcher.clone(),
            cost: entry.cost,
        }),
        Kind::Restored { .. } => None,
    }
}

/// What is wrong with a charge, if anything is.
fn fault(
    entry: &Entry,
    request: &ChargeRequest,
    past: &[PastCharge],
    policies: &Policies,
    log: &LogBook<'_>,
) -> Option<Finding> {
    let seq = entry.seq;
    let (Some(study), Some(template)) = (
        log.studies.get(&request.study),
        log.templates.get(&request.question),
    ) else {
        return Some(Finding::ChargeUnasked { seq });
    };
    let decided = |policy: &Policy| {
        let researcher = request.researcher.as_str();
        let ruling = policy.ruling(&study.name, template, researcher);
        decide(
            past,
            request,
            &ruling.caps_within(study.rho_cap),
            entry.at_s,
        )
    };
    allowed(policies.in_force(entry.at_s, entry.at_s).map(decided), seq)
}

/// Nothing if one of the decisions allows; otherwise what the last one says.
fn allowed(decisions: impl Iterator<Item = Result<(), Refused>>, seq: i64) -> Option<Finding> {
    let mut finding = Finding::ChargeWithoutPolicy { seq };
    for decision in decisions {
        match decision {
            Ok(()) => return None,
            Err(refused) => finding = Finding::ChargeAboveCaps { seq, refused },
        }
    }
    Some(finding)
}
