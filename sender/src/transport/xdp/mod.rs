//! Linux AF_XDP: packets go from their memory straight to the driver, past the queueing discipline, in copy mode on any
//! interface and without a BPF program.
//!
//! Packet memory that this backend gave away is sent in place; packets that lie elsewhere (latches, control, the far end
//! of a loop) are copied into chunks of their own. A packet that the device did not take is taken back, never lost; one
//! that it took is not touched until the kernel gave it back. Receiving is AF_PACKET's.

mod queue;
mod socket;

use core::fmt;
use core::time::Duration;

use self::queue::{Handed, Queue};
use self::socket::{CHUNK, XdpSocket};
use super::backend::{Backend, Fallback, Hindrance, Sending};
use super::error::TransportError;
use super::interface::Interface;
use super::mapping::{Mapping, Region, page};
use super::open::{OpenError, Reception};
use super::packet::{PacketOptions, PacketTransport, send_buffer_bytes};
use super::packet_memory::{MemoryShape, PacketMemory};
use super::{ETHERNET_HEADER, LinkState, Transport};
use crate::stream::Batch;

/// The longest frame in bytes, from destination address to payload.
pub(super) const LONGEST_FRAME: usize = CHUNK as usize;

/// Packets that lie elsewhere and are on their way at the same time: 12 ms of a gigabit link.
const CHUNKS: usize = 1_024;

/// A queue that was closed stays taken until the kernel has cleaned up behind it: it is tried again after this long ..
const RETRY: Duration = Duration::from_millis(2);

/// .. so often.
const TRIES: u32 = 50;

/// An interface opened by AF_XDP.
pub struct XdpTransport {
    /// What receives, knows the link, and sends while there is no queue.
    packet: PacketTransport,
    index: u32,
    frame_limit: usize,
    send_buffer: i32,
    out: Option<Out>,
    /// Why there is none any more.
    fallback: Option<Fallback>,
}

/// The way out and the memory that it sends from.
struct Out {
    queue: Queue,
    memory: Memory,
}

/// The memory that the kernel sends from: packet memory that was given away, then chunks for copies. Addresses count from
/// its beginning.
struct Memory {
    /// The address of its first byte in this process.
    base: usize,
    /// Bytes that were given away.
    given: usize,
    chunks: Region,
    chunk_bytes: usize,
    /// Chunks that hold no packet on its way.
    free: Vec<usize>,
    /// Packets in the part that was given away that are on their way.
    in_place: usize,
}

impl XdpTransport {
    /// Opens an interface. Needs `CAP_NET_RAW` and Linux 6.17, and memory that may be locked.
    ///
    /// # Errors
    /// [`OpenError`] of AF_PACKET, which receives; [`OpenError::Backend`] for what AF_XDP refuses.
    pub fn open(interface: &Interface, reception: Reception) -> Result<Self, OpenError> {
        let hindered = |because| OpenError::hindered(&interface.name, Backend::Xdp, because);
        let frame_limit = interface.mtu as usize + ETHERNET_HEADER;
        if frame_limit > LONGEST_FRAME {
            return Err(hindered(Hindrance::Jumbo { mtu: interface.mtu, limit: LONGEST_FRAME }));
        }
        let packet = PacketTransport::open(interface, PacketOptions { reception, ..PacketOptions::default() })?;
        let send_buffer = send_buffer_bytes(interface);
        let mut transport = Self { packet, index: interface.index, frame_limit, send_buffer, out: None, fallback: None };
        let (out, _nothing) = transport.out(0).map_err(hindered)?;
        transport.out = Some(out);
        Ok(transport)
    }

    /// A way out that sends `given` bytes in place, and these bytes. The queue must not be in use.
    fn out(&self, given: usize) -> Result<(Out, Region), Hindrance> {
        let given = given.next_multiple_of(page());
        let chunk_bytes = self.frame_limit.next_multiple_of(64);
        let mapping = Mapping::anonymous(given + CHUNKS * chunk_bytes);
        let whole = Region::whole(mapping.map_err(|error| Hindrance::refused("making packet memory", &error))?);
        let socket = patiently(|| XdpSocket::open(self.index, &whole))?;
        // Beyond the system's limit the forced form works for an administrator only; the plain one is cut to the limit.
        socket
            .set_socket_option(libc::SO_SNDBUFFORCE, self.send_buffer)
            .or_else(|_| socket.set_socket_option(libc::SO_SNDBUF, self.send_buffer))
            .map_err(|error| Hindrance::refused("sizing the send buffer", &error))?;
        let base = whole.address();
        let (front, chunks) = whole.split_at(given);
        let free = (0..CHUNKS).rev().collect();
        let memory = Memory { base, given, chunks, chunk_bytes, free, in_place: 0 };
        Ok((Out { queue: Queue::new(socket), memory }, front))
    }

