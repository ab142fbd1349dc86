//! Capabilities that a test may need: a missing one skips it aloud on a user's machine and fails it in CI.

use std::path::Path;

#[allow(unused_macros, reason = "benches and some tests need none")]
/// Leaves the test when a capability is missing: `require!(root(), program("ip"))`.
macro_rules! require {
    ($($capability:expr),+ $(,)?) => {
        $(if let Err(what) = $capability {
            crate::common::capability::skipped(&what);
            return;
        })+
    };
}
#[allow(unused_imports, reason = "benches and some tests need none")]
pub(crate) use require;

/// Root privileges, for namespaces and raw sockets.
pub(crate) fn root() -> Result<(), String> {
    // The owner of /proc/self is the effective user.
    match std::fs::metadata("/proc/self").map(|process| std::os::unix::fs::MetadataExt::uid(&process)) {
        Ok(0) => Ok(()),
        _ => Err(String::from("root (network namespaces); run: sudo tests/run")),
    }
}

/// A program on the PATH.
pub(crate) fn program(name: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain([Path::new("/usr/sbin").into()]);
    if folders.any(|folder| folder.join(name).is_file()) { Ok(()) } else { Err(format!("the program `{name}`")) }
}

/// Says aloud that something was not tested.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn skipped(what: &str) {
    assert!(std::env::var_os("OCP809_CI").is_none_or(|value| value != "1"), "CI must provide: {what}");
    eprintln!("SKIPPED: {what}");
}
