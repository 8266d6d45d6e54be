//! What can go wrong between two parties, said so that the reader knows what to do.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::identity::{Identity, Role};
use crate::problem::Problem;

/// Why something did not travel. Each has a stable [`TransportError::code`].
#[derive(Debug, Error)]
pub enum TransportError {
    /// A file could not be read or written.
    #[error("{path}: {source}; check the path and who may read and write there")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A private file exists already.
    #[error(
        "{0} exists already and is never replaced; move it away first if it is no longer needed"
    )]
    FileExists(PathBuf),
    /// A private file can be read by others.
    #[error(
        "{path} must be a plain file that its owner alone can read, but its mode is {mode:o}; run: chmod 600 {path}"
    )]
    FileMode {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A private file is far too large to be a key.
    #[error(
        "{path} is larger than {bytes_max} bytes, so it is not a key; give the path of the key file"
    )]
    FileSize {
        /// Which file.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
    /// A text is not an identity.
    #[error(
        "{0:?} is not an identity; write cartally://<network>/<center|person|coordinator>/<id>"
    )]
    Identity(String),
    /// A certificate or request cannot be used.
    #[error("the certificate cannot be used: {0}; ask the coordinator's operator for a new one")]
    Certificate(String),
    /// A PEM file holds something else.
    #[error(
        "{path} does not hold {wanted} in PEM form; give the file that the coordinator's operator handed out"
    )]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What should be in it.
        wanted: &'static str,
    },
    /// A certificate's time is over.
    #[error(
        "{whose} expired; ask the coordinator's operator for a new invitation (cartally-coordinator invite) or to certify a new request (cartally-coordinator certify)"
    )]
    CertificateExpired {
        /// Whose certificate.
        whose: &'static str,
    },
    /// A certificate's time has not come: mostly a clock that is wrong.
    #[error("{whose} is not valid yet; check this machine's date and time")]
    CertificateNotYet {
        /// Whose certificate.
        whose: &'static str,
    },
    /// A certificate was issued by another authority.
    #[error(
        "{whose} was not issued by this network's authority; check the CA file and the certificate that belong to this network"
    )]
    CertificateAuthority {
        /// Whose certificate.
        whose: &'static str,
    },
    /// A key and a certificate do not belong together.
    #[error(
        "the private key does not belong to the certificate; use the key that the request was made with"
    )]
    KeyMismatch,
    /// The certificate is somebody else's.
    #[error(
        "the certificate is that of {found}, wanted is {wanted}; use the certificate issued to this party"
    )]
    WrongParty {
        /// Who the certificate names.
        found: Identity,
        /// Who it should name.
        wanted: Identity,
    },
    /// A party of another kind is needed.
    #[error(
        "the certificate is that of a {found}, wanted is a {wanted}; use the certificate issued for this task"
    )]
    WrongRole {
        /// The role in the certificate.
        found: Role,
        /// The role needed.
        wanted: Role,
    },
    /// The server is not the coordinator of the network.
    #[error(
        "the server at {url} did not prove that it is {wanted}; check the address and the CA file"
    )]
    NotTheCoordinator {
        /// The address.
        url: String,
        /// Who it should be.
        wanted: String,
    },
    /// The server is not the one that an invitation speaks of.
    #[error(
        "the server at {url} does not show the authority that this invitation names; check the address, and ask the coordinator's operator by another way before trying a new invitation"
    )]
    OtherAuthority {
        /// The address.
        url: String,
    },
    /// A text is not an invitation's token.
    #[error(
        "this is not an invitation's token; copy the whole last line that cartally-coordinator invite printed, 68 characters with one full stop"
    )]
    Token,
    /// An address cannot be used.
    #[error("{0:?} is not an address of a coordinator; write https://host:port")]
    Address(String),
    /// An address to listen on cannot be used.
    #[error(
        "cannot listen on {address}: {source}; give a free address of this machine with --listen"
    )]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The other side could not be reached, or the connection broke.
    #[error(
        "the coordinator at {url} could not be reached: {reason}; check the address, the network and HTTPS_PROXY, then try again"
    )]
    Unreachable {
        /// The address.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// The other side closed the door during the handshake.
    #[error(
        "the coordinator refused this certificate ({0}); ask its operator whether it is of this network and still valid"
    )]
    Refused(String),
    /// The other side answered with a problem document.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The other side's answer is not what was agreed.
    #[error(
        "the coordinator's answer cannot be understood: {0}; check that both sides have the same version"
    )]
    Answer(String),
    /// The other side's answer is too large.
    #[error(
        "the coordinator's answer is larger than {bytes_max} bytes and was not read; ask for a smaller page"
    )]
    AnswerSize {
        /// The limit.
        bytes_max: usize,
    },
    /// The coordinator's log does not extend what was seen of it.
    #[error(
        "the coordinator's log does not extend what was seen of it before: {0}; tell the committee before asking or answering anything"
    )]
    LogBroken(String),
    /// The log filter cannot be read.
    #[error("{0:?} is not a log filter; write a level such as info, or target=level pairs")]
    LogFilter(String),
    /// Key or certificate making failed.
    #[error("the key or certificate could not be made: {0}; try again")]
    Making(String),
    /// TLS could not be set up.
    #[error("tls could not be set up: {0}; check the key and certificate files")]
    Tls(String),
}

impl TransportError {
    /// The stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::File { .. } => "file",
            Self::FileExists(_) => "file_exists",
            Self::FileMode { .. } => "key_file_mode",
            Self::FileSize { .. } => "file_too_large",
            Self::Identity(_) => "identity",
            Self::Certificate(_) => "certificate",
            Self::Pem { .. } => "pem",
            Self::CertificateExpired { .. } => "certificate_expired",
            Self::CertificateNotYet { .. } => "certificate_not_yet_valid",
            Self::CertificateAuthority { .. } => "certificate_authority",
            Self::KeyMismatch => "key_mismatch",
            Self::WrongParty { .. } => "wrong_party",
            Self::WrongRole { .. } => "wrong_role",
            Self::NotTheCoordinator { .. } => "not_the_coordinator",
            Self::OtherAuthority { .. } => "other_authority",
            Self::Token => "token",
            Self::Address(_) => "address",
            Self::Listen { .. } => "listen",
            Self::Unreachable { .. } => "unreachable",
            Self::Refused(_) => "certificate_refused",
            Self::Problem(problem) => &problem.code,
            Self::Answer(_) => "answer",
            Self::AnswerSize { .. } => "answer_too_large",
            Self::LogBroken(_) => "log_broken",
            Self::LogFilter(_) => "log_filter",
            Self::Making(_) => "making",
            Self::Tls(_) => "tls",
        }
    }

    /// Whether the same attempt may succeed later without anyone's doing.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Problem(problem) => problem.is_transient(),
            _ => false,
        }
    }

    /// Puts a path before an error of the file system.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::AlreadyExists => Self::FileExists(path.to_owned()),
            _ => Self::File {
                path: path.to_owned(),
                source,
            },
        }
    }
}
