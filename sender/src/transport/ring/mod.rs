//! Linux AF_PACKET with a ring of packets, TX_RING: the kernel sends the ring's pages themselves, of any frame length.
//!
//! Either packet memory that was given away is the ring, and packets in it are sent in place, in the order of their slots;
//! or the ring is this backend's, and packets are copied into it. Packets that lie beside a given ring (latches, control)
//! go by `sendmmsg`, which waits in the same queue. A slot that the kernel has not freed is never touched.

mod slots;

use core::fmt;
use core::ops::Range;
use core::time::Duration;
use std::io;

use self::slots::{Handed, SLOT_HEADER, Slots};
use super::backend::{Backend, Fallback, Hindrance, Sending};
use super::error::TransportError;
use super::interface::Interface;
use super::mapping::Region;
use super::open::OpenError;
use super::packet::socket::RawSocket;
use super::packet::{PacketOptions, PacketTransport, set_send_buffer};
use super::packet_memory::{MemoryShape, PacketMemory};
use super::{ETHERNET_HEADER, LinkState, Transport};
use crate::stream::Batch;

/// Packets that one call hands over.
const PACKETS_PER_CALL: usize = 256;

/// Slots for packets that are copied: what a gigabit link sends in 6 ms.
const SLOTS: usize = 512;

/// Slots of a ring begin at a multiple of this many bytes.
const SLOT_ALIGN: usize = 64;

/// An interface opened by TX_RING.
pub struct RingTransport {
    /// What receives, knows the link, and sends what the ring does not.
    packet: PacketTransport,
    interface: Interface,
    bypass_queue: bool,
    frame_limit: usize,
    ring: Option<Ring>,
    /// Why there is none any more.
    fallback: Option<Fallback>,
}

struct Ring {
    socket: RawSocket,
    slots: Slots,
    memory: Memory,
}

/// Whose the ring's packets are.
enum Memory {
    /// This backend's, for copies.
    Own(Region),
    /// Given away; its address, and how many slots of it hold packets.
    Given { base: usize, packets: usize },
}

/// A packet of a batch as it goes into the ring.
enum Place {
    /// It begins so many bytes into this slot.
    Slot(usize, usize),
    /// It lies elsewhere.
    Elsewhere,
}

impl RingTransport {
    /// Opens an interface. Needs `CAP_NET_RAW`, nothing else.
    ///
    /// # Errors
    /// [`OpenError`] of AF_PACKET; [`OpenError::Backend`] when the ring is refused.
    pub fn open(interface: &Interface, options: PacketOptions) -> Result<Self, OpenError> {
        let packet = PacketTransport::open(interface, options)?;
        let frame_limit = interface.mtu as usize + ETHERNET_HEADER;
        let (bypass_queue, interface) = (options.bypass_queue, interface.clone());
        let mut transport = Self { packet, interface, bypass_queue, frame_limit, ring: None, fallback: None };
        let own = transport.own_ring();
        let hindered = |because| OpenError::hindered(&transport.interface.name, Backend::Ring, because);
        transport.ring = Some(own.map_err(hindered)?);
        Ok(transport)
    }

    /// A socket with a ring of this shape, and the ring's memory.
    fn ring(&self, slots: usize, stride: usize) -> Result<(RawSocket, Slots, Region), Hindrance> {
        let failed = |operation| move |error: io::Error| Hindrance::refused(operation, &error);
        let socket = RawSocket::open(self.interface.index, 0, None).map_err(failed("opening a raw socket"))?;
        set_send_buffer(&socket, &self.interface).map_err(failed("sizing the send buffer"))?;
        if self.bypass_queue {
            let bypass = socket.set_option(libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, 1);
            bypass.map_err(failed("bypassing the queueing discipline"))?;
        }
        let (slots, region) = Slots::make(&socket, slots, stride).map_err(failed("making the ring"))?;
        Ok((socket, slots, region))
    }

    /// A ring for copies.
    fn own_ring(&self) -> Result<Ring, Hindrance> {
        let stride = (SLOT_HEADER + self.frame_limit).next_multiple_of(SLOT_ALIGN);
        let (socket, slots, region) = self.ring(SLOTS, stride)?;
        Ok(Ring { socket, slots, memory: Memory::Own(region) })
    }

    /// A ring of packet memory, and that memory.
    fn given_ring(&self, shape: &MemoryShape) -> Result<(Ring, Region), Hindrance> {
        let (socket, slots, region) = self.ring(shape.packets, shape.slot_stride)?;
        let memory = Memory::Given { base: region.address(), packets: shape.packets };
        Ok((Ring { socket, slots, memory }, region))
    }

    /// Sends from the front of the batch, in one call; whether more may be tried.
    fn send_some(&mut self, batch: Batch<'_>) -> Result<(usize, bool), TransportError> {
        let Some(ring) = &mut self.ring else { return Ok((0, false)) };
        let sizes = ETHERNET_HEADER..self.frame_limit + 1;
        let filled = ring.fill(batch, &sizes);
        if filled.slots == 0 {
            let first = batch.packets().next().filter(|packet| sizes.contains(&packet.len()));
            return match first.map(|packet| ring.is_beside(packet)) {
                Some(true) => self.send_beside(batch),
                Some(false) => Ok((0, false)),
                None => self.packet.refused_size(batch).map_or(Ok((0, false)), Err),
            };
        }
        let handed = ring.slots.hand_over(&ring.socket);
        let Handed { slots, bytes, refusal } = handed;
        let taken = slots.saturating_sub(filled.passed_over);
        if bytes.is_some_and(|bytes| bytes as u64 != batch.take(taken).bytes()) {
            // The kernel passes over what its interface cannot carry: its MTU was lowered.
            let source = io::Error::from_raw_os_error(libc::EMSGSIZE);
            return Err(TransportError::System { operation: "sendto (TX_RING)", source });
        }
        match refusal {
            None => Ok((taken, slots == filled.slots)),
            Some(_) if taken > 0 => Ok((taken, false)),
            Some(error) => self.explain(error).map(|()| (0, false)),
        }
    }

