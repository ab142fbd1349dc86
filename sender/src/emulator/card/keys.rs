//! Site keys of a card, the HMACs that they make, and the window that refuses repeats (PROTOCOL.md 6, RFC 4303 3.4.3).

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::wire::field::array_at;
use crate::wire::ocp809::LatchAuthenticator;
use crate::wire::ocp809::stream::LATCH_AUTH_MESSAGE_LEN;

/// Bytes of a key.
pub const KEY_LEN: usize = 32;

/// Counters behind the highest that are told apart.
const WINDOW: u64 = 64;

/// The keys of a card. They survive a power cycle; the windows do not.
#[derive(Debug, Clone, Default)]
pub struct KeyStore {
    keys: BTreeMap<u16, [u8; KEY_LEN]>,
    windows: BTreeMap<u16, Window>,
}

/// Which counters of a key were used.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    highest: u64,
    /// Bit i: `highest - i` was used.
    used: u64,
}

/// The first 16 bytes of HMAC-SHA-256 over the parts, one after the other.
#[must_use]
pub fn short_mac(key: &[u8; KEY_LEN], parts: &[&[u8]]) -> [u8; 16] {
    array_at(&full_mac(key, parts), 0)
}

/// HMAC-SHA-256 over the parts, one after the other.
#[must_use]
pub fn full_mac(key: &[u8; KEY_LEN], parts: &[&[u8]]) -> [u8; KEY_LEN] {
    // A key of 32 bytes is always taken; zeros would only make every check fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; KEY_LEN] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

impl KeyStore {
    /// Whether a site key is installed.
    #[must_use]
    pub fn is_locked_in(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The key `id`. Key 0, 32 zero bytes, exists only while no site key is installed.
    #[must_use]
    pub fn key(&self, id: u16) -> Option<&[u8; KEY_LEN]> {
        if id == 0 { self.keys.is_empty().then_some(&[0; KEY_LEN]) } else { self.keys.get(&id) }
    }

    /// Installs a site key; id 0 is refused.
    pub fn install(&mut self, id: u16, key: [u8; KEY_LEN]) -> bool {
        if id == 0 {
            return false;
        }
        self.keys.insert(id, key);
        self.windows.remove(&id);
        true
    }

    /// Takes all keys out: the physical act at the card.
    pub fn erase(&mut self) {
        *self = Self::default();
    }

    /// Forgets the counters, as a boot does.
    pub fn reboot(&mut self) {
        self.windows.clear();
    }

    /// The highest counter that was used with a key.
    #[must_use]
    pub fn highest(&self, id: u16) -> u64 {
        self.windows.get(&id).map_or(0, |window| window.highest)
    }

    /// Uses a counter: whether it is neither a repeat nor too old. Call it only after the HMAC proved right.
    pub fn use_counter(&mut self, id: u16, counter: u64) -> bool {
        let window = self.windows.entry(id).or_default();
        if counter > window.highest {
            let shift = counter - window.highest;
            window.used = if shift >= WINDOW { 0 } else { window.used << shift } | 1;
            window.highest = counter;
            return true;
        }
        let behind = window.highest - counter;
        let fresh = behind < WINDOW && window.used >> behind & 1 == 0;
        if fresh {
            window.used |= 1 << behind;
        }
        fresh && counter != 0
    }
}

impl LatchAuthenticator for KeyStore {
    fn mac(&self, key_id: u16, message: &[u8; LATCH_AUTH_MESSAGE_LEN]) -> Option<[u8; 16]> {
        self.key(key_id).map(|key| short_mac(key, &[message]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_is_hmac_sha_256() {
        // RFC 4231 test case 1 with its key zero-extended to 32 bytes, which HMAC does anyway.
        let mut key = [0; KEY_LEN];
        key[..20].fill(0x0b);
        let expected = [0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b];
        assert_eq!(short_mac(&key, &[b"Hi ", b"There"]), expected, "RFC 4231 4.2");
    }

    #[test]
    fn a_counter_is_used_once_and_64_behind_the_highest_is_too_old() {
        let mut keys = KeyStore::default();
        assert!(keys.use_counter(1, 100) && !keys.use_counter(1, 100), "a repeat");
        assert!(keys.use_counter(1, 37) && !keys.use_counter(1, 36), "63 behind is told apart, 64 is not");
        assert!(keys.use_counter(1, 99) && !keys.use_counter(1, 99), "out of order, once");
        assert!(keys.use_counter(1, 300) && !keys.use_counter(1, 100), "the window moved");
        assert!(keys.use_counter(2, 5), "each key has its own");
        assert!(!keys.use_counter(3, 0), "0 is no counter");
        assert_eq!(keys.highest(1), 300, "what a STALE answer tells");
        keys.reboot();
        assert!(keys.use_counter(1, 1), "a boot forgets; the boot count in the HMAC does not");
    }

    #[test]
    fn the_zero_key_opens_only_an_unlocked_card() {
        let mut keys = KeyStore::default();
        assert!(keys.key(0).is_some() && !keys.install(0, [1; 32]), "key 0 is fixed");
        assert!(keys.install(4, [1; 32]) && keys.key(0).is_none() && keys.key(4).is_some(), "a site key shuts it out");
        keys.erase();
        assert!(keys.key(0).is_some(), "erased at the card");
    }
}
