//! The sender's claim to be master: each start claims a newer term than the one before (PROTOCOL.md, fencing).

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ocp809_sender::wire::ocp809::Epoch;

use crate::config::{SaveError, write_atomically};

/// The next epoch of this host, stored before it is used, so that a crash cannot use it twice.
pub(super) fn next(state_folder: &Path) -> Result<Epoch, SaveError> {
    let file = state_folder.join("term");
    let stored = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse::<u16>().ok());
    // 0 means "no term": after 65535 comes 1.
    let term = stored.unwrap_or(0).checked_add(1).unwrap_or(1);
    write_atomically(&file, format!("{term}\n").as_bytes())?;
    Ok(Epoch { term, instance: instance() })
}

/// Tells two senders of the same term apart: the low bits of the start's nanoseconds.
fn instance() -> u16 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    let [_, a, b, c] = nanos.to_be_bytes();
    u16::from_be_bytes([a ^ c, b])
}
