//! How much is too much? Limits that every side keeps; each has a test at its edge where it is enforced.

/// Bytes of one document's payload, after base64.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// Bytes of one HTTP request body: an envelope with base64 and signatures around the largest payload.
pub const BODY_BYTES_MAX: usize = 512 * 1024;
/// Signatures on one envelope.
pub const SIGNATURES_MAX: usize = 64;
/// Centers in one roster.
pub const CENTERS_MAX: usize = 200;
/// Members of one committee.
pub const MEMBERS_MAX: usize = 32;
/// Researchers named in one study.
pub const RESEARCHERS_MAX: usize = 64;
/// Templates named in one study.
pub const STUDY_TEMPLATES_MAX: usize = 256;
/// Parameters of one question.
pub const PARAMETERS_MAX: usize = 32;
/// Characters of one parameter's value.
pub const PARAMETER_CHARS_MAX: usize = 1024;
/// Cells in one part of a release.
pub const CELLS_MAX: usize = 4096;
/// Parts of one release.
pub const PARTS_MAX: usize = 64;
/// How far a version of a roster or study may lie above the one in force, so that no slip of the pen uses up all numbers.
pub const VERSION_STEP_MAX: u32 = 1000;
/// Characters of a reason for declining or revoking.
pub const REASON_CHARS_MAX: usize = 1000;
/// How long one member's revocation suspends a document: 14 days.
pub const SUSPENSION_S: i64 = 14 * 24 * 3600;
/// Proposals of one proposer that the committee has not decided yet.
pub const UNDECIDED_MAX: usize = 64;
/// Characters of a person's, hospital's or organisation's name.
pub const NAME_CHARS_MAX: usize = 200;
/// Characters of a certificate request in PEM form; real ones have a few hundred.
pub const REQUEST_CHARS_MAX: usize = 16 * 1024;
/// Log entries in one page.
pub const LOG_PAGE_MAX: u32 = 500;
/// Seconds that a long poll may wait.
pub const WAIT_S_MAX: u32 = 60;
/// Seconds between a query's submission and its deadline, at most: 60 days, so that a person can approve.
pub const DEADLINE_S_MAX: i64 = 60 * 24 * 3600;
/// The longest `answer_delay_s` that a roster may name.
pub const ANSWER_DELAY_S_MAX: f64 = 3600.0;
/// How long a currency document is believed after its time: 14 days.
pub const CURRENCY_VALID_S: i64 = 14 * 24 * 3600;
/// How far a document's time may lie ahead of the reader's clock.
pub const CLOCK_SKEW_S: i64 = 300;