    /// Sends from the front of the batch, in one call; whether more may be tried.
    fn send_some(&mut self, batch: Batch<'_>) -> Result<(usize, bool), TransportError> {
        let Some(Out { queue, memory }) = &mut self.out else { return Ok((0, false)) };
        memory.take_back(queue);
        let mut places = [0; socket::PACKETS_PER_CALL as usize];
        let mut count = 0;
        for (packet, place) in batch.packets().zip(&mut places) {
            let fits = (ETHERNET_HEADER..=self.frame_limit).contains(&packet.len());
            let (true, Some(address)) = (fits, memory.place(packet, fits)) else { break };
            queue.push(address, u32::try_from(packet.len()).unwrap_or(0));
            (*place, count) = (address, count + 1);
        }
        if count == 0 {
            return self.packet.refused_size(batch).map_or(Ok((0, false)), Err);
        }
        let Handed { consumed, taken, refusal } = queue.hand_over();
        let places = places.get(..count).unwrap_or_default();
        memory.note(places, consumed as usize);
        let taken = taken as usize;
        match refusal {
            None => Ok((taken, true)),
            Some(_) if taken > 0 => Ok((taken, false)),
            Some(error) => self.explain(error).map(|()| (0, false)),
        }
    }

    /// Whether a refusal means that the device is full.
    fn explain(&mut self, error: std::io::Error) -> Result<(), TransportError> {
        match error.raw_os_error() {
            // What is handed to an interface without carrier is dropped, which looks like a full one.
            Some(libc::EBUSY) if self.packet.link().is_down() => Err(TransportError::LinkDown),
            Some(libc::EAGAIN | libc::ENOBUFS | libc::EBUSY | libc::EINTR) => Ok(()),
            _ => Err(TransportError::of_system("sendto (AF_XDP)", error)),
        }
    }
}

/// Opens a queue that may be in use for a moment longer.
fn patiently<T>(open: impl Fn() -> Result<T, Hindrance>) -> Result<T, Hindrance> {
    for _ in 1..TRIES {
        match open() {
            Err(Hindrance::Refused { errno: libc::EBUSY, .. }) => std::thread::sleep(RETRY),
            result => return result,
        }
    }
    open()
}

impl Memory {
    /// Where the kernel finds a packet: where it lies, or a copy. `None` when all chunks are on their way.
    fn place(&mut self, packet: &[u8], fits: bool) -> Option<u64> {
        if !fits {
            return None;
        }
        let offset = packet.as_ptr().addr().wrapping_sub(self.base);
        if offset.saturating_add(packet.len()) <= self.given {
            return Some(offset as u64);
        }
        let start = self.free.last()? * self.chunk_bytes;
        self.chunks.get_mut(start..start + packet.len())?.copy_from_slice(packet);
        self.free.pop();
        Some((self.given + start) as u64)
    }

    /// Notes that the first `consumed` packets are on their way, and the others are not.
    fn note(&mut self, places: &[u64], consumed: usize) {
        for (index, &place) in places.iter().enumerate() {
            match self.chunk(place) {
                None => self.in_place += usize::from(index < consumed),
                Some(chunk) if index >= consumed => self.free.push(chunk),
                Some(_) => {}
            }
        }
    }

    /// Takes back what was sent.
    fn take_back(&mut self, queue: &mut Queue) {
        while let Some(place) = queue.returned() {
            match self.chunk(place) {
                None => self.in_place = self.in_place.saturating_sub(1),
                Some(chunk) => self.free.push(chunk),
            }
        }
        queue.make_room();
    }

    /// The chunk at this place; `None` for packet memory that was given away.
    fn chunk(&self, place: u64) -> Option<usize> {
        usize::try_from(place).ok()?.checked_sub(self.given).map(|offset| offset / self.chunk_bytes)
    }
}

impl Transport for XdpTransport {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        if self.out.is_none() {
            return self.packet.send(batch);
        }
        let mut sent = 0;
        while sent < batch.len() {
            match self.send_some(batch.skip(sent)) {
                Ok((taken, may_go_on)) => {
                    sent += taken;
                    if !may_go_on {
                        break;
                    }
                }
                // The next call meets the error again, with its packet in front.
                Err(_) if sent > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        self.packet.receive(buffer)
    }

    fn age_ns(&self) -> u64 {
        self.packet.age_ns()
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        self.packet.wait(timeout)
    }

    fn link(&mut self) -> LinkState {
        self.packet.link()
    }

    fn packet_memory(&mut self, shape: &MemoryShape) -> Option<PacketMemory> {
        // One queue, one memory: the old one is given up first. Who still holds it may go on using it; what lies in it is
        // copied from now on.
        self.out = None;
        let error = match self.out(shape.bytes) {
            Ok((out, memory)) => {
                self.out = Some(out);
                return Some(PacketMemory::device(memory));
            }
            Err(error) => error,
        };
        tracing::warn!(interface = self.packet.name(), %error, "packets are copied: no memory to send them from in place");
        match self.out(0) {
            Ok((out, _nothing)) => self.out = Some(out),
            Err(because) => self.fallback = Some(Fallback { instead_of: Backend::Xdp, because }),
        }
        None
    }

    fn is_settled(&mut self) -> bool {
        self.out.as_mut().is_none_or(|Out { queue, memory }| {
            memory.take_back(queue);
            memory.in_place == 0
        })
    }

    fn sending(&self) -> Option<Sending> {
        let backend = if self.out.is_some() { Backend::Xdp } else { Backend::Packet };
        let in_place = self.out.as_ref().is_some_and(|out| out.memory.given > 0);
        Some(Sending { backend, in_place, fallback: self.fallback })
    }

    fn name(&self) -> &str {
        self.packet.name()
    }
}

impl fmt::Debug for XdpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XdpTransport").field("name", &self.name()).field("sending", &self.sending()).finish_non_exhaustive()
    }
}
