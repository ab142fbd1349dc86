//! Bodies of the fuzz targets (tests/fuzz): plain functions over bytes, so that every test run replays the corpus.
//!
//! A body panics when a promise is broken; a fuzzer looks for bytes that make it.

use crate::emulator::VirtualWall;
use crate::geometry::PixelSize;
use crate::ids::{PortIndex, ScreenIndex};
use crate::stream::FeedEnd;
use crate::time::{NANOS_PER_SECOND, Nanos, Tai};
use crate::wall::layout::{Grid, serpentine};
use crate::wall::{ProtocolKind, Wall};
use crate::wire::colorlight::{self, ColorlightFrame};
use crate::wire::ethernet::{self, EtherType, EthernetFrame, MacAddress};
use crate::wire::field::{put_bytes, put_u8, u16_at};
use crate::wire::ocp809::control::{
    Body, ControlFrame, ControlHeader, HEADER_LEN, Message, Reassembly, Request, Seal, forward, mend,
};
use crate::wire::ocp809::examples::{CARD, CARD_ADDRESS, KEY, SENDER_ADDRESS};
use crate::wire::ocp809::{FrameId, StreamPacket, seal};
use crate::wire::print::Print;

const SEAL: Seal<'static> = Seal { destination: CARD_ADDRESS, source: SENDER_ADDRESS, frame_max: 9_014, signer: None };

/// Any bytes as an Ethernet frame: every parser and the printer.
pub fn frame(data: &[u8]) {
    let shown = Print::new(data);
    assert!(!format!("{shown} {shown:#}").is_empty(), "every frame has a line");
    if let Ok(outer) = EthernetFrame::new_checked(data)
        && let Ok(packet) = StreamPacket::new_checked(outer.payload())
    {
        assert!(packet.payload().len() <= outer.payload().len(), "a payload lies in its frame");
        let _ = (packet.check_crc(), packet.latch(), packet.latch_auth());
    }
    if let Ok(ColorlightFrame::Row(row)) = ColorlightFrame::parse(data) {
        assert_eq!(row.pixels().len(), 3 * usize::from(row.repr().count), "a row holds its pixels");
    }
    if let Ok(control) = ControlFrame::new_checked(data) {
        let _ = (control.is_authentic(&CARD, &KEY), Message::parse(control.packet()));
        let mut copy = data.to_vec();
        if forward(&mut copy) {
            let forwarded = ControlFrame::new_checked(&copy).map(|f| f.packet().check_crc());
            assert_eq!(forwarded, Ok(control.packet().check_crc()), "forwarding neither breaks nor mends");
        }
    }
}

/// Kind, opcode and a body: what is understood survives being written and read again.
pub fn message(data: &[u8]) {
    let Some(([kind, opcode, chunk, chunks], body)) = data.split_first_chunk() else { return };
    let mut head = [0; HEADER_LEN];
    put_u8(&mut head, 0, 0x10 | kind & 15);
    put_u8(&mut head, 1, *opcode);
    put_u8(&mut head, 21, *chunk);
    put_u8(&mut head, 23, *chunks);
    let Ok(message) = Message::from_body(&ControlHeader::parse(&head), body) else { return };
    let Ok(frames) = message.emit(&SEAL) else { return };
    let mut join = Reassembly::new();
    let mut joined = None;
    for frame in &frames {
        let Ok(frame) = ControlFrame::new_checked(frame) else { unreachable!("own frames are sound") };
        assert_eq!(frame.packet().check_crc(), Ok(()), "own frames carry their CRC");
        joined = join.push(&frame).ok().flatten();
    }
    assert_eq!(joined.map(understood), Some(understood(message)), "what was understood is what was written");
}

