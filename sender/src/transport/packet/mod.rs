//! Linux AF_PACKET: whole batches by `sendmmsg` straight from packet memory, replies by `recvmmsg`.
//!
//! Steady state allocates nothing. One socket sends and receives nothing; one per Ethernet type receives, so that other
//! traffic of the interface costs no cycle here.

pub(super) mod socket;

use core::fmt;
use core::time::Duration;
use std::io;

pub(super) use self::socket::wait_descriptor;
use self::socket::{Arrived, MESSAGES_PER_CALL, RawSocket, ReceiveRing, SendRing, wait_readable};
use super::backend::{Backend, Sending};
use super::error::TransportError;
use super::interface::Interface;
use super::link::Carrier;
use super::open::{OpenError, Reception};
use super::{ETHERNET_HEADER, LinkState, Transport};
use crate::stream::Batch;
use crate::wire::ethernet::{EtherType, MacAddress};

/// Frames that wait in user space between two system calls.
const RECEIVE_SLOTS: usize = 64;

/// A received frame may carry a VLAN tag.
const VLAN_TAG: usize = 4;

/// The Ethernet type that stands for every one (`ETH_P_ALL` of `if_ether.h`).
const EVERY_ETHER_TYPE: EtherType = EtherType(3);

/// Bytes that the kernel keeps for a receiver that is late: 30 ms of a gigabit link.
const RECEIVE_BUFFER: i32 = 8 << 20;

/// Assumed where an interface does not say its speed.
const ASSUMED_RATE_MBIT: u32 = 1000;

/// How a packet transport is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PacketOptions {
    /// Hands frames to the driver without the queueing discipline. Saves a few percent, but then nothing waits in front
    /// of a full device ring.
    pub bypass_queue: bool,
    /// What it receives.
    pub reception: Reception,
}

/// An interface opened for raw Ethernet by AF_PACKET.
pub struct PacketTransport {
    name: String,
    frame_limit: usize,
    sender: RawSocket,
    ring: SendRing,
    receivers: Vec<RawSocket>,
    received: Vec<ReceiveRing>,
    /// Age of the frame that was taken last, in nanoseconds.
    age_ns: u64,
    carrier: Carrier,
    kernel_drops: u64,
}

impl PacketTransport {
    /// Opens an interface. Needs `CAP_NET_RAW`, nothing else.
    ///
    /// # Errors
    /// [`OpenError::Privilege`] without that capability; [`OpenError::System`] for anything else that is refused.
    pub fn open(interface: &Interface, options: PacketOptions) -> Result<Self, OpenError> {
        let failed = |operation| move |source| OpenError::system(&interface.name, operation, source);
        let carrier = Carrier::watch(interface).map_err(failed("watching the carrier"))?;
        let sender = RawSocket::open(interface.index, 0, None).map_err(failed("opening a raw socket"))?;
        set_send_buffer(&sender, interface).map_err(failed("sizing the send buffer"))?;
        if options.bypass_queue {
            sender
                .set_option(libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, 1)
                .map_err(failed("bypassing the queueing discipline"))?;
        }
        let receivers = receivers(interface.index, options.reception).map_err(failed("opening a receiving socket"))?;
        let frame_limit = interface.mtu as usize + ETHERNET_HEADER;
        let received = receivers.iter().map(|_| ReceiveRing::new(RECEIVE_SLOTS, frame_limit + VLAN_TAG)).collect();
        let name = interface.name.clone();
        Ok(Self { name, frame_limit, sender, ring: SendRing::new(), receivers, received, age_ns: 0, carrier, kernel_drops: 0 })
    }

    /// Received frames that the kernel dropped because they were not fetched in time.
    pub fn kernel_drops(&mut self) -> u64 {
        let new: u64 = self.receivers.iter().filter_map(|socket| socket.take_drops().ok()).map(u64::from).sum();
        self.kernel_drops += new;
        self.kernel_drops
    }

    fn send_some(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        loop {
            let error = match self.ring.send(&self.sender, batch.take(MESSAGES_PER_CALL).packets()) {
                Ok(taken) => return Ok(taken),
                Err(error) => error,
            };
            match error.raw_os_error() {
                Some(libc::EINTR) => {}
                Some(libc::EAGAIN | libc::ENOBUFS) => return Ok(0),
                Some(libc::EMSGSIZE | libc::EINVAL) => {
                    return Err(self.refused_size(batch).unwrap_or_else(|| TransportError::of_system("sendmmsg", error)));
                }
                _ => return Err(TransportError::of_system("sendmmsg", error)),
            }
        }
    }

    /// The size of the packet at the front, when that is why it was refused.
    pub(super) fn refused_size(&self, batch: Batch<'_>) -> Option<TransportError> {
        let bytes = batch.packets().next()?.len();
        let maximum = self.frame_limit;
        (!(ETHERNET_HEADER..=maximum).contains(&bytes)).then_some(TransportError::PacketSize {
            bytes,
            minimum: ETHERNET_HEADER,
            maximum,
        })
    }
}

