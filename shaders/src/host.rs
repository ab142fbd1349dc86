//! Where a loop of frames runs so that computing them costs least: among the workers that it shares them with.

use std::sync::Arc;

/// The threads that compute frames. A loop that runs here hands work to its fellows without a queue in between, so that no
/// frame allocates.
#[derive(Debug, Clone, Default)]
pub struct Host(Option<Arc<rayon::ThreadPool>>);

impl Host {
    /// Frames are computed on the thread that asks for them.
    pub const CALLER: Self = Self(None);

    pub(crate) const fn pool(pool: Option<Arc<rayon::ThreadPool>>) -> Self {
        Self(pool)
    }

    /// Runs a loop of frames to its end as one of the workers, while the calling thread waits.
    pub fn run<T: Send>(&self, frames: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(pool) => pool.install(frames),
            None => frames(),
        }
    }

    /// Runs `prepare` once on every worker: scheduling, or a test's bookkeeping.
    pub fn on_each_worker(&self, prepare: impl Fn() + Sync) {
        match &self.0 {
            Some(pool) => drop(pool.broadcast(|_| prepare())),
            None => prepare(),
        }
    }
}
