//! The sender's claim to be master: each start claims a newer term than the one before (PROTOCOL.md, fencing).

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ocp809_sender::wire::ocp809::{Epoch, newer};

use crate::config::write_atomically;
use crate::engine::Claim;

/// Claims of this host, stored in a folder before they are used, so that a crash cannot use one twice.
pub(super) fn claims(state_folder: &Path) -> Claim {
    let file = state_folder.join("term");
    Box::new(move |heard| {
        let stored = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse::<u16>().ok());
        let term = after(stored, heard);
        if let Err(error) = write_atomically(&file, format!("{term}\n").as_bytes()) {
            // The wall matters more: cards that heard this term are asked for it at the next start.
            tracing::error!(%error, "the sender's term is not stored");
        }
        Epoch { term, instance: instance() }
    })
}

/// The term after the newest of what this host used and what it heard of.
fn after(stored: Option<u16>, heard: Option<u16>) -> u16 {
    let newest = match (stored, heard) {
        (Some(stored), Some(heard)) if newer(heard, stored) => heard,
        (stored, heard) => stored.or(heard).unwrap_or(0),
    };
    // 0 means "no term": after 65535 comes 1.
    newest.checked_add(1).unwrap_or(1)
}

/// Tells two senders of the same term apart: the low bits of the start's nanoseconds.
fn instance() -> u16 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    let [_, a, b, c] = nanos.to_be_bytes();
    u16::from_be_bytes([a ^ c, b])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_newer_than_all_that_was_used_or_heard_of() {
        let folder = tempfile::tempdir().unwrap();
        let mut claim = claims(folder.path());
        assert_eq!([claim(None).term, claim(None).term, claim(Some(1)).term], [1, 2, 3], "one after the other");
        assert_eq!(claim(Some(900)).term, 901, "above what was heard");
        assert_eq!(claims(folder.path())(None).term, 902, "also after a restart");
        assert_eq!(after(Some(u16::MAX), None), 1, "terms go round");
        assert_eq!(after(Some(2), Some(65_000)), 3, "and old ones of the round before are old");
    }
}
