//! Pictures on their way from a source's thread to the frame thread: a few frames of memory that go round.
//!
//! The writer fills a free frame and publishes it; the reader takes the one whose time has come and gives the one before
//! back. Once each frame has grown to the picture's size nothing is allocated any more. Only a pointer moves under the lock,
//! so neither side makes the other wait for a copy.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ocp809_sender::time::{Clock, Nanos, Rational};
use ocp809_shaders::{FrameView, SourceShape};

use super::monitor::Shared;
use super::program::ProgramSlot;
use super::{Advance, Picture};

/// Most frames that can wait; bounds the memory of a source that runs faster than the wall.
const MOST_WAITING: usize = 8;

/// One picture in memory that is used again and again.
#[derive(Debug)]
pub(super) struct Frame {
    /// Format, size and colour.
    pub(super) shape: SourceShape,
    /// At least the shape's bytes, planes one after the other.
    pub(super) data: Vec<u8>,
    /// When it is due, in nanoseconds from the first picture of its run; from the TAI epoch for [`Due::Tai`].
    pub(super) due_ns: u64,
    /// Whether it is the first of a run, from which the times of the others count.
    pub(super) is_first: bool,
    /// When it was complete in memory.
    ready: Nanos,
}

/// When the reader takes a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// At once; newer ones push older ones out.
    Newest,
    /// At its time after the first picture of its run.
    Elapsed,
    /// At its atomic time, the same on every host.
    Tai,
    /// One after the other, one per call.
    InTurn,
}

#[derive(Debug)]
struct Slots {
    free: Vec<Frame>,
    waiting: VecDeque<Frame>,
    /// Frames that exist, wherever they are.
    made: usize,
    /// Frames that may wait at the same time.
    depth: usize,
    /// Pictures that the writer pushed out since the reader looked.
    pushed_out: u32,
    is_closed: bool,
}

/// The frames and who has them.
#[derive(Debug)]
pub(super) struct Mailbox {
    slots: Mutex<Slots>,
    /// A frame came back, or the reader is gone.
    freed: Condvar,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the writer's waiting for good.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.freed.notify_all();
    }

    /// Waits for `duration`, less when the reader goes; whether it has gone.
    pub(super) fn pause(&self, duration: Duration) -> bool {
        let slots = self.lock();
        let wait = self.freed.wait_timeout_while(slots, duration, |slots| !slots.is_closed);
        wait.map_or(true, |(slots, _)| slots.is_closed)
    }
}

/// What a source lives by: while somebody holds it, pictures are wanted. Dropping it ends the source's thread and program.
#[derive(Debug)]
pub(super) struct Lease {
    mailbox: Arc<Mailbox>,
    program: Arc<ProgramSlot>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.mailbox.close();
        self.program.close();
    }
}

/// The two ends of a mailbox.
pub(super) fn mailbox(due: Due, shared: &Arc<Shared>, clock: &Arc<dyn Clock>) -> (Writer, Reader) {
    let depth = if due == Due::Newest { 1 } else { 2 };
    let slots = Slots {
        free: Vec::with_capacity(MOST_WAITING + 2),
        waiting: VecDeque::with_capacity(MOST_WAITING),
        made: 0,
        depth,
        pushed_out: 0,
        is_closed: false,
    };
    let mailbox = Arc::new(Mailbox { slots: Mutex::new(slots), freed: Condvar::new() });
    let program = Arc::new(ProgramSlot::default());
    let lease = Arc::new(Lease { mailbox: Arc::clone(&mailbox), program: Arc::clone(&program) });
    let (shared, clock) = (Arc::clone(shared), Arc::clone(clock));
    let writer = Writer {
        mailbox: Arc::clone(&mailbox),
        program,
        due,
        shared: Arc::clone(&shared),
        clock: Arc::clone(&clock),
        shape: None,
    };
    let reader = Reader { lease, due, shared, clock, current: None, arrived: Nanos(0), anchor: 0, was_starved: true };
    (writer, reader)
}

/// The source's end.
pub(super) struct Writer {
    mailbox: Arc<Mailbox>,
    program: Arc<ProgramSlot>,
    due: Due,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    /// Shape of the last picture, so that its status is told once.
    shape: Option<SourceShape>,
}

/// A picture that memory cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoMemory {
    /// Bytes of the picture.
    pub(super) bytes: usize,
}

impl Writer {
    /// A frame to fill with a picture of `shape`, once one is free; `None` when nobody reads any more.
    ///
    /// # Errors
    /// When the memory for it cannot be had.
    pub(super) fn begin(&mut self, shape: SourceShape) -> Result<Option<Frame>, NoMemory> {
        let Some(mut frame) = self.free_frame(shape) else { return Ok(None) };
        let needed = shape.format.frame_bytes(shape.size);
        if frame.data.len() < needed {
            // The old memory goes first, so that growing never holds both.
            frame.data = Vec::new();
            if frame.data.try_reserve_exact(needed).is_err() {
                self.discard(frame);
                return Err(NoMemory { bytes: needed });
            }
            frame.data.resize(needed, 0);
        }
        Ok(Some(frame))
    }

    /// Publishes a picture that is already in memory of its own; whether anybody still reads.
    pub(super) fn publish_owned(&mut self, shape: SourceShape, data: Vec<u8>, due_ns: u64, is_first: bool) -> bool {
        let Some(mut frame) = self.free_frame(shape) else { return false };
        frame.data = data;
        frame.due_ns = due_ns;
        frame.is_first = is_first;
        self.publish(frame);
        true
    }

