//! Who is the master (PROTOCOL.md 7): an epoch, and the MAC addresses that sent a LATCH with it.

use crate::time::Nanos;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::{Epoch, MAC_SLOT_TIMEOUT_NS, MASTER_TIMEOUT_NS};

/// A refused sender hears so at most once in this time, in nanoseconds.
const REFUSAL_PERIOD_NS: u64 = 1_000_000_000;

/// The master of a card: one sender run, seen from one or both ends of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Master {
    /// Its epoch.
    pub epoch: Epoch,
    /// When its last LATCH came.
    pub last_latch: Nanos,
    slots: [Option<Slot>; 2],
}

/// A MAC address of the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    address: MacAddress,
    heard: Nanos,
}

/// What a valid LATCH means for the mastership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It comes from the master.
    Master,
    /// Its sender is the master from now on; everything unflipped is void.
    NewMaster,
    /// Its epoch is lower: dropped. `tell`: the sender is told so now.
    Refused {
        /// Whether the refusal is sent.
        tell: bool,
    },
    /// The right epoch from a third MAC address while both slots are in use: dropped.
    NoSlot,
}

/// Keeps one master and everybody else out.
#[derive(Debug, Default)]
pub(super) struct Fence {
    master: Option<Master>,
    last_refusal: Option<Nanos>,
}

impl Master {
    /// Its MAC addresses.
    pub fn addresses(&self) -> impl Iterator<Item = MacAddress> {
        self.slots.into_iter().flatten().map(|slot| slot.address)
    }

    fn new(epoch: Epoch, source: MacAddress, now: Nanos) -> Self {
        Self { epoch, last_latch: now, slots: [Some(Slot { address: source, heard: now }), None] }
    }

    /// Takes a LATCH of its own epoch; whether `source` has or gets a slot.
    fn admit(&mut self, source: MacAddress, now: Nanos) -> bool {
        let own = self.slots.iter().position(|slot| slot.is_some_and(|s| s.address == source));
        let free = || self.slots.iter().position(Option::is_none);
        let stale = || self.slots.iter().position(|slot| slot.is_some_and(|s| now.since(s.heard) >= MAC_SLOT_TIMEOUT_NS));
        let Some(slot) = own.or_else(free).or_else(stale).and_then(|index| self.slots.get_mut(index)) else { return false };
        *slot = Some(Slot { address: source, heard: now });
        self.last_latch = now;
        true
    }
}

impl Fence {
    /// The living master.
    pub(super) fn master(&self, now: Nanos) -> Option<Master> {
        self.master.filter(|master| now.since(master.last_latch) < MASTER_TIMEOUT_NS)
    }

    /// The addresses of the master, living or not.
    pub(super) fn addresses(&self) -> Vec<MacAddress> {
        self.master.iter().flat_map(Master::addresses).collect()
    }

    /// Whether `source` is an address of the living master.
    pub(super) fn is_master(&self, source: MacAddress, now: Nanos) -> bool {
        self.master(now).is_some_and(|master| master.addresses().any(|address| address == source))
    }

    /// Whether `source` may send pixels; hearing it keeps its slot.
    pub(super) fn hear(&mut self, source: MacAddress, now: Nanos) -> bool {
        let Some(master) = self.master.as_mut().filter(|master| now.since(master.last_latch) < MASTER_TIMEOUT_NS) else {
            return false;
        };
        match master.slots.iter_mut().flatten().find(|slot| slot.address == source) {
            Some(slot) => {
                slot.heard = now;
                true
            }
            None => false,
        }
    }

    /// Judges a valid LATCH.
    pub(super) fn latch(&mut self, epoch: Epoch, source: MacAddress, now: Nanos) -> Judgement {
        let living = self.master(now);
        match (&mut self.master, living) {
            (Some(master), Some(living)) if living.epoch == epoch => {
                if master.admit(source, now) {
                    Judgement::Master
                } else {
                    Judgement::NoSlot
                }
            }
            (_, Some(living)) if !epoch.higher(living.epoch) => {
                let tell = self.last_refusal.is_none_or(|at| now.since(at) >= REFUSAL_PERIOD_NS);
                if tell {
                    self.last_refusal = Some(now);
                }
                Judgement::Refused { tell }
            }
            _ => {
                self.master = Some(Master::new(epoch, source, now));
                Judgement::NewMaster
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
    const TAIL: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);
    const THIRD: MacAddress = MacAddress([2, 0, 0, 0, 0, 3]);
    const MS: u64 = 1_000_000;

    fn epoch(term: u16) -> Epoch {
        Epoch { term, instance: 5 }
    }

    #[test]
    fn a_master_has_two_addresses_and_a_silent_one_is_replaced_after_100_ms() {
        let mut fence = Fence::default();
        assert!(!fence.hear(HEAD, Nanos(0)), "without a master nobody may send pixels");
        assert_eq!(fence.latch(epoch(1), HEAD, Nanos(0)), Judgement::NewMaster, "the first LATCH makes a master");
        assert!(fence.hear(HEAD, Nanos(1)) && !fence.hear(TAIL, Nanos(1)), "an address belongs to it once it sent a LATCH");
        assert_eq!(fence.latch(epoch(1), TAIL, Nanos(1)), Judgement::Master, "the other end of the loop");
        assert_eq!(fence.latch(epoch(1), THIRD, Nanos(2)), Judgement::NoSlot, "there are two ends");
        assert!(fence.hear(TAIL, Nanos(99 * MS)), "pixels keep a slot as well");
        assert_eq!(fence.latch(epoch(1), THIRD, Nanos(101 * MS)), Judgement::Master, "the head was silent for 100 ms");
        assert!(!fence.hear(HEAD, Nanos(101 * MS)) && fence.hear(TAIL, Nanos(101 * MS)), "its slot is gone, the tail's is not");
    }

    #[test]
    fn a_higher_epoch_takes_over_at_once_and_a_lower_one_is_refused_once_a_second() {
        let mut fence = Fence::default();
        assert_eq!(fence.latch(epoch(7), HEAD, Nanos(0)), Judgement::NewMaster, "first");
        assert_eq!(fence.latch(epoch(6), THIRD, Nanos(MS)), Judgement::Refused { tell: true }, "lower");
        assert_eq!(fence.latch(epoch(6), THIRD, Nanos(2 * MS)), Judgement::Refused { tell: false }, "it was told");
        assert_eq!(fence.latch(epoch(6), THIRD, Nanos(1_001 * MS)), Judgement::Refused { tell: true }, "a second later");
        assert_eq!(fence.latch(epoch(8), THIRD, Nanos(1_002 * MS)), Judgement::NewMaster, "higher");
        assert!(!fence.hear(HEAD, Nanos(1_002 * MS)), "the old master's address is nobody");
    }

    #[test]
    fn after_two_silent_seconds_any_epoch_is_the_master() {
        let mut fence = Fence::default();
        fence.latch(epoch(7), HEAD, Nanos(0));
        assert!(matches!(fence.latch(epoch(6), THIRD, Nanos(1_999 * MS)), Judgement::Refused { .. }), "still alive");
        assert_eq!(fence.master(Nanos(2_000 * MS)), None, "gone");
        assert!(!fence.hear(HEAD, Nanos(2_000 * MS)), "and so are its pixels");
        assert_eq!(fence.latch(epoch(6), THIRD, Nanos(2_000 * MS)), Judgement::NewMaster, "any LATCH will do");
    }
}
