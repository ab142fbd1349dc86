//! Seeded faults: loss, reordering, duplication, corruption and delay, on any transport or between two of them.
//!
//! The same seed and the same packets give the same faults. Every fault is counted, so that a receiver's counters can be
//! compared exactly. Memory is allocated once.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{LinkState, Transport, TransportError};
use crate::stream::{Batch, Span};
use crate::time::{Clock, Nanos};

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

/// How often faults happen, in thousandths of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FaultRates {
    /// Packets that vanish.
    pub loss_per_mille: u16,
    /// Packets that are overtaken by up to four that were sent later.
    pub reorder_per_mille: u16,
    /// Packets that arrive twice.
    pub duplicate_per_mille: u16,
    /// Packets of which one bit changes.
    pub corrupt_per_mille: u16,
    /// Packets that arrive late.
    pub delay_per_mille: u16,
    /// How late, in microseconds.
    pub delay_us: u32,
}

/// What happened to packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FaultCounts {
    /// Packets that came in.
    pub packets: u64,
    /// Packets that vanished.
    pub lost: u64,
    /// Packets that were overtaken.
    pub reordered: u64,
    /// Packets that were sent twice.
    pub duplicated: u64,
    /// Packets of which a bit changed.
    pub corrupted: u64,
    /// Packets that were held for their delay.
    pub delayed: u64,
}

/// The switch of a fault injector: may be turned from any thread while packets flow.
#[derive(Debug, Clone, Default)]
pub struct FaultSwitch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Four rates of 16 bits; delay rate and time.
    rates: AtomicU64,
    delay: AtomicU64,
    counts: [AtomicU64; 6],
}

#[derive(Clone, Copy)]
enum Count {
    Packets,
    Lost,
    Reordered,
    Duplicated,
    Corrupted,
    Delayed,
}

impl FaultSwitch {
    /// A switch that injects `rates`.
    #[must_use]
    pub fn new(rates: FaultRates) -> Self {
        let switch = Self::default();
        switch.set(rates);
        switch
    }

    /// Changes the rates from the next packet on.
    pub fn set(&self, rates: FaultRates) {
        let FaultRates { loss_per_mille, reorder_per_mille, duplicate_per_mille, corrupt_per_mille, .. } = rates;
        let four = [loss_per_mille, reorder_per_mille, duplicate_per_mille, corrupt_per_mille];
        let packed = four.iter().fold(0, |packed, &rate| packed << 16 | u64::from(rate));
        self.0.rates.store(packed, Ordering::Relaxed);
        self.0.delay.store(u64::from(rates.delay_us) << 16 | u64::from(rates.delay_per_mille), Ordering::Relaxed);
    }

    /// The rates.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "fields of 16 and 32 bits are taken apart")]
    pub fn rates(&self) -> FaultRates {
        let (packed, delay) = (self.0.rates.load(Ordering::Relaxed), self.0.delay.load(Ordering::Relaxed));
        FaultRates {
            loss_per_mille: (packed >> 48) as u16,
            reorder_per_mille: (packed >> 32) as u16,
            duplicate_per_mille: (packed >> 16) as u16,
            corrupt_per_mille: packed as u16,
            delay_per_mille: delay as u16,
            delay_us: (delay >> 16) as u32,
        }
    }

