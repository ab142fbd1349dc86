//! The CPU path: bands of rows on all workers, and packets of finished bands while the next bands are computed.
//!
//! Nothing is allocated per frame by a loop that runs in [`PixelPath::host`]. A thread outside of it passes one job per frame
//! to the workers, for which rayon allocates a block every 63 frames.

use core::ops::Range;
use std::sync::Arc;

use ocp809_sender::slice::PortPlan;
use rayon::prelude::*;

use super::band::{Band, Job};
use super::packets::{Codes, fill};
use super::prepared::Prepared;
use super::simd::Vectors;
use crate::error::PathError;
use crate::frame::FrameView;
use crate::host::Host;
use crate::path::{PacketsDone, PixelPath, check};
use crate::plan::PathPlan;

/// The pixel path on the CPU.
#[derive(Debug)]
pub struct CpuPath {
    pool: Option<Arc<rayon::ThreadPool>>,
    workers: usize,
    vectors: Vectors,
    ready: Option<Ready>,
}

/// A plan and all memory that its frames need.
#[derive(Debug)]
struct Ready {
    plan: Arc<PathPlan>,
    prepared: Prepared,
    bands: Vec<Band>,
    widths: Vec<u32>,
}

impl CpuPath {
    /// A path on `workers` threads; 1 computes on the caller's thread.
    ///
    /// # Errors
    /// [`PathError::Threads`] when the system gives no threads.
    pub fn new(workers: usize) -> Result<Self, PathError> {
        let workers = workers.max(1);
        let pool = if workers == 1 {
            None
        } else {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(workers).thread_name(|index| format!("pixels-{index}"));
            Some(Arc::new(builder.build().map_err(PathError::Threads)?))
        };
        Ok(Self { pool, workers, vectors: Vectors::widest(), ready: None })
    }

    /// The same with other vector instructions than the widest, for those who compare them. Takes effect with the next plan.
    #[must_use]
    pub fn with_vectors(mut self, vectors: Vectors) -> Self {
        (self.vectors, self.ready) = (vectors, None);
        self
    }
}

impl PixelPath for CpuPath {
    fn configure(&mut self, plan: Arc<PathPlan>) -> Result<(), PathError> {
        if let Some(ready) = self.ready.as_mut().filter(|ready| ready.plan.shares_tables_with(&plan)) {
            ready.prepared.set_levels(&plan);
            ready.plan = plan;
            return Ok(());
        }
        let (prepared, mut bands) = Prepared::new(&plan, self.vectors);
        if let Some(old) = self.ready.take() {
            reuse(old.bands, &mut bands);
        }
        let widths = plan.screens.iter().map(|screen| screen.size.width).collect();
        self.ready = Some(Ready { plan, prepared, bands, widths });
        Ok(())
    }

    fn process(
        &mut self,
        frame: &FrameView<'_>,
        phase: u64,
        out: &mut [&mut [u8]],
        done: PacketsDone<'_>,
    ) -> Result<(), PathError> {
        let ready = self.ready.as_mut().ok_or(PathError::NotConfigured)?;
        check(&ready.plan, frame, out)?;
        let workers = self.workers;
        match &self.pool {
            Some(pool) => pool.install(|| ready.run(workers, frame, phase, out, done)),
            None => ready.run(1, frame, phase, out, done),
        }
        Ok(())
    }

    fn host(&self) -> Host {
        Host::pool(self.pool.clone())
    }

    fn name(&self) -> &'static str {
        "CPU"
    }
}

/// Moves the memory of old bands into new ones of the same shape, so that a change of settings touches no fresh pages.
fn reuse(old: Vec<Band>, new: &mut [Band]) {
    for (own, other) in new.iter_mut().zip(old) {
        if own.screen == other.screen && own.rows == other.rows && own.codes.is_like(&other.codes) {
            own.codes = other.codes;
        }
    }
}

impl Ready {
    fn run(&mut self, workers: usize, frame: &FrameView<'_>, phase: u64, out: &mut [&mut [u8]], done: PacketsDone<'_>) {
        let Self { plan, prepared, bands, widths } = self;
        let job = Job { plan, prepared, frame, phase };
        let total = bands.len();
        let mut finished = 0;
        compute(bands.get_mut(..workers.min(total)).unwrap_or_default(), job);
        while finished < total {
            let reached = (finished + workers).min(total);
            let next = (reached + workers).min(total);
            let Some((computed, open)) = bands.split_at_mut_checked(reached) else { return };
            let open = open.get_mut(..next - reached).unwrap_or_default();
            let codes = Codes { bands: computed, bands_of_screen: &prepared.bands_of_screen, widths };
            let mut deliver = || deliver(plan, prepared, codes, finished..reached, out, done);
            if workers > 1 && !open.is_empty() {
                rayon::join(|| compute(open, job), deliver);
            } else {
                deliver();
                compute(open, job);
            }
            finished = reached;
        }
    }
}

/// Computes bands side by side.
fn compute(bands: &mut [Band], job: Job<'_>) {
    match bands {
        [] => {}
        [only] => only.compute(job),
        many => many.par_iter_mut().for_each(|band| band.compute(job)),
    }
}

/// Fills and reports the packets that became complete when the number of bands rose from `bands.start` to `bands.end`.
fn deliver(
    plan: &PathPlan,
    prepared: &Prepared,
    codes: Codes<'_>,
    bands: Range<usize>,
    out: &mut [&mut [u8]],
    done: PacketsDone<'_>,
) {
    for ((port, needed), memory) in plan.slice.ports.iter().zip(&prepared.needed).zip(out) {
        // Packets that need no band at all, being black, go with the first.
        let first = if bands.start == 0 { 0 } else { needed.partition_point(|&own| own <= bands.start) };
        let packets = first..needed.partition_point(|&own| own <= bands.end);
        if packets.is_empty() {
            continue;
        }
        fill_packets(port, packets.clone(), codes, memory);
        done(port.port, packets, memory);
    }
}

fn fill_packets(port: &PortPlan, packets: Range<usize>, codes: Codes<'_>, memory: &mut [u8]) {
    let stride = port.slot_stride as usize;
    let slots = memory.get_mut(packets.start * stride..packets.end * stride).unwrap_or_default();
    let plans = port.packets.get(packets).unwrap_or_default();
    for (slot, packet) in slots.chunks_exact_mut(stride.max(1)).zip(plans) {
        fill(port, packet, codes, slot);
    }
}
