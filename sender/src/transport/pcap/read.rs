//! Reading captures of any origin: pcapng of both byte orders and every timestamp resolution, and classic pcap.
//!
//! Only what is needed is parsed, with lengths checked here: captures come from strangers.

use core::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::PcapNgReader;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption;
use pcap_file::pcapng::blocks::{ENHANCED_PACKET_BLOCK, SIMPLE_PACKET_BLOCK};
use pcap_file::{DataLink, Endianness, PcapError};

use super::CaptureError;
use crate::time::NANOS_PER_SECOND;

/// First bytes of a pcapng file.
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// First bytes of pcap files: micro- and nanoseconds, in both byte orders.
const PCAP: [[u8; 4]; 4] =
    [[0xa1, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0x3c, 0x4d], [0x4d, 0x3c, 0xb2, 0xa1]];

/// A packet of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapturedPacket<'a> {
    /// When it was captured: nanoseconds from 1970-01-01 UTC.
    pub utc_ns: u64,
    /// The interface, a place in [`CaptureReader::interfaces`]; 0 in pcap files.
    pub interface: u32,
    /// Bytes that it had on the wire; more than there are in `data` when the capture cut it off.
    pub original_length: u32,
    /// The Ethernet frame.
    pub data: &'a [u8],
}

/// Reads a capture packet by packet.
pub struct CaptureReader {
    path: PathBuf,
    source: Source,
    packets: u64,
    interfaces: Vec<String>,
    /// Body of the newest block.
    block: Vec<u8>,
    /// The newest packet.
    data: Vec<u8>,
    last_utc_ns: u64,
}

enum Source {
    Pcap(PcapReader<File>),
    PcapNg(PcapNgReader<File>),
}

/// What lies in front of a packet's bytes.
struct Head {
    utc_ns: u64,
    interface: u32,
    original_length: u32,
}