    /// Sends the packets at the front that do not lie in the given ring.
    fn send_beside(&mut self, batch: Batch<'_>) -> Result<(usize, bool), TransportError> {
        let Some(ring) = &self.ring else { return Ok((0, false)) };
        let count = batch.packets().take_while(|packet| ring.is_beside(packet)).count();
        let taken = self.packet.send(batch.take(count))?;
        Ok((taken, taken == count))
    }

    /// Whether a refusal means that the device is full.
    fn explain(&mut self, error: io::Error) -> Result<(), TransportError> {
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::ENOBUFS | libc::EINTR) => Ok(()),
            // The socket remembers that the link was down until it is told once; that it is up again is news.
            Some(libc::ENETDOWN) if !self.packet.link().is_down() => Ok(()),
            _ => Err(TransportError::of_system("sendto (TX_RING)", error)),
        }
    }
}

/// Slots that wait for the next call.
struct Filled {
    slots: usize,
    /// How many of these, all before the first packet, hold none.
    passed_over: usize,
}

impl Ring {
    /// Fills slots with packets from the front of the batch, up to one that does not fit, lies elsewhere, or whose slot is on
    /// its way.
    fn fill(&mut self, batch: Batch<'_>, sizes: &Range<usize>) -> Filled {
        let mut filled = Filled { slots: 0, passed_over: 0 };
        for packet in batch.take(PACKETS_PER_CALL).packets().take_while(|packet| sizes.contains(&packet.len())) {
            let (slot, place) = match (self.place(packet), &mut self.memory) {
                (Place::Slot(slot, place), _) => (slot, place),
                (Place::Elsewhere, Memory::Given { .. }) => break,
                (Place::Elsewhere, Memory::Own(region)) => {
                    let slot = self.slots.next();
                    if !self.slots.is_next_free() || !copy(region, slot * self.slots.stride() + SLOT_HEADER, packet) {
                        break;
                    }
                    (slot, SLOT_HEADER)
                }
            };
            // After a frame that was cut, and over the slots that are too many, the kernel has to be led.
            let ahead = (slot + self.slots.count() - self.slots.next()) % self.slots.count();
            if ahead > 0 && filled.slots > 0 {
                break;
            }
            while self.slots.next() != slot && self.slots.pass_over() {
                filled.passed_over += 1;
                filled.slots += 1;
            }
            if self.slots.next() != slot || !self.slots.push(place, packet.len()) {
                break;
            }
            filled.slots += 1;
        }
        filled
    }

    /// Whether a packet lies in other memory than the ring that was given away.
    fn is_beside(&self, packet: &[u8]) -> bool {
        matches!((self.place(packet), &self.memory), (Place::Elsewhere, Memory::Given { .. }))
    }

    /// Where a packet lies.
    fn place(&self, packet: &[u8]) -> Place {
        let Memory::Given { base, packets } = self.memory else { return Place::Elsewhere };
        let offset = packet.as_ptr().addr().wrapping_sub(base);
        let (slot, place) = (offset / self.slots.stride(), offset % self.slots.stride());
        let fits = place >= SLOT_HEADER && place + packet.len() <= self.slots.stride();
        if slot < packets && fits { Place::Slot(slot, place) } else { Place::Elsewhere }
    }
}

/// Copies a packet into the ring's memory; whether it has room there.
fn copy(region: &mut Region, start: usize, packet: &[u8]) -> bool {
    region.get_mut(start..start + packet.len()).map(|target| target.copy_from_slice(packet)).is_some()
}

impl Transport for RingTransport {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        if self.ring.is_none() {
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
        // Who still holds the memory that was given before may go on using it; what lies in it is copied from now on.
        let is_ring = shape.in_order && shape.headroom >= SLOT_HEADER && shape.slot_stride.is_multiple_of(SLOT_ALIGN);
        let given = is_ring.then(|| self.given_ring(shape)).filter(|_| shape.packets > 0);
        match given.unwrap_or(Err(Hindrance::Order)) {
            Ok((ring, memory)) => {
                self.ring = Some(ring);
                return Some(PacketMemory::device(memory));
            }
            Err(error) => {
                tracing::warn!(interface = self.interface.name, %error, "packets are copied: no ring to send them from in place");
            }
        }
        match self.own_ring() {
            Ok(ring) => self.ring = Some(ring),
            Err(because) => (self.ring, self.fallback) = (None, Some(Fallback { instead_of: Backend::Ring, because })),
        }
        None
    }

    fn is_settled(&mut self) -> bool {
        match &mut self.ring {
            Some(Ring { slots, memory: Memory::Given { .. }, .. }) => slots.is_settled(),
            _ => true,
        }
    }

    fn sending(&self) -> Option<Sending> {
        let backend = if self.ring.is_some() { Backend::Ring } else { Backend::Packet };
        let in_place = self.ring.as_ref().is_some_and(|ring| matches!(ring.memory, Memory::Given { .. }));
        Some(Sending { backend, in_place, fallback: self.fallback })
    }

    fn name(&self) -> &str {
        self.packet.name()
    }
}

impl fmt::Debug for RingTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingTransport").field("name", &self.name()).field("sending", &self.sending()).finish_non_exhaustive()
    }
}
