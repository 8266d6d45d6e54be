//! How does a patient leave the node for good? Out of tables and locks; every lock so far serves no new question.

use jiff::Timestamp;
use question::dictionary::Dictionary;

use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::lock::file;
use crate::pseudonym::Pseudonymiser;
use crate::store::schema::PATIENT;
use crate::store::{Store, patients};

/// Forgets the patient whom the export calls `source_id`. Every lock so far is retired, whether or not it held the patient, so
/// that nothing outside can tell which did. Later imports leave the patient out.
pub fn forget(
    store: &mut Store,
    data: &DataDir,
    dictionary: &Dictionary,
    pseudonyms: &Pseudonymiser,
    source_id: &str,
    now: Timestamp,
) -> Result<(), NodeError> {
    let patient = pseudonyms.pseudonym(PATIENT, source_id.trim());
    if !is_known(store, data, &patient)? {
        return Err(NodeError::UnknownPatient);
    }
    store.forget(dictionary, &patient, &now.to_string())?;
    finish(store, data, dictionary)
}

/// Finishes what an earlier `forget` began before it was cut off. Does nothing otherwise; to be called before anything that
/// writes or reads locks.
pub fn finish(store: &Store, data: &DataDir, dictionary: &Dictionary) -> Result<(), NodeError> {
    for forgotten in store
        .forgotten()?
        .iter()
        .filter(|forgotten| !forgotten.done)
    {
        for lock in store.locks()? {
            let path = file::path(data, &lock.lock_id);
            if !path.is_file() {
                continue;
            }
            match file::without_patient(data, &lock.lock_id, dictionary, &forgotten.patient) {
                Ok(sha256) => store.rehash(&lock.lock_id, &sha256)?,
                // A lock of another dictionary, or a damaged one: it is retired, so that nobody needs it any more.
                Err(NodeError::Storage(_) | NodeError::Dictionary(_)) => {
                    std::fs::remove_file(&path)
                        .map_err(|error| NodeError::file("removed", &path, error))?;
                }
                Err(error) => return Err(error),
            }
        }
        store.forgotten_for_good(&forgotten.patient)?;
    }
    Ok(())
}

/// Whether the tables, a lock or the list of the forgotten know the patient.
fn is_known(store: &Store, data: &DataDir, patient: &str) -> Result<bool, NodeError> {
    let forgotten = store
        .forgotten()?
        .iter()
        .any(|forgotten| forgotten.patient == patient);
    if forgotten || patients::holds_patient(store.connection(), patient)? {
        return Ok(true);
    }
    for lock in store.locks()? {
        // A lock that cannot be read is no reason to refuse: it will be rewritten or removed.
        let holds = file::open(data, &lock).and_then(|db| patients::holds_patient(&db, patient));
        if holds.unwrap_or(false) {
            return Ok(true);
        }
    }
    Ok(false)
}
