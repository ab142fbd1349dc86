//! What a port did: counters, and latencies in a histogram of fixed size. Nothing here allocates after it was made.

use crate::transport::ErrorKind;

/// Buckets per octave: a value is known to within 1/16.
const STEPS_LOG2: u32 = 4;
const STEPS: usize = 1 << STEPS_LOG2;

/// Values of u64 nanoseconds: the first octaves are exact, each further one has [`STEPS`] buckets.
const BUCKETS: usize = (64 - STEPS_LOG2 as usize + 1) * STEPS;

/// A histogram of nanoseconds with a relative error of at most 1/16.
#[derive(Clone)]
pub struct Histogram {
    buckets: Box<[u32; BUCKETS]>,
    count: u64,
    max: u64,
}

/// What a histogram says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// Values.
    pub count: u64,
    /// Half of them are not larger, in nanoseconds.
    pub p50_ns: u64,
    /// 99 of 100 are not larger, in nanoseconds.
    pub p99_ns: u64,
    /// The largest, exactly, in nanoseconds.
    pub max_ns: u64,
}

impl Histogram {
    /// An empty histogram.
    #[must_use]
    pub fn new() -> Self {
        Self { buckets: Box::new([0; BUCKETS]), count: 0, max: 0 }
    }

    /// Adds a value.
    pub fn add(&mut self, ns: u64) {
        if let Some(bucket) = self.buckets.get_mut(bucket_of(ns)) {
            *bucket = bucket.saturating_add(1);
        }
        self.count += 1;
        self.max = self.max.max(ns);
    }

    /// The largest value of the smallest `per_mille` thousandths; 0 when it is empty.
    #[must_use]
    pub fn quantile(&self, per_mille: u64) -> u64 {
        let wanted = (u128::from(self.count) * u128::from(per_mille)).div_ceil(1000);
        let mut seen = 0;
        for (bucket, &count) in self.buckets.iter().enumerate() {
            seen += u128::from(count);
            if seen >= wanted.max(1) {
                return top_of(bucket).min(self.max);
            }
        }
        self.max
    }

    /// Count, median, 99th percentile and maximum.
    #[must_use]
    pub fn latency(&self) -> Latency {
        Latency { count: self.count, p50_ns: self.quantile(500), p99_ns: self.quantile(990), max_ns: self.max }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.buckets.fill(0);
        (self.count, self.max) = (0, 0);
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Histogram").field(&self.latency()).finish()
    }
}

/// The bucket of a value: octave and its next [`STEPS_LOG2`] bits.
#[expect(clippy::cast_possible_truncation, reason = "at most 2 STEPS - 1 is left of the value")]
fn bucket_of(ns: u64) -> usize {
    let octave = (u64::BITS - ns.leading_zeros()).saturating_sub(STEPS_LOG2 + 1);
    octave as usize * STEPS + (ns >> octave) as usize
}

/// The largest value of a bucket.
fn top_of(bucket: usize) -> u64 {
    let octave = (bucket / STEPS).saturating_sub(1);
    let first = (bucket - octave * STEPS) as u64;
    // Only the last bucket reaches beyond 64 bits.
    ((u128::from(first + 1) << octave) - 1).try_into().unwrap_or(u64::MAX)
}

/// Counters of one port since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PortCounters {
    /// Frames of which every packet and the latch were taken by an interface.
    pub frames_sent: u64,
    /// Frames that were dropped before their first packet, because no link of the port was up.
    pub frames_dropped: u64,
    /// Frames of which some packets were not sent in time: cards keep the frame before.
    pub frames_cut: u64,
    /// Packets taken by interfaces, latches and parity included; a loop counts both feeds.
    pub packets: u64,
    /// Their bytes, from destination address to payload.
    pub bytes: u64,
    /// Times that an interface was full and sending was tried again.
    pub retries: u64,
    /// Received frames.
    pub received: u64,
    /// Errors by kind, in the order of [`ErrorKind::ALL`].
    errors: [u64; ErrorKind::ALL.len()],
}

impl PortCounters {
    /// Errors of one kind.
    #[must_use]
    pub fn errors(&self, kind: ErrorKind) -> u64 {
        self.errors.get(kind as usize).copied().unwrap_or(0)
    }

    /// All errors.
    #[must_use]
    pub fn all_errors(&self) -> u64 {
        self.errors.iter().sum()
    }

    pub(super) fn count_error(&mut self, kind: ErrorKind) {
        if let Some(counter) = self.errors.get_mut(kind as usize) {
            *counter += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_values_are_exact_and_an_empty_histogram_is_zero() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.latency(), Latency::default(), "empty");
        for ns in 1..=20 {
            histogram.add(ns);
        }
        assert_eq!(histogram.latency(), Latency { count: 20, p50_ns: 10, p99_ns: 20, max_ns: 20 }, "exact below 32");
        histogram.clear();
        assert_eq!(histogram.latency(), Latency::default(), "forgotten");
    }

    proptest! {
        #[test]
        fn quantiles_are_within_a_sixteenth_of_the_sorted_values(
            mut values in proptest::collection::vec(prop_oneof![0..100_u64, 0..1_000_000_000_u64, any::<u64>()], 1..300),
            per_mille in 1..=1000_u64,
        ) {
            let mut histogram = Histogram::new();
            for &ns in &values {
                histogram.add(ns);
            }
            values.sort_unstable();
            let rank = (values.len() as u64 * per_mille).div_ceil(1000).max(1) - 1;
            let exact = values[usize::try_from(rank).unwrap()];
            let quantile = histogram.quantile(per_mille);
            prop_assert!(quantile >= exact && quantile - exact <= exact / 16, "{quantile} for {exact}");
        }
    }
}
