//! The queue of packets between this process and the kernel: what was handed over, what the kernel took of it, and what
//! it left, which is taken back.
//!
//! The kernel looks at the ring during a call only, but remembers how many packets it saw. What it left is therefore
//! overwritten by the packets of the next call, and where those are fewer, made void.

use std::io;

use super::socket::XdpSocket;

/// An address that lies in no packet memory.
const NOWHERE: u64 = u64::MAX;

/// What a call did.
#[derive(Debug)]
pub(super) struct Handed {
    /// Packets from the front that the kernel is done with or that are on their way: their memory comes back later.
    pub(super) consumed: u32,
    /// Packets from the front that the device took: all that were consumed, or all but the last one, which it dropped.
    pub(super) taken: u32,
    /// Why it was not all of them.
    pub(super) refusal: Option<io::Error>,
}

/// The packets that wait for the next call.
pub(super) struct Queue {
    socket: XdpSocket,
    /// The entry that the kernel looks at next.
    next: u32,
    /// Entries from there on that the kernel saw and left.
    seen: u32,
    /// Packets that were written for the next call.
    waiting: u32,
    /// Addresses that came back and were taken.
    returned: u32,
}

impl Queue {
    pub(super) const fn new(socket: XdpSocket) -> Self {
        Self { socket, next: 0, seen: 0, waiting: 0, returned: 0 }
    }

    /// Adds a packet to the next call, which takes as many as the socket was told.
    pub(super) fn push(&mut self, address: u64, bytes: u32) {
        self.socket.sending().describe(self.next.wrapping_add(self.waiting), address, bytes);
        self.waiting += 1;
    }

    /// Hands over what was added.
    pub(super) fn hand_over(&mut self) -> Handed {
        let packets = core::mem::take(&mut self.waiting);
        for void in packets..self.seen {
            self.socket.sending().describe(self.next.wrapping_add(void), NOWHERE, 0);
        }
        let entries = packets.max(self.seen);
        self.socket.sending().publish(self.next.wrapping_add(entries));
        let refusal = self.socket.kick().err();
        let (consumed, taken) = match &refusal {
            None => (packets, packets),
            Some(error) => self.consumed_before(error, packets),
        };
        (self.next, self.seen) = (self.next.wrapping_add(consumed), entries - consumed);
        if refusal.is_none() && self.seen > 0 {
            self.pass_over_void();
        }
        Handed { consumed, taken, refusal }
    }

    /// How many packets a call that failed consumed, and how many the device took of these. The kernel counts packets that
    /// left in the shared consumer; one that the device dropped (`EBUSY`) it counts there with those before it only.
    fn consumed_before(&self, error: &io::Error, packets: u32) -> (u32, u32) {
        let counted = self.socket.sending().consumer().wrapping_sub(self.next);
        // Behind the entry that is next: nothing left in this call.
        let counted = if counted > packets { 0 } else { counted };
        if error.raw_os_error() == Some(libc::EBUSY) {
            let consumed = counted.max(1).min(packets);
            return (consumed, consumed.saturating_sub(1));
        }
        (counted, counted)
    }

    /// Lets the kernel pass over the void entries, of which it takes one per call.
    fn pass_over_void(&mut self) {
        // The call before met the first one.
        for _ in 1..self.seen {
            // Nothing is sent, so that nothing can be refused.
            let _empty = self.socket.kick();
        }
        (self.next, self.seen) = (self.next.wrapping_add(self.seen), 0);
    }

    /// The address of a packet that was sent, once each.
    pub(super) fn returned(&mut self) -> Option<u64> {
        if self.returned == self.socket.completed().producer() {
            return None;
        }
        let address = self.socket.completed().address(self.returned);
        self.returned = self.returned.wrapping_add(1);
        Some(address)
    }

    /// Makes room for addresses to come back, after those that came were taken.
    pub(super) fn make_room(&self) {
        self.socket.completed().release(self.returned);
    }
}
