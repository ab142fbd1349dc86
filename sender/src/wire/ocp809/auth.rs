//! Who may change a card: keys, HMAC-SHA-256, replay windows, counters and the transport of new keys.
//!
//! An HMAC binds a message to one card and one boot of it, so that nothing recorded works elsewhere or later. Time and
//! storage are the caller's; nothing here is random.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::control::{NackReason, Serial};
use super::stream::{LATCH_AUTH_MESSAGE_LEN, LatchAuthenticator};
use crate::time::Tai;

/// Bytes of an HMAC on the wire: the first 16 of 32.
pub const MAC_LEN: usize = 16;

/// Bytes of a key.
pub const KEY_LEN: usize = 32;

/// The key id that stands for 32 zero bytes; accepted only while a card has no site key.
pub const KEY_ID_NONE: u16 = 0;

/// Site keys that a card holds at most.
pub const KEYS_MAX: usize = 8;

/// So far a sender goes above the counters of another one that may still be sending, in nanoseconds: longer than the answer
/// that names them and the next frame take.
const OVERTAKING_NS: u64 = 1_000_000_000;

/// What the mask of a new key is made from, in front of serial, boot count and counter.
const KEY_LABEL: &[u8] = b"OCP-809 KEY";

/// A secret of 32 bytes. Its debug form does not tell it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; KEY_LEN]);

/// What binds a message to one card and one boot of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CardIdentity {
    /// The card's serial number.
    pub serial: Serial,
    /// How often it started.
    pub boot_count: u32,
}

/// The site keys of a card or of a sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRing {
    keys: Vec<(u16, Key)>,
}

/// Which counters were seen: the highest, and the 63 numbers below it (RFC 4303 section 3.4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplayWindow {
    highest: u64,
    /// Bit i: `highest - i` was seen.
    seen: u64,
}

/// The replay windows of a card, one per key id. Control and LATCH overtake each other, so that each has its own windows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayWindows {
    windows: BTreeMap<u16, ReplayWindow>,
}

/// Makes the counters of a sender: max(last + 1, TAI nanoseconds). Clones go on where the others are, so that control and
/// the stream, on threads of their own, use each counter once.
#[derive(Debug, Clone, Default)]
pub struct CounterSource {
    shared: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    last: AtomicU64,
    /// The last one of a LATCH.
    latched: AtomicU64,
    /// Nanoseconds that this sender's clock is behind the one that cards got their counters from.
    behind_ns: AtomicU64,
}

/// A key that cards of this site know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteKey {
    /// Its id, at least 1.
    pub id: u16,
    /// The key.
    pub key: Key,
}

/// What a sender signs with: the site's key, and the counters that it never uses twice.
#[derive(Debug, Clone)]
pub struct Signing {
    /// The key.
    pub key: SiteKey,
    /// The counters.
    pub counters: CounterSource,
}

impl Key {
    /// Key id 0: 32 zero bytes.
    pub const NONE: Self = Self([0; KEY_LEN]);

    /// A key of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; KEY_LEN]) -> Self {
        Self(bytes)
    }

    /// The secret itself, for storing it.
    #[must_use]
    pub const fn secret(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// The first 16 bytes of the HMAC-SHA-256 (RFC 2104) of the parts, one after the other.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; MAC_LEN] {
        let full = self.full_mac(parts);
        full.first_chunk().copied().unwrap_or_default()
    }

    /// This key as KEY carries it: XOR the HMAC of label, card and counter under the card's current key. XOR is its own
    /// inverse, so the same call unwraps it.
    #[must_use]
    pub fn wrapped(&self, current: &Self, card: &CardIdentity, counter: u64) -> Self {
        let parts: [&[u8]; 4] = [KEY_LABEL, &card.serial.0, &card.boot_count.to_be_bytes(), &counter.to_be_bytes()];
        let mut bytes = self.0;
        for (byte, mask) in bytes.iter_mut().zip(current.full_mac(&parts)) {
            *byte ^= mask;
        }
        Self(bytes)
    }

    fn full_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC extends a key to the block of its hash with zeros, so this is the 32-byte key itself.
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(place, byte)| *place = byte);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

/// Compares two byte strings in a time that does not tell where they differ.
#[must_use]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

impl KeyRing {
    /// No site key: key id 0 is accepted.
    #[must_use]
    pub const fn new() -> Self {
        Self { keys: Vec::new() }
    }

