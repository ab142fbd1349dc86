//! The ring of slots that AF_PACKET sends from: one packet each, in the order of the slots, round and round.
//!
//! The kernel's headers in front of the packets are accessed through a mapping of their own: whoever fills packets owns
//! the other one and never looks at the headers.

use core::sync::atomic::{AtomicU32, Ordering};
use std::io;
use std::os::fd::AsFd;

use crate::transport::mapping::{Mapping, Region, page};
use crate::transport::packet::socket::RawSocket;

/// Bytes of a slot that belong to the kernel (`tpacket2_hdr`); the packet begins behind them.
pub(super) const SLOT_HEADER: usize = 32;

/// The largest piece of memory that the kernel can have in one.
const BLOCK: usize = 4 << 20;

// Where the fields lie in a `tpacket2_hdr`: status, length, and where the packet begins.
const STATUS: usize = 0;
const LENGTH: usize = 4;
const PLACE: usize = 12;

/// A ring of slots and where the kernel is in it.
pub(super) struct Slots {
    headers: Mapping,
    count: usize,
    stride: usize,
    /// The slot that the kernel looks at next.
    head: usize,
    /// Slots from there on that wait for the next call.
    waiting: usize,
    /// Slots before `head` that the kernel may still read.
    in_flight: usize,
}

/// What a call did.
pub(super) struct Handed {
    /// Slots that the kernel is done with or that are on their way.
    pub(super) slots: usize,
    /// Bytes of packets that it took; `None` when it says only why it stopped.
    pub(super) bytes: Option<usize>,
    /// Why it was not all of them.
    pub(super) refusal: Option<io::Error>,
}

impl Slots {
    /// Makes a ring of at least `slots` slots, `stride` bytes apart, in a socket that has none; and its memory.
    pub(super) fn make(socket: &RawSocket, slots: usize, stride: usize) -> io::Result<(Self, Region)> {
        let (block_bytes, blocks) = blocks(slots, stride, page());
        let count = blocks * (block_bytes / stride);
        let number = |value: usize| u32::try_from(value).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput));
        socket.make_send_ring(&libc::tpacket_req {
            tp_block_size: number(block_bytes)?,
            tp_block_nr: number(blocks)?,
            tp_frame_size: number(stride)?,
            tp_frame_nr: number(count)?,
        })?;
        let map = || Mapping::of_descriptor(socket.as_fd(), block_bytes * blocks, 0);
        let slots = Self { headers: map()?, count, stride, head: 0, waiting: 0, in_flight: 0 };
        Ok((slots, Region::whole(map()?)))
    }

    /// Slots of the ring.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Bytes from one slot to the next.
    pub(super) const fn stride(&self) -> usize {
        self.stride
    }

    /// The slot that the next packet of this call goes into.
    pub(super) const fn next(&self) -> usize {
        (self.head + self.waiting) % self.count
    }

    /// Whether the next slot may be written.
    pub(super) fn is_next_free(&self) -> bool {
        self.waiting < self.count && self.status(self.next()) == libc::TP_STATUS_AVAILABLE
    }

    /// Adds the packet of `bytes` bytes that begins `place` bytes into the next slot; `false` when that is on its way still.
    pub(super) fn push(&mut self, place: usize, bytes: usize) -> bool {
        let (Ok(place), Ok(bytes)) = (u16::try_from(place), u32::try_from(bytes)) else { return false };
        // The place of a packet is the lower half in memory of a word whose upper half is not used.
        let [first, second] = place.to_ne_bytes();
        self.request(bytes, u32::from_ne_bytes([first, second, 0, 0]))
    }

    /// Passes over the next slot; `false` when that is on its way still.
    pub(super) fn pass_over(&mut self) -> bool {
        // A packet that begins inside the header is nonsense, which the kernel passes over without a word.
        self.request(0, 0)
    }

    fn request(&mut self, bytes: u32, place: u32) -> bool {
        if !self.is_next_free() {
            return false;
        }
        let slot = self.next();
        let (Some(status), Some(length), Some(start)) =
            (self.word(slot, STATUS), self.word(slot, LENGTH), self.word(slot, PLACE))
        else {
            return false;
        };
        length.store(bytes, Ordering::Relaxed);
        start.store(place, Ordering::Relaxed);
        status.store(libc::TP_STATUS_SEND_REQUEST, Ordering::Release);
        self.waiting += 1;
        true
    }

    /// Hands over what was added; what the kernel left is taken back.
    pub(super) fn hand_over(&mut self, socket: &RawSocket) -> Handed {
        let waiting = core::mem::take(&mut self.waiting);
        let (bytes, refusal) = match socket.kick() {
            Ok(bytes) => (Some(bytes), None),
            Err(error) => (None, Some(error)),
        };
        let left = |slot: usize| self.status(slot) == libc::TP_STATUS_SEND_REQUEST;
        let slots = (0..waiting).find(|&offset| left((self.head + offset) % self.count)).unwrap_or(waiting);
        for offset in slots..waiting {
            if let Some(status) = self.word((self.head + offset) % self.count, STATUS) {
                status.store(libc::TP_STATUS_AVAILABLE, Ordering::Release);
            }
        }
        self.head = (self.head + slots) % self.count;
        self.in_flight = (self.in_flight + slots).min(self.count);
        Handed { slots, bytes, refusal }
    }

    /// Whether no slot is on its way.
    pub(super) fn is_settled(&mut self) -> bool {
        while self.in_flight > 0 {
            let oldest = (self.head + self.count - self.in_flight) % self.count;
            if self.status(oldest) != libc::TP_STATUS_AVAILABLE {
                return false;
            }
            self.in_flight -= 1;
        }
        true
    }

    fn status(&self, slot: usize) -> u32 {
        self.word(slot, STATUS).map_or(libc::TP_STATUS_SENDING, |status| status.load(Ordering::Acquire))
    }

    fn word(&self, slot: usize, field: usize) -> Option<&AtomicU32> {
        self.headers.word(slot * self.stride + field)
    }
}

/// Bytes of a block and how many, so that slots lie one after the other through all of them: a block ends with a slot and
/// with a page. As few blocks, and as few slots too many, as the kernel's memory allows.
fn blocks(slots: usize, stride: usize, page: usize) -> (usize, usize) {
    let unit = stride / gcd(stride, page) * page;
    let units = (slots.max(1) * stride).div_ceil(unit);
    let blocks = units.div_ceil((BLOCK / unit).max(1));
    (units.div_ceil(blocks) * unit, blocks)
}

const fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_whole_slots_and_whole_pages() {
        const PAGE: usize = 4_096;
        for (slots, stride) in [(1, 64), (4_320, 1_600), (700, 9_088), (4_147, 9_088), (10, 4_096), (512, 1_600), (65_535, 9_088)]
        {
            let (bytes, blocks) = blocks(slots, stride, PAGE);
            assert!(bytes % stride == 0 && bytes % PAGE == 0, "{slots} of {stride}: {bytes}");
            let count = bytes / stride * blocks;
            assert!(count >= slots && bytes <= BLOCK, "{slots} of {stride}: {count} in {blocks} of {bytes}");
            assert!(count - slots <= 64 * blocks, "{slots} of {stride}: {count} are few too many");
        }
    }
}
