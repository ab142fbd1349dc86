//! The system calls of AF_PACKET behind safe functions. All `unsafe` code of the packet backend is in this file.
#![expect(unsafe_code, reason = "std offers no raw Ethernet sockets and no sendmmsg")]
#![expect(clippy::cast_possible_truncation, reason = "sizes of C structures, their constants and counts of at most 1024")]

use core::mem::{size_of, size_of_val, zeroed};
use core::ptr::{from_ref, null, null_mut};
use core::time::Duration;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::{c_int, iovec, mmsghdr, sock_filter, sock_fprog, sockaddr_ll, socklen_t};

/// Messages of one `sendmmsg` call that the kernel looks at (`UIO_MAXIOV`).
pub(super) const MESSAGES_PER_CALL: usize = 1024;

/// No frame waits this long to be fetched; an age beyond it tells of a clock that was set.
const OLDEST_NS: u64 = 10_000_000_000;

/// A raw Ethernet socket that is bound to one interface and one Ethernet type.
#[derive(Debug)]
pub(in crate::transport) struct RawSocket(OwnedFd);

impl RawSocket {
    /// Binds to interface `index`. `protocol` is the Ethernet type that it receives: 0 for none, `ETH_P_ALL` for every one;
    /// `filter` is a classic BPF program that accepts frames.
    pub(in crate::transport) fn open(index: u32, protocol: u16, filter: Option<&mut [sock_filter]>) -> io::Result<Self> {
        // SAFETY: no pointers are passed; the result is checked.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `fd` is open and owned by nobody else.
        let socket = Self(unsafe { OwnedFd::from_raw_fd(fd) });
        // Before it is bound to a type nothing arrives that the filter has not seen.
        if let Some(filter) = filter {
            socket.attach_filter(filter)?;
        }
        // SAFETY: all-zero bytes are a valid sockaddr_ll.
        let mut address: sockaddr_ll = unsafe { zeroed() };
        address.sll_family = libc::AF_PACKET.cast_unsigned() as u16;
        address.sll_protocol = protocol.to_be();
        address.sll_ifindex = index.cast_signed();
        // SAFETY: the pointer and the length describe `address`, which outlives the call.
        let bound = unsafe { libc::bind(fd, from_ref(&address).cast(), size_of::<sockaddr_ll>() as socklen_t) };
        check(bound).map(|_| socket)
    }

    /// Sets an integer option.
    pub(in crate::transport) fn set_option(&self, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
        self.set_raw_option(level, name, &value)
    }

