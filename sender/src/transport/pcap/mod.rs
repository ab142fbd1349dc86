//! Captures: the stream into a pcapng file, one interface per port, and pcapng or pcap files back onto a link.

mod read;
mod replay;
mod write;

use std::io;
use std::path::PathBuf;

pub use read::{CaptureReader, CapturedPacket};
pub use replay::{Replay, ReplaySpeed};
pub use write::{CaptureFile, CaptureInterface, CapturePort, create};

/// Why a capture could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file cannot be opened.
    #[error("cannot open the capture {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The file cannot be created.
    #[error("cannot create the capture {}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} is no capture: expected a pcapng or pcap file (tcpdump -w, dumpcap, ocp809 send --to pcap:FILE)", path.display())]
    NotACapture {
        /// The file.
        path: PathBuf,
    },
    /// The file holds another kind of packets.
    #[error("{} holds packets of link type {link_type}: expected Ethernet (link type 1)", path.display())]
    NotEthernet {
        /// The file.
        path: PathBuf,
        /// The link type (tcpdump.org/linktypes.html).
        link_type: u32,
    },
    /// The file ends in the middle of a packet.
    #[error("{} ends in the middle of packet {}: the packets before it are good", path.display(), packets + 1)]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Whole packets in front of the end.
        packets: u64,
    },
    /// The file contradicts itself.
    #[error("{} is damaged after packet {packets}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Whole packets in front of the damage.
        packets: u64,
        /// What is wrong.
        #[source]
        source: pcap_file::PcapError,
    },
    /// A packet refers to an interface that the file does not describe.
    #[error("{} is damaged after packet {packets}: a packet names interface {interface} of {interfaces}", path.display())]
    UnknownInterface {
        /// The file.
        path: PathBuf,
        /// Whole packets in front of the damage.
        packets: u64,
        /// The interface that the packet names.
        interface: u32,
        /// Interfaces of the file.
        interfaces: usize,
    },
    /// The system failed to read or write.
    #[error("{operation} the capture {} failed; it holds every packet before", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was done.
        operation: &'static str,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}
