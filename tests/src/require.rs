//! Capabilities that a test may need. A missing one skips the test aloud on a user's machine and fails it in CI.

use std::path::Path;

/// Leaves the test when a capability is missing: `require!(root(), program("ip"))`.
///
/// # Panics
/// Panics instead of leaving when `OCP809_CI=1`.
#[macro_export]
macro_rules! require {
    ($($capability:expr),+ $(,)?) => {
        $(if let Err(what) = $capability {
            $crate::missing(&what);
            return;
        })+
    };
}

/// Reports a missing capability.
///
/// # Panics
/// Panics when `OCP809_CI=1`: in CI nothing is skipped.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn missing(what: &str) {
    assert!(std::env::var_os("OCP809_CI").is_none_or(|v| v != "1"), "CI must provide: {what}");
    eprintln!("SKIPPED: {what}");
}

/// Root privileges, for namespaces and raw sockets.
///
/// # Errors
/// Says what to do without them.
pub fn root() -> Result<(), String> {
    // The owner of /proc/self is the effective user.
    let owner = std::fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m));
    match owner {
        Ok(0) => Ok(()),
        _ => Err("root (network namespaces); run: sudo tests/run".to_owned()),
    }
}

/// A program on the PATH.
///
/// # Errors
/// Names the program when it is missing.
pub fn program(name: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).chain([Path::new("/usr/sbin").into()]).any(|dir| dir.join(name).is_file()) {
        Ok(())
    } else {
        Err(format!("the program `{name}`"))
    }
}
