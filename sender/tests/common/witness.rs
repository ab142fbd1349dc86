//! A receiver that shares no code with the product: AF_PACKET with a ring into which the kernel copies each frame as it
//! arrives, so that whatever the sender does to its memory later changes nothing here.
#![expect(unsafe_code, reason = "std offers no raw Ethernet sockets")]
#![expect(clippy::cast_possible_truncation, reason = "sizes of C structures and their constants")]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};

use ocp809_sender::transport::Interface;

/// Where the fields of a `tpacket2_hdr` lie.
const SNAPPED: usize = 8;
const MAC: usize = 12;

/// Bytes of the ring.
const RING: usize = 64 << 20;

/// Bytes of a block of it.
const BLOCK: usize = 1 << 20;

/// A ring of received frames.
pub(crate) struct Witness {
    socket: OwnedFd,
    ring: *mut u8,
    slot: usize,
    slots: usize,
    next: usize,
}

impl Witness {
    /// Sees every frame that comes in by the interface, of up to `longest` bytes.
    pub(crate) fn of(interface: &Interface, longest: usize) -> Self {
        let every_type = (libc::ETH_P_ALL as u16).to_be();
        // SAFETY: no pointers are passed.
        let socket = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        assert!(socket >= 0, "a raw socket: {}", io::Error::last_os_error());
        // SAFETY: it is open and owned by nobody else.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        option(&socket, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V2 as libc::c_int));
        option(&socket, libc::PACKET_IGNORE_OUTGOING, &1_i32);
        let slot = (longest + 128).next_power_of_two();
        let slots = RING / slot;
        let number = |value: usize| u32::try_from(value).expect("the ring is small");
        let request = libc::tpacket_req {
            tp_block_size: number(BLOCK),
            tp_block_nr: number(RING / BLOCK),
            tp_frame_size: number(slot),
            tp_frame_nr: number(slots),
        };
        option(&socket, libc::PACKET_RX_RING, &request);
        let membership = libc::packet_mreq {
            mr_ifindex: interface.index.cast_signed(),
            mr_type: libc::PACKET_MR_PROMISC as u16,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        option(&socket, libc::PACKET_ADD_MEMBERSHIP, &membership);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the kernel chooses the address.
        let ring = unsafe { libc::mmap(null_mut(), RING, protection, libc::MAP_SHARED, socket.as_raw_fd(), 0) };
        assert_ne!(ring, libc::MAP_FAILED, "the ring is mapped: {}", io::Error::last_os_error());
        // SAFETY: all-zero bytes are a valid sockaddr_ll.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = every_type;
        address.sll_ifindex = interface.index.cast_signed();
        let length = size_of_val(&address) as libc::socklen_t;
        // SAFETY: pointer and length describe `address`.
        let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
        assert_eq!(bound, 0, "bound: {}", io::Error::last_os_error());
        Self { socket, ring: ring.cast(), slot, slots, next: 0 }
    }

    /// Gives each frame that has arrived to `each`; how many there were.
    pub(crate) fn take(&mut self, mut each: impl FnMut(&[u8])) -> usize {
        let mut count = 0;
        loop {
            let start = self.next * self.slot;
            // SAFETY: the slot lies in the ring, which is mapped as long as this exists; the kernel writes its status only.
            let status = unsafe { AtomicU32::from_ptr(self.ring.add(start).cast()) };
            if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
                return count;
            }
            // SAFETY: the slot is this side's until its status is given back.
            let slot = unsafe { std::slice::from_raw_parts(self.ring.add(start), self.slot) };
            let length = u32::from_ne_bytes(slot[SNAPPED..SNAPPED + 4].try_into().unwrap()) as usize;
            let place = usize::from(u16::from_ne_bytes(slot[MAC..MAC + 2].try_into().unwrap()));
            each(&slot[place..place + length]);
            status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
            self.next = (self.next + 1) % self.slots;
            count += 1;
        }
    }

    /// Frames that found no room since the last call.
    pub(crate) fn missed(&self) -> u32 {
        // SAFETY: all-zero bytes are a valid tpacket_stats.
        let mut stats: libc::tpacket_stats = unsafe { std::mem::zeroed() };
        let mut length = size_of_val(&stats) as libc::socklen_t;
        let target = (&raw mut stats).cast();
        // SAFETY: pointer and length describe `stats`.
        let read = unsafe {
            libc::getsockopt(self.socket.as_raw_fd(), libc::SOL_PACKET, libc::PACKET_STATISTICS, target, &raw mut length)
        };
        assert_eq!(read, 0, "counted: {}", io::Error::last_os_error());
        stats.tp_drops
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // SAFETY: this is what was mapped.
        unsafe { libc::munmap(self.ring.cast(), RING) };
    }
}

fn option<T>(socket: &OwnedFd, name: libc::c_int, value: &T) {
    let length = size_of_val(value) as libc::socklen_t;
    // SAFETY: pointer and length describe `value`, which the kernel copies.
    let set = unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_PACKET, name, std::ptr::from_ref(value).cast(), length) };
    assert_eq!(set, 0, "option {name}: {}", io::Error::last_os_error());
}
