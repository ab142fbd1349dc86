//! Small requests of a session: ids, identify, reboot, time and keys.

use super::tlv::layout;
use super::values::{Serial, codes};
use crate::time::Tai;
use crate::wire::ocp809::auth::CardIdentity;

layout! {
    /// Which card this is, and its how-manyth start: with this its messages are authenticated.
    pub struct Identity = 0x0201 "IDENTITY" {
        /// The card's serial number.
        serial: Serial,
        /// How often it started.
        boot_count: u32,
    }

    /// A card's id until it is switched off, and how long a frame takes to reach it.
    pub struct Assignment = 0x0207 "ASSIGNMENT" {
        /// The id, 1 to 0xFFFE.
        card_id: u16,
        /// From the sender's interface to the card, in nanoseconds; it is added to every TIME.
        path_delay_ns: u32,
    }

    /// The card shows which one it is, whatever it is fed.
    pub struct Identify = 0x0301 "IDENTIFY" {
        /// How.
        mode: IdentifyMode,
        /// For how long, in milliseconds; 0: until it is switched off.
        duration_ms: u32,
    }

    /// The card answers, waits and starts anew.
    pub struct Reboot = 0x0302 "REBOOT" {
        /// How long it waits, in milliseconds.
        delay_ms: u32,
    }

    /// When the previous TIME left the sender. The card noted when that one arrived, and so knows its clock's error.
    pub struct TimeMark = 0x0303 "TIME" {
        /// Departure of the previous TIME; 0: this is the first.
        previous_departure: Tai,
        /// Transaction of the previous TIME; when it is not the last one that arrived, the card waits for the next.
        previous_transaction: u32,
    }

    /// A new site key, masked under the key that authenticates this message.
    pub struct KeyChange = 0x0304 "KEY" {
        /// Its id, at least 1. A known id is replaced.
        new_key_id: u16,
        /// The key XOR its mask.
        masked_key: [u8; 32],
    }

    /// The key is stored.
    pub struct KeyInstalled = 0x0305 "KEY_INSTALLED" {
        /// Its id.
        new_key_id: u16,
    }
}

codes! {
    /// How a card shows which one it is.
    pub enum IdentifyMode {
        /// Not any more.
        Off = 0 "off",
        /// Its id as a number and its outline.
        Number = 1 "number",
        /// White, once per second.
        Blink = 2 "blink",
    }
}

impl From<&Identity> for CardIdentity {
    fn from(identity: &Identity) -> Self {
        Self { serial: identity.serial, boot_count: identity.boot_count }
    }
}

impl From<CardIdentity> for Identity {
    fn from(card: CardIdentity) -> Self {
        Self { serial: card.serial, boot_count: card.boot_count }
    }
}
