//! How much is too much for the coordinator? Each limit has a test at its edge; those of all sides are in
//! `protocol::limits`.

/// Queries open at once. A node names those it knows in the address of its poll, which holds so many ids.
pub const OPEN_QUERIES_MAX: usize = 128;
/// Queries that one researcher may have open, so that nobody takes every place for as long as a deadline may last.
pub const OPEN_QUERIES_PER_RESEARCHER_MAX: usize = 32;
/// Different answers and refusals taken for one task, late ones included.
pub const SUBMISSIONS_PER_TASK_MAX: usize = 4;
/// Largest absolute value of a cell: whole numbers up to here survive every JSON reader, and the sum over the largest
/// roster stays far inside 64 bits.
pub const CELL_ABS_MAX: u64 = 1 << 53;
/// Queries in the catalogue.
pub const QUERIES_LISTED_MAX: usize = 1000;
/// Bytes of envelopes in one page of the log, reached by the last entry.
pub const LOG_PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Seconds before a step that failed (a full disk) is tried again.
pub const RETRY_S: u64 = 5;
/// Certificates of one party that are good at once; renewals beyond wait until one has expired or the operator has revoked
/// them.
pub const LIVE_CERTIFICATES_MAX: usize = 16;
/// Bytes of a request to enrol: whoever has no certificate may make this service hold that much and no more. The largest
/// certificate request takes a third of it.
pub const ENROLMENT_BYTES_MAX: usize = 64 * 1024;
