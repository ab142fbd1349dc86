//! OCP-809 packets as text.

use core::fmt;

use super::{bytes, field};
use crate::wire::ethernet::EthernetFrame;
use crate::wire::ocp809::control::{Body, ControlError, ControlHeader, ControlPacket, Kind, Message, Opcode, Tlv, Tlvs};
use crate::wire::ocp809::{Latch, StreamHeader, StreamKind, StreamPacket, TestPattern};

/// Shows what a stream frame carries.
pub(super) fn print_stream(frame: &EthernetFrame<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("OCP-809 ")?;
    let packet = match StreamPacket::new_checked(frame.payload()) {
        Ok(packet) => packet,
        Err(error) => return write!(f, "stream, not read: {error}"),
    };
    print_stream_line(packet.header(), f)?;
    if let Err(error) = packet.check_crc() {
        write!(f, " ({error})")?;
    }
    if !f.alternate() {
        return Ok(());
    }
    match packet.latch() {
        Some(latch) => print_latch(&latch, &packet, f),
        None => bytes(f, "payload", packet.payload()),
    }
}

fn print_stream_line(header: &StreamHeader, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (frame, count) = (header.frame_id.0, header.count);
    match header.kind {
        StreamKind::Pixels(format) => {
            write!(f, "PIXELS rgb{} frame {frame} seq {} ", format.bits(), header.seq)?;
            write!(f, "target {} offset {} count {count}", header.target, header.offset)
        }
        StreamKind::Latch { copy, auth } => {
            write!(f, "LATCH frame {frame} packets {count}")?;
            write!(f, "{}{}", if copy { " COPY" } else { "" }, if auth { " AUTH" } else { "" })
        }
        StreamKind::Parity { log2_group } => {
            write!(f, "PARITY frame {frame} seq {} group {}", header.seq, 1_u32 << log2_group)
        }
        StreamKind::Other { kind, detail } => write!(f, "type {kind} detail {detail:#04x} frame {frame} seq {}", header.seq),
    }
}

fn print_latch(latch: &Latch, packet: &StreamPacket<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (gain, flags) = (|gain: u16| f64::from(gain) / f64::from(0x8000_u16), latch.flags);
    field(f, "present at", format_args!("{} ns", latch.present_at.0))?;
    field(f, "epoch", format_args!("term {} instance {:#06x}", latch.epoch.term, latch.epoch.instance))?;
    field(f, "brightness", format_args!("{} ({:.1} %)", latch.brightness, f64::from(latch.brightness) / 655.35))?;
    let [red, green, blue] = latch.gains;
    field(f, "gains", format_args!("{:.4} {:.4} {:.4}", gain(red), gain(green), gain(blue)))?;
    field(f, "refreshes per frame", format_args!("{}", latch.refreshes))?;
    match TestPattern::from_id(latch.pattern) {
        Some(pattern) => field(f, "pattern", format_args!("{} ({pattern:?})", latch.pattern)),
        None => field(f, "pattern", format_args!("{} (not known)", latch.pattern)),
    }?;
    let names =
        [(flags.black_out, "black out"), (flags.freeze, "freeze"), (flags.identify, "identify"), (flags.test_pattern, "pattern")];
    for (_, name) in names.into_iter().filter(|(set, _)| *set) {
        field(f, "flag", format_args!("{name}"))?;
    }
    field(f, "sent at", format_args!("{} ns mod 2^32", latch.sent_at))?;
    match packet.latch_auth() {
        Some(auth) => field(f, "auth", format_args!("key {} counter {}", auth.key_id, auth.counter)),
        None => Ok(()),
    }
}

/// Shows what a control frame carries.
pub(super) fn print_control(frame: &EthernetFrame<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("OCP-809 ")?;
    let packet = match ControlPacket::new_checked(frame.payload()) {
        Ok(packet) => packet,
        Err(error) => return write!(f, "control, not read: {error}"),
    };
    let header = packet.header();
    print_control_line(header, f)?;
    match packet.check_crc().and_then(|()| Message::parse(&packet)) {
        Ok(Message { body: Body::Nack(nack), .. }) => write!(f, ": {}", nack.reason),
        Ok(_) => Ok(()),
        // A piece of a longer message is no fault of its own.
        Err(ControlError::Chunk { chunk, chunks }) if chunk < chunks => write!(f, " chunk {chunk} of {chunks}"),
        Err(error) => write!(f, " ({error})"),
    }?;
    if f.alternate() { print_control_fields(&packet, f) } else { Ok(()) }
}

fn print_control_line(header: &ControlHeader, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match (Opcode::from_code(header.opcode), Kind::from_code(header.kind)) {
        (Some(Opcode::Discover), Some(Kind::Event)) => f.write_str("ANNOUNCE "),
        (Some(opcode), _) => write!(f, "{opcode} "),
        (None, _) => write!(f, "opcode {:#04x} ", header.opcode),
    }?;
    match Kind::from_code(header.kind) {
        Some(kind) => write!(f, "{kind} "),
        None => write!(f, "kind {} ", header.kind),
    }?;
    write!(f, "card {} hop {} transaction {:#x}", header.route.card_id, header.route.hop, header.transaction)?;
    f.write_str(if header.mutating { " MUTATING" } else { "" })?;
    f.write_str(if header.auth { " AUTH" } else { "" })
}

fn print_control_fields(packet: &ControlPacket<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let header = packet.header();
    if header.auth {
        field(f, "auth", format_args!("key {} counter {}", header.key_id, header.counter))?;
    }
    if header.chunks != 1 {
        field(f, "chunk", format_args!("{} of {}", header.chunk, header.chunks))?;
        if Opcode::from_code(header.opcode) != Some(Opcode::CalChunk) {
            return bytes(f, "piece of a body", packet.body());
        }
    }
    Tlvs::new(packet.body()).try_for_each(|tlv| match tlv {
        Ok((kind, value)) => print_tlv(kind, value, f),
        Err(error) => field(f, "body", format_args!("{error}")),
    })
}

fn print_tlv(kind: u16, value: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match Tlv::parse(kind, value) {
        Some(Ok(tlv)) => {
            write!(f, "\n    {}", tlv.doc().name)?;
            let mut result = Ok(());
            tlv.describe(&mut |name, value| {
                if result.is_ok() {
                    result = write!(f, "\n      {name:<24}{value}");
                }
            });
            result
        }
        Some(Err(error)) => field(f, "TLV", format_args!("{error}")),
        None => {
            field(f, "TLV", format_args!("{kind:#06x}, not known"))?;
            bytes(f, "value", value)
        }
    }
}