impl CaptureReader {
    /// Opens a capture.
    ///
    /// # Errors
    /// [`CaptureError::Open`], [`CaptureError::NotACapture`], [`CaptureError::NotEthernet`].
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let opened = |source| CaptureError::Open { path: path.to_owned(), source };
        let not_a_capture = |_: PcapError| CaptureError::NotACapture { path: path.to_owned() };
        let mut file = File::open(path).map_err(opened)?;
        let mut magic = [0; 4];
        let length = read_most(&mut file, &mut magic).map_err(opened)?;
        file.rewind().map_err(opened)?;
        let source = if length == magic.len() && magic == PCAPNG {
            Source::PcapNg(PcapNgReader::new(file).map_err(not_a_capture)?)
        } else if length == magic.len() && PCAP.contains(&magic) {
            Source::Pcap(PcapReader::new(file).map_err(not_a_capture)?)
        } else {
            return Err(CaptureError::NotACapture { path: path.to_owned() });
        };
        let (interfaces, block, data) = (Vec::new(), Vec::new(), Vec::new());
        let mut reader = Self { path: path.to_owned(), source, packets: 0, interfaces, block, data, last_utc_ns: 0 };
        if let Source::Pcap(pcap) = &reader.source {
            let link_type = pcap.header().datalink;
            reader.check_ethernet(link_type)?;
            reader.interfaces.push(String::from("pcap"));
        }
        Ok(reader)
    }

    /// Names of the interfaces that were described so far.
    #[must_use]
    pub fn interfaces(&self) -> &[String] {
        &self.interfaces
    }

    /// Packets that were read.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// The next packet; `None` at the end.
    ///
    /// # Errors
    /// [`CaptureError::Truncated`], [`CaptureError::Damaged`], [`CaptureError::UnknownInterface`],
    /// [`CaptureError::NotEthernet`], [`CaptureError::Io`]. What was read before is good.
    pub fn next_packet(&mut self) -> Result<Option<CapturedPacket<'_>>, CaptureError> {
        let head = match self.source {
            Source::Pcap(_) => self.next_of_pcap()?,
            Source::PcapNg(_) => self.next_of_pcapng()?,
        };
        let Some(Head { utc_ns, interface, original_length }) = head else { return Ok(None) };
        self.packets += 1;
        self.last_utc_ns = utc_ns;
        Ok(Some(CapturedPacket { utc_ns, interface, original_length, data: &self.data }))
    }

    fn next_of_pcap(&mut self) -> Result<Option<Head>, CaptureError> {
        let Source::Pcap(reader) = &mut self.source else { return Ok(None) };
        let head = match reader.next_packet() {
            None => return Ok(None),
            Some(Ok(packet)) => {
                self.data.clear();
                self.data.extend_from_slice(&packet.data);
                let utc_ns = u64::try_from(packet.timestamp.as_nanos()).unwrap_or(u64::MAX);
                Ok(Head { utc_ns, interface: 0, original_length: packet.orig_len })
            }
            Some(Err(error)) => Err(error),
        };
        head.map(Some).map_err(|error| self.failed(error))
    }

    fn next_of_pcapng(&mut self) -> Result<Option<Head>, CaptureError> {
        loop {
            let Source::PcapNg(reader) = &mut self.source else { return Ok(None) };
            let kind = match reader.next_raw_block() {
                None => return Ok(None),
                Some(Ok(block)) => {
                    self.block.clear();
                    self.block.extend_from_slice(&block.body);
                    block.type_
                }
                Some(Err(error)) => return Err(self.failed(error)),
            };
            self.note_interfaces()?;
            match kind {
                ENHANCED_PACKET_BLOCK => return self.enhanced_packet().map(Some),
                SIMPLE_PACKET_BLOCK => return self.simple_packet().map(Some),
                _ => {}
            }
        }
    }

    /// Learns interfaces that were described since the last block; a new section begins anew.
    fn note_interfaces(&mut self) -> Result<(), CaptureError> {
        let Source::PcapNg(reader) = &self.source else { return Ok(()) };
        let known = reader.interfaces();
        self.interfaces.truncate(known.len());
        let Some(described) = known.get(self.interfaces.len()) else { return Ok(()) };
        let named = described.options.iter().find_map(|option| {
            if let InterfaceDescriptionOption::IfName(name) = option { Some(name.clone().into_owned()) } else { None }
        });
        let link_type = described.linktype;
        self.interfaces.push(named.unwrap_or_else(|| format!("interface {}", self.interfaces.len())));
        self.check_ethernet(link_type)
    }

    fn enhanced_packet(&mut self) -> Result<Head, CaptureError> {
        let words = (self.word(0), self.word(4), self.word(8), self.word(12), self.word(16));
        let (Some(interface), Some(high), Some(low), Some(length), Some(original_length)) = words else {
            return Err(self.failed(PcapError::InvalidField("enhanced packet block shorter than its header")));
        };
        let Some(data) = self.block.get(20..20_usize.saturating_add(length as usize)) else {
            return Err(self.failed(PcapError::InvalidField("enhanced packet block shorter than its packet")));
        };
        let utc_ns = self.utc_ns(interface, u64::from(high) << 32 | u64::from(low))?;
        self.data.clear();
        self.data.extend_from_slice(data);
        Ok(Head { utc_ns, interface, original_length })
    }

    /// A packet without a time: it gets that of the packet before.
    fn simple_packet(&mut self) -> Result<Head, CaptureError> {
        let Some(original_length) = self.word(0) else {
            return Err(self.failed(PcapError::InvalidField("simple packet block shorter than its header")));
        };
        self.utc_ns(0, 0)?;
        let data = self.block.get(4..).unwrap_or_default();
        self.data.clear();
        self.data.extend_from_slice(data.get(..original_length as usize).unwrap_or(data));
        Ok(Head { utc_ns: self.last_utc_ns, interface: 0, original_length })
    }

    /// A word of the block in the file's byte order.
    fn word(&self, at: usize) -> Option<u32> {
        let bytes = self.block.get(at..at + 4)?.try_into().ok()?;
        let Source::PcapNg(reader) = &self.source else { return None };
        Some(match reader.section().endianness {
            Endianness::Big => u32::from_be_bytes(bytes),
            Endianness::Little => u32::from_le_bytes(bytes),
        })
    }

    /// A time in an interface's ticks as nanoseconds.
    fn utc_ns(&self, interface: u32, ticks: u64) -> Result<u64, CaptureError> {
        let Source::PcapNg(reader) = &self.source else { return Ok(0) };
        let interfaces = reader.interfaces();
        let Some(described) = interfaces.get(interface as usize) else {
            let (path, packets) = (self.path.clone(), self.packets);
            return Err(CaptureError::UnknownInterface { path, packets, interface, interfaces: interfaces.len() });
        };
        let (mut resolution, mut offset_s) = (6_u8, 0_u64);
        for option in &described.options {
            if let InterfaceDescriptionOption::IfTsResol(value) = option {
                resolution = *value;
            } else if let InterfaceDescriptionOption::IfTsOffset(value) = option {
                offset_s = *value;
            }
        }
        Ok(ticks_to_ns(ticks, resolution).saturating_add(offset_s.saturating_mul(NANOS_PER_SECOND)))
    }

    fn check_ethernet(&self, link_type: DataLink) -> Result<(), CaptureError> {
        if link_type == DataLink::ETHERNET {
            return Ok(());
        }
        Err(CaptureError::NotEthernet { path: self.path.clone(), link_type: link_type.into() })
    }

    fn failed(&self, error: PcapError) -> CaptureError {
        let (path, packets) = (self.path.clone(), self.packets);
        if let PcapError::IoError(source) = error {
            if source.kind() == io::ErrorKind::UnexpectedEof {
                return CaptureError::Truncated { path, packets };
            }
            return CaptureError::Io { path, operation: "reading", source };
        }
        CaptureError::Damaged { path, packets, source: error }
    }
}

impl fmt::Debug for CaptureReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureReader").field("path", &self.path).field("packets", &self.packets).finish_non_exhaustive()
    }
}

/// Ticks of an `if_tsresol` (pcapng section 4.2): a power of ten, or of two where the highest bit is set.
fn ticks_to_ns(ticks: u64, resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
    // Finer than 10^-38 s: every time is 0.
    let per_second = base.checked_pow(exponent).unwrap_or(u128::MAX);
    u64::try_from(u128::from(ticks) * u128::from(NANOS_PER_SECOND) / per_second).unwrap_or(u64::MAX)
}

/// Reads until `buffer` is full or the file ends.
fn read_most(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            bytes => length += bytes,
        }
    }
    Ok(length)
}
