//! Helpers of the tests that see the whole product: what a test requires, where golden files lie.

mod coverage;
mod golden;
mod require;

pub use coverage::{Coverage, PortCounts};
pub use golden::{golden_path, repository, update_golden};
pub use require::{missing, program, root};