    /// A frame with memory of any size, marked for a picture of `shape`; `None` when closed.
    fn free_frame(&self, shape: SourceShape) -> Option<Frame> {
        let mut slots = self.mailbox.lock();
        let frame = loop {
            if slots.is_closed {
                return None;
            }
            if let Some(frame) = slots.free.pop() {
                break frame;
            }
            // Some wait, one is shown, one is being filled.
            if slots.made < slots.depth + 2 {
                slots.made += 1;
                break Frame { shape, data: Vec::new(), due_ns: 0, is_first: false, ready: Nanos(0) };
            }
            self.shared.set_held_back(true);
            slots = self.mailbox.freed.wait(slots).unwrap_or_else(PoisonError::into_inner);
            self.shared.set_held_back(false);
        };
        Some(Frame { shape, due_ns: 0, is_first: false, ..frame })
    }

    /// Hands a filled frame over.
    pub(super) fn publish(&mut self, mut frame: Frame) {
        let now = self.clock.now();
        frame.ready = now;
        if self.shape != Some(frame.shape) {
            self.shape = Some(frame.shape);
            self.shared.set_shape(frame.shape);
        }
        self.shared.count_picture(now);
        let mut slots = self.mailbox.lock();
        if self.due == Due::Newest
            && let Some(old) = slots.waiting.pop_front()
        {
            slots.pushed_out = slots.pushed_out.saturating_add(1);
            self.shared.count_skipped(1);
            slots.free.push(old);
        }
        slots.waiting.push_back(frame);
    }

    /// Gives a frame back that was not filled.
    pub(super) fn discard(&mut self, frame: Frame) {
        self.mailbox.lock().free.push(frame);
    }

    /// Lets so many pictures wait that a source of `rate` keeps up on a wall of `wall_rate`.
    pub(super) fn set_rate(&self, rate: Rational, wall_rate: Rational) {
        if self.due == Due::Elapsed {
            let per_frame = wall_rate.period_ns().div_ceil(rate.period_ns().max(1));
            let depth = usize::try_from(per_frame).unwrap_or(MOST_WAITING).saturating_add(1);
            self.mailbox.lock().depth = depth.clamp(2, MOST_WAITING);
        }
    }

    /// What the source's status is told through.
    pub(super) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Where it waits and learns that nobody reads any more.
    pub(super) const fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Where its program is kept, so that it ends with the source.
    pub(super) const fn program(&self) -> &Arc<ProgramSlot> {
        &self.program
    }
}

/// The frame thread's end.
pub(super) struct Reader {
    lease: Arc<Lease>,
    due: Due,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    current: Option<Frame>,
    arrived: Nanos,
    /// The monotonic instant at which the first picture of the run was due.
    anchor: u64,
    /// Whether nothing was waiting when the reader last looked.
    was_starved: bool,
}

impl Reader {
    /// What keeps the source alive.
    pub(super) const fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    /// Whether the picture at the front is to be shown, after `taken` others in the same call.
    fn is_due(&mut self, frame: &Frame, now: Nanos, taken: u32) -> bool {
        let period = self.shared.wall_period_ns();
        match self.due {
            Due::Newest => true,
            Due::InTurn => taken == 0,
            // The frame that is prepared now is shown one period later.
            Due::Tai => frame.due_ns <= self.clock.tai().0.saturating_add(period),
            Due::Elapsed => {
                let elapsed = now.0.saturating_sub(self.anchor);
                let is_late = elapsed > frame.due_ns.saturating_add(2 * period);
                if frame.is_first || (taken == 0 && self.was_starved && is_late) {
                    // A new run, or a source that stalled: its clock starts anew instead of chasing what was lost.
                    if taken > 0 {
                        return false;
                    }
                    self.anchor = now.0.saturating_sub(frame.due_ns);
                    return true;
                }
                // Ticks tremble; a picture that is due within a quarter of a period is due.
                frame.due_ns <= elapsed.saturating_add(period / 4)
            }
        }
    }
}

impl Picture for Reader {
    fn advance(&mut self) -> Advance {
        let now = self.clock.now();
        let mailbox = Arc::clone(&self.lease.mailbox);
        let mut slots = mailbox.lock();
        let mut skipped = core::mem::take(&mut slots.pushed_out);
        let mut taken = 0_u32;
        while let Some(frame) = slots.waiting.pop_front() {
            if !self.is_due(&frame, now, taken) {
                slots.waiting.push_front(frame);
                break;
            }
            self.arrived = if self.due == Due::Newest { frame.ready } else { now };
            if let Some(old) = self.current.replace(frame) {
                slots.free.push(old);
            }
            taken += 1;
        }
        self.was_starved = slots.waiting.is_empty() && taken == 0;
        drop(slots);
        if taken > 0 {
            mailbox.freed.notify_all();
            self.shared.count_skipped(taken - 1);
            skipped += taken - 1;
        }
        Advance { is_new: taken > 0, skipped }
    }

    fn view(&self) -> Option<FrameView<'_>> {
        let frame = self.current.as_ref()?;
        FrameView::packed(frame.shape, &frame.data).ok()
    }

    fn arrived(&self) -> Option<Nanos> {
        self.current.as_ref().map(|_| self.arrived)
    }
}

#[cfg(test)]
#[path = "mailbox_tests.rs"]
mod tests;
