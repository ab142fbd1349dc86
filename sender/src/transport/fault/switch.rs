//! Which faults happen how often, and how often they did: shared with whoever turns the switch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
pub(super) enum Count {
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

    pub(super) fn count(&self, what: Count) {
        if let Some(count) = self.0.counts.get(what as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}