    /// What happened since the injector was made.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        let count = |what: Count| self.0.counts.get(what as usize).map_or(0, |count| count.load(Ordering::Relaxed));
        FaultCounts {
            packets: count(Count::Packets),
            lost: count(Count::Lost),
            reordered: count(Count::Reordered),
            duplicated: count(Count::Duplicated),
            corrupted: count(Count::Corrupted),
            delayed: count(Count::Delayed),
        }
    }

    fn count(&self, what: Count) {
        if let Some(count) = self.0.counts.get(what as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Injects faults into one direction.
struct Injector {
    switch: FaultSwitch,
    random: SplitMix,
    held: Vec<Held>,
    outbox: Outbox,
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
struct Outbox {
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

    fn batch(&self) -> Batch<'_> {
        Batch::new(&self.memory, &self.spans).skip(self.sent)
    }

    fn advance(&mut self, packets: usize) {
        self.sent += packets;
        if self.sent >= self.spans.len() {
            self.spans.clear();
            self.sent = 0;
        }
    }
}

impl Injector {
    fn new(switch: FaultSwitch, seed: u64, frame_bytes: usize) -> Self {
        let place =
            || Held { packet: Vec::with_capacity(frame_bytes), due: Nanos(0), overtakers: 0, overtaken: false, taken: false };
        let held = core::iter::repeat_with(place).take(HELD).collect();
        Self { switch, random: SplitMix(seed), held, outbox: Outbox::new(frame_bytes) }
    }

    /// Whether the outbox has room for all that one more packet can bring about: itself, its duplicate, all held ones.
    fn has_room(&self) -> bool {
        self.outbox.room() >= 2 + HELD
    }

    /// Decides a packet's fate.
    fn pass(&mut self, packet: &[u8], now: Nanos) {
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
    fn release(&mut self, now: Nanos) {
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

/// A transport with faults on the packets that it sends and on those that it receives.
pub struct Faulty<T> {
    inner: T,
    clock: Arc<dyn Clock>,
    sending: Injector,
    receiving: Injector,
    scratch: Vec<u8>,
}

impl<T: Transport> Faulty<T> {
    /// Injects faults into both directions of `inner`, for frames of up to `frame_bytes` (MTU + 18).
    #[must_use]
    pub fn new(
        inner: T,
        sending: FaultSwitch,
        receiving: FaultSwitch,
        seed: u64,
        frame_bytes: usize,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let sending = Injector::new(sending, seed, frame_bytes);
        let receiving = Injector::new(receiving, !seed, frame_bytes);
        Self { inner, clock, sending, receiving, scratch: vec![0; frame_bytes] }
    }

    /// The transport inside.
    #[must_use]
    pub const fn inner_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Hands decided packets over; held ones leave when their time has come, so that somebody has to call: sending,
    /// receiving and waiting do.
    fn flush(&mut self) -> Result<(), TransportError> {
        self.sending.release(self.clock.now());
        let batch = self.sending.outbox.batch();
        if !batch.is_empty() {
            let taken = self.inner.send(batch)?;
            self.sending.outbox.advance(taken);
        }
        Ok(())
    }

    /// Takes what the transport received through the injector.
    fn fetch(&mut self) -> Result<(), TransportError> {
        let now = self.clock.now();
        self.receiving.release(now);
        while self.receiving.has_room() {
            let Some(length) = self.inner.receive(&mut self.scratch)? else { break };
            self.receiving.pass(self.scratch.get(..length).unwrap_or_default(), now);
        }
        Ok(())
    }
}

impl<T: Transport> Transport for Faulty<T> {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        self.flush()?;
        let now = self.clock.now();
        let mut taken = 0;
        for packet in batch.packets() {
            if packet.len() > self.scratch.len() || packet.len() < super::ETHERNET_HEADER {
                if taken > 0 {
                    break;
                }
                let (bytes, maximum) = (packet.len(), self.scratch.len());
                return Err(TransportError::PacketSize { bytes, minimum: super::ETHERNET_HEADER, maximum });
            }
            if !self.sending.has_room() {
                self.flush()?;
            }
            if !self.sending.has_room() {
                break;
            }
            self.sending.pass(packet, now);
            taken += 1;
        }
        // An error here is met again by the next call; these packets are in the outbox.
        let _ = self.flush();
        Ok(taken)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        // The next send meets this error.
        let _ = self.flush();
        if self.receiving.outbox.batch().is_empty() {
            self.fetch()?;
        }
        let Some(packet) = self.receiving.outbox.batch().packets().next() else { return Ok(None) };
        let (bytes, room) = (packet.len(), buffer.len());
        let fits = buffer.get_mut(..bytes).map(|target| target.copy_from_slice(packet));
        self.receiving.outbox.advance(1);
        fits.map(|()| Some(bytes)).ok_or(TransportError::BufferTooSmall { bytes, room })
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        let _ = self.flush();
        if self.receiving.outbox.batch().is_empty() {
            self.receiving.release(self.clock.now());
        }
        if !self.receiving.outbox.batch().is_empty() {
            return Ok(true);
        }
        self.inner.wait(timeout)
    }

    fn link(&mut self) -> LinkState {
        self.inner.link()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

impl<T: Transport> fmt::Debug for Faulty<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, sent, received) = (self.inner.name(), self.sending.switch.counts(), self.receiving.switch.counts());
        f.debug_struct("Faulty").field("name", &name).field("sent", &sent).field("received", &received).finish_non_exhaustive()
    }
}

/// Carries packets between two transports, for faults between two network interfaces: make one or both [`Faulty`].
#[derive(Debug)]
pub struct Relay<A, B> {
    ends: (A, B),
    there: Parcel,
    back: Parcel,
}

/// A packet that one end gave and the other one has not taken yet.
#[derive(Debug)]
struct Parcel {
    memory: Vec<u8>,
    length: usize,
}

impl<A: Transport, B: Transport> Relay<A, B> {
    /// A relay for frames of up to `frame_bytes` (MTU + 18).
    #[must_use]
    pub fn new(a: A, b: B, frame_bytes: usize) -> Self {
        let parcel = || Parcel { memory: vec![0; frame_bytes], length: 0 };
        Self { ends: (a, b), there: parcel(), back: parcel() }
    }

    /// Carries at most one packet each way; how many it carried.
    ///
    /// # Errors
    /// The error of either end; a packet that its end did not take is tried again by the next call.
    pub fn step(&mut self) -> Result<usize, TransportError> {
        let (a, b) = (&mut self.ends.0, &mut self.ends.1);
        Ok(self.there.carry(a, b)? + self.back.carry(b, a)?)
    }

    /// Waits for a packet from the first end, at most `timeout`; whether one is there.
    ///
    /// # Errors
    /// The end's error.
    pub fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        self.ends.0.wait(timeout)
    }
}

impl Parcel {
    fn carry(&mut self, from: &mut dyn Transport, to: &mut dyn Transport) -> Result<usize, TransportError> {
        if self.length == 0 {
            self.length = from.receive(&mut self.memory)?.unwrap_or(0);
        }
        if self.length == 0 {
            return Ok(0);
        }
        let sent = to.send(Batch::new(&self.memory, &[Span::new(0, self.length)]))?;
        if sent > 0 {
            self.length = 0;
        }
        Ok(sent)
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
