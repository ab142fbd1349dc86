//! The control socket's language: one JSON document per line, and how a line is read without trusting its writer.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::command::{Command, Reply};
use super::event::Event;
use super::status::Status;

/// Longest line in bytes, without its end.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// What a client may write. Each line gets one line back; `subscribe` is followed by more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToServer {
    /// A command.
    Command(Command),
    /// The newest snapshot is asked for.
    Status,
    /// Events from now on, and snapshots if wanted.
    Subscribe(Subscribe),
}

/// What a subscriber wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Subscribe {
    /// Also a snapshot every so many milliseconds, 20 at least; absent is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_every_ms: Option<u32>,
}

/// What the server writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToClient {
    /// The answer to a command.
    Reply(Reply),
    /// A snapshot.
    Status(Box<Status>),
    /// Events will follow.
    Subscribed,
    /// Something happened.
    Event(Event),
    /// So many events since the start of the subscription were dropped because this client was too slow.
    Lost(u64),
    /// The line was not understood.
    Error(LineError),
}

/// Why a line was not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum LineError {
    /// Not a request.
    #[error("not a request (column {column}): {reason}")]
    NotARequest {
        /// Where reading ended, from 1.
        column: usize,
        /// What was wrong there.
        reason: String,
    },
    /// Longer than [`MAX_LINE_BYTES`]. The connection is closed.
    #[error("the line is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The server has as many clients as it takes. The connection is closed.
    #[error("{limit} clients are connected already")]
    TooManyClients {
        /// The limit.
        limit: usize,
    },
}

/// What came of reading a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A whole line is in the buffer, without its end.
    Whole,
    /// The line is too long; the rest of it is still unread.
    TooLong,
    /// The other end closed; what is in the buffer is no whole line.
    End,
}

/// Reads one line into `buffer`, which never grows beyond [`MAX_LINE_BYTES`].
pub(crate) fn read_line(reader: &mut impl BufRead, buffer: &mut Vec<u8>) -> io::Result<Line> {
    buffer.clear();
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(Line::End);
        }
        let (part, is_whole) = match available.iter().position(|&byte| byte == b'\n') {
            Some(end) => (&available[..end], true),
            None => (available, false),
        };
        if buffer.len() + part.len() > MAX_LINE_BYTES {
            return Ok(Line::TooLong);
        }
        buffer.extend_from_slice(part);
        let used = part.len() + usize::from(is_whole);
        reader.consume(used);
        if is_whole {
            return Ok(Line::Whole);
        }
    }
}

/// Understands a line.
pub(crate) fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, LineError> {
    serde_json::from_slice(line).map_err(|error| {
        let mut reason = error.to_string();
        // serde quotes what it met; a hostile client gets no more than a line of it back.
        reason.truncate(reason.floor_char_boundary(400));
        LineError::NotARequest { column: error.column(), reason }
    })
}

/// Writes a document as one line, in one write.
pub(crate) fn write_line(writer: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    writer.write_all(&line)
}
