//! How a source is doing, for whoever does not hold its pictures: the control thread, status, alarms.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ocp809_sender::time::{Clock, NANOS_PER_SECOND, Nanos, Rational, Tai};
use ocp809_shaders::SourceShape;

use super::error::SourceError;
use super::mailbox::Lease;
use crate::control::status::{SourceState, SourceStatus};

/// A source without a picture for this long has lost its signal.
const PATIENCE_NS: u64 = NANOS_PER_SECOND;

/// Pictures over which the measured rate is averaged, as a power of two.
const RATE_AVERAGE_SHIFT: u32 = 4;

/// How a source is doing. Cheap to copy; while one is held, the source's thread and program live.
#[derive(Debug, Clone)]
pub struct Monitor {
    shared: Arc<Shared>,
    _lease: Arc<Lease>,
}

/// Pictures of a source since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PictureCounts {
    /// Pictures that came whole.
    pub pictures: u64,
    /// Pictures that were overtaken by newer ones and never shown.
    pub skipped: u64,
    /// Failures: broken pictures, programs that died, files that could not be read.
    pub errors: u64,
}

/// What the source's thread, its reader and its monitors share.
pub(super) struct Shared {
    uri: String,
    clock: Arc<dyn Clock>,
    wall_rate: Rational,
    light_limit: f64,
    condition: Mutex<Condition>,
    pictures: AtomicU64,
    skipped: AtomicU64,
    errors: AtomicU64,
    /// When the last picture came; 0 before the first.
    last_ns: AtomicU64,
    /// Nanoseconds from picture to picture, averaged; 0 where unknown.
    interval_ns: AtomicU64,
    is_held_back: AtomicBool,
}

/// What changes rarely.
#[derive(Debug)]
struct Condition {
    state: SourceState,
    since: Tai,
    failure: Option<Arc<SourceError>>,
    shape: Option<SourceShape>,
    rate: Option<Rational>,
}

impl core::fmt::Debug for Shared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Shared").field("uri", &self.uri).field("condition", &self.condition).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(uri: &str, clock: &Arc<dyn Clock>, wall_rate: Rational, light_limit: f64) -> Arc<Self> {
        let condition = Condition { state: SourceState::Opening, since: clock.tai(), failure: None, shape: None, rate: None };
        Arc::new(Self {
            uri: uri.to_owned(),
            clock: Arc::clone(clock),
            wall_rate,
            light_limit,
            condition: Mutex::new(condition),
            pictures: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            last_ns: AtomicU64::new(0),
            interval_ns: AtomicU64::new(0),
            is_held_back: AtomicBool::new(false),
        })
    }

    fn condition(&self) -> MutexGuard<'_, Condition> {
        self.condition.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) const fn wall_rate(&self) -> Rational {
        self.wall_rate
    }

    pub(super) const fn wall_period_ns(&self) -> u64 {
        self.wall_rate.period_ns()
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(super) fn pictures(&self) -> u64 {
        self.pictures.load(Ordering::Relaxed)
    }

    pub(super) fn count_picture(&self, now: Nanos) {
        self.pictures.fetch_add(1, Ordering::Relaxed);
        let last = self.last_ns.swap(now.0, Ordering::Relaxed);
        if last == 0 {
            return;
        }
        let (interval, average) = (now.0.saturating_sub(last), self.interval_ns.load(Ordering::Relaxed));
        let smooth = average - (average >> RATE_AVERAGE_SHIFT) + (interval >> RATE_AVERAGE_SHIFT);
        // A first interval, or one after a pause, tells more than the average before it.
        let restart = average == 0 || interval > 8 * average;
        self.interval_ns.store(if restart { interval } else { smooth }, Ordering::Relaxed);
    }

    pub(super) fn count_skipped(&self, pictures: u32) {
        self.skipped.fetch_add(pictures.into(), Ordering::Relaxed);
    }

    /// Whether the reader, not the source, is what pictures wait for.
    pub(super) fn set_held_back(&self, is_held_back: bool) {
        self.is_held_back.store(is_held_back, Ordering::Relaxed);
    }

    pub(super) fn set_shape(&self, shape: SourceShape) {
        self.condition().shape = Some(shape);
    }

    pub(super) fn set_rate(&self, rate: Option<Rational>) {
        self.condition().rate = rate;
    }

    pub(super) fn set_state(&self, state: SourceState) {
        let mut condition = self.condition();
        if condition.state != state {
            condition.state = state;
            condition.since = self.clock.tai();
        }
        // An ended run keeps the reason that the one before failed for; pictures clear it.
        if matches!(state, SourceState::Live | SourceState::Still) {
            condition.failure = None;
        }
    }

    /// Pictures come.
    pub(super) fn set_live(&self) {
        self.set_state(SourceState::Live);
    }

    /// A failure that the source goes on after.
    pub(super) fn count_error(&self, error: &SourceError) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        // Whoever watches raises an alarm.
        tracing::debug!(source = %self.uri, error = error.chain(), "source");
    }

    /// A failure that keeps the source from delivering.
    pub(super) fn fail(&self, error: SourceError) {
        self.count_error(&error);
        self.set_state(SourceState::Failed);
        self.condition().failure = Some(Arc::new(error));
    }

    /// How long no picture came although one could have been taken.
    fn silent_ns(&self) -> Option<u64> {
        let last = self.last_ns.load(Ordering::Relaxed);
        if last == 0 || self.is_held_back.load(Ordering::Relaxed) {
            return None;
        }
        let allowed = PATIENCE_NS.max(5 * self.interval_ns.load(Ordering::Relaxed));
        Some(self.clock.now().0.saturating_sub(last)).filter(|&silent| silent > allowed)
    }
}

