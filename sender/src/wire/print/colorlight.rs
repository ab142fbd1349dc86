//! Colorlight packets as text.

use core::fmt;

use super::{bytes, field};
use crate::wire::colorlight::{ColorlightFrame, DiscoveryReplyRepr, PacketType, SyncOrigin, SyncRepr, model_name};
use crate::wire::ethernet::MacAddress;
use crate::wire::field::array_at;

/// Shows a frame that goes to or comes from a receiver card.
pub(super) fn print(frame: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} > {} Colorlight ", MacAddress(array_at(frame, 6)), MacAddress(array_at(frame, 0)))?;
    match ColorlightFrame::parse(frame) {
        Ok(ColorlightFrame::Row(row)) => {
            let repr = row.repr();
            write!(f, "{} {} x {} count {}", PacketType::Row, repr.row, repr.x, repr.count)?;
            if f.alternate() {
                let [first, second] = repr.marker;
                field(f, "constants", format_args!("{first:#04x} {second:#04x}"))?;
                bytes(f, "pixels", row.pixels())?;
            }
            Ok(())
        }
        Ok(ColorlightFrame::Sync(sync)) => print_sync(sync.repr(), f),
        Ok(ColorlightFrame::Brightness(brightness)) => {
            let [red, green, blue] = brightness.repr().levels;
            write!(f, "{} {red} {green} {blue}", PacketType::Brightness)
        }
        Ok(ColorlightFrame::DiscoveryRequest(request)) => {
            write!(f, "{} card {}", PacketType::DiscoveryRequest, request.repr().place)
        }
        Ok(ColorlightFrame::DiscoveryReply(reply)) => print_reply(&reply.repr(), f),
        Err(error) => write!(f, "not read: {error}"),
    }
}

fn print_sync(sync: SyncRepr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} brightness {}", PacketType::Sync, sync.brightness)?;
    if !f.alternate() {
        return Ok(());
    }
    match sync.origin {
        SyncOrigin::NetworkCard => field(f, "origin", format_args!("network card")),
        SyncOrigin::SendingCard => field(f, "origin", format_args!("sending card")),
        SyncOrigin::Other(first, second) => field(f, "origin", format_args!("{first:#04x} {second:#04x}")),
    }?;
    let [red, green, blue] = sync.gains;
    field(f, "gains", format_args!("{red} {green} {blue}"))?;
    field(f, "hops", format_args!("{}", sync.hops))
}

fn print_reply(reply: &DiscoveryReplyRepr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (major, minor) = reply.firmware;
    write!(f, "{} card {} {}x{}", PacketType::DiscoveryReply, reply.place, reply.width, reply.height)?;
    if !f.alternate() {
        return Ok(());
    }
    field(f, "model", format_args!("{} ({})", reply.model, model_name(reply.model).unwrap_or("not known")))?;
    field(f, "firmware", format_args!("{major}.{minor}"))?;
    field(f, "packets", format_args!("{}", reply.packets))?;
    field(f, "uptime", format_args!("{} ms", reply.uptime_ms))
}
