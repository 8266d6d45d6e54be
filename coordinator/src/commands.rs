//! The command line of `cartally-coordinator`.

mod init;
mod invite;
mod certify;
mod revoke;
mod pin;
mod trust;
mod renew;
mod serve;
mod status;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use protocol::fingerprint::Fingerprint;
use protocol::ids::NetworkName;
use transport::identity::{Identity, Role};
use transport::telemetry::LogOptions;

use crate::error::CoordinatorError;
use crate::issuer::DAYS_MAX;
use crate::{data_dir, http};

pub use certify::certify;
pub use init::{Handout, init};
pub use invite::{Invitation, VALID_HOURS, VALID_HOURS_MAX, invite};
pub use pin::pin;
pub use renew::renew;
pub use revoke::{Revoked, revoke};
pub use serve::serve;
pub use trust::{distrust, trust};

/// Nothing was done.
const EXIT_FAILED: u8 = 1;
/// The command line cannot be understood.
const EXIT_USAGE: u8 = 2;

#[derive(Debug, Parser)]
#[command(
    name = "cartally-coordinator",
    version,
    about = "Carries signed documents between people and hospitals"
)]
struct Arguments {
    #[command(flatten)]
    log: LogOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the keys, the network's certificate authority and the store of a new coordinator
    Init {
        /// The data folder, new or empty
        #[arg(long, default_value = data_dir::DEFAULT)]
        data: PathBuf,
        /// The network's name
        #[arg(long)]
        network: NetworkName,
        /// Host name or address at which nodes and clients reach this server; several may be given
        #[arg(long, required = true)]
        host: Vec<String>,
    },
    /// Make a one-time token with which a center's node or a person enrols
    Invite {
        /// As what
        role: CertifiedRole,
        /// The center's or person's id
        id: String,
        /// The data folder
        #[arg(long, default_value = data_dir::DEFAULT)]
        data: PathBuf,
        /// Days that its certificates last, 1 to 1827; else 30 for a center, 90 for a person
        #[arg(long, value_parser = days())]
        days: Option<u32>,
        /// Hours in which the token can be used, 1 to 720
        #[arg(long, default_value_t = VALID_HOURS, value_parser = clap::value_parser!(u32).range(1..=i64::from(VALID_HOURS_MAX)))]
        valid_hours: u32,
    },
    /// Revoke all certificates and unused invitations of a center or person, at once
    Revoke {
        /// As what
        role: CertifiedRole,
        /// The center's or person's id
        id: String,
        /// The data folder
        #[arg(long, default_value = data_dir::DEFAULT)]
        data: PathBuf,
    },
    /// Name the charter that this network is founded with: no other one is taken. Before the founders submit it, or to replace
    /// a wrong one while no roster is in force; stop the server first
    Pin {
        /// The charter's fingerprint: 64 hexadecimal digits, or 24 words in quotation marks
        fingerprint: Fingerprint,
        /// The data folder
        #[arg(long, default_value = data_dir::DEFAULT)]
        data: PathBuf,
    },
    /// Believe a hospital's own PKI for its center, and for its center alone
    Trust {
        /// Only a center can have an authority of its own
        role: OwnAuthorityRole,
        /// The center's id
        id: String,
        /// The data folder
        #[arg(long, default_value = data_dir::DEFAULT)]
        data: PathBuf,
        /// The certificate of the hospital's authority (PEM)
        #[arg(long)]
        ca: PathBuf,
    },
    /// No longer believe a hospital's own PKI, at once
    Distrust {
        /// Only a center can have an authority of its own
        role: OwnAuthorityRole,
        /// The center's id
        id: String,
        /// The data folder
        #[arg(long, default_value = data_dir::DEFAULT)]
        data: PathBuf,
    },
    /// Issue a certificate by hand for a request that a node or person has made
    Certify {
        /// The data folder
        #[arg(long, default_value = data_dir::DEFAULT)]
        data: PathBuf,
        /// What the certificate is for
        #[arg(long)]
        role: CertifiedRole,
        /// The center's or person's id
        #[arg(long)]
        id: String,
        /// The request's file
        #[arg(long)]
        csr: PathBuf,
        /// Where the certificate is written
        #[arg(long)]
        out: PathBuf,
        /// Days that the certificate is valid, 1 to 1827; else 30 for a center, 90 for a person
        #[arg(long, value_parser = days())]
        days: Option<u32>,
    },
    /// Make a new key and certificate for this server, before the old certificate expires or when its host names change
    Renew {
        /// The data folder
        #[arg(long, default_value = data_dir::DEFAULT)]
        data: PathBuf,
        /// Host name or address at which nodes and clients reach this server; several may be given
        #[arg(long, required = true)]
        host: Vec<String>,
    },
    /// Run the server until it is told to stop
    Serve {
        /// The data folder
        #[arg(long, default_value = data_dir::DEFAULT)]
        data: PathBuf,
        /// Address to listen on; port 0 takes a free one
        #[arg(long, default_value = "0.0.0.0:8443")]
        listen: String,
    },
    /// Say what the store holds
    Status {
        /// The data folder
        #[arg(long, default_value = data_dir::DEFAULT)]
        data: PathBuf,
    },
    /// Print the description of the JSON API (`OpenAPI`)
    Openapi,
}

