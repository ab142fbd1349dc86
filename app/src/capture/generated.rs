//! Test patterns as a source: drawn ahead of the frame that shows them.

use ocp809_calibration::pattern::{Depth, Renderer};
use ocp809_sender::time::FrameClock;
use ocp809_shaders::frame::Range;
use ocp809_shaders::{PixelFormat, SourceShape};

use super::color::{ColorHints, ColorPolicy};
use super::error::SourceError;
use super::mailbox::Writer;
use super::stream::Ending;
use crate::control::status::SourceState;

/// Layout, size and colour of a pattern's pictures.
fn shape(renderer: &Renderer, color: ColorPolicy) -> SourceShape {
    let format = match renderer.depth() {
        Depth::Eight => PixelFormat::Rgb24,
        Depth::Sixteen => PixelFormat::Rgb48,
    };
    let hints = ColorHints { range: Some(Range::Full), ..ColorHints::default() };
    color.shape(format, renderer.size(), hints)
}

/// Shows a pattern that stands still.
pub(super) fn show_still(renderer: &mut Renderer, color: ColorPolicy, writer: &mut Writer) -> Result<(), SourceError> {
    if let Some(mut frame) = writer.begin(shape(renderer, color))? {
        renderer.render(0, &mut frame.data);
        frame.is_first = true;
        writer.publish(frame);
    }
    writer.shared().set_state(SourceState::Still);
    Ok(())
}

/// Draws frame after frame. By the clock, frame n of the pattern is frame n of the frame clock, so that several hosts show
/// the same; in turn, the first picture is frame 0.
pub(super) fn run(
    renderer: &mut Renderer,
    color: ColorPolicy,
    is_by_clock: bool,
    writer: &mut Writer,
) -> Result<Ending, SourceError> {
    let shape = shape(renderer, color);
    let clock = FrameClock::new(writer.shared().wall_rate());
    writer.shared().set_rate(Some(clock.rate()));
    let mut number = 0;
    loop {
        let Some(mut frame) = writer.begin(shape)? else { return Ok(Ending::Unwanted) };
        if is_by_clock {
            // What is past is not drawn any more.
            number = clock.next_after(writer.shared().clock().tai()).max(number);
        }
        renderer.render(number, &mut frame.data);
        frame.due_ns = clock.present_at(number).0;
        writer.publish(frame);
        writer.shared().set_live();
        number += 1;
    }
}
