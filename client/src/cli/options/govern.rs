//! Which words are there for coming in and deciding: keys, charter, proposals, currency?

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use protocol::fingerprint::{Fingerprint, FingerprintError};
use protocol::ids::{CenterId, NetworkName, PersonId};
use protocol::keys::PublicKey;

use crate::error::ClientError;
use crate::govern::{CurrencyChoice, RosterChoice, read_fingerprint};
use crate::join::Joining;

#[derive(Debug, Args)]
pub(in crate::cli) struct InitArgs {
    /// The network's name.
    #[arg(long)]
    pub(in crate::cli) network: NetworkName,
    /// Your id in the network.
    #[arg(long)]
    pub(in crate::cli) person: PersonId,
    /// The coordinator's address, `https://host:port`.
    #[arg(long)]
    pub(in crate::cli) coordinator: String,
    /// Your name, for people.
    #[arg(long, default_value = "")]
    pub(in crate::cli) name: String,
    /// Your organisation, for people.
    #[arg(long, default_value = "")]
    pub(in crate::cli) organisation: String,
    /// The charter's fingerprint, if you have compared it already: digits, or words in quotation marks.
    #[arg(long, value_parser = fingerprint)]
    pub(in crate::cli) charter: Option<Fingerprint>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct JoinArgs {
    /// The invitation's token, as the coordinator's operator handed it to you. Other people of this machine can read command
    /// lines: where that matters, put it in the environment.
    #[arg(
        long,
        env = "CARTALLY_TOKEN",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    token: String,
    /// The coordinator's address, `https://host:port`; not needed again where a home exists.
    #[arg(long)]
    coordinator: Option<String>,
    /// The network's name.
    #[arg(long)]
    network: Option<NetworkName>,
    /// Your id in the network, as in the invitation.
    #[arg(long)]
    person: Option<PersonId>,
    /// Your name, for people.
    #[arg(long)]
    name: Option<String>,
    /// Your organisation, for people.
    #[arg(long)]
    organisation: Option<String>,
    /// The charter's fingerprint, if you have compared it already: digits, or words in quotation marks.
    #[arg(long, value_parser = fingerprint)]
    charter: Option<Fingerprint>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CurrencyArgs {
    /// Do nothing while the statement in force is younger than so many days.
    #[arg(long, value_name = "DAYS")]
    if_older_than: Option<u32>,
    /// Write the signed statement to this file too, for a hospital that loads it by hand.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RosterArgs {
    /// Begin with the centers, key and delay of the roster in force.
    #[arg(long)]
    from_current: bool,
    /// The `enrolment.json` of a center to add, or to replace.
    #[arg(long = "center", value_name = "FILE")]
    centers: Vec<PathBuf>,
    /// A center to add or to replace with the keys of its enrolment in the log, see: cartally enrolled
    #[arg(long, value_name = "ID")]
    enrolled: Vec<CenterId>,
    /// A center to leave out.
    #[arg(long, value_name = "ID", requires = "from_current")]
    remove: Vec<CenterId>,
    /// The coordinator's public key, as its `init` printed it; with --from-current as before unless given.
    #[arg(long, required_unless_present = "from_current")]
    coordinator_key: Option<PublicKey>,
    /// Until when the centers named here belong to the network, for example 2027-12-31T00:00:00Z.
    #[arg(long)]
    valid_until: Option<Timestamp>,
    /// Seconds between a question's arrival at a node and the first moment anything leaves; 5, or as before, unless given.
    #[arg(long)]
    answer_delay_s: Option<f64>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CharterCommand {
    /// Write a genesis charter from a TOML file and sign it.
    New {
        /// Members, threshold, organisations, timekeepers.
        file: PathBuf,
        /// Where to write the signed charter.
        #[arg(long)]
        out: PathBuf,
    },
    /// Read a charter in a file and add your signature to it.
    Sign {
        /// The charter (JSON).
        file: PathBuf,
        /// Sign without being asked.
        #[arg(long)]
        yes: bool,
    },
    /// Pin the charter whose fingerprint you compared.
    Pin {
        /// 64 hexadecimal digits, or 24 words.
        #[arg(required = true, num_args = 1..)]
        fingerprint: Vec<String>,
        /// Put it in the place of another pin without being asked.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ProposeCommand {
    /// The centers of the network.
    Roster(RosterArgs),
    /// A question that may be asked.
    Template {
        /// The template (TOML).
        file: PathBuf,
    },
    /// Who may ask what, at which price.
    Study {
        /// The study (TOML).
        file: PathBuf,
    },
    /// Who decides from now on: the successor of the charter in force.
    Charter {
        /// Members, threshold, organisations, timekeepers (TOML), as for `charter new`.
        file: PathBuf,
    },
}

impl JoinArgs {
    pub(in crate::cli) fn into_joining(self) -> Result<Joining, ClientError> {
        Ok(Joining {
            token: self.token.parse()?,
            coordinator: self.coordinator,
            network: self.network,
            person: self.person,
            name: self.name,
            organisation: self.organisation,
            charter: self.charter,
        })
    }
}

impl RosterArgs {
    pub(in crate::cli) fn into_choice(self) -> RosterChoice {
        RosterChoice {
            from_current: self.from_current,
            centers: self.centers,
            enrolled: self.enrolled,
            remove: self.remove,
            coordinator: self.coordinator_key,
            valid_until: self.valid_until,
            answer_delay_s: self.answer_delay_s,
        }
    }
}

impl CurrencyArgs {
    pub(in crate::cli) fn into_choice(self) -> CurrencyChoice {
        CurrencyChoice {
            if_older_than_days: self.if_older_than,
            out: self.out,
        }
    }
}

/// In every form that people type or copy.
fn fingerprint(typed: &str) -> Result<Fingerprint, FingerprintError> {
    read_fingerprint(&[typed.to_owned()])
}
