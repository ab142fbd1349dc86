//! `ocp809 inspect`: captures of all our protocols in words.

use std::path::PathBuf;

use ocp809_sender::transport::pcap::{CaptureReader, CapturedPacket};
use ocp809_sender::wire::print::Print;
use serde_json::json;

use super::Console;
use crate::error::AppError;

/// Decodes a capture of OCP-809 or Colorlight packets
///
/// A capture that ends in the middle of a packet is shown up to there, and the command exits with 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 inspect bars.pcapng
  ocp809 inspect bars.pcapng --fields --limit 20
  ocp809 inspect bars.pcapng --json | jq .text")]
pub(super) struct Args {
    /// A pcapng or pcap file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Every field of every packet instead of one line for each
    #[arg(long)]
    fields: bool,
    /// Ends after this many packets
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let mut capture = CaptureReader::open(&args.file)?;
    let mut first_ns = None;
    while capture.packets() < args.limit.unwrap_or(u64::MAX) {
        let number = capture.packets() + 1;
        let Some(packet) = capture.next_packet()? else { break };
        let since_ns = packet.utc_ns.saturating_sub(*first_ns.get_or_insert(packet.utc_ns));
        show(number, since_ns, &packet, args.fields, console)?;
    }
    Ok(())
}

fn show(
    number: u64,
    since_ns: u64,
    packet: &CapturedPacket<'_>,
    fields: bool,
    console: &mut Console<'_>,
) -> Result<(), AppError> {
    let print = Print::new(packet.data);
    let text = if fields { format!("{print:#}") } else { print.to_string() };
    if console.json {
        let document = json!({
            "number": number,
            "utc_ns": packet.utc_ns,
            "interface": packet.interface,
            "bytes": packet.original_length,
            "text": text,
        });
        return console.line(document);
    }
    let (seconds, nanos) = (since_ns / 1_000_000_000, since_ns % 1_000_000_000);
    console.line(format_args!("{number:>6} {seconds:>4}.{nanos:09} if{} {text}", packet.interface))
}
