//! Decides the fate of each packet of one direction, from a seed. Memory is allocated once.

use super::switch::{Count, FaultRates, FaultSwitch};
use crate::stream::{Batch, Span};
use crate::time::Nanos;

/// Packets that are held back at once; when all places are taken, a packet passes unharmed.
const HELD: usize = 32;

/// Packets on their way to the device.
const OUTBOX: usize = 256;

/// A reordered packet is overtaken by at most this many.
const OVERTAKEN_BY: u64 = 4;

/// A reordered packet that nothing overtakes leaves after this long.
const REORDER_PATIENCE_NS: u64 = 1_000_000;

/// Bytes of the two addresses, which are never corrupted: a network card would not deliver the frame at all.
const ADDRESSES: usize = 12;

/// Injects faults into one direction.
pub(super) struct Injector {
    pub(super) switch: FaultSwitch,
    random: SplitMix,
    held: Vec<Held>,
    pub(super) outbox: Outbox,
}

/// A packet that is held back.
struct Held {
    packet: Vec<u8>,
    /// It leaves when this has come ..
    due: Nanos,
    /// .. or when this many packets have overtaken it.
    overtakers: u64,
    overtaken: bool,
    taken: bool,
}

/// Packets whose fate is decided, in the order in which they leave.
pub(super) struct Outbox {
    memory: Vec<u8>,
    spans: Vec<Span>,
    sent: usize,
    slot_bytes: usize,
}

impl Outbox {
    fn new(slot_bytes: usize) -> Self {
        Self { memory: vec![0; OUTBOX * slot_bytes], spans: Vec::with_capacity(OUTBOX), sent: 0, slot_bytes }
    }

    /// Places that are free; used ones become free only together.
    fn room(&self) -> usize {
        OUTBOX - self.spans.len()
    }

    fn push(&mut self, packet: &[u8]) -> Option<&mut [u8]> {
        let start = self.spans.len() * self.slot_bytes;
        let slot = self.memory.get_mut(start..start + packet.len()).filter(|_| packet.len() <= self.slot_bytes)?;
        slot.copy_from_slice(packet);
        self.spans.push(Span::new(start, packet.len()));
        Some(slot)
    }

    pub(super) fn batch(&self) -> Batch<'_> {
        Batch::new(&self.memory, &self.spans).skip(self.sent)
    }

    pub(super) fn advance(&mut self, packets: usize) {
        self.sent += packets;
        if self.sent >= self.spans.len() {
            self.spans.clear();
            self.sent = 0;
        }
    }
}

impl Injector {
    pub(super) fn new(switch: FaultSwitch, seed: u64, frame_bytes: usize) -> Self {
        let place =
            || Held { packet: Vec::with_capacity(frame_bytes), due: Nanos(0), overtakers: 0, overtaken: false, taken: false };
        let held = core::iter::repeat_with(place).take(HELD).collect();
        Self { switch, random: SplitMix(seed), held, outbox: Outbox::new(frame_bytes) }
    }

    /// Whether the outbox has room for all that one more packet can bring about: itself, its duplicate, all held ones.
    pub(super) fn has_room(&self) -> bool {
        self.outbox.room() >= 2 + HELD
    }

    /// Decides a packet's fate.
    pub(super) fn pass(&mut self, packet: &[u8], now: Nanos) {
        let rates = self.switch.rates();
        self.switch.count(Count::Packets);
        if self.random.happens(rates.loss_per_mille) {
            self.switch.count(Count::Lost);
        } else if self.random.happens(rates.reorder_per_mille) && self.hold(packet, now.after(REORDER_PATIENCE_NS), true) {
            // It has not overtaken itself, and counts when something has.
            return;
        } else if self.random.happens(rates.delay_per_mille)
            && self.hold(packet, now.after(u64::from(rates.delay_us) * 1000), false)
        {
            self.switch.count(Count::Delayed);
        } else {
            self.let_through(packet, rates);
            self.overtake();
        }
        self.release(now);
    }

    fn let_through(&mut self, packet: &[u8], rates: FaultRates) {
        let bits = packet.len().saturating_sub(ADDRESSES) as u64 * 8;
        let flip = (bits > 0 && self.random.happens(rates.corrupt_per_mille)).then(|| self.random.below(bits));
        let twice = self.random.happens(rates.duplicate_per_mille);
        for _ in 0..=u8::from(twice) {
            let Some(copy) = self.outbox.push(packet) else { return };
            let flipped = flip.and_then(|bit| Some((copy.get_mut(ADDRESSES + usize::try_from(bit / 8).ok()?)?, bit % 8)));
            if let Some((byte, bit)) = flipped {
                *byte ^= 1 << bit;
            }
        }
        if flip.is_some() {
            self.switch.count(Count::Corrupted);
        }
        if twice {
            self.switch.count(Count::Duplicated);
        }
    }

    /// Holds a packet back; `false` when every place is taken.
    fn hold(&mut self, packet: &[u8], due: Nanos, reorder: bool) -> bool {
        let overtakers = if reorder { 1 + self.random.below(OVERTAKEN_BY) } else { u64::MAX };
        let Some(place) = self.held.iter_mut().find(|place| !place.taken) else { return false };
        place.packet.clear();
        place.packet.extend_from_slice(packet);
        (place.due, place.overtakers, place.overtaken, place.taken) = (due, overtakers, false, true);
        true
    }

    fn overtake(&mut self) {
        // Delayed packets wait for their time alone.
        for place in self.held.iter_mut().filter(|place| place.taken && place.overtakers != u64::MAX) {
            place.overtakers = place.overtakers.saturating_sub(1);
            place.overtaken = true;
        }
    }

    /// Lets held packets go whose time has come.
    pub(super) fn release(&mut self, now: Nanos) {
        for place in &mut self.held {
            if place.taken && (place.overtakers == 0 || place.due <= now) && self.outbox.room() > 0 {
                self.outbox.push(&place.packet);
                place.taken = false;
                if place.overtaken {
                    self.switch.count(Count::Reordered);
                }
            }
        }
    }
}

/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; the bias of at most limit / 2^64 does not matter here.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn happens(&mut self, per_mille: u16) -> bool {
        per_mille > 0 && self.below(1000) < u64::from(per_mille)
    }
}
