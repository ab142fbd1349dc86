//! The system calls of AF_XDP behind safe functions, and its rings. All `unsafe` code of the backend is in this file.
#![expect(unsafe_code, reason = "std offers no AF_XDP")]

use core::mem::{size_of, zeroed};
use core::ptr::{from_ref, null};
use core::sync::atomic::Ordering;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use libc::{c_int, off_t, socklen_t};

use crate::transport::backend::Hindrance;
use crate::transport::mapping::{Mapping, Region};
use crate::transport::packet::socket::{check, set_option};

/// Descriptors that the ring of packets to send holds.
const SEND_ENTRIES: u32 = 1_024;

/// Descriptors that the ring of sent packets holds; the kernel sends no more than find room in it.
const COMPLETION_ENTRIES: u32 = 4_096;

/// Nothing is received, but the kernel wants the ring.
const FILL_ENTRIES: u32 = 64;

/// The longest packet in bytes: the kernel's largest chunk of memory is a page.
pub(super) const CHUNK: u32 = 4_096;

/// Packets that one call hands over.
pub(super) const PACKETS_PER_CALL: u32 = 128;

/// How many packets one call may send (`XDP_MAX_TX_SKB_BUDGET` of `if_xdp.h`, since Linux 6.17).
const MAX_TX_SKB_BUDGET: c_int = 9;

/// The queue of the interface that is sent to: every interface has it.
const QUEUE: u32 = 0;

/// A socket that sends from `memory`.
pub(super) struct XdpSocket {
    // Before the descriptor, and unmapped: as long as they are mapped the interface's queue is taken.
    sending: Ring,
    completed: Ring,
    descriptor: OwnedFd,
}

impl XdpSocket {
    /// Opens the queue of interface `index` for packets in `memory`, which begins and ends with a page.
    pub(super) fn open(index: u32, memory: &Region) -> Result<Self, Hindrance> {
        let failed = |operation| move |error: io::Error| Hindrance::refused(operation, &error);
        // SAFETY: no pointers are passed; the result is checked.
        let descriptor = check(unsafe { libc::socket(libc::AF_XDP, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) });
        let descriptor = descriptor.map_err(failed("opening an AF_XDP socket"))?;
        // SAFETY: the descriptor is open and owned by nobody else.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        register(&descriptor, memory).map_err(failed("registering packet memory"))?;
        let sizes = [
            (libc::XDP_UMEM_FILL_RING, FILL_ENTRIES),
            (libc::XDP_UMEM_COMPLETION_RING, COMPLETION_ENTRIES),
            (libc::XDP_TX_RING, SEND_ENTRIES),
        ];
        for (ring, entries) in sizes {
            set_option(descriptor.as_fd(), libc::SOL_XDP, ring, &entries).map_err(failed("sizing a ring"))?;
        }
        // Kernels that do not know it do not tell either which packets a full device refused.
        set_option(descriptor.as_fd(), libc::SOL_XDP, MAX_TX_SKB_BUDGET, &PACKETS_PER_CALL)
            .map_err(failed("setting the packets per call"))?;
        let offsets = offsets(&descriptor).map_err(failed("asking for the rings"))?;
        let map = failed("mapping a ring");
        let sending = Ring::map(&descriptor, libc::XDP_PGOFF_TX_RING, &offsets.tx, SEND_ENTRIES, 16).map_err(map)?;
        let place = off_t::try_from(libc::XDP_UMEM_PGOFF_COMPLETION_RING).unwrap_or(off_t::MAX);
        let completed = Ring::map(&descriptor, place, &offsets.cr, COMPLETION_ENTRIES, 8).map_err(map)?;
        bind(&descriptor, index).map_err(failed("binding to queue 0"))?;
        Ok(Self { sending, completed, descriptor })
    }

    /// Sets an integer option of the socket's own level.
    pub(super) fn set_socket_option(&self, name: c_int, value: c_int) -> io::Result<()> {
        set_option(self.descriptor.as_fd(), libc::SOL_SOCKET, name, &value)
    }

    /// Where descriptors of packets to send are written.
    pub(super) const fn sending(&self) -> &Ring {
        &self.sending
    }

    /// Where the addresses of sent packets come back.
    pub(super) const fn completed(&self) -> &Ring {
        &self.completed
    }

