//! What do `init` and `join` do? They make a node and enrol it; what the network refuses costs no key.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use transport::clock::Clock;
use transport::join::Token;

use super::End;
use super::command::say;
use super::options::{Init, Join};
use crate::config::{NodeConfig, OwnTls};
use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::init::{self, Enrolment};
use crate::join;
use crate::telephone::write_signing_key;

/// Makes a node and, with a token, enrols it.
pub(super) fn init(
    data: &DataDir,
    asked: &Init,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    let config = NodeConfig {
        center: asked.center.clone(),
        name: asked.name.clone(),
        network: asked.network.clone(),
        coordinator: asked.coordinator.clone(),
        charter: asked.charter.document(),
        tls: own_tls(asked)?,
    };
    let enrolment = init::init(data, &config, asked.ca.as_deref(), clock.now())?;
    say(writeln!(
        out,
        "made the node of center {} in {}\nsum key      {}",
        enrolment.center,
        data.root().display(),
        enrolment.sum_key
    ));
    say(write_signing_key(enrolment.signing_key, out));
    let Some(token) = &asked.token else {
        return Ok(say(writeln!(
            out,
            "next: {}",
            next(data, &config, &enrolment)
        )));
    };
    let until =
        enrol(data, token, None, clock).map_err(|error| NodeError::NotJoined(Box::new(error)))?;
    Ok(say(tell(until, out)))
}

/// Enrols a node that is there.
pub(super) fn join(
    data: &DataDir,
    asked: &Join,
    out: &mut dyn Write,
    clock: &Arc<dyn Clock>,
) -> Result<End, NodeError> {
    let until = enrol(data, &asked.token, asked.coordinator.as_deref(), clock)?;
    say(tell(until, out));
    Ok(say(writeln!(
        out,
        "a node that is serving takes it within half a minute"
    )))
}

fn enrol(
    data: &DataDir,
    token: &Token,
    coordinator: Option<&str>,
    clock: &Arc<dyn Clock>,
) -> Result<Timestamp, NodeError> {
    join::at_once(data, join::join(data, token, coordinator, clock))
}

fn tell(until: Timestamp, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        out,
        "enrolled: the certificate is valid until {until:.0} and renews by itself while the node serves"
    )
}

/// What people do where no invitation does it.
fn next(data: &DataDir, config: &NodeConfig, enrolment: &Enrolment) -> String {
    let to_the_office = data.enrolment();
    let to_the_office = to_the_office.display();
    match &config.tls {
        Some(_) => format!(
            "send {to_the_office} to the registry office, and the certificate of the hospital's authority to the coordinator's \
             operator, who runs `cartally-coordinator trust center {} --ca FILE`",
            enrolment.center
        ),
        None => format!(
            "send {to_the_office} to the registry office, and {} to the coordinator's operator, who certifies it; \
             put the certificate at {}. with an invitation, `cartally-node join --token TOKEN` does all of that",
            data.tls_request().display(),
            data.tls_certificate().display(),
        ),
    }
}

fn own_tls(asked: &Init) -> Result<Option<OwnTls>, NodeError> {
    let (Some(certificate), Some(key)) = (&asked.tls_certificate, &asked.tls_key) else {
        return Ok(None);
    };
    Ok(Some(OwnTls {
        certificate: absolute(certificate)?,
        key: absolute(key)?,
    }))
}

/// The node is started from other folders than this one.
fn absolute(path: &Path) -> Result<PathBuf, NodeError> {
    std::path::absolute(path).map_err(|error| NodeError::file("read", path, error))
}
