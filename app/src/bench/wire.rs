//! What a gigabit port carries: the pixels that are promised, and the bytes that really leave for so many.

use std::sync::Arc;

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::slice::budget::capacity;
use ocp809_sender::stream::{FrameStart, Pacing, PortFrame, PortLayout, PortSender, Progress};
use ocp809_sender::time::{Clock, ManualClock, NANOS_PER_SECOND, Nanos, Rational};
use ocp809_sender::transport::Transport;
use ocp809_sender::transport::memory::{MemoryEnd, cable_of};
use ocp809_sender::wall::layout::{self, Grid};
use ocp809_sender::wall::{ColorlightSpec, LinkSpec, ProtocolKind, Wall, WireFormat};
use ocp809_sender::wire::ethernet::{MIN_FRAME_LEN, WIRE_OVERHEAD_LEN};
use ocp809_sender::wire::ocp809::{EPOCH_WITHOUT_CARDS, FrameId, Latch, software_address};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BenchError;
use super::measure::exact;
use crate::control::rate::exact_rate;

/// Frame rates that shows run at.
const RATES_HZ: [f64; 11] = [23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0, 100.0, 119.88, 120.0];

/// Frames that are sent and counted.
const FRAMES: u16 = 3;

/// Share of the period over which packets are spread, in percent.
const SPREAD_PERCENT: u8 = 95;

/// Largest frame of a link of MTU 1500 with a VLAN tag.
const FRAME_BYTES: usize = 1_518;

/// What was counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WireReport {
    /// One row for each wire format and rate, of a gigabit port at MTU 1500.
    pub rows: Vec<WireRow>,
}

/// One format at one rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WireRow {
    /// Bits per colour.
    pub bits: u32,
    /// Frames per second.
    pub rate_hz: f64,
    /// Pixels that a port is said to carry per frame, as `wall check` does.
    pub capacity: u64,
    /// Pixels of the frame that was sent: the largest rectangle of at most so many.
    pub sent_pixels: u64,
    /// Packets of a frame, latches included, as they came out of the far end of a cable.
    pub packets: u64,
    /// Bytes that a frame occupies on the link, counted packet by packet with check sequence, preamble and gap.
    pub wire_bytes: u64,
    /// The share of the link that this takes, in percent.
    pub load_percent: f64,
    /// From a frame's start to its last packet under pacing, in microseconds.
    pub paced_us: f64,
}

/// Counts all formats at all rates; on a clock that stands still between packets, so that it takes no time.
pub(super) fn measure() -> Result<WireReport, BenchError> {
    let mut rows = Vec::new();
    for format in WireFormat::ALL {
        for hz in RATES_HZ {
            let rate = exact_rate(hz).ok_or_else(|| BenchError::unmade(format!("{hz} Hz")))?;
            rows.push(measure_one(format, rate)?);
        }
    }
    Ok(WireReport { rows })
}

fn measure_one(format: WireFormat, rate: Rational) -> Result<WireRow, BenchError> {
    let link = LinkSpec { format, ..LinkSpec::default() };
    let promised = capacity(ProtocolKind::Ocp809, &link, rate);
    let size = rectangle(promised);
    let mut grid = Grid::new(1, 1, size);
    grid.link = link.clone();
    let wall = Wall::from_spec(&layout::raster(&grid).map_err(BenchError::unmade)?).map_err(BenchError::unmade)?;
    let slice = SlicePlan::build(&wall).map_err(BenchError::unmade)?;
    let plan = slice.ports.first().ok_or_else(|| BenchError::unmade("a port"))?;
    let layout = Arc::new(PortLayout::new(&wall, plan, software_address(0), None).map_err(BenchError::unmade)?);
    let (near, mut far) = cable_of(2 * layout.packets() + 16, FRAME_BYTES);
    let clock = Arc::new(ManualClock::at(Nanos(NANOS_PER_SECOND)));
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let pacing = Pacing::spread(SPREAD_PERCENT);
    let mut sender = PortSender::new(Arc::clone(&layout), &ColorlightSpec::default(), Box::new(near), pacing, shared);
    let mut frame = PortFrame::new(layout);
    let mut row = WireRow {
        bits: format.bits(),
        rate_hz: rate.hz(),
        capacity: promised,
        sent_pixels: size.area(),
        packets: 0,
        wire_bytes: 0,
        load_percent: 0.0,
        paced_us: 0.0,
    };
    // The first frame carries the announcement of the sender, which the others do not.
    for number in 0..FRAMES {
        row.paced_us = exact(send(&mut sender, &mut frame, clock.as_ref(), number, rate.period_ns())) / 1e3;
        (row.packets, row.wire_bytes) = count(&mut far)?;
    }
    let link_bytes = exact(u64::from(link.rate_mbit)) * 125_000.0 / rate.hz();
    row.load_percent = exact(row.wire_bytes) / link_bytes * 100.0;
    Ok(row)
}

