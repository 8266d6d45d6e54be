//! How is this node? Its last import, its locks, its budget; numbers of rows, for its operator's eyes.

use std::io::Write;

use jiff::Timestamp;
use jiff::civil::Date;
use protocol::amount::NanoRho;
use protocol::ids::LockId;
use protocol::keys::PublicKey;
use serde::Serialize;

use crate::config::NodeConfig;
use crate::error::NodeError;
use crate::join::CertificateStatus;
use crate::ledger::Spent;
use crate::policy::Policy;
use crate::store::Store;
use crate::store::history::Import;
use crate::store::locks::Lock;
use crate::telephone::write_signing_key;

/// What `status` tells. It is for the operator: row counts never leave the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The center.
    pub center: String,
    /// The network.
    pub network: String,
    /// The coordinator's address.
    pub coordinator: String,
    /// The key that signs the node's answers.
    pub signing_key: PublicKey,
    /// The certificate that the node shows the coordinator.
    pub certificate: Option<CertificateStatus>,
    /// The import that the tables come from.
    pub last_import: Option<Import>,
    /// Every lock, oldest first.
    pub locks: Vec<Lock>,
    /// The lock that a question asked for today would be answered from.
    pub lock_for_today: Option<LockId>,
    /// What was spent, and the center's caps.
    pub budget: Budget,
}

/// Privacy loss so far beside the center's own caps, in billionths of rho. Year and lifetime stand side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Spent in the last 365 days.
    pub year_spent_nano_rho: NanoRho,
    /// The cap of any 365 days.
    pub year_cap_nano_rho: NanoRho,
    /// Spent ever.
    pub lifetime_spent_nano_rho: NanoRho,
    /// The cap of all time.
    pub lifetime_cap_nano_rho: NanoRho,
    /// Questions charged ever.
    pub charges: usize,
}

impl Status {
    /// The state of the node behind `store`.
    pub fn read(
        config: &NodeConfig,
        signing_key: PublicKey,
        certificate: Option<CertificateStatus>,
        store: &Store,
        spent: Spent,
        policy: &Policy,
        today: Date,
    ) -> Result<Self, NodeError> {
        Ok(Self {
            center: config.center.to_string(),
            network: config.network.to_string(),
            coordinator: config.coordinator.clone(),
            signing_key,
            certificate,
            last_import: store.last_import()?,
            locks: store.locks()?,
            lock_for_today: store
                .newest_lock_on_or_before(today)?
                .map(|lock| lock.lock_id),
            budget: Budget::of(spent, policy),
        })
    }

    /// Writes it for people.
    pub fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(
            out,
            "center {} of network {}, coordinator {}",
            self.center, self.network, self.coordinator
        )?;
        write_signing_key(self.signing_key, out)?;
        let certificate = self.certificate.as_ref().map_or_else(
            || "no certificate yet: run `cartally-node join --token TOKEN`".to_owned(),
            CertificateStatus::sentence,
        );
        writeln!(out, "{certificate}")?;
        match &self.last_import {
            None => writeln!(out, "nothing imported yet: run `cartally-node import DIR`")?,
            Some(import) => {
                writeln!(
                    out,
                    "import {} of {}",
                    import.import_id,
                    to_the_second(&import.imported_at)
                )?;
                write_counts(import, out)?;
                if let Some(report) = &import.report {
                    writeln!(out, "  rejects are listed in rejects/{report}")?;
                }
            }
        }
        if self.locks.is_empty() {
            writeln!(out, "no lock yet: run `cartally-node lock`")?;
        }
        for lock in &self.locks {
            let made = to_the_second(&lock.locked_at);
            let (id, date, standing) = (&lock.lock_id, lock.date, self.standing(lock));
            writeln!(out, "lock {id} of {date}, made {made}{standing}")?;
        }
        if !self.locks.is_empty() && self.lock_for_today.is_none() {
            writeln!(out, "no lock answers today: run `cartally-node lock`")?;
        }
        self.budget.write(out)
    }

    /// What a lock is good for.
    fn standing(&self, lock: &Lock) -> &'static str {
        if lock.retired {
            ", retired"
        } else if self.lock_for_today.as_ref() == Some(&lock.lock_id) {
            ", answers today"
        } else {
            ""
        }
    }
}

impl Budget {
    /// What was spent beside what may be.
    pub(crate) const fn of(spent: Spent, policy: &Policy) -> Self {
        Self {
            year_spent_nano_rho: spent.year,
            year_cap_nano_rho: policy.caps().year,
            lifetime_spent_nano_rho: spent.lifetime,
            lifetime_cap_nano_rho: policy.caps().lifetime,
            charges: spent.charges,
        }
    }

    /// Writes it for people.
    pub(crate) fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut line = |what: &str, spent: NanoRho, cap: NanoRho| {
            let (epsilon, of) = (spent.epsilon(), cap.epsilon());
            writeln!(
                out,
                "spent {what}: rho {spent} of {cap} (epsilon {epsilon:.2} of {of:.2} at delta 1e-6)"
            )
        };
        line(
            "in 365 days",
            self.year_spent_nano_rho,
            self.year_cap_nano_rho,
        )?;
        line(
            "ever",
            self.lifetime_spent_nano_rho,
            self.lifetime_cap_nano_rho,
        )
    }
}

/// A stored moment for people, without fractions of a second.
fn to_the_second(stored: &str) -> String {
    stored
        .parse::<Timestamp>()
        .map_or_else(|_| stored.to_owned(), |moment| format!("{moment:.0}"))
}

/// One line a table: rows landed, rows rejected, and whether the export had a file.
pub(crate) fn write_counts(import: &Import, out: &mut dyn Write) -> std::io::Result<()> {
    for count in &import.tables {
        let (table, landed, rejected) = (&count.table, count.landed, count.rejected);
        match (count.present, rejected) {
            (false, _) => writeln!(
                out,
                "  {table:<16} {landed:>9} rows (no file: taken as empty)"
            )?,
            (true, 0) => writeln!(out, "  {table:<16} {landed:>9} rows")?,
            (true, _) => writeln!(out, "  {table:<16} {landed:>9} rows, {rejected} rejected")?,
        }
    }
    Ok(())
}