/// Pieces of messages, each prefixed with its length, as they may come from any number of confused senders.
pub fn pieces(data: &[u8]) {
    let mut join = Reassembly::new();
    let mut rest = data;
    while let Some(([length], tail)) = rest.split_first_chunk() {
        let (piece, tail) = tail.split_at_checked(usize::from(*length)).unwrap_or((tail, &[]));
        rest = tail;
        let mut frame = vec![0; 14.max(piece.len())];
        put_bytes(&mut frame, 0, piece);
        put_bytes(&mut frame, 12, &[0x88, 0xb6]);
        if let Ok(frame) = ControlFrame::new_checked(&frame) {
            let _ = join.push(&frame);
        }
    }
}

/// A conversation with virtual cards of both protocols: each piece is a byte of how, two of length, and its bytes.
///
/// How: bits 0 and 1 are the envelope (`enveloped`), bit 2 the port, bit 3 its end, bits 4 to 7 the time that passes.
pub fn cards(data: &[u8]) {
    let mut cards = VirtualWall::new(&wall_of_both());
    let (mut now, mut rest) = (0_u64, data);
    while let Some(([how, high, low], tail)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (piece, tail) = tail.split_at_checked(length).unwrap_or((tail, &[]));
        rest = tail;
        now += (1_u64 << (2 * (how >> 4))) - 1;
        let port = PortIndex(u16::from(how >> 2 & 1));
        let end = if how & 8 == 0 { FeedEnd::Head } else { FeedEnd::Tail };
        cards.deliver(port, end, Nanos(now), Tai(now), &enveloped(how & 3, piece));
        cards.advance(Nanos(now), Tai(now));
    }
    // Whatever still waits for its time has it now.
    now += 10 * NANOS_PER_SECOND;
    cards.advance(Nanos(now), Tai(now));
    for (port, end) in [(0, FeedEnd::Head), (0, FeedEnd::Tail), (1, FeedEnd::Head), (1, FeedEnd::Tail)] {
        cards.drain(PortIndex(port), end, &mut |frame| {
            assert!(EthernetFrame::new_checked(frame).is_ok() && frame.len() <= 9_018, "cards answer in frames");
        });
    }
    let mut light = Vec::new();
    cards.light(ScreenIndex(0), &mut light);
    assert_eq!(light.len(), 4 * 8 * 4, "each LED has its light");
    assert!(light.iter().flatten().all(|channel| (0.0..=1.0).contains(channel)), "and no more than there is");
}

/// A piece as a cable brings it: 0 as it is; 1 as a stream packet and 2 as a control packet, addressed and with a good CRC;
/// 3 as a Colorlight frame.
fn enveloped(envelope: u8, piece: &[u8]) -> Vec<u8> {
    let addressed = |kind: &[u8]| [&MacAddress::BROADCAST.0[..], &SENDER_ADDRESS.0, kind, piece].concat();
    match envelope {
        0 => piece.to_vec(),
        1 => {
            let mut frame = addressed(&EtherType::OCP809_STREAM.0.to_be_bytes());
            if let Some(packet) = frame.get_mut(ethernet::HEADER_LEN..) {
                let frame_id = FrameId(u16_at(packet, 2));
                seal(packet, frame_id);
            }
            frame
        }
        2 => {
            let mut frame = addressed(&EtherType::OCP809_CONTROL.0.to_be_bytes());
            mend(&mut frame);
            frame
        }
        _ => [&colorlight::CARD_ADDRESS.0[..], &colorlight::SENDER_ADDRESS.0, piece].concat(),
    }
}

/// A wall of two ports with two cards of 8x4 pixels each, the second of Colorlight receivers.
fn wall_of_both() -> Wall {
    let mut grid = Grid::new(4, 1, PixelSize::new(8, 4));
    grid.ports = 2;
    let Ok(mut spec) = serpentine(&grid) else { unreachable!("a small grid") };
    if let Some(port) = spec.ports.get_mut(1) {
        port.protocol = ProtocolKind::Colorlight;
    }
    let Ok(wall) = Wall::from_spec(&spec) else { unreachable!("a small wall") };
    wall
}

/// Without the types that this version does not know: they are reported, not written.
fn understood(mut message: Message) -> Message {
    if let Body::Request(Request::Set(set)) = &mut message.body {
        set.unknown.clear();
    }
    message
}

#[cfg(test)]
mod tests;
