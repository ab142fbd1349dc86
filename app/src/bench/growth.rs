//! How a frame's time and memory grow with the wall, from one cabinet to 8K.

use std::sync::Arc;

use ocp809_sender::geometry::PixelSize;
use ocp809_shaders::{CpuPath, FrameView, PixelPath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::machine::resident_bytes;
use super::measure::{Cost, Spread, exact};
use super::pixel_path::{compute, milliseconds};
use super::walls::{Calibration, HD, Subject, UHD, Work, picture};
use super::{BenchError, Plan};

/// The sizes, smallest first.
const SIZES: [PixelSize; 6] =
    [PixelSize::new(128, 128), PixelSize::new(512, 256), PixelSize::new(1_280, 720), HD, UHD, PixelSize::new(7_680, 4_320)];

/// What was measured at each size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GrowthReport {
    /// Smallest first, each with one matrix per module and with one per pixel.
    pub rows: Vec<GrowthRow>,
}

/// One size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GrowthRow {
    /// Columns and rows of picture and wall.
    pub size: PixelSize,
    /// The correction.
    pub calibration: Calibration,
    /// Threads that compute.
    pub threads: usize,
    /// Milliseconds per frame on the wall clock.
    pub wall_ms: Spread,
    /// Nanoseconds of the wall clock per pixel.
    pub ns_per_pixel: Spread,
    /// Bytes of the picture.
    pub source_bytes: u64,
    /// Bytes of packet memory, over all ports.
    pub packet_bytes: u64,
    /// Memory of the whole process while frames flow: program, picture, wall, plan with its tables and matrices, bands,
    /// packets.
    pub resident_bytes: u64,
}

/// Measures all sizes, one after the other: a large one's memory would be in the others' way.
pub(super) fn measure(plan: &Plan, leave_out: &mut dyn FnMut(String)) -> Result<GrowthReport, BenchError> {
    let begun = plan.clock.now();
    let calibrations = [Calibration::Module, Calibration::Pixel];
    let slice_ns = plan.slice_ns(SIZES.len() * calibrations.len());
    let mut rows = Vec::new();
    for size in SIZES {
        if plan.is_over(begun) {
            leave_out(format!("{} x {} and larger: more --seconds reach further", size.width, size.height));
            break;
        }
        for calibration in calibrations {
            rows.push(measure_one(plan, Work { size, calibration, ..Work::PLAIN }, plan.most_threads(), slice_ns)?);
        }
    }
    Ok(GrowthReport { rows })
}

fn measure_one(plan: &Plan, work: Work, threads: usize, slice_ns: u64) -> Result<GrowthRow, BenchError> {
    let subject = Subject::new(work)?;
    let data = picture(work);
    let frame = FrameView::packed(work.shape(), &data).map_err(BenchError::unmade)?;
    let mut memories = subject.memories();
    let mut out: Vec<&mut [u8]> = memories.iter_mut().map(Vec::as_mut_slice).collect();
    let mut path = CpuPath::new(threads).map_err(BenchError::Path)?;
    path.configure(Arc::clone(&subject.plan)).map_err(BenchError::Path)?;
    let mut phase = 0;
    let mut cost = Cost::default();
    let mut first = Cost::default();
    let host = path.host();
    host.run(|| {
        let mut show = || {
            phase += 1;
            compute(&mut path, &frame, phase, &mut out)
        };
        // The first frame touches memory for the first time.
        first.round(plan.clock.as_ref(), 0, &mut show)?;
        (0..plan.rounds).try_for_each(|_| cost.round(plan.clock.as_ref(), slice_ns, &mut show))
    })?;
    let resident_bytes = resident_bytes();
    let per_pixel: Vec<f64> = cost.wall_ns.iter().map(|ns| ns / exact(work.size.area())).collect();
    Ok(GrowthRow {
        size: work.size,
        calibration: work.calibration,
        threads,
        wall_ms: milliseconds(Spread::of(&cost.wall_ns)),
        ns_per_pixel: Spread::of(&per_pixel),
        source_bytes: data.len() as u64,
        packet_bytes: subject.packet_bytes() as u64,
        resident_bytes,
    })
}
