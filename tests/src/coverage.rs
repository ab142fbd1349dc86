//! What a card would see of a port's stream, told as cheaply as it can be: whether every frame that is latched has sound
//! packets and every pixel once. No pixel is stored, so that one thread keeps up with four full gigabit ports.

use ocp809_sender::slice::PortPlan;
use ocp809_sender::wire::ethernet::{EtherType, EthernetFrame};
use ocp809_sender::wire::ocp809::{StreamError, StreamHeader, StreamKind, StreamPacket};
use serde::{Deserialize, Serialize};

/// What was seen of a port since the counts were last taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PortCounts {
    /// PIXELS packets.
    pub packets: u64,
    /// Packets whose CRC-32C is not that of their bytes.
    pub bad_crc: u64,
    /// Packets that are none of this protocol.
    pub malformed: u64,
    /// Frames that were latched with every pixel of the port in place, each once.
    pub whole: u64,
    /// Frames that were latched with fewer packets than the latch counts: a card keeps the frame before.
    pub short: u64,
    /// Frames whose packets all came and whose pixels were not all there once: what must never be.
    pub wrong: u64,
    /// Frame numbers between two latches that no latch came for.
    pub lost: u64,
    /// Packets that this host's kernel dropped in front of the receiver.
    pub kernel_drops: u64,
}

/// Watches the stream of one port.
#[derive(Debug)]
pub struct Coverage {
    targets: Vec<Target>,
    /// Pixels of the port.
    pixels: u64,
    /// Pixels of the frame that came, a pixel that came twice counted twice.
    arrived: u64,
    /// Different pixels of the frame that came.
    covered: u64,
    packets: u16,
    frame: Option<u16>,
    latched: Option<u16>,
    counts: PortCounts,
}

/// The pixel memory of a card, or a port's canvas: one bit per pixel.
#[derive(Debug)]
struct Target {
    id: u16,
    bits: Vec<u64>,
}

impl Coverage {
    /// Nothing was seen yet. The pixels of a port are those that its plan fills.
    #[must_use]
    pub fn new(plan: &PortPlan) -> Self {
        let mut targets: Vec<Target> = Vec::new();
        for packet in &plan.packets {
            let end = packet.offset as usize + usize::from(packet.pixels);
            let words = end.div_ceil(64);
            match targets.iter_mut().find(|target| target.id == packet.target) {
                Some(target) => target.bits.resize(words.max(target.bits.len()), 0),
                None => targets.push(Target { id: packet.target, bits: vec![0; words] }),
            }
        }
        let counts = PortCounts::default();
        Self { targets, pixels: plan.pixels(), arrived: 0, covered: 0, packets: 0, frame: None, latched: None, counts }
    }

    /// Takes one Ethernet frame as it came.
    pub fn take(&mut self, bytes: &[u8]) {
        let Ok(frame) = EthernetFrame::new_checked(bytes) else { return };
        if frame.ethertype() != EtherType::OCP809_STREAM {
            return;
        }
        match StreamPacket::parse(frame.payload()) {
            Err(StreamError::Crc { .. }) => self.counts.bad_crc += 1,
            Err(_) => self.counts.malformed += 1,
            Ok(packet) => match packet.header().kind {
                StreamKind::Pixels(_) => self.pixels(packet.header()),
                StreamKind::Latch { .. } => self.latch(packet.header()),
                StreamKind::Parity { .. } | StreamKind::Other { .. } => {}
            },
        }
    }

    /// What was seen since the last call.
    pub fn take_counts(&mut self) -> PortCounts {
        core::mem::take(&mut self.counts)
    }

    fn pixels(&mut self, header: &StreamHeader) {
        self.counts.packets += 1;
        if self.frame != Some(header.frame_id.0) {
            self.begin(header.frame_id.0);
        }
        self.packets += 1;
        self.arrived += u64::from(header.count);
        if let Some(target) = self.targets.iter_mut().find(|target| target.id == header.target) {
            self.covered += target.mark(header.offset as usize, usize::from(header.count));
        }
    }

    fn latch(&mut self, header: &StreamHeader) {
        let id = header.frame_id.0;
        // A latch of no packets changes the state only; copies repeat what was said.
        if header.count == 0 || self.latched == Some(id) {
            return;
        }
        if self.frame != Some(id) {
            self.begin(id);
        }
        let every_pixel_once = self.covered == self.pixels && self.arrived == self.pixels;
        match (self.packets < header.count, every_pixel_once) {
            (true, _) => self.counts.short += 1,
            (false, true) if self.packets == header.count => self.counts.whole += 1,
            (false, _) => self.counts.wrong += 1,
        }
        if let Some(before) = self.latched.replace(id) {
            self.counts.lost += u64::from(id.wrapping_sub(before).wrapping_sub(1));
        }
    }

