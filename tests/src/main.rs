//! The product's binary under another name: `CARGO_BIN_EXE_*` exists only for binaries of the tests' own package.

fn main() {}
