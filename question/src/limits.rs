//! How large may a dictionary, a template or a question be? Every limit, once.

pub use protocol::limits::{CELLS_MAX, PARAMETERS_MAX};

/// Tables of a dictionary.
pub const TABLES_MAX: usize = 64;
/// Columns of one table.
pub const COLUMNS_MAX: usize = 256;
/// Codes of one column.
pub const CODES_MAX: usize = 512;
/// Bytes of a table's, column's, variable's, parameter's or code's name.
pub const NAME_BYTES_MAX: usize = 63;

/// Bytes of a template's TOML text.
pub const TEMPLATE_BYTES_MAX: usize = 65_536;
/// Bytes of one parameter's value as a person gives it.
pub const PARAMETER_BYTES_MAX: usize = 1_024;

/// Variables that may stratify one question.
pub const STRATA_VARIABLES_MAX: usize = 2;
/// Levels of one variable, `missing` included.
pub const LEVELS_MAX: usize = 32;
/// Intervals of a survival grid.
pub const INTERVALS_MAX: usize = 23;
/// The last edge of a grid, in months: 50 years.
pub const GRID_MONTHS_MAX: u32 = 600;
/// Units that one patient adds to the person-time at most.
pub const PERSON_TIME_UNITS_MAX: u32 = 200;
