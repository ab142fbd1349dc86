//! Writing pcapng: nanosecond timestamps, one interface per port, and a file that is valid whenever writing stops, also
//! on a full disk: only whole blocks stay in it.

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{Block, PcapNgWriter};
use pcap_file::{DataLink, Endianness, PcapError};

use super::CaptureError;
use crate::stream::Batch;
use crate::time::{Clock, NANOS_PER_SECOND, TAI_MINUS_UTC_S};
use crate::transport::{ETHERNET_HEADER, LinkState, Transport, TransportError};
use crate::wire::ethernet::MacAddress;
use crate::wire::field::array_at;

/// Bytes that are collected before they are written.
const CHUNK: usize = 1 << 20;

/// Largest frame: jumbo MTU, Ethernet header, VLAN tag.
const FRAME_LIMIT: usize = 9018;

/// Bytes of a packet block around its packet, and padding.
const BLOCK_OVERHEAD: usize = 36;

/// `if_tsresol`: 10^-9 s.
const NANOSECONDS: u8 = 9;

/// What the file says about a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureInterface {
    /// Its name.
    pub name: String,
    /// The address that it sends from.
    pub mac: MacAddress,
    /// Its link speed in Mbit/s.
    pub rate_mbit: u32,
}

/// Creates a capture and gives one transport per interface. Timestamps are the clock's, in UTC.
///
/// # Errors
/// [`CaptureError::Create`], [`CaptureError::Io`].
pub fn create(path: &Path, interfaces: &[CaptureInterface], clock: &Arc<dyn Clock>) -> Result<Vec<CapturePort>, CaptureError> {
    let file = File::create(path).map_err(|source| CaptureError::Create { path: path.to_owned(), source })?;
    let mut capture = Capture::new(path, file).map_err(|source| io_error(path, source))?;
    for interface in interfaces {
        capture.write(&description(interface)).map_err(|source| io_error(path, source))?;
    }
    // What the file promises is on the disk before a packet is.
    capture.flush().map_err(|source| io_error(path, source))?;
    let capture = Arc::new(Mutex::new(capture));
    let port = |(index, interface): (usize, &CaptureInterface)| CapturePort {
        capture: Arc::clone(&capture),
        interface: u32::try_from(index).unwrap_or(u32::MAX),
        name: interface.name.clone(),
        clock: Arc::clone(clock),
        packets: 0,
    };
    Ok(interfaces.iter().enumerate().map(port).collect())
}

fn io_error(path: &Path, source: io::Error) -> CaptureError {
    CaptureError::Io { path: path.to_owned(), operation: "writing", source }
}

fn description(interface: &CaptureInterface) -> Block<'static> {
    let options = vec![
        InterfaceDescriptionOption::IfName(Cow::Owned(interface.name.clone())),
        InterfaceDescriptionOption::IfMacAddr(Cow::Owned(interface.mac.0.to_vec())),
        InterfaceDescriptionOption::IfSpeed(u64::from(interface.rate_mbit) * 1_000_000),
        InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
    ];
    Block::InterfaceDescription(InterfaceDescriptionBlock { linktype: DataLink::ETHERNET, snaplen: 0, options })
}

/// One interface of a capture: a transport that nothing is ever received from.
pub struct CapturePort {
    capture: Arc<Mutex<Capture>>,
    interface: u32,
    name: String,
    clock: Arc<dyn Clock>,
    packets: u64,
}

impl CapturePort {
    /// Packets written by this port.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// The file of all ports, for whoever gives the port away and still wants to know that everything was written.
    #[must_use]
    pub fn file(&self) -> CaptureFile {
        CaptureFile(Arc::clone(&self.capture))
    }
}

/// The file behind the ports of a capture.
#[derive(Clone)]
pub struct CaptureFile(Arc<Mutex<Capture>>);

impl CaptureFile {
    /// Writes what is collected, for all ports. The last port does so when it is dropped, but cannot say that the disk was
    /// full.
    ///
    /// # Errors
    /// [`CaptureError::Io`], also where an earlier write failed; the file holds every packet that fitted.
    pub fn finish(&self) -> Result<(), CaptureError> {
        let mut capture = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        capture.flush().map_err(|source| CaptureError::Io { path: capture.path.clone(), operation: "writing", source })
    }
}

impl fmt::Debug for CaptureFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureFile").finish_non_exhaustive()
    }
}

