//! The pixel path, frame after frame from one picture in memory into packet memory, beside a plain copy.

use std::sync::Arc;

use ocp809_sender::time::Clock;
use ocp809_shaders::{AdapterKind, CpuPath, FrameView, Gpu, GpuPath, PixelPath, Vectors};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::copy::{Copier, CopyRow};
use super::measure::{Cost, Ratio, Spread, exact};
use super::walls::{Calibration, Input, Order, Subject, UHD, Work, picture};
use super::{BenchError, Plan};

/// What was measured of the pixel path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PixelPathReport {
    /// One row for each work, device and number of threads.
    pub rows: Vec<PixelPathRow>,
    /// A plain copy of memory, in the same rounds.
    pub copies: Vec<CopyRow>,
    /// Rows over rows.
    pub ratios: Vec<Ratio>,
}

/// One way to compute one kind of frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PixelPathRow {
    /// What is done to a frame.
    pub work: Work,
    /// What does it: vector instructions of the CPU, or the adapter's name.
    pub device: String,
    /// Threads that compute.
    pub threads: usize,
    /// Milliseconds per frame on the wall clock.
    pub wall_ms: Spread,
    /// Milliseconds of processor time per frame, over all threads.
    pub cpu_ms: Spread,
    /// Million pixels per second on the wall clock (median).
    pub mpix_s: f64,
    /// Million pixels per second of processor time (median).
    pub mpix_s_core: f64,
    /// Bytes that must move per pixel at least: the source, 12 bytes of matrix where pixels are calibrated one by one, and
    /// the packets' payload twice, because a line of memory is fetched before it is written.
    pub bytes_per_pixel: f64,
    /// Those bytes per second over the bytes per second that a copy on as many threads reads and writes, in percent. Beyond
    /// 100 where caches help.
    pub copy_share_percent: f64,
}

/// The works that are compared at 1080p.
fn full_hd_works() -> Vec<Work> {
    let plain = Work::PLAIN;
    vec![
        plain,
        Work { calibration: Calibration::ModuleLowGrey, ..plain },
        Work { calibration: Calibration::Pixel, ..plain },
        Work { calibration: Calibration::None, ..plain },
        Work { linear: true, ..plain },
        Work { linear: true, calibration: Calibration::Pixel, ..plain },
        Work { lut3d: true, ..plain },
        Work { input: Input::Yuv420, ..plain },
        Work { input: Input::Yuv444p10, ..plain },
        Work { output_bits: 10, ..plain },
        Work { output_bits: 12, ..plain },
        Work { output_bits: 16, ..plain },
        Work { order: Order::Raster, ..plain },
    ]
}

/// The works that are measured at 4K too: those whose goal is a share of the memory's bandwidth.
fn uhd_works() -> Vec<Work> {
    let plain = Work { size: UHD, ..Work::PLAIN };
    vec![
        plain,
        Work { calibration: Calibration::ModuleLowGrey, ..plain },
        Work { calibration: Calibration::Pixel, ..plain },
        Work { linear: true, ..plain },
    ]
}

/// Whether narrower vectors than the widest are measured too.
fn is_compared(work: Work) -> bool {
    [Work::PLAIN, Work { calibration: Calibration::Pixel, ..Work::PLAIN }, Work { linear: true, ..Work::PLAIN }].contains(&work)
}

/// A work with everything that computes it.
struct Trial {
    subject: Subject,
    /// Which of the pictures it reads.
    picture: usize,
    memories: Vec<Vec<u8>>,
    runners: Vec<Runner>,
}

/// One that computes a work's frames.
struct Runner {
    device: String,
    threads: usize,
    path: Box<dyn PixelPath>,
    phase: u64,
    cost: Cost,
}

/// Measures all works. 4K follows 1080p, so that no more than one size of pictures lies in memory.
pub(super) fn measure(plan: &Plan, leave_out: &mut dyn FnMut(String)) -> Result<PixelPathReport, BenchError> {
    let mut report = PixelPathReport { rows: Vec::new(), copies: Vec::new(), ratios: Vec::new() };
    let (full_hd, uhd) = (full_hd_works(), uhd_works());
    let mut gpu = None;
    if plan.gpu {
        match Gpu::open(AdapterKind::Hardware).or_else(|_| Gpu::open(AdapterKind::Software)) {
            Ok(found) => gpu = Some(GpuPath::new(found)),
            Err(error) => leave_out(format!("the GPU: {error}")),
        }
    }
    // Three works are measured with narrower vectors too; the copy is one more.
    let narrower = 3 * Vectors::available().len().saturating_sub(1);
    let slice_ns = plan.slice_ns((full_hd.len() + uhd.len() + narrower + 2) * plan.threads.len());
    let begun = plan.clock.now();
    for works in [full_hd, uhd] {
        if plan.is_over(begun) {
            leave_out("4K: more --seconds reach further".to_owned());
            break;
        }
        measure_works(plan, &works, slice_ns, gpu.take(), &mut report)?;
    }
    Ok(report)
}