/// Whom a certificate can be issued to by request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CertifiedRole {
    /// A hospital's node
    Center,
    /// A researcher, committee member, or the registry office
    Person,
}

impl CertifiedRole {
    /// The role in the certificate.
    #[must_use]
    pub const fn as_role(self) -> Role {
        match self {
            Self::Center => Role::Center,
            Self::Person => Role::Person,
        }
    }

    fn identity(self, network: NetworkName, id: &str) -> Result<Identity, CoordinatorError> {
        Ok(Identity::new(network, self.as_role(), id)?)
    }
}

/// Who can have an authority of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OwnAuthorityRole {
    /// A hospital's node
    Center,
}

fn days() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i64::from(DAYS_MAX))
}

/// Runs one command; `arguments` begin with the program's name. Returns 0 when done, 1 when nothing was done, 2 when the
/// command line cannot be understood.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are asked for and go to standard output; a closed pipe is nobody's fault.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(EXIT_USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match dispatch(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<(), CoordinatorError> {
    transport::telemetry::init(&arguments.log)?;
    match arguments.command {
        Command::Init {
            data,
            network,
            host,
        } => init::command(&data, network, &host),
        Command::Invite {
            role,
            id,
            data,
            days,
            valid_hours,
        } => {
            let invitation = Invitation {
                role,
                id: &id,
                days,
                valid_hours,
            };
            invite::command(&data, invitation)
        }
        Command::Revoke { role, id, data } => revoke::command(&data, role, &id),
        Command::Pin { fingerprint, data } => pin::command(&data, fingerprint),
        Command::Trust { id, data, ca, .. } => trust::trust_command(&data, &id, &ca),
        Command::Distrust { id, data, .. } => trust::distrust_command(&data, &id),
        Command::Certify {
            data,
            role,
            id,
            csr,
            out,
            days,
        } => certify::command(&data, role, &id, &csr, &out, days),
        Command::Renew { data, host } => renew::command(&data, &host),
        Command::Serve { data, listen } => serve::command(&data, &listen),
        Command::Status { data } => status::command(&data),
        Command::Openapi => {
            print(&http::openapi()?);
            Ok(())
        }
    }
}

/// Output of a command.
#[allow(clippy::print_stdout, reason = "a command's output")]
fn print(text: &str) {
    println!("{text}");
}

#[allow(clippy::print_stderr, reason = "a command's error")]
fn report(error: &CoordinatorError) {
    eprintln!("error[{}]: {error}", error.code());
}
