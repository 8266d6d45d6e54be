//! A node in a temporary folder, for this crate's own tests.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use jiff::Timestamp;
use question::dictionary::{Dictionary, SHIPPED_CSV};

use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::import::{self, Landed, Request};
use crate::pseudonym::Pseudonymiser;
use crate::store::Store;

/// A node that was not initialised by `init` but can import, lock and forget.
pub(crate) struct TestNode {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) data: DataDir,
    pub(crate) store: Store,
    pub(crate) dictionary: Dictionary,
    pub(crate) pseudonyms: Pseudonymiser,
    pub(crate) center: String,
    pub(crate) now: Timestamp,
}

impl TestNode {
    /// With the shipped dictionary, as center K01, on 2026-03-01 at noon.
    pub(crate) fn new() -> Self {
        Self::with_dictionary(SHIPPED_CSV)
    }

    pub(crate) fn with_dictionary(csv: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path().join("node"));
        std::fs::create_dir(data.root()).unwrap();
        let store = Store::open(&data).unwrap();
        Self {
            folder,
            store,
            data,
            dictionary: Dictionary::parse(csv).unwrap(),
            pseudonyms: Pseudonymiser::new(&[7; 32]),
            center: "K01".to_owned(),
            now: "2026-03-01T12:00:00Z".parse().unwrap(),
        }
    }

    pub(crate) fn import(&mut self, folder: &Path) -> Result<Landed, NodeError> {
        self.import_with(folder, false)
    }

    pub(crate) fn import_with(
        &mut self,
        folder: &Path,
        losing_is_right: bool,
    ) -> Result<Landed, NodeError> {
        let request = Request {
            data: &self.data,
            dictionary: &self.dictionary,
            pseudonyms: &self.pseudonyms,
            center: &self.center,
            losing_is_right,
            now: self.now,
            progress: &ProgressBar::hidden(),
        };
        import::import(&mut self.store, folder, &request)
    }

    /// Imports these files over a sound `center_info`.
    pub(crate) fn import_files(&mut self, files: &[(&str, &str)]) -> Result<Landed, NodeError> {
        let folder = self.export(files);
        self.import(&folder)
    }

    /// An export folder with a sound `center_info.csv` and these files, which may replace it.
    pub(crate) fn export(&self, files: &[(&str, &str)]) -> PathBuf {
        let folder = self.folder.path().join("export");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("center_info.csv"), CENTER_INFO).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        folder
    }

    /// One number from the working tables.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.store
            .connection()
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    }
}

/// A sound `center_info.csv` of center K01.
pub(crate) const CENTER_INFO: &str =
    "center_id,cdm_version,extract_date,data_cutoff_date\nK01,0.1.0,2026-01-01,2025-12-31\n";

/// The header of the shortest `patient.csv`.
pub(crate) const PATIENT_HEADER: &str =
    "patient_id,sex,birth_year,consent_research,vital_status,last_contact_date,death_date\n";

/// `patient.csv` with these patients: all alike, alive, with consent.
pub(crate) fn patients(ids: &[&str]) -> String {
    let row = |text: String, id: &&str| text + id + ",F,1980,Y,alive,2025-06-01,\n";
    ids.iter().fold(PATIENT_HEADER.to_owned(), row)
}

/// The header of the shortest `course.csv`.
pub(crate) const COURSE_HEADER: &str =
    "course_id,patient_id,course_no,disease,decision_date,product,setting,final_status\n";

/// The header of the shortest `infusion.csv`.
pub(crate) const INFUSION_HEADER: &str =
    "infusion_id,course_id,patient_id,infusion_no,infusion_date\n";

/// A real center of the bundled data.
pub(crate) fn ebmt4(center: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy/demo/data/ebmt4")
        .join(center)
}
