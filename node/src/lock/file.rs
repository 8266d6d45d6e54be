//! How is a lock's file made, known again, and opened? Written beside, synced, renamed; read-only; hashed before it is read.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use protocol::ids::LockId;
use question::dictionary::Dictionary;
use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OpenFlags};

use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::store::locks::{Lock, copy_tables};
use crate::store::patients;

/// Mode of a lock's file: read by its owner, written by nobody.
const LOCK_MODE: u32 = 0o400;

/// Where a lock's file is.
#[must_use]
pub fn path(data: &DataDir, lock: &LockId) -> PathBuf {
    data.locks().join(format!("{lock}.db"))
}

/// Makes the file of a new lock from the working tables; gives its hash.
pub(super) fn make(data: &DataDir, lock: &LockId) -> Result<String, NodeError> {
    transport::keys::create_private_dir(&data.locks())?;
    replace(data, lock, |part| copy_tables(&data.data(), part))
}

/// Rewrites a lock's file without a patient; gives its new hash.
pub(crate) fn without_patient(
    data: &DataDir,
    lock: &LockId,
    dictionary: &Dictionary,
    patient: &str,
) -> Result<String, NodeError> {
    let whole = path(data, lock);
    replace(data, lock, |part| {
        std::fs::copy(&whole, part).map_err(|error| NodeError::file("copied", &whole, error))?;
        set_mode(part, 0o600)?;
        let db = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // No rows in files of the system's temporary folder, and none in a journal: the part is thrown away if it fails.
        db.pragma_update(None, "temp_store", "MEMORY")?;
        db.pragma_update(None, "journal_mode", "MEMORY")?;
        patients::delete_patient(&db, dictionary, patient)?;
        // Statistics could still tell the patient apart; the free pages surely could.
        db.execute_batch("ANALYZE; VACUUM")?;
        db.close().map_err(|(_, error)| error)?;
        Ok(())
    })
}

/// Opens a lock for reading: only if its file is what was locked.
pub fn open(data: &DataDir, lock: &Lock) -> Result<Connection, NodeError> {
    let path = path(data, &lock.lock_id);
    let damaged = || NodeError::LockDamaged(lock.lock_id.to_string());
    if !path.is_file() || hash(&path)? != lock.sha256 {
        return Err(damaged());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(immutable_uri(&path), flags)?;
    db.pragma_update(None, "trusted_schema", "OFF")?;
    Ok(db)
}

/// Removes files of locks that were never registered: an earlier attempt ended between copy and register.
pub(super) fn remove_strays(data: &DataDir, locks: &[Lock]) -> Result<(), NodeError> {
    let folder = data.locks();
    let Ok(entries) = folder.read_dir() else {
        return Ok(());
    };
    let known: Vec<PathBuf> = locks.iter().map(|lock| path(data, &lock.lock_id)).collect();
    for entry in entries {
        let stray = entry
            .map_err(|error| NodeError::file("read", &folder, error))?
            .path();
        if !known.contains(&stray) {
            std::fs::remove_file(&stray)
                .map_err(|error| NodeError::file("removed", &stray, error))?;
        }
    }
    Ok(())
}

/// Writes a lock's file under another name with `write`, then puts it in its place; a crash leaves the old one or the new one.
fn replace(
    data: &DataDir,
    lock: &LockId,
    write: impl FnOnce(&Path) -> Result<(), NodeError>,
) -> Result<String, NodeError> {
    let part = data.locks().join(format!("{lock}.part"));
    let whole = path(data, lock);
    let failed = |error| NodeError::file("written", &part, error);
    // What an attempt that was cut off left behind.
    let _ = std::fs::remove_file(&part);
    let made = (|| {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)
            .map_err(failed)?;
        write(&part)?;
        let sha256 = hash(&part)?;
        set_mode(&part, LOCK_MODE)?;
        File::open(&part)
            .and_then(|file| file.sync_all())
            .map_err(failed)?;
        std::fs::rename(&part, &whole).map_err(failed)?;
        File::open(data.locks())
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
        Ok(sha256)
    })();
    if made.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    made
}

fn set_mode(path: &Path, mode: u32) -> Result<(), NodeError> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|error| NodeError::file("protected", path, error))
}

/// SHA-256 of a file, hexadecimal.
fn hash(path: &Path) -> Result<String, NodeError> {
    let unreadable = |error| NodeError::file("read", path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer).map_err(unreadable)? {
            0 => return Ok(hex::encode(context.finish())),
            read => context.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// The file as a URI that promises `SQLite` that nobody writes it.
fn immutable_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri + "?immutable=1"
}
