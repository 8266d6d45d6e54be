//! How is a file written so that a crash leaves the old one or the new one, and who may read a private one?

use std::fs::{DirBuilder, File, OpenOptions, Permissions, rename};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::TransportError;

/// Mode of a private file: its owner alone.
const PRIVATE_MODE: u32 = 0o600;
/// Mode of a folder that holds private files.
const PRIVATE_DIR_MODE: u32 = 0o700;
/// Bytes of a private file, at most: keys are far smaller.
pub const PRIVATE_BYTES_MAX: u64 = 64 * 1024;

/// Makes a folder of mode 0700, with those above it; an existing one is left as it is.
pub fn create_private_dir(path: &Path) -> Result<(), TransportError> {
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE_DIR_MODE)
        .create(path)
        .map_err(TransportError::file(path))
}

/// Writes a new private file (0600). An existing one is never replaced: a key that is lost cannot be had again.
pub fn create_private(path: &Path, bytes: &[u8]) -> Result<(), TransportError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE_MODE)
        .open(path)
        .map_err(TransportError::file(path))?;
    // The process's umask may only have narrowed the mode; say it again so that reading accepts it.
    file.set_permissions(Permissions::from_mode(PRIVATE_MODE))
        .map_err(TransportError::file(path))?;
    file.write_all(bytes).map_err(TransportError::file(path))?;
    file.sync_all().map_err(TransportError::file(path))?;
    sync_parent(path)
}

/// Replaces a private file whole, for a key that can be made anew at any time; the old one stays until the new one is on
/// the disk.
pub fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), TransportError> {
    let temporary = temporary_beside(path);
    let written = create_private(&temporary, bytes);
    let renamed =
        written.and_then(|()| rename(&temporary, path).map_err(TransportError::file(path)));
    if renamed.is_err() {
        // What is left of a failed attempt is of no use to anyone; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(&temporary);
    }
    renamed.and_then(|()| sync_parent(path))
}

/// Reads a private file, which must be a plain file that nobody but its owner can open.
pub fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, TransportError> {
    let file = File::open(path).map_err(TransportError::file(path))?;
    let meta = file.metadata().map_err(TransportError::file(path))?;
    let mode = meta.permissions().mode() & 0o7777;
    if !meta.is_file() || mode != PRIVATE_MODE {
        return Err(TransportError::FileMode {
            path: path.to_owned(),
            mode,
        });
    }
    let mut bytes = Zeroizing::new(Vec::new());
    (&file)
        .take(PRIVATE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(TransportError::file(path))?;
    if bytes.len() as u64 > PRIVATE_BYTES_MAX {
        return Err(TransportError::FileSize {
            path: path.to_owned(),
            bytes_max: PRIVATE_BYTES_MAX,
        });
    }
    Ok(bytes)
}

/// Replaces a file whole: a temporary neighbour is written and synced, then renamed over it, then the folder is synced.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), TransportError> {
    let temporary = temporary_beside(path);
    let written = write_synced(&temporary, bytes).and_then(|()| rename(&temporary, path));
    if let Err(source) = written {
        // What is left of a failed attempt is of no use to anyone; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(&temporary);
        return Err(TransportError::file(path)(source));
    }
    sync_parent(path)
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name in the same folder (so that the rename stays on one file system), apart for every process.
fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

/// A rename or a new name lasts only when the folder that holds it has reached the disk.
fn sync_parent(path: &Path) -> Result<(), TransportError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(TransportError::file(parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_private_file_is_its_owners_alone_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("signing.key");
        create_private(&path, b"first").unwrap();
        assert_eq!(mode_of(&path), 0o600);
        assert_eq!(
            create_private(&path, b"second").unwrap_err().code(),
            "file_exists"
        );
        assert_eq!(read_private(&path).unwrap().as_slice(), b"first");
    }

    #[test]
    fn a_replaced_key_is_still_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.key");
        create_private(&path, b"first").unwrap();
        replace_private(&path, b"second").unwrap();
        assert_eq!(read_private(&path).unwrap().as_slice(), b"second");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[rstest::rstest]
    #[case(0o644)]
    #[case(0o640)]
    #[case(0o400)]
    #[case(0o660)]
    #[case(0o604)]
    #[case(0o700)]
    fn a_key_file_of_any_other_mode_than_0600_is_refused_with_the_remedy(#[case] mode: u32) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("signing.key");
        create_private(&path, b"secret").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let refused = read_private(&path).unwrap_err();
        assert_eq!(refused.code(), "key_file_mode");
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
        assert!(!refused.to_string().contains("secret"));
    }

    #[test]
    fn a_private_file_is_read_up_to_the_limit_and_no_further() {
        let dir = tempfile::tempdir().unwrap();
        let size = usize::try_from(PRIVATE_BYTES_MAX).unwrap();
        let (fits, over) = (dir.path().join("fits"), dir.path().join("over"));
        create_private(&fits, &vec![7; size]).unwrap();
        create_private(&over, &vec![7; size + 1]).unwrap();
        assert_eq!(read_private(&fits).unwrap().len(), size);
        assert_eq!(read_private(&over).unwrap_err().code(), "file_too_large");
    }

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("charter.json");
        write_atomic(&path, b"old").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("inside"), b"kept").unwrap();
        assert!(write_atomic(&path, b"new").is_err());
        assert_eq!(std::fs::read(path.join("inside")).unwrap(), b"kept");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
