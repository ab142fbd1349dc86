//! The stages of blocks that AVX-512 does in fewer steps than compilers find, one file each.

mod codes;
mod linear;
mod matrix;
mod table;
mod through;
mod vector;

pub(super) use codes::codes;
pub(super) use linear::linear_codes;
pub(super) use matrix::{multiply, multiply_bytes};
pub(super) use through::through;
