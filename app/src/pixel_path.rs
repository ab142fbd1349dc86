//! Where pixels are computed: on a hardware GPU where there is one, else on the CPU. Both write the same bytes.

use std::num::NonZeroUsize;
use std::sync::Arc;

use ocp809_shaders::path::PacketsDone;
use ocp809_shaders::{AdapterKind, CpuPath, FrameView, Gpu, GpuPath, Host, PathError, PathPlan, PixelPath};

use crate::config::GpuChoice;

/// The pixel path of a choice. A GPU keeps the CPU path behind it: a device that is lost costs one frame.
///
/// # Errors
/// When the CPU path does not start, or a GPU that was asked for by name is not there.
pub fn choose(choice: &GpuChoice) -> Result<Box<dyn PixelPath>, PathError> {
    let cpu = CpuPath::new(workers())?;
    let gpu = match choice {
        GpuChoice::Cpu => None,
        GpuChoice::Auto => Gpu::open(AdapterKind::Hardware).ok(),
        GpuChoice::Named(name) => Some(Gpu::open_named(name)?),
    };
    Ok(match gpu {
        None => Box::new(cpu),
        Some(gpu) => Box::new(Guarded { gpu: Some(GpuPath::new(gpu)), cpu }),
    })
}

/// One worker per core, at most four: beyond that memory, not arithmetic, is the limit.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(4)
}

/// A GPU with the CPU path behind it.
#[derive(Debug)]
struct Guarded {
    /// `None` once the device was lost.
    gpu: Option<GpuPath>,
    cpu: CpuPath,
}

impl Guarded {
    /// The GPU failed: from now on the CPU computes. The frame that failed is the CPU's first.
    fn lose(&mut self, error: &PathError) {
        tracing::error!(%error, "the GPU is lost; the CPU computes from now on");
        self.gpu = None;
    }
}

impl PixelPath for Guarded {
    fn configure(&mut self, plan: Arc<PathPlan>) -> Result<(), PathError> {
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
}