/// Sends a frame, paced; the nanoseconds until its last packet.
fn send(sender: &mut PortSender, frame: &mut PortFrame, clock: &dyn Clock, number: u16, period_ns: u64) -> u64 {
    let latch = Latch::neutral(EPOCH_WITHOUT_CARDS);
    let start = clock.now();
    sender.begin(&FrameStart { frame_id: FrameId(number), start, period_ns, deadline: start.after(period_ns) }, &latch);
    let packets = frame.layout().packets();
    let mut progress = sender.offer(frame.memory_mut(), 0..packets);
    while let Progress::Waiting(until) = progress {
        clock.sleep_until(until);
        progress = sender.pump(frame.memory_mut());
    }
    let report = sender.latch(&latch, start.after(period_ns));
    report.last_packet.map_or(0, |last| last.since(start))
}

/// Packets at the far end of the cable, and the bytes that they occupy on a link.
fn count(far: &mut MemoryEnd) -> Result<(u64, u64), BenchError> {
    let mut buffer = [0; FRAME_BYTES];
    let (mut packets, mut bytes) = (0, 0);
    while let Some(length) = far.receive(&mut buffer)? {
        packets += 1;
        bytes += (length.max(MIN_FRAME_LEN) + WIRE_OVERHEAD_LEN) as u64;
    }
    Ok((packets, bytes))
}

/// The rectangle of most pixels, at most `pixels` and not longer than 2048, that leaves the fewest over.
fn rectangle(pixels: u64) -> PixelSize {
    let sides = (1..=2_048_u32).map(|width| (width, u32::try_from(pixels / u64::from(width)).unwrap_or(u32::MAX)));
    let fitting = sides.filter(|&(_, height)| (1..=2_048).contains(&height)).map(|(width, height)| PixelSize::new(width, height));
    fitting.max_by_key(|size| size.area()).unwrap_or(PixelSize::new(1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(format: WireFormat, hz: f64) -> WireRow {
        measure_one(format, exact_rate(hz).unwrap()).unwrap()
    }

    #[test]
    fn what_is_promised_fits_and_little_more_would() {
        // PROTOCOL.md, efficiency: pixels per port at 60 Hz and MTU 1500.
        for (format, promised) in [(WireFormat::Rgb8, 662_412), (WireFormat::Rgb10, 529_764), (WireFormat::Rgb12, 441_532)] {
            let row = row(format, 60.0);
            assert_eq!(row.capacity, promised, "{row:?}");
            assert!(row.sent_pixels <= promised && row.sent_pixels > promised - promised / 500, "{row:?}");
            // 99 % of the link may be used.
            assert!(row.load_percent <= 99.0 && row.load_percent > 98.7, "{row:?}");
            assert!(row.paced_us > 10_000.0 && row.paced_us < 16_666.7 * 0.96, "spread over the period: {row:?}");
        }
    }

    #[test]
    fn a_slower_rate_carries_more() {
        let (slow, fast) = (row(WireFormat::Rgb8, 23.976), row(WireFormat::Rgb8, 119.88));
        assert!(slow.capacity > 4 * fast.capacity && slow.load_percent <= 99.0 && fast.load_percent <= 99.0, "{slow:?} {fast:?}");
    }

    #[test]
    fn rectangles_are_no_larger_than_asked_and_nearly_as_large() {
        for pixels in [1_u64, 7, 662_412, 529_764, 1_657_351] {
            let area = rectangle(pixels).area();
            assert!(area <= pixels && area >= pixels - pixels / 500, "{area} of {pixels}");
        }
    }
}
