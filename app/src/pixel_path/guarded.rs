//! A GPU with the CPU path behind it: a frame that the GPU fails is the CPU's first, and a GPU that answers again is taken back.
//!
//! Opening a device, compiling shaders and the first dispatch take up to seconds, so all of that is done on a thread of its
//! own, which also proves that the device computes what the CPU does before a frame depends on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{JoinHandle, park_timeout};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use ocp809_shaders::device::GpuError;
use ocp809_shaders::path::PacketsDone;
use ocp809_shaders::{CpuPath, FrameView, Gpu, GpuPath, Host, PathError, PathPlan, PixelPath};

/// How a GPU is opened.
pub(super) type Open = Arc<dyn Fn() -> Result<Gpu, GpuError> + Send + Sync>;

/// The first pause before a lost GPU is tried, which doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A GPU with the CPU path behind it.
pub(super) struct Guarded {
    open: Open,
    /// `None` while it is lost.
    gpu: Option<GpuPath>,
    cpu: CpuPath,
    /// The newest plan, which a GPU that answers again is tried with.
    plan: Arc<ArcSwapOption<PathPlan>>,
    /// The search for a lost GPU.
    search: Option<Search>,
    /// What is wrong, for people.
    trouble: Option<String>,
}

/// A thread that tries to open a lost GPU. It ends with its handle.
#[derive(Debug)]
struct Search {
    found: Receiver<Found>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// A GPU that computes a plan as the CPU does.
struct Found {
    path: GpuPath,
    plan: Arc<PathPlan>,
}

impl Guarded {
    pub(super) fn new(open: Open, gpu: Gpu, cpu: CpuPath) -> Self {
        Self { open, gpu: Some(GpuPath::new(gpu)), cpu, plan: Arc::default(), search: None, trouble: None }
    }

    /// The GPU failed: from now on the CPU computes, and the GPU is looked for.
    fn lose(&mut self, error: &PathError) {
        tracing::error!(%error, "the GPU is lost; the CPU computes until it answers again");
        self.trouble = Some(format!("{error}; the CPU computes until it answers again"));
        let lost = self.gpu.take();
        match Search::start(Arc::clone(&self.open), Arc::clone(&self.plan), lost) {
            Ok(search) => self.search = Some(search),
            Err(error) => tracing::error!(%error, "no thread looks for the GPU: the CPU goes on"),
        }
    }

    /// Takes a GPU back that was found again.
    fn take_back(&mut self) {
        let Some(found) = self.search.as_ref().and_then(|search| search.found.try_recv().ok()) else { return };
        (self.search, self.trouble) = (None, None);
        let Found { mut path, plan } = found;
        let newest = self.plan.load_full();
        if let Some(newest) = newest.filter(|newest| !Arc::ptr_eq(newest, &plan))
            && let Err(error) = path.configure(newest)
        {
            return self.lose(&error);
        }
        tracing::info!(gpu = path.name(), "the GPU is back");
        self.gpu = Some(path);
    }
}

impl core::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Guarded")
            .field("gpu", &self.gpu)
            .field("cpu", &self.cpu)
            .field("trouble", &self.trouble)
            .finish_non_exhaustive()
    }
}

impl PixelPath for Guarded {
    fn configure(&mut self, plan: Arc<PathPlan>) -> Result<(), PathError> {
        self.plan.store(Some(Arc::clone(&plan)));
        if let Some(gpu) = &mut self.gpu
            && let Err(error) = gpu.configure(Arc::clone(&plan))
        {
            self.lose(&error);
        }
        self.cpu.configure(plan)
    }

    fn process(
        &mut self,
        frame: &FrameView<'_>,
        phase: u64,
        out: &mut [&mut [u8]],
        done: PacketsDone<'_>,
    ) -> Result<(), PathError> {
        self.take_back();
        if let Some(gpu) = &mut self.gpu {
            match gpu.process(frame, phase, out, done) {
                Err(error @ PathError::Gpu(_)) => self.lose(&error),
                other => return other,
            }
        }
        self.cpu.process(frame, phase, out, done)
    }

    fn host(&self) -> Host {
        self.cpu.host()
    }

    fn name(&self) -> &str {
        self.gpu.as_ref().map_or_else(|| self.cpu.name(), |gpu| gpu.name())
    }

    fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}

impl Search {
    /// Looks for a GPU in place of `lost`, which is given up there, since that can take its time too.
    fn start(open: Open, plan: Arc<ArcSwapOption<PathPlan>>, lost: Option<GpuPath>) -> std::io::Result<Self> {
        let (sender, found) = sync_channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&stop);
        let look = move || {
            drop(lost);
            look_for(&open, &plan, &sender, &is_over);
        };
        let thread = std::thread::Builder::new().name("gpu".to_owned()).spawn(look)?;
        Ok(Self { found, stop, thread })
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
    }
}

/// Tries again and again, after longer and longer pauses, until a GPU computes the plan as the CPU does.
fn look_for(open: &Open, plan: &ArcSwapOption<PathPlan>, found: &SyncSender<Found>, stop: &AtomicBool) {
    let mut pause = FIRST_PAUSE;
    loop {
        park_timeout(pause);
        if stop.load(Ordering::Relaxed) {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        let Some(plan) = plan.load_full() else { continue };
        match open().map_err(PathError::from).and_then(|gpu| proven(gpu, &plan)) {
            Ok(Some(path)) => {
                // Nobody waits for it any more when this fails.
                let _gone = found.send(Found { path, plan });
                return;
            }
            Ok(None) => tracing::error!("the GPU answers again, but computes other bytes than the CPU: it stays unused"),
            Err(error) => tracing::debug!(%error, "the GPU is not back yet"),
        }
    }
}

/// A path on `gpu`, warm, if it writes the CPU path's bytes.
fn proven(gpu: Gpu, plan: &Arc<PathPlan>) -> Result<Option<GpuPath>, PathError> {
    let (mut gpu, mut cpu) = (GpuPath::new(gpu), CpuPath::new(1)?);
    gpu.configure(Arc::clone(plan))?;
    cpu.configure(Arc::clone(plan))?;
    let shape = *plan.source();
    // Every byte occurs beside every other sooner or later: 251 is prime.
    let bytes = shape.format.frame_bytes(shape.size);
    let picture: Vec<u8> = (0..=250).cycle().zip((0..=255).cycle()).map(|(a, b): (u8, u8)| a ^ b).take(bytes).collect();
    // Always of the right size, so never refused.
    let Ok(frame) = FrameView::packed(shape, &picture) else { return Ok(None) };
    let payloads = |path: &mut dyn PixelPath| {
        let mut memories: Vec<Vec<u8>> = plan.slice().ports.iter().map(|port| vec![0; port.memory_bytes()]).collect();
        let mut out: Vec<&mut [u8]> = memories.iter_mut().map(Vec::as_mut_slice).collect();
        path.process(&frame, 3, &mut out, &mut |_, _, _| {}).map(|()| memories)
    };
    let is_same = payloads(&mut gpu)? == payloads(&mut cpu)?;
    Ok(is_same.then_some(gpu))
}

#[cfg(test)]
mod tests;
