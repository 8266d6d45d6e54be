//! What do questions run on? Locks: dated, immutable copies of the working tables.

pub mod file;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil::Date;
use protocol::ids::LockId;

use crate::data_dir::DataDir;
use crate::day;
use crate::error::NodeError;
use crate::pseudonym::random_bytes;
use crate::store::Store;
use crate::store::locks::{self, Lock};

/// Random bytes in a lock's id: nobody can tell from it what the lock holds, or how many there were before.
const ID_BYTES: usize = 8;

/// Locks the working tables as they are, under `asked` or else today's date.
pub fn lock(
    store: &mut Store,
    data: &DataDir,
    asked: Option<&str>,
    now: Timestamp,
) -> Result<Lock, NodeError> {
    let today = day::today(now);
    let lock_date = match asked {
        Some(text) => day::parse_date(text).ok_or(NodeError::LockDateForm)?,
        None => today,
    };
    if store.last_import()?.is_none() {
        return Err(NodeError::NothingToLock);
    }
    // Held to the end: no import may change the tables while they are copied, and no lock may overtake this one.
    let transaction = store.write()?;
    let before = locks::locks(&transaction)?;
    check_date(lock_date, today, before.last())?;
    file::remove_strays(data, &before)?;
    let lock_id = new_id(lock_date)?;
    let sha256 = file::make(data, &lock_id)?;
    transport::fault::point("lock.copied");
    let lock = Lock {
        lock_id,
        date: lock_date,
        locked_at: now.to_string(),
        retired: false,
        sha256,
    };
    locks::register(&transaction, &lock)?;
    transaction.commit()?;
    transport::fault::point("lock.registered");
    Ok(lock)
}

/// Locks go forward, and never ahead of the calendar.
fn check_date(date: Date, today: Date, last: Option<&Lock>) -> Result<(), NodeError> {
    if date > today {
        return Err(NodeError::LockDateFuture {
            date: date.to_string(),
            today: today.to_string(),
        });
    }
    match last {
        Some(last) if date < last.date => Err(NodeError::LockDateBeforeLast {
            date: date.to_string(),
            last: last.date.to_string(),
        }),
        Some(_) | None => Ok(()),
    }
}

fn new_id(date: Date) -> Result<LockId, NodeError> {
    let random = hex::encode(random_bytes::<ID_BYTES>()?);
    let id = format!("{date}-{random}");
    id.parse().map_err(|_| NodeError::LockDateForm)
}
