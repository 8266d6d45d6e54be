//! What happens when the disk is full? A small file system of its own, where the machine lets a test mount one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted file system in memory, which goes with this value.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl SmallDisk {
    /// A disk of so many KiB; nothing, said in one line, where this process may not mount.
    #[allow(clippy::print_stdout, reason = "a test that is left out says so")]
    pub fn mount(size_kib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("disk");
        std::fs::create_dir(&path).expect("a folder can be made");
        let options = format!("size={size_kib}k");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&path);
        let mounted = mount.stderr(Stdio::null()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self {
                path,
                _folder: folder,
            });
        }
        println!(
            "left out: this process may not mount a small file system, so the disk cannot be filled"
        );
        None
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills the disk up to a few bytes; removing the file makes room again.
    pub fn fill(&self) -> PathBuf {
        use std::io::Write;
        let path = self.path.join("filler");
        let mut file = std::fs::File::create(&path).expect("a file can be made");
        for size in [64 * 1024, 4096] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a killed process may still hold it for a moment.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
