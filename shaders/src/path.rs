//! The pixel path as the frame thread sees it: give it a frame, get wire-ordered bytes.

use core::fmt::Debug;
use core::ops::Range;
use std::sync::Arc;

use ocp809_sender::ids::PortIndex;

use crate::error::PathError;
use crate::frame::FrameView;
use crate::host::Host;
use crate::plan::PathPlan;

/// Called with each range of packets of a port whose payloads are complete, in rising order per port, on the thread that
/// called [`PixelPath::process`] or one that it waits for. The port's packet memory is lent for the call, so that the
/// caller seals and sends these packets at once, while later bands are still to be computed.
pub type PacketsDone<'a> = &'a mut (dyn FnMut(PortIndex, Range<usize>, &mut [u8]) + Send);

/// Turns frames into the payloads of packets. All implementations write the same bytes.
pub trait PixelPath: Send + Debug {
    /// Uses `plan` from the next frame on. Plans are built elsewhere, so that this takes no longer than a frame can
    /// wait; the old plan is dropped by whoever holds it last.
    ///
    /// # Errors
    /// When the device cannot hold the plan's tables; the old plan stays in use.
    fn configure(&mut self, plan: Arc<PathPlan>) -> Result<(), PathError>;

    /// Computes one frame. `phase` is the index of the presentation frame, which the dither follows; `out` holds the
    /// packet memory of each port (layout of [`ocp809_sender::slice::PortPlan`]), of which the payloads are written and
    /// nothing else. `done` is called as packets become complete.
    ///
    /// # Errors
    /// [`PathError`]; payloads are then unspecified, and the frame must not be sent.
    fn process(
        &mut self,
        frame: &FrameView<'_>,
        phase: u64,
        out: &mut [&mut [u8]],
        done: PacketsDone<'_>,
    ) -> Result<(), PathError>;

    /// Where a loop that calls [`PixelPath::process`] frame after frame belongs.
    fn host(&self) -> Host {
        Host::CALLER
    }

    /// What computes the frames, for people. May change from frame to frame.
    fn name(&self) -> &str;

    /// Why it is not what was wanted, for people.
    fn trouble(&self) -> Option<&str> {
        None
    }
}

/// Checks what every implementation needs before it starts: shape, ports, memories.
pub(crate) fn check(plan: &PathPlan, frame: &FrameView<'_>, out: &[&mut [u8]]) -> Result<(), PathError> {
    if *frame.shape() != plan.source {
        return Err(PathError::Shape { expected: plan.source, found: *frame.shape() });
    }
    if out.len() != plan.slice.ports.len() {
        return Err(PathError::Ports { expected: plan.slice.ports.len(), found: out.len() });
    }
    for (port, memory) in plan.slice.ports.iter().zip(out) {
        if memory.len() < port.memory_bytes() {
            return Err(PathError::Memory { port: port.port, expected: port.memory_bytes(), found: memory.len() });
        }
    }
    Ok(())
}
