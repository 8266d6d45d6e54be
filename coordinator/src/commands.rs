//! The command line of `cartally-coordinator`.

mod init;
mod certify;
mod renew;
mod serve;
mod status;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use protocol::ids::NetworkName;
use transport::telemetry::LogOptions;

use crate::error::CoordinatorError;
use crate::{data_dir, http};

pub use certify::certify;
pub use init::{Handout, init};
pub use renew::renew;
pub use serve::serve;

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
    /// Issue a certificate for a request that a node or person has made
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
        /// Days that the certificate is valid, 1 to 1827
        #[arg(long, default_value_t = 731, value_parser = clap::value_parser!(u32).range(1..=1827))]
        days: u32,
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
