//! Whether a window can be opened at all, found out before the window library is touched: it panics where a library of
//! the keyboard is missing, and a demo must then go on without a window.

use std::path::PathBuf;

use thiserror::Error;

#[cfg(all(unix, not(target_vendor = "apple")))]
mod libraries;
#[cfg(all(unix, not(target_vendor = "apple")))]
mod server;

/// The display that a window would open on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// A Wayland compositor.
    Wayland,
    /// An X server.
    X11,
    /// The only one that this operating system has.
    Native,
}

/// Why no window can be opened. Each names the way out.
#[derive(Debug, Error)]
pub enum NoDisplay {
    /// Nothing names a display.
    #[error("no display: neither WAYLAND_DISPLAY nor DISPLAY is set")]
    NotNamed,
    /// A display is named, and nobody answers there.
    #[error("no display: nobody answers at {name}; check that it runs and that this user may use it")]
    NoAnswer {
        /// What the environment says.
        name: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The X server refused the connection.
    #[error("no display: the X server {name} refuses the connection; allow this user with `xauth` or `xhost`")]
    Refused {
        /// What the environment says.
        name: String,
        /// What the server says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Libraries that a window needs are not installed.
    #[error("no window without {}: install {}", files(missing), packages(missing))]
    MissingLibraries {
        /// The libraries.
        missing: Vec<MissingLibrary>,
    },
}

/// A library that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingLibrary {
    /// Its file.
    pub file: &'static str,
    /// The package that holds it, on Debian and Ubuntu.
    pub package: &'static str,
}

fn files(missing: &[MissingLibrary]) -> String {
    let files: Vec<&str> = missing.iter().map(|library| library.file).collect();
    files.join(", ")
}

fn packages(missing: &[MissingLibrary]) -> String {
    let mut packages: Vec<&str> = missing.iter().map(|library| library.package).collect();
    packages.dedup();
    format!("the package{} {} (names of Debian and Ubuntu)", if packages.len() == 1 { "" } else { "s" }, packages.join(" "))
}

/// What the probe looks at, so that tests can name it.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(all(unix, not(target_vendor = "apple"))), expect(dead_code, reason = "only these systems have a choice"))]
struct Surroundings {
    /// The compositor's socket.
    wayland: Option<PathBuf>,
    /// The X server's name.
    x11: Option<String>,
}

/// Finds the display that a window would open on.
///
/// # Errors
/// When there is none, when it does not answer, or when libraries are missing that a window needs.
pub fn probe() -> Result<Display, NoDisplay> {
    find().map(|found| found.display)
}

/// The display that answered, with the connection over which it did.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) display: Display,
    /// Held until the window has its own.
    #[cfg(all(unix, not(target_vendor = "apple")))]
    _held: server::Held,
}

#[cfg(all(unix, not(target_vendor = "apple")))]
pub(super) fn find() -> Result<Found, NoDisplay> {
    decide(&Surroundings::of_this_process(), &libraries::Installed::on_this_system())
}

/// Here there always is a display.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
pub(super) fn find() -> Result<Found, NoDisplay> {
    Ok(Found { display: Display::Native })
}

/// Keeps the window library from choosing another display than the one that answered: it goes by the environment alone.
#[cfg(all(unix, not(target_vendor = "apple")))]
pub(super) fn event_loop_hook(display: Display) -> Option<eframe::EventLoopBuilderHook> {
    use winit::platform::x11::EventLoopBuilderExtX11 as _;
    let hook: eframe::EventLoopBuilderHook = Box::new(|builder| {
        builder.with_x11();
    });
    (display == Display::X11).then_some(hook)
}

/// There is nothing to choose here.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
pub(super) fn event_loop_hook(_: Display) -> Option<eframe::EventLoopBuilderHook> {
    None
}

#[cfg(all(unix, not(target_vendor = "apple")))]
impl Surroundings {
    fn of_this_process() -> Self {
        let named = |variable| std::env::var_os(variable).filter(|value| !value.is_empty());
        // A relative name counts from XDG_RUNTIME_DIR; joining an absolute one yields that one.
        let wayland = named("WAYLAND_DISPLAY").map(|socket| match named("XDG_RUNTIME_DIR") {
            Some(folder) => PathBuf::from(folder).join(socket),
            None => PathBuf::from(socket),
        });
        let x11 = named("DISPLAY").and_then(|name| name.into_string().ok());
        Self { wayland, x11 }
    }
}

/// Wayland where it answers and its libraries are there, X11 where that does; else the reason why the first of them does not.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn decide(surroundings: &Surroundings, installed: &libraries::Installed) -> Result<Found, NoDisplay> {
    let wayland = surroundings.wayland.as_ref().map(|socket| {
        installed.require(libraries::WAYLAND)?;
        server::reach_wayland(socket)
    });
    let wayland = match wayland {
        Some(Ok(held)) => return Ok(Found { display: Display::Wayland, _held: held }),
        Some(Err(reason)) => Some(reason),
        None => None,
    };
    let x11 = surroundings.x11.as_ref().map(|name| {
        installed.require(libraries::X11)?;
        server::reach_x11(name)
    });
    match (x11, wayland) {
        (Some(Ok(held)), _) => Ok(Found { display: Display::X11, _held: held }),
        (_, Some(reason)) | (Some(Err(reason)), _) => Err(reason),
        (None, None) => Err(NoDisplay::NotNamed),
    }
}

#[cfg(all(test, unix, not(target_vendor = "apple")))]
mod tests {
    use super::*;

    #[test]
    fn without_a_name_there_is_no_display() {
        let installed = libraries::Installed::in_folders(&[]);
        let none = decide(&Surroundings::default(), &installed);
        assert!(matches!(none, Err(NoDisplay::NotNamed)), "{none:?}");
    }

    #[test]
    fn a_missing_library_is_named_with_its_package() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        for library in libraries::X11.iter().filter(|library| library.file != "libxkbcommon-x11.so.0") {
            libraries::install_for_test(folder.path(), library.file);
        }
        let surroundings = Surroundings { x11: Some(":31999".to_owned()), ..Surroundings::default() };
        let reason = decide(&surroundings, &libraries::Installed::in_folders(&[folder.path().to_owned()]));
        let text = reason.expect_err("a library is missing").to_string();
        assert_eq!(
            text,
            "no window without libxkbcommon-x11.so.0: install the package libxkbcommon-x11-0 (names of Debian and Ubuntu)"
        );
    }

    #[test]
    fn a_socket_where_nobody_listens_is_no_display() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        for library in libraries::WAYLAND {
            libraries::install_for_test(folder.path(), library.file);
        }
        let surroundings = Surroundings { wayland: Some(folder.path().join("wayland-9")), x11: None };
        let reason = decide(&surroundings, &libraries::Installed::in_folders(&[folder.path().to_owned()]));
        assert!(matches!(reason, Err(NoDisplay::NoAnswer { .. })), "{reason:?}");
    }

    #[test]
    fn a_compositor_that_answers_is_preferred() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        for library in libraries::WAYLAND {
            libraries::install_for_test(folder.path(), library.file);
        }
        let socket = folder.path().join("wayland-0");
        let _listens = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        let surroundings = Surroundings { wayland: Some(socket), x11: Some(":31999".to_owned()) };
        let found = decide(&surroundings, &libraries::Installed::in_folders(&[folder.path().to_owned()]));
        assert!(matches!(found, Ok(Found { display: Display::Wayland, .. })), "{found:?}");
    }
}
