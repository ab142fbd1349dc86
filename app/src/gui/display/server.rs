//! Whether a display server answers.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use x11rb::errors::ConnectError;
use x11rb::rust_connection::RustConnection;

use super::NoDisplay;

/// How often an X server is asked that does not answer, and the pause before it is asked again: one that has just lost
/// its last client starts anew, and refuses for a moment.
const ATTEMPTS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(60);

/// A connection to a display server. While it is held, the server does not start anew under a window that is opening.
#[derive(Debug)]
pub(in crate::gui) struct Held {
    _connection: Option<RustConnection>,
}

/// Connects to a compositor's socket and hangs up again: compositors do not mind.
pub(super) fn reach_wayland(socket: &Path) -> Result<Held, NoDisplay> {
    UnixStream::connect(socket)
        .map(|_hung_up| Held { _connection: None })
        .map_err(|source| NoDisplay::NoAnswer { name: socket.display().to_string(), source })
}

/// Connects to an X server with this user's credentials.
pub(super) fn reach_x11(name: &str) -> Result<Held, NoDisplay> {
    let mut result = connect(name);
    for _ in 1..ATTEMPTS {
        match &result {
            Err(NoDisplay::NoAnswer { source, .. }) if may_pass(source.kind()) => std::thread::sleep(PAUSE),
            _ => break,
        }
        result = connect(name);
    }
    result
}

const fn may_pass(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe)
}

fn connect(name: &str) -> Result<Held, NoDisplay> {
    let no_answer = |source| NoDisplay::NoAnswer { name: name.to_owned(), source };
    match RustConnection::connect(Some(name)) {
        Ok((connection, _)) => Ok(Held { _connection: Some(connection) }),
        Err(ConnectError::IoError(source)) => Err(no_answer(source)),
        Err(ConnectError::DisplayParsingError(error)) => Err(no_answer(io::Error::new(ErrorKind::InvalidInput, error))),
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
