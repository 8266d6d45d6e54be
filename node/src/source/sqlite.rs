//! How does SQLite count a lock? The outermost statements, which hold each patient to one cell, and the functions they need.

use privacy::{Exact, ExactPart};
use question::plan::{Part, Plan};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode};
use zeroize::Zeroize as _;

use super::{Source, SourceError};
use crate::data_dir::DataDir;
use crate::day;
use crate::error::NodeError;
use crate::lock;
use crate::store::locks::Lock;
use crate::store::patients::Withdrawn;

/// Steps of `SQLite`'s machine that one question may take: minutes of work, far above any sound plan on 300,000 patients.
pub const STEPS_MAX: u64 = 20_000_000_000;

/// Steps between two looks at the count.
const STEPS_BETWEEN: i32 = 10_000;

/// A lock, open for counting. Patients who withdrew since it was made are in the table `withdrawn`.
pub struct SqliteSource {
    connection: Connection,
}

impl SqliteSource {
    /// Opens a lock after checking that its file is what was locked.
    pub fn open(data: &DataDir, lock: &Lock, withdrawn: &Withdrawn) -> Result<Self, NodeError> {
        if lock.retired {
            return Err(NodeError::LockRetired(lock.lock_id.to_string()));
        }
        let mut connection = lock::file::open(data, lock)?;
        prepare(&connection, withdrawn)?;
        limit(&mut connection, STEPS_MAX)?;
        Ok(Self { connection })
    }
}

impl Source for SqliteSource {
    fn understands(&self, plan: &Plan) -> Result<(), SourceError> {
        for sql in statements(plan)? {
            self.connection
                .prepare(&sql)
                .map_err(|error| fault(&error))?;
        }
        Ok(())
    }

    fn count(&self, plan: &Plan) -> Result<Exact<Vec<ExactPart>>, SourceError> {
        // Part by part straight into the sealed value: nothing exact is ever held beside it, and a failure wipes it.
        let mut parts = Unsealed(Vec::with_capacity(plan.parts.len()));
        for (part, sql) in plan.parts.iter().zip(statements(plan)?) {
            let numbers = self.vector(&sql, part.cells())?;
            parts.0.push(match part {
                Part::Tally { .. } => ExactPart::Tally(numbers),
                Part::PersonTime { .. } => ExactPart::PersonTime(numbers),
            });
        }
        Ok(Exact::new(std::mem::take(&mut parts.0)))
    }
}

impl SqliteSource {
    /// The rows `(index, number)` of a statement as a vector of `cells` numbers.
    fn vector(&self, sql: &str, cells: usize) -> Result<Vec<u64>, SourceError> {
        let mut vector = vec![0_u64; cells];
        let filled = self.fill(sql, &mut vector);
        if filled.is_err() {
            vector.zeroize();
        }
        filled.map(|()| vector)
    }

    fn fill(&self, sql: &str, vector: &mut [u64]) -> Result<(), SourceError> {
        let mut statement = self
            .connection
            .prepare(sql)
            .map_err(|error| fault(&error))?;
        let mut rows = statement.query([]).map_err(|error| fault(&error))?;
        while let Some(row) = rows.next().map_err(|error| fault(&error))? {
            let index: i64 = row.get(0).map_err(|error| fault(&error))?;
            let number: i64 = row.get(1).map_err(|error| fault(&error))?;
            let place = usize::try_from(index)
                .ok()
                .and_then(|index| vector.get_mut(index));
            let (Some(place), Ok(number)) = (place, u64::try_from(number)) else {
                return Err(SourceError::Layout);
            };
            *place = number;
        }
        Ok(())
    }
}

/// Exact parts on their way into the seal; wiped if the way ends early.
struct Unsealed(Vec<ExactPart>);

impl Drop for Unsealed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The outermost statement of each part, in the plan's order.
fn statements(plan: &Plan) -> Result<Vec<String>, SourceError> {
    let statement = |(position, part): (usize, &Part)| match part {
        Part::Tally { tallies: 1, .. } if position == 0 => Ok(tally_sql(plan)),
        Part::PersonTime { units_max, .. } => {
            person_time_sql(plan, *units_max).ok_or(SourceError::Layout)
        }
        Part::Tally { .. } => Err(SourceError::Layout),
    };
    plan.parts.iter().enumerate().map(statement).collect()
}

/// The statement of a tally: whatever the inner select gives, each patient adds one to one cell and nothing to any other.
#[must_use]
pub fn tally_sql(plan: &Plan) -> String {
    format!(
        "SELECT cell, COUNT(*) FROM (SELECT patient_id, MIN(cell) AS cell FROM ({}) GROUP BY patient_id) GROUP BY cell",
        plan.cell_sql()
    )
}

/// The statement of person-time: each patient adds to one stratum, at least 0 and at most `units_max` units. Nothing unless the
/// plan has person-time.
#[must_use]
pub fn person_time_sql(plan: &Plan, units_max: u32) -> Option<String> {
    let inner = plan.person_time_sql()?;
    Some(format!(
        "SELECT stratum, SUM(MAX(0, MIN(COALESCE(units, 0), {units_max}))) \
         FROM (SELECT patient_id, MIN(stratum) AS stratum, MIN(units) AS units FROM ({inner}) GROUP BY patient_id) \
         GROUP BY stratum"
    ))
}

/// Gives a connection what a plan's statements need: `year_of(day)`, `month_of(day)`, `day_of('YYYY-MM-DD')`, and the table
/// `withdrawn(patient_id)`.
pub fn prepare(connection: &Connection, withdrawn: &Withdrawn) -> Result<(), NodeError> {
    let flags = FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("year_of", 1, flags, |call| {
        Ok(call.get::<Option<i64>>(0)?.and_then(day::year))
    })?;
    connection.create_scalar_function("month_of", 1, flags, |call| {
        Ok(call.get::<Option<i64>>(0)?.and_then(day::month))
    })?;
    connection.create_scalar_function("day_of", 1, flags, |call| {
        Ok(call
            .get::<Option<String>>(0)?
            .as_deref()
            .and_then(day::parse))
    })?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.execute_batch("CREATE TEMP TABLE withdrawn (patient_id TEXT PRIMARY KEY) STRICT")?;
    let mut insert =
        connection.prepare("INSERT OR IGNORE INTO temp.withdrawn (patient_id) VALUES (?1)")?;
    for patient in withdrawn.patients() {
        insert.execute([patient])?;
    }
    Ok(())
}

/// Stops a statement that runs away. The limit is the same for every question and every center.
fn limit(connection: &mut Connection, steps_max: u64) -> Result<(), NodeError> {
    let mut left = steps_max / u64::from(STEPS_BETWEEN.unsigned_abs());
    connection.progress_handler(
        STEPS_BETWEEN,
        Some(move || {
            let over = left == 0;
            left = left.saturating_sub(1);
            over
        }),
    )?;
    Ok(())
}

#[cfg(test)]
impl SqliteSource {
    /// With another limit, so that a test can reach it.
    pub(super) fn limited(mut self, steps_max: u64) -> Self {
        limit(&mut self.connection, steps_max).unwrap();
        self
    }
}

/// Keeps the number of a fault only: `SQLite`'s texts quote statements.
fn fault(error: &rusqlite::Error) -> SourceError {
    match error.sqlite_error() {
        Some(fault) if fault.code == ErrorCode::OperationInterrupted => SourceError::TooLong {
            steps_max: STEPS_MAX,
        },
        Some(fault) => SourceError::Database(fault.extended_code),
        None => SourceError::Layout,
    }
}