impl Transport for PacketTransport {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        let mut sent = 0;
        while sent < batch.len() {
            match self.send_some(batch.skip(sent)) {
                Ok(0) => break,
                Ok(taken) => sent += taken,
                // The next call meets the error again, with its packet in front.
                Err(_) if sent > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        let Self { received, receivers, carrier, age_ns, .. } = self;
        for (ring, socket) in received.iter_mut().zip(receivers.iter()) {
            let received = match ring.next(socket).map_err(|error| TransportError::of_system("recvmmsg", error)) {
                // The socket remembers that the link was down until it is asked; that it is up again is news.
                Err(TransportError::LinkDown) if !carrier.state().is_down() => None,
                received => received?,
            };
            let Some(Arrived { bytes, frame, age_ns: age }) = received else { continue };
            *age_ns = age;
            let room = buffer.len();
            return match buffer.get_mut(..frame.len()) {
                Some(target) if bytes == frame.len() => {
                    target.copy_from_slice(frame);
                    Ok(Some(bytes))
                }
                _ => Err(TransportError::BufferTooSmall { bytes, room }),
            };
        }
        Ok(None)
    }

    fn age_ns(&self) -> u64 {
        self.age_ns
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        if self.received.iter().any(ReceiveRing::holds_frames) {
            return Ok(true);
        }
        wait_readable(&self.receivers, timeout).map_err(|error| TransportError::of_system("ppoll", error))
    }

    fn link(&mut self) -> LinkState {
        self.carrier.state()
    }

    fn sending(&self) -> Option<Sending> {
        Some(Sending { backend: Backend::Packet, in_place: false, fallback: None })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for PacketTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketTransport").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Lets at most about 2 ms of the link wait in the kernel: more only makes frames late. The kernel doubles the value
/// and charges each packet about 1.5 times its bytes, so that three quarters of 2 ms are asked for.
pub(super) fn send_buffer_bytes(interface: &Interface) -> i32 {
    let rate_mbit = interface.speed_mbit.unwrap_or(ASSUMED_RATE_MBIT);
    let two_milliseconds = u64::from(rate_mbit) * 1_000_000 / 8 / 500;
    i32::try_from(two_milliseconds * 3 / 4).unwrap_or(i32::MAX)
}

/// Sizes the send buffer of a socket.
pub(super) fn set_send_buffer(socket: &RawSocket, interface: &Interface) -> io::Result<()> {
    let bytes = send_buffer_bytes(interface);
    // Beyond the system's limit the forced form works for an administrator only; the plain one is cut to the limit.
    socket
        .set_option(libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, bytes)
        .or_else(|_| socket.set_option(libc::SOL_SOCKET, libc::SO_SNDBUF, bytes))
}

/// The sockets that receive: one per Ethernet type, because one that is bound to all of them is a tap that costs every
/// frame of the interface, the sent ones too.
fn receivers(index: u32, reception: Reception) -> io::Result<Vec<RawSocket>> {
    match reception.ether_types() {
        Some(ether_types) => ether_types.iter().map(|&ether_type| receiver(index, ether_type, None)).collect(),
        None => Ok(vec![receiver(index, EVERY_ETHER_TYPE, reception.destination())?]),
    }
}

fn receiver(index: u32, ether_type: EtherType, destination: Option<MacAddress>) -> io::Result<RawSocket> {
    let mut filter = destination.map(destination_filter);
    let socket = RawSocket::open(index, ether_type.0, filter.as_mut().map(<[_; _]>::as_mut_slice))?;
    socket.join_all_groups(index)?;
    socket.stamp_arrivals()?;
    if ether_type == EVERY_ETHER_TYPE {
        socket.set_option(libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, 1)?;
    }
    socket
        .set_option(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, RECEIVE_BUFFER)
        .or_else(|_| socket.set_option(libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER))?;
    Ok(socket)
}

/// A classic BPF program that accepts frames to one address.
fn destination_filter(address: MacAddress) -> [libc::sock_filter; 6] {
    const LOAD_WORD: u16 = 0x20;
    const LOAD_HALF: u16 = 0x28;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let [a, b, c, d, rest @ ..] = address.0;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    [
        step(LOAD_WORD, 0, 0, 0),
        step(JUMP_IF_EQUAL, 0, 3, u32::from_be_bytes([a, b, c, d])),
        step(LOAD_HALF, 0, 0, 4),
        step(JUMP_IF_EQUAL, 0, 1, u16::from_be_bytes(rest).into()),
        step(RETURN, 0, 0, u32::MAX),
        step(RETURN, 0, 0, 0),
    ]
}
