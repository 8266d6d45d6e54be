//! Was every charge within the caps of the policy in force when it was made? The ledger's own decision, taken again.

use std::path::Path;

use super::{Finding, LedgerBook, LogBook, RecordBook};
use crate::ledger::{ChargeRequest, Entry, Kind, PastCharge, Refused, decide};
use crate::policy::Policy;
use crate::record;

/// Every charge that no policy in force in its second allowed, and what cannot be said of charges before the record.
pub(super) fn check(ledger: &LedgerBook, record: &RecordBook, log: &LogBook<'_>) -> Vec<Finding> {
    let Some(begun_s) = record.begun_s() else {
        return Vec::new();
    };
    let policies = policies(record);
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
    policies: &[(i64, Option<Policy>)],
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
    allowed(
        in_force(policies, entry.at_s)
            .filter_map(Option::as_ref)
            .map(decided),
        seq,
    )
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

/// Every policy of the record with its second, oldest first; one that cannot be read allows nothing.
fn policies(record: &RecordBook) -> Vec<(i64, Option<Policy>)> {
    let of = |entry: &record::Entry| match &entry.kind {
        record::Kind::Policy { text } => {
            let policy = Policy::parse(text, Path::new("policy.toml"));
            Some((entry.at_s, policy.ok()))
        }
        record::Kind::Begun
        | record::Kind::Charter { .. }
        | record::Kind::Awaiting { .. }
        | record::Kind::Approved { .. }
        | record::Kind::RefusedByPerson { .. }
        | record::Kind::Answer { .. }
        | record::Kind::Refusal { .. }
        | record::Kind::Request { .. }
        | record::Kind::Currency { .. } => None,
    };
    record.entries.iter().filter_map(of).collect()
}

/// The policies that may have been in force in this second: the last one before it, and all that came within it.
fn in_force(
    policies: &[(i64, Option<Policy>)],
    at_s: i64,
) -> impl Iterator<Item = &Option<Policy>> {
    let before = policies.iter().rfind(|(second, _)| *second < at_s);
    let within = policies.iter().filter(move |(second, _)| *second == at_s);
    before.into_iter().chain(within).map(|(_, policy)| policy)
}