    /// Lets the kernel note when each received frame arrived.
    pub(super) fn stamp_arrivals(&self) -> io::Result<()> {
        self.set_option(libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
    }

    fn attach_filter(&self, filter: &mut [sock_filter]) -> io::Result<()> {
        let length = u16::try_from(filter.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.set_raw_option(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &sock_fprog { len: length, filter: filter.as_mut_ptr() })
    }

    /// Receives group addresses that nobody joined, which the interface would filter otherwise. Not promiscuous: frames
    /// to other stations stay away.
    pub(super) fn join_all_groups(&self, index: u32) -> io::Result<()> {
        let request = libc::packet_mreq {
            mr_ifindex: index.cast_signed(),
            mr_type: libc::PACKET_MR_ALLMULTI as u16,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        self.set_raw_option(libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)
    }

    fn set_raw_option<T>(&self, level: c_int, name: c_int, value: &T) -> io::Result<()> {
        set_option(self.0.as_fd(), level, name, value)
    }

    /// Makes the ring of packets to send that `request` describes, of slots with `tpacket2_hdr`s that say where their packet
    /// begins. A slot that says nonsense is passed over.
    pub(in crate::transport) fn make_send_ring(&self, request: &libc::tpacket_req) -> io::Result<()> {
        self.set_option(libc::SOL_PACKET, libc::PACKET_VERSION, libc::tpacket_versions::TPACKET_V2 as c_int)?;
        self.set_option(libc::SOL_PACKET, libc::PACKET_TX_HAS_OFF, 1)?;
        self.set_option(libc::SOL_PACKET, libc::PACKET_LOSS, 1)?;
        self.set_raw_option(libc::SOL_PACKET, libc::PACKET_TX_RING, request)
    }

    /// Lets the kernel send what is in the ring; how many bytes of packets it took.
    pub(in crate::transport) fn kick(&self) -> io::Result<usize> {
        // SAFETY: nothing is passed but a length of 0.
        let sent = unsafe { libc::sendto(self.0.as_raw_fd(), null(), 0, libc::MSG_DONTWAIT, null(), 0) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    /// Received frames that the kernel dropped since the last call, because nobody fetched them in time.
    pub(super) fn take_drops(&self) -> io::Result<u32> {
        // SAFETY: all-zero bytes are a valid tpacket_stats.
        let mut stats: libc::tpacket_stats = unsafe { zeroed() };
        let mut length = size_of::<libc::tpacket_stats>() as socklen_t;
        let target = core::ptr::from_mut(&mut stats).cast();
        // SAFETY: pointer and length describe `stats`, which outlives the call.
        check(unsafe {
            libc::getsockopt(self.0.as_raw_fd(), libc::SOL_PACKET, libc::PACKET_STATISTICS, target, &raw mut length)
        })?;
        Ok(stats.tp_drops)
    }
}

impl AsFd for RawSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sets an option of a socket. `T` is plain data, or points to data that outlives the call.
pub(in crate::transport) fn set_option<T>(socket: BorrowedFd<'_>, level: c_int, name: c_int, value: &T) -> io::Result<()> {
    let length = size_of_val(value) as socklen_t;
    // SAFETY: pointer and length describe `value`, which outlives the call; the kernel copies it. A filter program's
    // own pointer was taken from a live slice of the given length.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, from_ref(value).cast(), length) }).map(drop)
}

/// Waits until one of the sockets can be read; whether one can.
pub(super) fn wait_readable(sockets: &[RawSocket], timeout: Duration) -> io::Result<bool> {
    const MOST: usize = 4;
    // Entries with descriptor -1 are ignored by the kernel.
    let mut polled = [libc::pollfd { fd: -1, events: libc::POLLIN, revents: 0 }; MOST];
    for (entry, socket) in polled.iter_mut().zip(sockets) {
        entry.fd = socket.0.as_raw_fd();
    }
    poll(&mut polled, timeout)
}

/// Waits until a descriptor of this process can be read; whether it can.
pub(in crate::transport) fn wait_descriptor(descriptor: c_int, timeout: Duration) -> io::Result<bool> {
    poll(&mut [libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 }], timeout)
}

fn poll(polled: &mut [libc::pollfd], timeout: Duration) -> io::Result<bool> {
    let limit = libc::timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    let count = polled.len() as libc::nfds_t;
    // SAFETY: pointer and count describe `polled`, which outlives the call like `limit`; no signal mask is passed.
    let ready = unsafe { libc::ppoll(polled.as_mut_ptr(), count, &raw const limit, null()) };
    match check(ready) {
        Ok(count) => Ok(count > 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}

/// Message headers for `sendmmsg`, each tied once and for all to its own vector.
pub(super) struct SendRing {
    messages: Box<[mmsghdr]>,
    vectors: Box<[iovec]>,
}

// SAFETY: the pointers lead into `vectors`, which moves between threads together with `messages`, and to packets that
// are borrowed only during `send`.
unsafe impl Send for SendRing {}

impl SendRing {
    pub(super) fn new() -> Self {
        let (vectors, messages) = rings(MESSAGES_PER_CALL);
        Self { messages, vectors }
    }

    /// Hands the first packets over, at most [`MESSAGES_PER_CALL`]; returns how many were taken.
    pub(super) fn send<'a>(&mut self, socket: &RawSocket, packets: impl Iterator<Item = &'a [u8]>) -> io::Result<usize> {
        let mut count = 0;
        for (vector, packet) in self.vectors.iter_mut().zip(packets) {
            // The kernel only reads through this pointer.
            vector.iov_base = packet.as_ptr().cast_mut().cast();
            vector.iov_len = packet.len();
            count += 1;
        }
        // SAFETY: the first `count` messages point to vectors that describe packets borrowed for this call.
        let sent = unsafe { libc::sendmmsg(socket.0.as_raw_fd(), self.messages.as_mut_ptr(), count, libc::MSG_DONTWAIT) };
        check(sent).map(|sent| sent.unsigned_abs() as usize)
    }
}

/// A frame in a slot.
pub(super) struct Arrived<'a> {
    /// Its length on the wire.
    pub(super) bytes: usize,
    /// As much of it as a slot holds.
    pub(super) frame: &'a [u8],
    /// How long ago it arrived, in nanoseconds.
    pub(super) age_ns: u64,
}

/// Room for one control message with a time stamp; words, because it begins with one.
type Control = [u64; 4];

/// Slots into which `recvmmsg` puts several frames at once.
pub(super) struct ReceiveRing {
    messages: Box<[mmsghdr]>,
    vectors: Box<[iovec]>,
    controls: Box<[Control]>,
    memory: Box<[u8]>,
    slot_bytes: usize,
    next: usize,
    filled: usize,
}

// SAFETY: the pointers lead into `vectors`, `controls` and `memory`, which move between threads together with `messages`.
unsafe impl Send for ReceiveRing {}

impl ReceiveRing {
    pub(super) fn new(slots: usize, slot_bytes: usize) -> Self {
        let mut memory = vec![0; slots * slot_bytes].into_boxed_slice();
        let (mut vectors, mut messages) = rings(slots);
        let mut controls = vec![Control::default(); slots].into_boxed_slice();
        for (message, control) in messages.iter_mut().zip(controls.iter_mut()) {
            message.msg_hdr.msg_control = core::ptr::from_mut(control).cast();
        }
        for (vector, slot) in vectors.iter_mut().zip(memory.chunks_exact_mut(slot_bytes)) {
            vector.iov_base = slot.as_mut_ptr().cast();
            vector.iov_len = slot.len();
        }
        Self { messages, vectors, controls, memory, slot_bytes, next: 0, filled: 0 }
    }

    /// Whether frames wait in the ring itself.
    pub(super) fn holds_frames(&self) -> bool {
        self.next < self.filled
    }

    /// The next frame.
    pub(super) fn next(&mut self, socket: &RawSocket) -> io::Result<Option<Arrived<'_>>> {
        if !self.holds_frames() {
            self.next = 0;
            self.filled = self.fill(socket)?;
        }
        let slot = self.next;
        let Some(message) = self.messages.get(slot).filter(|_| slot < self.filled) else { return Ok(None) };
        self.next += 1;
        let (bytes, age_ns) = (message.msg_len as usize, age_ns(message));
        let start = slot * self.slot_bytes;
        let frame = self.memory.get(start..start + bytes.min(self.slot_bytes));
        Ok(frame.map(|frame| Arrived { bytes, frame, age_ns }))
    }

    fn fill(&mut self, socket: &RawSocket) -> io::Result<usize> {
        debug_assert_eq!((self.vectors.len(), self.controls.len()), (self.messages.len(), self.messages.len()), "one slot each");
        for message in &mut self.messages {
            // The kernel leaves here how much of the room it used.
            message.msg_hdr.msg_controllen = size_of::<Control>();
        }
        let (count, flags) = (self.messages.len() as u32, libc::MSG_DONTWAIT | libc::MSG_TRUNC);
        // SAFETY: every message points to a vector that describes its own slot of `memory`; no time limit is passed.
        let received = unsafe { libc::recvmmsg(socket.0.as_raw_fd(), self.messages.as_mut_ptr(), count, flags, null_mut()) };
        match check(received) {
            Ok(count) => Ok(count.unsigned_abs() as usize),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
            Err(error) => Err(error),
        }
    }
}

/// How long ago a message arrived by the kernel's stamp; 0 without one.
fn age_ns(message: &mmsghdr) -> u64 {
    // SAFETY: the header's control pointer and length describe what the kernel wrote into the ring's own memory.
    let Some(control) = (unsafe { libc::CMSG_FIRSTHDR(&raw const message.msg_hdr).as_ref() }) else { return 0 };
    let is_stamp = control.cmsg_level == libc::SOL_SOCKET && control.cmsg_type == libc::SCM_TIMESTAMPNS;
    if !is_stamp || control.cmsg_len < size_of::<libc::cmsghdr>() + size_of::<libc::timespec>() {
        return 0;
    }
    // SAFETY: a stamp of this length holds a timespec behind its header.
    let arrived = unsafe { libc::CMSG_DATA(from_ref(control)).cast::<libc::timespec>().read_unaligned() };
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer leads to a timespec that outlives the call.
    if unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut now) } != 0 {
        return 0;
    }
    let ns = |time: libc::timespec| i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
    // A clock that was set meanwhile makes no sense of either.
    u64::try_from(ns(now) - ns(arrived)).ok().filter(|age| *age < OLDEST_NS).unwrap_or(0)
}

/// Vectors, and messages that each point to one of them. Boxes keep the addresses when the owner moves.
fn rings(count: usize) -> (Box<[iovec]>, Box<[mmsghdr]>) {
    let mut vectors = vec![iovec { iov_base: null_mut(), iov_len: 0 }; count].into_boxed_slice();
    // SAFETY: all-zero bytes are a valid mmsghdr: no name, no vectors, no control data.
    let mut messages = vec![unsafe { zeroed::<mmsghdr>() }; count].into_boxed_slice();
    for (message, vector) in messages.iter_mut().zip(vectors.iter_mut()) {
        message.msg_hdr.msg_iov = vector;
        message.msg_hdr.msg_iovlen = 1;
    }
    (vectors, messages)
}

/// The result of a system call.
pub(in crate::transport) fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
