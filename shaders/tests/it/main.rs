//! Tests of the whole pixel path through its public face: against a model in real numbers, and path against path.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::cast_lossless,
    clippy::cast_possible_wrap,
    clippy::many_single_char_names,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::too_many_lines,
    reason = "tests fail by panicking, and their numbers are small, formulas keep their standard's letters"
)]

mod allocations;
mod equality;
mod gpu;
mod levels;
mod low_grey;
mod model;
mod model_test;
mod rig;
mod scenario;
mod settings;
mod stages;
