//! Whether a display server answers.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

use x11rb::errors::ConnectError;

use super::NoDisplay;

/// Connects to a compositor's socket and hangs up again.
pub(super) fn reach_wayland(socket: &Path) -> Result<(), NoDisplay> {
    UnixStream::connect(socket).map(drop).map_err(|source| NoDisplay::NoAnswer { name: socket.display().to_string(), source })
}

/// Connects to an X server with this user's credentials, and hangs up again.
pub(super) fn reach_x11(name: &str) -> Result<(), NoDisplay> {
    match x11rb::rust_connection::RustConnection::connect(Some(name)) {
        Ok(_hung_up) => Ok(()),
        Err(ConnectError::IoError(source)) => Err(NoDisplay::NoAnswer { name: name.to_owned(), source }),
        Err(ConnectError::DisplayParsingError(error)) => {
            Err(NoDisplay::NoAnswer { name: name.to_owned(), source: io::Error::new(io::ErrorKind::InvalidInput, error) })
        }
        Err(refusal) => Err(NoDisplay::Refused { name: name.to_owned(), source: Box::new(refusal) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_none_and_a_server_that_is_not_there_are_told_apart_from_a_refusal() {
        for name in ["no display at all", ":31999"] {
            let reason = reach_x11(name);
            assert!(matches!(&reason, Err(NoDisplay::NoAnswer { name: told, .. }) if told == name), "{name}: {reason:?}");
        }
    }
}