impl Monitor {
    pub(super) const fn new(shared: Arc<Shared>, lease: Arc<Lease>) -> Self {
        Self { shared, _lease: lease }
    }

    /// How it is doing. A source that should deliver and does not for a second (or five of its periods) is lost.
    #[must_use]
    pub fn state(&self) -> SourceState {
        let state = self.shared.condition().state;
        if state == SourceState::Live && self.shared.silent_ns().is_some() { SourceState::Lost } else { state }
    }

    /// Why, where the state alone does not say it; empty otherwise.
    #[must_use]
    pub fn detail(&self) -> String {
        if let Some(failure) = self.failure() {
            return failure.chain();
        }
        let silent = self.shared.silent_ns().filter(|_| self.state() == SourceState::Lost);
        silent.map_or_else(String::new, |ns| format!("no picture for {} s", ns / NANOS_PER_SECOND))
    }

    /// What it failed for last; `None` while it delivers.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<SourceError>> {
        self.shared.condition().failure.clone()
    }

    /// Format, size and colour of its newest picture.
    #[must_use]
    pub fn shape(&self) -> Option<SourceShape> {
        self.shared.condition().shape
    }

    /// Pictures per second that it declares.
    #[must_use]
    pub fn declared_rate(&self) -> Option<Rational> {
        self.shared.condition().rate
    }

    /// Pictures per second that come; 0 for a still, or when none came for a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a display value")]
    pub fn measured_fps(&self) -> f64 {
        let interval = self.shared.interval_ns.load(Ordering::Relaxed);
        let is_live = self.state() == SourceState::Live;
        if is_live && interval > 0 { NANOS_PER_SECOND as f64 / interval as f64 } else { 0.0 }
    }

    /// What came of it so far.
    #[must_use]
    pub fn counts(&self) -> PictureCounts {
        PictureCounts {
            pictures: self.shared.pictures(),
            skipped: self.shared.skipped.load(Ordering::Relaxed),
            errors: self.shared.errors.load(Ordering::Relaxed),
        }
    }

    /// The brightness, as a fraction of the wall's full light, above which this source must not be shown: 1.0, and 0.2 for
    /// patterns without `full`.
    #[must_use]
    pub fn light_limit(&self) -> f64 {
        self.shared.light_limit
    }

    /// All of it as the status says it.
    #[must_use]
    pub fn status(&self) -> SourceStatus {
        // Each guard ends with its statement: within the literal it would live until the last field was made.
        let shape = self.shape();
        let since = self.shared.condition().since;
        SourceStatus {
            uri: self.shared.uri.clone(),
            state: self.state(),
            since,
            detail: self.detail(),
            size: shape.map(|shape| shape.size),
            format: shape.map_or_else(String::new, |shape| shape.format.to_string()),
            fps: self.measured_fps(),
        }
    }
}