    fn begin(&mut self, id: u16) {
        self.frame = Some(id);
        (self.arrived, self.covered, self.packets) = (0, 0, 0);
        self.targets.iter_mut().for_each(|target| target.bits.fill(0));
    }
}

impl Target {
    /// Marks pixels; how many of them were not marked before.
    fn mark(&mut self, offset: usize, count: usize) -> u64 {
        let end = offset + count;
        let mut new = 0;
        let words = self.bits.iter_mut().enumerate().skip(offset / 64).take(end.div_ceil(64).saturating_sub(offset / 64));
        for (index, word) in words {
            let from = offset.saturating_sub(index * 64);
            let length = (end - index * 64).min(64) - from;
            let mask = (u64::MAX >> (64 - length)) << from;
            new += u64::from((mask & !*word).count_ones());
            *word |= mask;
        }
        new
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests fail by panicking")]

    use std::sync::Arc;

    use super::*;
    use ocp809_sender::geometry::PixelSize;
    use ocp809_sender::slice::SlicePlan;
    use ocp809_sender::stream::{LatchPackets, PortFrame, PortLayout};
    use ocp809_sender::wall::layout::{Grid, raster};
    use ocp809_sender::wall::{ColorlightSpec, Wall};
    use ocp809_sender::wire::ocp809::{EPOCH_WITHOUT_CARDS, FrameId, Latch, software_address};

    /// The packets of frame `id`, its latches last.
    fn frame(id: u16) -> (PortPlan, Vec<Vec<u8>>) {
        let wall = Wall::from_spec(&raster(&Grid::new(3, 1, PixelSize::new(50, 37))).unwrap()).unwrap();
        let plan = SlicePlan::build(&wall).unwrap().ports.remove(0);
        let layout = Arc::new(PortLayout::new(&wall, &plan, software_address(0), None).unwrap());
        let mut frame = PortFrame::new(Arc::clone(&layout));
        frame.seal(0..layout.packets(), FrameId(id));
        let mut packets: Vec<_> = frame.packets(0..layout.packets()).packets().map(<[u8]>::to_vec).collect();
        let mut latches = LatchPackets::new(&layout, &ColorlightSpec::default());
        let count = u16::try_from(layout.packets()).unwrap();
        let closing = latches.closing(FrameId(id), count, &Latch::neutral(EPOCH_WITHOUT_CARDS));
        packets.extend(closing.packets().map(<[u8]>::to_vec));
        (plan, packets)
    }

    fn seen(frames: impl IntoIterator<Item = Vec<Vec<u8>>>) -> PortCounts {
        let mut coverage = Coverage::new(&frame(0).0);
        frames.into_iter().flatten().for_each(|packet| coverage.take(&packet));
        coverage.take_counts()
    }

    #[test]
    fn whole_frames_are_counted_and_gaps_between_them() {
        let counts = seen([frame(65_535).1, frame(0).1, frame(3).1]);
        let packets = 3 * frame(0).0.packets.len() as u64;
        assert_eq!(counts, PortCounts { packets, whole: 3, lost: 2, ..PortCounts::default() }, "frames 1 and 2 never came");
    }

    #[test]
    fn frames_with_a_missing_a_repeated_and_a_damaged_packet_are_not_whole() {
        let told = |frame: Vec<Vec<u8>>| {
            let counts = seen([frame]);
            (counts.whole, counts.short, counts.wrong, counts.bad_crc)
        };
        let mut packets = frame(1).1;
        packets.remove(2);
        assert_eq!(told(packets.clone()), (0, 1, 0, 0), "missing");
        packets.insert(0, packets[0].clone());
        assert_eq!(told(packets), (0, 0, 1, 0), "as many packets, but one of them twice");
        let mut packets = frame(1).1;
        packets.insert(0, packets[0].clone());
        assert_eq!(told(packets), (0, 0, 1, 0), "one too many");
        let mut packets = frame(1).1;
        packets[1][100] ^= 1;
        assert_eq!(told(packets), (0, 1, 0, 1), "damaged");
        assert_eq!(told(vec![frame(1).1.pop().unwrap()]), (0, 1, 0, 0), "nothing but the latch");
    }

    #[test]
    fn pixels_are_marked_once_wherever_words_begin() {
        let mut target = Target { id: 0, bits: vec![0; 4] };
        assert_eq!(
            [target.mark(0, 1), target.mark(63, 66), target.mark(60, 80), target.mark(0, 256)],
            [1, 66, 14, 175],
            "new ones"
        );
    }
}