impl Transport for CapturePort {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        let utc_ns = self.clock.tai().0.saturating_sub(TAI_MINUS_UTC_S * NANOS_PER_SECOND);
        let mut sent = 0;
        let mut capture = self.capture.lock().unwrap_or_else(PoisonError::into_inner);
        for packet in batch.packets() {
            match capture.write_packet(self.interface, utc_ns, packet) {
                Ok(()) => sent += 1,
                // The next call meets the error again, with its packet in front.
                Err(_) if sent > 0 => break,
                Err(error) => return Err(error),
            }
        }
        self.packets += sent as u64;
        Ok(sent)
    }

    fn receive(&mut self, _buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        Ok(None)
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        self.clock.sleep_until(self.clock.now().after(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)));
        Ok(false)
    }

    fn link(&mut self) -> LinkState {
        LinkState::Up { rate_mbit: None }
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for CapturePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturePort").field("name", &self.name).field("packets", &self.packets).finish_non_exhaustive()
    }
}

/// The file behind all ports.
struct Capture {
    path: PathBuf,
    file: File,
    writer: PcapNgWriter<Blocks>,
    /// Bytes of whole blocks in the file.
    valid: u64,
    /// Why nothing more is written.
    failed: Option<io::ErrorKind>,
}

impl Capture {
    fn new(path: &Path, file: File) -> io::Result<Self> {
        let application = format!("ocp809 {}", env!("CARGO_PKG_VERSION"));
        let section = SectionHeaderBlock {
            endianness: Endianness::native(),
            options: vec![SectionHeaderOption::UserApplication(Cow::Owned(application))],
            ..SectionHeaderBlock::default()
        };
        let blocks = Blocks(Vec::with_capacity(CHUNK + FRAME_LIMIT + BLOCK_OVERHEAD));
        let writer = PcapNgWriter::with_section_header(blocks, section).map_err(into_io)?;
        Ok(Self { path: path.to_owned(), file, writer, valid: 0, failed: None })
    }

    fn write(&mut self, block: &Block<'_>) -> io::Result<()> {
        if let Some(kind) = self.failed {
            return Err(kind.into());
        }
        self.writer.write_block(block).map_err(into_io)?;
        if self.writer.get_ref().0.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn write_packet(&mut self, interface: u32, utc_ns: u64, packet: &[u8]) -> Result<(), TransportError> {
        if !(ETHERNET_HEADER..=FRAME_LIMIT).contains(&packet.len()) {
            return Err(TransportError::PacketSize { bytes: packet.len(), minimum: ETHERNET_HEADER, maximum: FRAME_LIMIT });
        }
        let block = EnhancedPacketBlock {
            interface_id: interface,
            timestamp: Duration::from_nanos(utc_ns),
            original_len: u32::try_from(packet.len()).unwrap_or(u32::MAX),
            data: Cow::Borrowed(packet),
            options: Vec::new(),
        };
        self.write(&Block::EnhancedPacket(block))
            .map_err(|source| TransportError::System { operation: "writing the capture", source })
    }

    /// Writes what is collected. What does not fit on the disk is cut off behind the last whole block.
    fn flush(&mut self) -> io::Result<()> {
        if let Some(kind) = self.failed {
            return Err(kind.into());
        }
        let blocks = &mut self.writer.get_mut().0;
        let mut written = 0;
        let mut result = Ok(());
        while let Some(rest) = blocks.get(written..).filter(|rest| !rest.is_empty()) {
            match self.file.write(rest) {
                Ok(0) => result = Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => result = Err(error),
            }
            if result.is_err() {
                break;
            }
        }
        self.valid += whole_blocks(blocks, written) as u64;
        blocks.clear();
        if let Err(error) = &result {
            self.failed = Some(error.kind());
            self.file.set_len(self.valid)?;
        }
        result
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::warn!(path = %self.path.display(), %error, "the capture was cut behind its last whole packet");
        }
    }
}

/// Where the writer collects blocks.
struct Blocks(Vec<u8>);

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes of the blocks at the front of `blocks` that lie wholly in its first `written` bytes: each says its length in
/// its second word.
fn whole_blocks(blocks: &[u8], written: usize) -> usize {
    let mut whole = 0;
    loop {
        let length = u32::from_ne_bytes(array_at(blocks, whole + 4)) as usize;
        if length == 0 || whole + length > written.min(blocks.len()) {
            return whole;
        }
        whole += length;
    }
}

fn into_io(error: PcapError) -> io::Error {
    if let PcapError::IoError(source) = error { source } else { io::Error::other(error) }
}
