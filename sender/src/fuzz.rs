//! Bodies of the fuzz targets (tests/fuzz): plain functions over bytes, so that every test run replays the corpus.
//!
//! A body panics when a promise is broken; a fuzzer looks for bytes that make it.

use crate::wire::colorlight::ColorlightFrame;
use crate::wire::ethernet::EthernetFrame;
use crate::wire::field::{put_bytes, put_u8};
use crate::wire::ocp809::StreamPacket;
use crate::wire::ocp809::control::{Body, ControlFrame, ControlHeader, HEADER_LEN, Message, Reassembly, Request, Seal, forward};
use crate::wire::ocp809::examples::{CARD, CARD_ADDRESS, KEY, SENDER_ADDRESS};
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

/// Without the types that this version does not know: they are reported, not written.
fn understood(mut message: Message) -> Message {
    if let Body::Request(Request::Set(set)) = &mut message.body {
        set.unknown.clear();
    }
    message
}

#[cfg(test)]
mod tests;
