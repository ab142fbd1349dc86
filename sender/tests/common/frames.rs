//! Frames that can be told apart in any memory, and how they are sent and witnessed.

use std::time::Duration;

use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::transport::{Interface, MemoryShape, PacketMemory, Transport};

use super::witness::Witness;

/// Bytes in front of a packet in its slot: those of an OCP-809 packet's headers in front of the payload at 64.
const HEADROOM: usize = 32;

/// The Ethernet type of the stream.
pub(crate) const STREAM: [u8; 2] = [0x88, 0xb5];

/// Frames of the stream in slots of one memory, told apart by number and content.
pub(crate) struct Frames {
    pub(crate) memory: PacketMemory,
    pub(crate) spans: Vec<Span>,
    source: [u8; 6],
}

impl Frames {
    fn shape(packets: usize, length: usize) -> MemoryShape {
        let slot_stride = (HEADROOM + length).next_multiple_of(64);
        MemoryShape { bytes: packets * slot_stride, slot_stride, headroom: HEADROOM, packets, in_order: true }
    }

    /// In memory of the transport where `in_place`, else in memory of its own.
    pub(crate) fn new(
        transport: &mut dyn Transport,
        interface: &Interface,
        (packets, length): (usize, usize),
        in_place: bool,
    ) -> Self {
        let shape = Self::shape(packets, length);
        let memory =
            if in_place { transport.packet_memory(&shape).expect("it has memory") } else { PacketMemory::plain(shape.bytes) };
        assert_eq!(memory.is_device(), in_place, "where it lies");
        let spans = (0..packets).map(|packet| Span::new(packet * shape.slot_stride + HEADROOM, length)).collect();
        let mut frames = Self { memory, spans, source: interface.mac.unwrap().0 };
        frames.write(0);
        frames
    }

    /// Other content.
    pub(crate) fn write(&mut self, round: u32) {
        for (number, span) in (0_u32..).zip(&self.spans) {
            let start = span.start as usize;
            let frame = &mut self.memory[start..start + span.length as usize];
            frame[..6].copy_from_slice(&[3, 0x4f, 0x43, 0x50, 0x80, 0]);
            frame[6..12].copy_from_slice(&self.source);
            frame[12..14].copy_from_slice(&STREAM);
            frame[14..18].copy_from_slice(&round.to_be_bytes());
            frame[18..22].copy_from_slice(&number.to_be_bytes());
            let seed = (round as usize * 131 + number as usize * 31).to_le_bytes()[0];
            for (at, byte) in (0_u8..=250).cycle().zip(&mut frame[22..]) {
                *byte = seed.wrapping_add(at);
            }
        }
    }

    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch::new(&self.memory, &self.spans)
    }
}

/// Sends all of a batch, `at_once` packets at a time, while the witness looks on.
pub(crate) fn send_all(transport: &mut dyn Transport, batch: Batch<'_>, at_once: usize, witness: &mut dyn FnMut()) {
    let (mut sent, mut idle) = (0, 0);
    while sent < batch.len() {
        let taken = transport.send(batch.skip(sent).take(at_once)).expect("the link is up");
        sent += taken;
        witness();
        idle = if taken > 0 { 0 } else { idle + 1 };
        assert!(idle < 2_000, "{:?} stuck at packet {sent} of {}", transport.sending(), batch.len());
        if taken == 0 {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

pub(crate) fn settle(transport: &mut dyn Transport) {
    let settled = (0..2_000).any(|_| {
        std::thread::sleep(Duration::from_micros(100));
        transport.is_settled()
    });
    assert!(settled, "everything leaves in the end");
}

/// Everything that comes until nothing comes for a while.
pub(crate) fn rest(witness: &mut Witness, arrived: &mut Vec<Vec<u8>>) {
    let mut idle = 0;
    while idle < 20 {
        idle = if witness.take(|frame| arrived.push(frame.to_vec())) > 0 { 0 } else { idle + 1 };
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(witness.missed(), 0, "the witness has room");
}
