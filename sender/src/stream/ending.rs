//! The end of a frame: the rest of its packets, then one latch on all ports of the wall at the same instant.

use super::frame::PortFrame;
use super::port::{FrameReport, PortSender, Progress};
use crate::time::Nanos;
use crate::wire::ocp809::Latch;

/// Sends what is left of a frame on all ports, in turn, until each is done or its frame's time is over.
pub fn send_rest(senders: &mut [PortSender], frames: &mut [PortFrame]) {
    loop {
        let mut wake: Option<Nanos> = None;
        for (sender, frame) in senders.iter_mut().zip(frames.iter_mut()) {
            if let Progress::Waiting(until) = sender.pump(frame.memory_mut()) {
                wake = Some(wake.map_or(until, |earliest| earliest.min(until)));
            }
        }
        match (wake, senders.first()) {
            (Some(until), Some(sender)) => sender.clock().sleep_until(until),
            _ => return,
        }
    }
}

/// Shows the frame on all ports at `deadline`, or on all of them as soon after it as the slowest port allows: first all
/// first copies, then, when every port's cards have had them, all repeats. `each` gets every port's report, by its place in `senders`.
pub fn latch_together(senders: &mut [PortSender], latches: &[Latch], deadline: Nanos, each: &mut dyn FnMut(usize, FrameReport)) {
    let due = senders.iter().map(|sender| sender.latch_due(deadline)).max().unwrap_or(deadline);
    if let Some(sender) = senders.first() {
        sender.clock().meet(due);
    }
    let turns = senders.iter().map(PortSender::latch_copies).max().unwrap_or(0);
    for turn in 0..turns {
        if turn > 0
            && let (Some(due), Some(sender)) = (senders.iter().map(PortSender::turn_due).max(), senders.first())
        {
            sender.clock().meet(due);
        }
        let wanted = senders.iter_mut().zip(latches).filter(|(sender, _)| turn < sender.latch_copies());
        wanted.for_each(|(sender, latch)| sender.send_latch(latch, turn));
    }
    for (index, sender) in senders.iter_mut().enumerate() {
        each(index, sender.finish(deadline));
    }
}
