//! pnet: raw Ethernet on every system, one packet per call. The fall-back where AF_PACKET does not serve, and the
//! yardstick that it is measured against.
//!
//! pnet sees every frame of the interface, its own ones too; both are filtered here. While the link is down its receiver
//! fails at once and for ever, so that it is asked less and less often.

use core::fmt;
use core::time::Duration;
use std::io;

use pnet::datalink::{self, Channel, DataLinkReceiver, DataLinkSender};

use super::backend::{Backend, Sending};
use super::interface::Interface;
use super::link::Carrier;
use super::open::{OpenError, Reception};
use super::{ETHERNET_HEADER, LinkState, Transport, TransportError};
use crate::stream::Batch;
use crate::wire::ethernet::MacAddress;

/// Addresses that frames were sent from and are remembered; a cascade of virtual cards has one each.
const OWN_ADDRESSES: usize = 256;

/// Receive calls that are skipped at most after errors.
const MOST_SKIPPED: u32 = 1024;

/// A waiting end looks this often.
const LOOK: Duration = Duration::from_millis(1);

/// An interface opened by pnet. Unlike the others it allocates a little: pnet's "nothing there" is a heap value.
pub struct PortableTransport {
    name: String,
    frame_limit: usize,
    reception: Reception,
    sender: Box<dyn DataLinkSender>,
    receiver: Box<dyn DataLinkReceiver>,
    own: Vec<MacAddress>,
    carrier: Carrier,
    /// A frame that [`Transport::wait`] has taken already.
    waiting: Vec<u8>,
    backoff: Backoff,
}

/// Calls to skip after errors: 1, 2, 4 ..
#[derive(Debug, Default)]
struct Backoff {
    skip: u32,
    last: u32,
}

impl Backoff {
    fn failed(&mut self) {
        self.last = (self.last * 2).clamp(1, MOST_SKIPPED);
        self.skip = self.last;
    }

    fn worked(&mut self) {
        self.last = 0;
    }

    /// Whether this call is skipped.
    fn skips(&mut self) -> bool {
        let skips = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        skips
    }
}

impl PortableTransport {
    /// Opens an interface. Needs `CAP_NET_RAW` on Linux.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(interface: &Interface, reception: Reception) -> Result<Self, OpenError> {
        let failed = |operation| move |source| OpenError::system(&interface.name, operation, source);
        let carrier = Carrier::watch(interface).map_err(failed("watching the carrier"))?;
        let frame_limit = interface.mtu as usize + ETHERNET_HEADER;
        let config = datalink::Config {
            promiscuous: false,
            read_timeout: Some(Duration::ZERO),
            write_timeout: Some(Duration::ZERO),
            read_buffer_size: frame_limit + 4,
            write_buffer_size: frame_limit + 4,
            ..datalink::Config::default()
        };
        let known = datalink::interfaces().into_iter().find(|known| known.name == interface.name);
        let known = known.ok_or_else(|| OpenError::NoInterface { wanted: interface.name.clone(), available: Vec::new() })?;
        let channel = datalink::channel(&known, config).map_err(failed("opening a pnet channel"))?;
        let Channel::Ethernet(sender, receiver) = channel else {
            return Err(OpenError::system(&interface.name, "opening a pnet channel", io::ErrorKind::Unsupported.into()));
        };
        let (name, own) = (interface.name.clone(), Vec::with_capacity(OWN_ADDRESSES));
        let (waiting, backoff) = (Vec::with_capacity(frame_limit + 4), Backoff::default());
        Ok(Self { name, frame_limit, reception, sender, receiver, own, carrier, waiting, backoff })
    }

    fn send_one(&mut self, packet: &[u8]) -> Result<bool, TransportError> {
        if !(ETHERNET_HEADER..=self.frame_limit).contains(&packet.len()) {
            return Err(TransportError::PacketSize { bytes: packet.len(), minimum: ETHERNET_HEADER, maximum: self.frame_limit });
        }
        self.remember_source(packet);
        let mut told_of_down = false;
        loop {
            let error = match self.sender.send_to(packet, None) {
                Some(Ok(())) => return Ok(true),
                Some(Err(error)) => error,
                None => io::ErrorKind::Unsupported.into(),
            };
            // The socket remembers that the link was down until it is told once; that it is up again is news.
            let stale = error.raw_os_error() == Some(libc::ENETDOWN) && !told_of_down && !self.link().is_down();
            told_of_down |= stale;
            if is_full(&error) {
                return Ok(false);
            } else if !stale && error.kind() != io::ErrorKind::Interrupted {
                return Err(TransportError::of_system("pnet send_to", error));
            }
        }
    }

    fn remember_source(&mut self, packet: &[u8]) {
        let source = source_of(packet);
        if !self.own.contains(&source) && self.own.len() < OWN_ADDRESSES {
            self.own.push(source);
        }
    }

    /// The next wanted frame, in `waiting`.
    fn fetch(&mut self) -> Result<bool, TransportError> {
        if self.backoff.skips() {
            return Ok(false);
        }
        loop {
            match self.receiver.next() {
                Ok(frame) => {
                    self.backoff.worked();
                    if self.reception.accepts(frame) && !self.own.contains(&source_of(frame)) {
                        self.waiting.clear();
                        self.waiting.extend_from_slice(frame);
                        return Ok(true);
                    }
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.backoff.failed();
                    return if self.link().is_down() {
                        Err(TransportError::LinkDown)
                    } else {
                        Err(TransportError::of_system("pnet receive", error))
                    };
                }
            }
        }
    }
}

impl Transport for PortableTransport {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        for (sent, packet) in batch.packets().enumerate() {
            match self.send_one(packet) {
                Ok(true) => {}
                Ok(false) => return Ok(sent),
                // The next call meets the error again, with its packet in front.
                Err(_) if sent > 0 => return Ok(sent),
                Err(error) => return Err(error),
            }
        }
        Ok(batch.len())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        if self.waiting.is_empty() && !self.fetch()? {
            return Ok(None);
        }
        let (bytes, room) = (self.waiting.len(), buffer.len());
        let fits = buffer.get_mut(..bytes).map(|target| target.copy_from_slice(&self.waiting));
        self.waiting.clear();
        fits.map(|()| Some(bytes)).ok_or(TransportError::BufferTooSmall { bytes, room })
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        let mut left = timeout;
        while self.waiting.is_empty() && !self.fetch().unwrap_or(false) {
            if left.is_zero() {
                return Ok(false);
            }
            std::thread::sleep(LOOK.min(left));
            left = left.saturating_sub(LOOK);
        }
        Ok(true)
    }

    fn link(&mut self) -> LinkState {
        self.carrier.state()
    }

    fn sending(&self) -> Option<Sending> {
        Some(Sending { backend: Backend::Portable, in_place: false, fallback: None })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for PortableTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortableTransport").field("name", &self.name).finish_non_exhaustive()
    }
}

fn source_of(frame: &[u8]) -> MacAddress {
    MacAddress(crate::wire::field::array_at(frame, 6))
}

/// Whether the interface takes nothing for now: its queue is full.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) || error.raw_os_error() == Some(libc::ENOBUFS)
}
