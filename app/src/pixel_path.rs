//! Where pixels are computed: on a hardware GPU where there is one, else on the CPU. Both write the same bytes.

mod guarded;

use std::num::NonZeroUsize;
use std::sync::Arc;

use ocp809_shaders::{AdapterKind, CpuPath, Gpu, PathError, PixelPath};

use self::guarded::{Guarded, Open};
use crate::config::GpuChoice;

/// The pixel path of a choice. A GPU keeps the CPU path behind it: a device that is lost costs no frame, and is taken back when
/// it answers again.
///
/// # Errors
/// When the CPU path does not start, or a GPU that was asked for by name is not there.
pub fn choose(choice: &GpuChoice) -> Result<Box<dyn PixelPath>, PathError> {
    let cpu = CpuPath::new(workers())?;
    let open: Open = match choice {
        GpuChoice::Cpu => return Ok(Box::new(cpu)),
        GpuChoice::Auto => Arc::new(|| Gpu::open(AdapterKind::Hardware)),
        GpuChoice::Named(name) => {
            let name = name.clone();
            Arc::new(move || Gpu::open_named(&name))
        }
    };
    Ok(match (open(), choice) {
        (Ok(gpu), _) => Box::new(Guarded::new(open, gpu, cpu)),
        (Err(_none), GpuChoice::Auto) => Box::new(cpu),
        (Err(error), _) => return Err(error.into()),
    })
}

/// One worker per core, at most four: beyond that memory, not arithmetic, is the limit.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(4)
}