fn measure_works(
    plan: &Plan,
    works: &[Work],
    slice_ns: u64,
    gpu: Option<GpuPath>,
    report: &mut PixelPathReport,
) -> Result<(), BenchError> {
    let mut pictures: Vec<(Input, Vec<u8>)> = Vec::new();
    let mut trials = Vec::new();
    for &work in works {
        let known = pictures.iter().position(|(input, _)| *input == work.input);
        let picture = known.unwrap_or_else(|| {
            pictures.push((work.input, picture(work)));
            pictures.len() - 1
        });
        trials.push(Trial::new(work, picture, plan)?);
    }
    // The GPU path takes the plain work: one device holds one plan.
    if let (Some(path), Some(trial)) = (gpu, trials.first_mut()) {
        trial.add(path.name().to_owned(), 1, Box::new(path))?;
    }
    let mut copier = Copier::new(&plan.threads);
    for round in 0..=plan.rounds {
        // The first touches memory for the first time, and compiles shaders: it does not count.
        let slice_ns = if round == 0 { 0 } else { slice_ns };
        for trial in &mut trials {
            let (_, data) = pictures.get(trial.picture).ok_or_else(|| BenchError::unmade("the picture"))?;
            trial.round(plan.clock.as_ref(), slice_ns, data)?;
        }
        copier.round(plan.clock.as_ref(), slice_ns)?;
        if round == 0 {
            trials.iter_mut().flat_map(|trial| &mut trial.runners).for_each(|runner| runner.cost = Cost::default());
            copier.forget();
        }
    }
    report.ratios.extend(ratios(&trials));
    report.rows.extend(trials.iter().flat_map(|trial| trial.rows(&copier)));
    report.copies.extend(works.first().into_iter().flat_map(|work| copier.rows(work.size)));
    Ok(())
}

impl Trial {
    fn new(work: Work, picture: usize, plan: &Plan) -> Result<Self, BenchError> {
        let subject = Subject::new(work)?;
        let memories = subject.memories();
        let mut trial = Self { subject, picture, memories, runners: Vec::new() };
        let sets = Vectors::available();
        for &vectors in sets.iter().take(if is_compared(work) { sets.len() } else { 1 }) {
            for &threads in &plan.threads {
                let path = CpuPath::new(threads).map_err(BenchError::Path)?.with_vectors(vectors);
                trial.add(format!("{vectors:?}"), threads, Box::new(path))?;
            }
        }
        Ok(trial)
    }

    fn add(&mut self, device: String, threads: usize, mut path: Box<dyn PixelPath>) -> Result<(), BenchError> {
        path.configure(Arc::clone(&self.subject.plan)).map_err(BenchError::Path)?;
        self.runners.push(Runner { device, threads, path, phase: 0, cost: Cost::default() });
        Ok(())
    }

    fn round(&mut self, clock: &dyn Clock, slice_ns: u64, data: &[u8]) -> Result<(), BenchError> {
        let frame = FrameView::packed(*self.subject.plan.source(), data).map_err(BenchError::unmade)?;
        let mut out: Vec<&mut [u8]> = self.memories.iter_mut().map(Vec::as_mut_slice).collect();
        for Runner { path, phase, cost, .. } in &mut self.runners {
            let host = path.host();
            let out = &mut out;
            host.run(|| {
                cost.round(clock, slice_ns, &mut || {
                    *phase += 1;
                    compute(path.as_mut(), &frame, *phase, out)
                })
            })?;
        }
        Ok(())
    }

    fn rows(&self, copier: &Copier) -> Vec<PixelPathRow> {
        let pixels = exact(self.subject.work.size.area());
        let row = |runner: &Runner| {
            let wall = Spread::of(&runner.cost.wall_ns);
            let cpu = Spread::of(&runner.cost.cpu_ns);
            // A copy reads and writes each byte.
            let limit = 2.0 * copier.bytes_per_ns(runner.threads);
            let share = self.subject.bytes_per_pixel * pixels / wall.median / limit * 100.0;
            PixelPathRow {
                work: self.subject.work,
                device: runner.device.clone(),
                threads: runner.threads,
                wall_ms: milliseconds(wall),
                cpu_ms: milliseconds(cpu),
                mpix_s: pixels / wall.median * 1e3,
                mpix_s_core: pixels / cpu.median * 1e3,
                bytes_per_pixel: self.subject.bytes_per_pixel,
                copy_share_percent: if share.is_finite() { share } else { 0.0 },
            }
        };
        self.runners.iter().map(row).collect()
    }
}

/// Computes a frame that nobody sends.
pub(super) fn compute(
    path: &mut dyn PixelPath,
    frame: &FrameView<'_>,
    phase: u64,
    out: &mut [&mut [u8]],
) -> Result<(), BenchError> {
    path.process(frame, phase, out, &mut |_, _, _| {}).map_err(BenchError::Path)
}

/// Nanoseconds as milliseconds.
pub(super) fn milliseconds(ns: Spread) -> Spread {
    Spread { min: ns.min / 1e6, median: ns.median / 1e6, max: ns.max / 1e6, ..ns }
}

/// What goals compare: low grey and raster order with the plain work, on as many threads and by the widest vectors.
fn ratios(trials: &[Trial]) -> Vec<Ratio> {
    let Some(plain) = trials.first() else { return Vec::new() };
    let low_grey = Work { calibration: Calibration::ModuleLowGrey, ..plain.subject.work };
    let raster = Work { order: Order::Raster, ..plain.subject.work };
    let compared =
        [("with low grey over without, speed", low_grey, 0.8), ("modules' order over raster order, speed", raster, 0.9)];
    let mut ratios = Vec::new();
    for (name, work, at_least) in compared {
        let Some(other) = trials.iter().find(|trial| trial.subject.work == work) else { continue };
        for runner in &other.runners {
            let same = |own: &&Runner| own.threads == runner.threads && own.device == runner.device;
            let Some(own) = plain.runners.iter().find(same) else { continue };
            let (fast, slow) = if work == raster { (&runner.cost, &own.cost) } else { (&own.cost, &runner.cost) };
            let (rows, threads) = (work.size.height, runner.threads);
            ratios.push(Ratio {
                name: format!("{name}, {rows} rows, {threads} {}", if threads == 1 { "thread" } else { "threads" }),
                value: Spread::of_ratio(&fast.wall_ns, &slow.wall_ns),
                at_least: Some(at_least),
            });
        }
    }
    ratios
}
