//! Where golden files lie, and whether they are to be written anew.

use std::path::PathBuf;

/// The repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.pop();
    path
}

/// A file below tests/golden.
#[must_use]
pub fn golden_path(name: &str) -> PathBuf {
    repository().join("tests/golden").join(name)
}

/// Whether `UPDATE_GOLDEN=1` asks for golden files to be written instead of compared.
#[must_use]
pub fn update_golden() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1")
}
