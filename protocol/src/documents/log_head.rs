//! How far does the coordinator say that its log reaches? A signed head: two that lie on no common chain prove that it lied.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::envelope::Payload;
use crate::ids::NetworkName;
use crate::log::LogPosition;

/// The coordinator's statement of its log's state, sent with every page of the log and never logged itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogHead {
    /// The network.
    pub network: NetworkName,
    /// The log's state.
    pub log: LogPosition,
    /// When it was signed.
    pub time: Timestamp,
}

impl Payload for LogHead {
    const TYPE: &'static str = "application/vnd.cartally.log-head+json";
}