    /// Lets the kernel send what is in the ring. It looks at the ring in this call only.
    pub(super) fn kick(&self) -> io::Result<()> {
        // SAFETY: nothing is passed but a length of 0.
        let sent = unsafe { libc::sendto(self.descriptor.as_raw_fd(), null(), 0, libc::MSG_DONTWAIT, null(), 0) };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// A ring that is shared with the kernel: whoever writes entries counts the producer up, the other one the consumer.
pub(super) struct Ring {
    mapping: Mapping,
    producer: usize,
    consumer: usize,
    entries: usize,
    mask: u32,
    entry_bytes: usize,
}

impl Ring {
    fn map(
        descriptor: &OwnedFd,
        place: off_t,
        offsets: &libc::xdp_ring_offset,
        entries: u32,
        entry_bytes: usize,
    ) -> io::Result<Self> {
        let offset = |value: u64| usize::try_from(value).map_err(|_| io::Error::from(io::ErrorKind::InvalidData));
        let (producer, consumer, first) = (offset(offsets.producer)?, offset(offsets.consumer)?, offset(offsets.desc)?);
        let mapping = Mapping::of_descriptor(descriptor.as_fd(), first + entries as usize * entry_bytes, place)?;
        Ok(Self { mapping, producer, consumer, entries: first, mask: entries - 1, entry_bytes })
    }

    /// Entries that were written so far, modulo 2^32.
    pub(super) fn producer(&self) -> u32 {
        self.mapping.word(self.producer).map_or(0, |word| word.load(Ordering::Acquire))
    }

    /// Entries that were taken so far, modulo 2^32.
    pub(super) fn consumer(&self) -> u32 {
        self.mapping.word(self.consumer).map_or(0, |word| word.load(Ordering::Acquire))
    }

    /// Shows the kernel all entries before this one.
    pub(super) fn publish(&self, producer: u32) {
        if let Some(word) = self.mapping.word(self.producer) {
            word.store(producer, Ordering::Release);
        }
    }

    /// Gives all entries before this one back to the kernel.
    pub(super) fn release(&self, consumer: u32) {
        if let Some(word) = self.mapping.word(self.consumer) {
            word.store(consumer, Ordering::Release);
        }
    }

    fn entry(&self, index: u32) -> usize {
        self.entries + (index & self.mask) as usize * self.entry_bytes
    }

    /// Writes the descriptor of a packet (`struct xdp_desc`: address, length, options).
    pub(super) fn describe(&self, index: u32, address: u64, bytes: u32) {
        let entry = self.entry(index);
        if let (Some(first), Some(second)) = (self.mapping.long(entry), self.mapping.long(entry + 8)) {
            first.store(address, Ordering::Relaxed);
            let [a, b, c, d] = bytes.to_ne_bytes();
            second.store(u64::from_ne_bytes([a, b, c, d, 0, 0, 0, 0]), Ordering::Relaxed);
        }
    }

    /// The address in an entry.
    pub(super) fn address(&self, index: u32) -> u64 {
        self.mapping.long(self.entry(index)).map_or(u64::MAX, |word| word.load(Ordering::Relaxed))
    }
}

/// Tells the kernel of the memory. Packets may lie anywhere in it.
fn register(descriptor: &OwnedFd, memory: &Region) -> io::Result<()> {
    // SAFETY: all-zero bytes are a valid xdp_umem_reg.
    let mut registration: libc::xdp_umem_reg = unsafe { zeroed() };
    registration.addr = memory.address() as u64;
    registration.len = memory.len() as u64;
    registration.chunk_size = CHUNK;
    registration.flags = libc::XDP_UMEM_UNALIGNED_CHUNK_FLAG;
    set_option(descriptor.as_fd(), libc::SOL_XDP, libc::XDP_UMEM_REG, &registration)
}

/// Where the parts of the rings lie in their mappings.
fn offsets(descriptor: &OwnedFd) -> io::Result<libc::xdp_mmap_offsets> {
    // SAFETY: all-zero bytes are a valid xdp_mmap_offsets.
    let mut offsets: libc::xdp_mmap_offsets = unsafe { zeroed() };
    let mut length = socklen_t::try_from(size_of::<libc::xdp_mmap_offsets>()).unwrap_or(0);
    let target = core::ptr::from_mut(&mut offsets).cast();
    // SAFETY: pointer and length describe `offsets`, which outlives the call.
    check(unsafe { libc::getsockopt(descriptor.as_raw_fd(), libc::SOL_XDP, libc::XDP_MMAP_OFFSETS, target, &raw mut length) })?;
    Ok(offsets)
}

/// Binds to the interface's queue. Without a BPF program the interface's traffic goes on as before.
fn bind(descriptor: &OwnedFd, index: u32) -> io::Result<()> {
    // SAFETY: all-zero bytes are a valid sockaddr_xdp.
    let mut address: libc::sockaddr_xdp = unsafe { zeroed() };
    address.sxdp_family = u16::try_from(libc::AF_XDP).unwrap_or(0);
    address.sxdp_flags = libc::XDP_COPY | libc::XDP_USE_NEED_WAKEUP;
    address.sxdp_ifindex = index;
    address.sxdp_queue_id = QUEUE;
    let length = socklen_t::try_from(size_of::<libc::sockaddr_xdp>()).unwrap_or(0);
    // SAFETY: the pointer and the length describe `address`, which outlives the call.
    check(unsafe { libc::bind(descriptor.as_raw_fd(), from_ref(&address).cast(), length) }).map(drop)
}
