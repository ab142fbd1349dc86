//! A plain copy of memory that no cache holds: the limit of everything that moves pixels.

use std::hint::black_box;
use std::thread;

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::time::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BenchError;
use super::measure::{Cost, Spread, exact};

/// Bytes that are copied at once, by all threads together: several times what caches hold.
const BYTES: usize = 128 << 20;

/// What a copy came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CopyRow {
    /// Columns and rows of the pictures in whose rounds it was measured.
    pub beside: PixelSize,
    /// Threads that copy, each its share.
    pub threads: usize,
    /// Gigabytes (10^9) copied per second; read and written is twice as much.
    pub gb_s: Spread,
}

/// Copies on one thread, on two, as asked.
pub(super) struct Copier {
    source: Vec<u8>,
    target: Vec<u8>,
    costs: Vec<(usize, Cost)>,
}

impl Copier {
    pub(super) fn new(threads: &[usize]) -> Self {
        let costs = threads.iter().map(|&threads| (threads.max(1), Cost::default())).collect();
        Self { source: vec![1; BYTES], target: vec![0; BYTES], costs }
    }

    pub(super) fn forget(&mut self) {
        self.costs.iter_mut().for_each(|(_, cost)| *cost = Cost::default());
    }

    pub(super) fn round(&mut self, clock: &dyn Clock, slice_ns: u64) -> Result<(), BenchError> {
        let Self { source, target, costs } = self;
        for (threads, cost) in costs {
            cost.round(clock, slice_ns, &mut || copy_on(*threads, target, source))?;
        }
        Ok(())
    }

    /// Gigabytes copied per second on so many threads, in the round in the middle; 0 where that was not measured.
    pub(super) fn bytes_per_ns(&self, threads: usize) -> f64 {
        self.costs.iter().find(|(own, _)| *own == threads).map_or(0.0, |(_, cost)| speed(cost).median)
    }

    pub(super) fn rows(&self, beside: PixelSize) -> impl Iterator<Item = CopyRow> {
        self.costs.iter().map(move |(threads, cost)| CopyRow { beside, threads: *threads, gb_s: speed(cost) })
    }
}

fn speed(cost: &Cost) -> Spread {
    let speeds: Vec<f64> = cost.wall_ns.iter().map(|ns| exact(BYTES as u64) / ns).collect();
    Spread::of(&speeds)
}

fn copy_on(threads: usize, target: &mut [u8], source: &[u8]) -> Result<(), BenchError> {
    let share = BYTES.div_ceil(threads);
    let mut shares = target.chunks_mut(share).zip(source.chunks(share));
    let own = shares.next();
    thread::scope(|scope| {
        for (target, source) in shares {
            thread::Builder::new().spawn_scoped(scope, move || copy(target, source)).map_err(BenchError::Thread)?;
        }
        if let Some((target, source)) = own {
            copy(target, source);
        }
        Ok(())
    })
}

fn copy(target: &mut [u8], source: &[u8]) {
    black_box(&mut *target).copy_from_slice(black_box(source));
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::time::SystemClock;

    #[test]
    fn all_of_it_is_copied_whatever_the_number_of_threads() {
        let mut copier = Copier::new(&[1, 3]);
        copier.round(&SystemClock::new(), 0).unwrap();
        assert!(copier.target == copier.source, "copied");
        for threads in [1, 3] {
            copier.target.fill(7);
            copy_on(threads, &mut copier.target, &copier.source).unwrap();
            assert!(copier.target == copier.source, "{threads} threads");
            assert!(copier.bytes_per_ns(threads) > 0.0, "{threads} threads");
        }
        let rows: Vec<_> = copier.rows(PixelSize::new(1, 1)).map(|row| (row.threads, row.gb_s.rounds)).collect();
        assert_eq!(rows, [(1, 1), (3, 1)]);
        assert!(copier.bytes_per_ns(2) == 0.0, "not measured");
    }
}