    /// Whether a site key is installed, so that requests that change something need it.
    #[must_use]
    pub const fn has_site_key(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Installs or replaces a key. Answers whether there is room for it; id 0 is no site key.
    #[must_use]
    pub fn install(&mut self, id: u16, key: Key) -> bool {
        if id == KEY_ID_NONE {
            return false;
        }
        if let Some((_, place)) = self.keys.iter_mut().find(|(known, _)| *known == id) {
            *place = key;
            return true;
        }
        let room = self.keys.len() < KEYS_MAX;
        if room {
            self.keys.push((id, key));
        }
        room
    }

    /// The key of an id. Id 0 is a key only while no site key is installed.
    #[must_use]
    pub fn key(&self, id: u16) -> Option<&Key> {
        if id == KEY_ID_NONE {
            return (!self.has_site_key()).then_some(&Key::NONE);
        }
        self.keys.iter().find(|(known, _)| *known == id).map(|(_, key)| key)
    }
}

impl LatchAuthenticator for KeyRing {
    fn mac(&self, key_id: u16, message: &[u8; LATCH_AUTH_MESSAGE_LEN]) -> Option<[u8; MAC_LEN]> {
        self.key(key_id).map(|key| key.mac(&[message]))
    }
}

impl ReplayWindow {
    /// The highest counter that was accepted.
    #[must_use]
    pub const fn highest(&self) -> u64 {
        self.highest
    }

    /// Accepts a counter once: it must be above the highest, or among the 63 below it and not seen. Only after the HMAC
    /// proved good; counter 0 is never accepted.
    #[must_use]
    pub fn accept(&mut self, counter: u64) -> bool {
        if counter > self.highest {
            let step = counter - self.highest;
            self.seen = u32::try_from(step).ok().and_then(|step| self.seen.checked_shl(step)).unwrap_or(0) | 1;
            self.highest = counter;
            return true;
        }
        let age = self.highest - counter;
        let bit = u32::try_from(age).ok().and_then(|age| 1_u64.checked_shl(age)).unwrap_or(0);
        let fresh = counter != 0 && bit != 0 && self.seen & bit == 0;
        if fresh {
            self.seen |= bit;
        }
        fresh
    }
}

impl ReplayWindows {
    /// Accepts a counter of a key once.
    ///
    /// # Errors
    /// [`NackReason::Stale`] with the highest counter that was accepted under this key.
    pub fn accept(&mut self, key_id: u16, counter: u64) -> Result<(), NackReason> {
        let window = self.windows.entry(key_id).or_default();
        if window.accept(counter) { Ok(()) } else { Err(NackReason::Stale { highest: window.highest() }) }
    }

    /// The highest counter that was accepted under a key; 0: none.
    #[must_use]
    pub fn highest(&self, key_id: u16) -> u64 {
        self.windows.get(&key_id).map_or(0, ReplayWindow::highest)
    }
}

impl CounterSource {
    /// The next counter, greater than all before it.
    #[must_use]
    pub fn next(&self, now: Tai) -> u64 {
        self.block(now, 1)
    }

    /// The first of `count` counters in a row, all greater than those before. Packets that may overtake each other have
    /// their counters in a row: a card's window is narrow.
    #[must_use]
    pub fn block(&self, now: Tai, count: u64) -> u64 {
        let Counters { last, behind_ns, .. } = &*self.shared;
        let time = now.0.saturating_add(behind_ns.load(Ordering::Relaxed));
        let first = |last: u64| last.saturating_add(1).max(time);
        let end = |last: u64| Some(first(last).saturating_add(count.saturating_sub(1)));
        let (Ok(before) | Err(before)) = last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, end);
        first(before)
    }

    /// The same for the packets of a LATCH.
    #[must_use]
    pub fn latch_block(&self, now: Tai, count: u64) -> u64 {
        let first = self.block(now, count);
        self.shared.latched.fetch_max(first.saturating_add(count.saturating_sub(1)), Ordering::Relaxed);
        first
    }

    /// Goes on above a counter that a card named as its highest.
    pub fn continue_above(&self, highest: u64) {
        self.shared.last.fetch_max(highest, Ordering::Relaxed);
    }

    /// Goes on above the counter of a LATCH that a card named as its highest. One that is not this sender's may be another
    /// one's who still sends: its counters grow with its clock, and these stay above them.
    pub fn overtake(&self, highest: u64, now: Tai) {
        self.continue_above(highest);
        if highest > self.shared.latched.load(Ordering::Relaxed) {
            let behind_ns = highest.saturating_add(OVERTAKING_NS).saturating_sub(now.0);
            self.shared.behind_ns.fetch_max(behind_ns, Ordering::Relaxed);
        }
    }
}

impl LatchAuthenticator for SiteKey {
    fn mac(&self, key_id: u16, message: &[u8; LATCH_AUTH_MESSAGE_LEN]) -> Option<[u8; MAC_LEN]> {
        (key_id == self.id).then(|| self.key.mac(&[message]))
    }
}

#[cfg(test)]
mod tests;
