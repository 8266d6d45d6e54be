//! Where do the centers' rows come from, and how does each become a node with a lock?

use std::path::{Path, PathBuf};
use std::thread;

use node::data_dir::DataDir;
use protocol::ids::{CenterId, IdError};

use super::{NETWORK, Network, Program, text};
use crate::actor::Actor;
use crate::error::DemoError;
use crate::export;

/// One center.
#[derive(Debug, Clone)]
pub struct Center {
    /// `center_info.center_id`.
    pub id: String,
    /// The folder with its CSV files.
    pub export: PathBuf,
    /// Its node's data folder.
    pub data: PathBuf,
}

/// The centers in `folder`: one folder each, in the order of their ids; their nodes get folders below `nodes`.
pub fn find_centers(folder: &Path, nodes: &Path) -> Result<Vec<Center>, DemoError> {
    let mut centers = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(DemoError::file(folder))? {
        let export = entry.map_err(DemoError::file(folder))?.path();
        if export.is_dir() && !is_hidden(&export) {
            let id = center_id(&export)?;
            centers.push(Center {
                data: nodes.join(&id),
                id,
                export,
            });
        }
    }
    centers.sort_by(|left, right| left.id.cmp(&right.id));
    let twice = centers
        .windows(2)
        .find(|pair| matches!(pair, [left, right] if left.id == right.id));
    if let Some([center, ..]) = twice {
        let why = format!("center_info.center_id {} is used by two folders", center.id);
        return Err(DemoError::Center {
            path: center.export.clone(),
            why,
        });
    }
    if centers.is_empty() {
        return Err(DemoError::Center {
            path: folder.to_owned(),
            why: "it has no folders in it".into(),
        });
    }
    Ok(centers)
}

/// Folders like `.git` and `__MACOSX` come along with copies and archives.
fn is_hidden(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(['.', '_'])
}

/// `center_id` of the one row of `center_info.csv`.
fn center_id(export: &Path) -> Result<String, DemoError> {
    let wrong = |why: String| DemoError::Center {
        path: export.to_owned(),
        why,
    };
    if !export.join("patient.csv").is_file() {
        return Err(wrong("it has no patient.csv".into()));
    }
    let mut reader = export::open(&export.join("center_info.csv"))
        .map_err(|error| wrong(format!("center_info.csv: {error}")))?;
    let headers = reader
        .headers()
        .map_err(|error| wrong(format!("center_info.csv: {error}")))?
        .clone();
    let column = headers.iter().position(|name| name == "center_id");
    let row = reader.records().next().and_then(Result::ok);
    let id = column.and_then(|column| row?.get(column).map(|id| id.trim().to_owned()));
    let id = id.filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| wrong("center_info.csv names no center_id".into()))?;
    let id: CenterId = id
        .parse()
        .map_err(|error: IdError| wrong(error.to_string()))?;
    Ok(id.into())
}

/// Makes every center's node: keys, an invitation's certificate, policy, import, lock; several centers at a time. Returns a line for each
/// kind of row that was left out.
pub(super) fn enrol_all(
    network: &Network,
    program: &Program,
    fingerprint: &str,
) -> Result<Vec<String>, DemoError> {
    thread::scope(|scope| {
        let enrol = |center| scope.spawn(move || enrol(network, program, center, fingerprint));
        let working: Vec<_> = network.centers.iter().map(enrol).collect();
        let broken = || DemoError::Silent {
            what: "a center".into(),
            wanted: "how it ended",
        };
        let mut left_out = Vec::new();
        for work in working {
            left_out.extend(work.join().map_err(|_| broken())??);
        }
        Ok(left_out)
    })
}

fn enrol(
    network: &Network,
    program: &Program,
    center: &Center,
    fingerprint: &str,
) -> Result<Vec<String>, DemoError> {
    let data = DataDir::new(&center.data);
    let folder = text(&center.data);
    let token = super::invite(network, program, "center", &center.id)?;
    let name = format!("Center {}", center.id);
    let init = [
        "init",
        "--data",
        &folder,
        "--center",
        &center.id,
        "--name",
        &name,
        "--network",
        NETWORK,
        "--coordinator",
        &network.url,
        "--charter",
        fingerprint,
        "--token",
        &token,
    ];
    program.run(Actor::Node, &init)?;
    super::write(&data.policy(), &policy(&network.settings.rho_cap))?;
    let imported = program.run(
        Actor::Node,
        &["import", "--data", &folder, &text(&center.export)],
    )?;
    program.run(Actor::Node, &["lock", "--data", &folder])?;
    let rejected = imported
        .output
        .lines()
        .filter(|line| line.starts_with("rejected:"));
    Ok(rejected
        .map(|line| format!("center {}: {line}", center.id))
        .collect())
}

/// A policy whose caps allow what the demo asks.
fn policy(rho: &str) -> String {
    format!(
        "# Written by the demo: every cap allows what it asks.\n\n[caps]\nyear = {rho}\nlifetime = {rho}\nstudy = {rho}\n\
         researcher = {rho}\nquery = {rho}\nquestions_per_day = 1000\n\n[approval]\ndefault = \"automatic\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these folders of centers, each with its `center_info.csv`.
    fn centers(of: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, info) in of {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            std::fs::write(dir.path().join(name).join("center_info.csv"), info).unwrap();
            std::fs::write(dir.path().join(name).join("patient.csv"), "patient_id\n").unwrap();
        }
        dir
    }

    fn found(dir: &tempfile::TempDir) -> Result<Vec<String>, DemoError> {
        let centers = find_centers(dir.path(), Path::new("nodes"))?;
        Ok(centers.into_iter().map(|center| center.id).collect())
    }

    #[test]
    fn stray_files_and_hidden_folders_are_no_centers() {
        let dir = centers(&[
            ("b", "center_id\nK02\n"),
            ("a", "\u{feff}center_id;cdm_version\n K01 ;0.1.0\n"),
        ]);
        std::fs::write(dir.path().join("README.md"), "x").unwrap();
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        std::fs::create_dir(dir.path().join("__MACOSX")).unwrap();
        assert_eq!(found(&dir).unwrap(), ["K01", "K02"]);
    }

    #[test]
    fn a_center_without_patients_is_refused_and_not_taken_as_empty() {
        let dir = centers(&[("a", "center_id\nK01\n")]);
        std::fs::remove_file(dir.path().join("a/patient.csv")).unwrap();
        let refused = found(&dir).unwrap_err().to_string();
        assert!(refused.contains("patient.csv"), "{refused}");
    }

    #[test]
    fn a_center_without_a_usable_id_of_its_own_is_refused() {
        for of in [
            &[("a", "center_id\nK01\n"), ("b", "center_id\nK01\n")][..],
            &[("a", "center_id\n../../x\n")],
            &[("a", "center_id\n\n")],
            &[("a", "name\nK01\n")],
            &[("a", "")],
            &[],
        ] {
            assert_eq!(found(&centers(of)).unwrap_err().code(), "center", "{of:?}");
        }
    }
}
