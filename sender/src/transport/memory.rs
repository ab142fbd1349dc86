//! An Ethernet cable in memory: two ends, each a transport, with bounded queues whose memory is allocated once.
//!
//! A full queue takes no more packets, like a device whose ring is full; nothing is lost on this cable.

use core::fmt;
use core::time::Duration;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{ETHERNET_HEADER, LinkState, Transport, TransportError};
use crate::stream::Batch;

/// Largest frame of [`cable`]: MTU 1500, an Ethernet header and a VLAN tag.
const STANDARD_FRAME: usize = 1518;

/// Packets that are copied under one hold of a queue's lock (about 2 us).
const PACKETS_PER_LOCK: usize = 32;

/// A cable for frames of MTU 1500 that holds `slots` packets per direction.
#[must_use]
pub fn cable(slots: usize) -> (MemoryEnd, MemoryEnd) {
    cable_of(slots, STANDARD_FRAME)
}

/// A cable for frames of up to `frame_bytes` (MTU + 18) that holds `slots` packets per direction; at least one.
#[must_use]
pub fn cable_of(slots: usize, frame_bytes: usize) -> (MemoryEnd, MemoryEnd) {
    let plugged = Arc::new(AtomicBool::new(true));
    let (there, back) = (Arc::new(Lane::new(slots, frame_bytes)), Arc::new(Lane::new(slots, frame_bytes)));
    let near = MemoryEnd { out: Arc::clone(&there), into: Arc::clone(&back), plugged: Arc::clone(&plugged) };
    (near, MemoryEnd { out: back, into: there, plugged })
}

/// One end of a cable. The cable is down while it is unplugged and after the other end was dropped.
pub struct MemoryEnd {
    out: Arc<Lane>,
    into: Arc<Lane>,
    plugged: Arc<AtomicBool>,
}

/// What one direction of a cable carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LaneCounts {
    /// Packets that entered.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Calls of `send` that found the queue full.
    pub full: u64,
}

impl MemoryEnd {
    /// What this end has sent.
    #[must_use]
    pub fn sent(&self) -> LaneCounts {
        self.out.counts()
    }

    /// What the other end has sent.
    #[must_use]
    pub fn received(&self) -> LaneCounts {
        self.into.counts()
    }

    /// Pulls or plugs the cable, for both ends. Packets inside it when it is pulled are lost.
    pub fn set_plugged(&self, plugged: bool) {
        self.plugged.store(plugged, Ordering::SeqCst);
        if !plugged {
            self.out.queue().clear();
            self.into.queue().clear();
        }
    }

    fn is_up(&self) -> bool {
        // Each lane is held by the two ends; one holder means that the other end is gone.
        self.plugged.load(Ordering::SeqCst) && Arc::strong_count(&self.out) > 1
    }
}

impl Transport for MemoryEnd {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        if !self.is_up() {
            return Err(TransportError::LinkDown);
        }
        let mut sent = 0;
        while sent < batch.len() {
            let taken = self.out.push(batch.skip(sent).take(PACKETS_PER_LOCK))?;
            sent += taken;
            if taken < PACKETS_PER_LOCK {
                break;
            }
        }
        Ok(sent)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        self.into.pop(buffer)
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        let queue = self.into.queue();
        let waited = self.into.arrived.wait_timeout_while(queue, timeout, |queue| queue.waiting == 0);
        Ok(waited.unwrap_or_else(PoisonError::into_inner).0.waiting > 0)
    }

    fn link(&mut self) -> LinkState {
        if self.is_up() { LinkState::Up { rate_mbit: None } } else { LinkState::Down }
    }

    fn is_behind(&self, packets: usize) -> bool {
        let queue = self.out.queue();
        let slots = queue.lengths.len();
        // A cable that is too short for a frame is fed while it is read.
        queue.waiting > 0 && packets <= slots && queue.waiting + packets > slots
    }

    fn name(&self) -> &'static str {
        "memory"
    }
}

impl fmt::Debug for MemoryEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryEnd").field("sent", &self.sent()).field("received", &self.received()).finish_non_exhaustive()
    }
}

/// One direction of a cable.
struct Lane {
    queue: Mutex<Queue>,
    arrived: Condvar,
    packets: AtomicU64,
    bytes: AtomicU64,
    full: AtomicU64,
}

/// A ring of equal slots.
struct Queue {
    memory: Vec<u8>,
    lengths: Vec<usize>,
    slot_bytes: usize,
    /// The slot of the oldest packet.
    head: usize,
    waiting: usize,
}

impl Lane {
    fn new(slots: usize, slot_bytes: usize) -> Self {
        let slots = slots.max(1);
        let memory = vec![0; slots.saturating_mul(slot_bytes)];
        let queue = Queue { memory, lengths: vec![0; slots], slot_bytes, head: 0, waiting: 0 };
        Self {
            queue: Mutex::new(queue),
            arrived: Condvar::new(),
            packets: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            full: AtomicU64::new(0),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> LaneCounts {
        LaneCounts {
            packets: self.packets.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            full: self.full.load(Ordering::Relaxed),
        }
    }

    fn push(&self, batch: Batch<'_>) -> Result<usize, TransportError> {
        let mut queue = self.queue();
        let (mut taken, mut bytes) = (0, 0);
        let mut refused = None;
        for packet in batch.packets() {
            if !(ETHERNET_HEADER..=queue.slot_bytes).contains(&packet.len()) {
                refused =
                    Some(TransportError::PacketSize { bytes: packet.len(), minimum: ETHERNET_HEADER, maximum: queue.slot_bytes });
                break;
            }
            if !queue.push(packet) {
                self.full.fetch_add(1, Ordering::Relaxed);
                break;
            }
            taken += 1;
            bytes += packet.len() as u64;
        }
        drop(queue);
        self.packets.fetch_add(taken as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if taken > 0 {
            self.arrived.notify_one();
        }
        // Packets before a refused one are on their way: the next call meets the refused one first.
        refused.filter(|_| taken == 0).map_or(Ok(taken), Err)
    }

    fn pop(&self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        let mut queue = self.queue();
        let Some(packet) = queue.front() else { return Ok(None) };
        let (bytes, room) = (packet.len(), buffer.len());
        if let Some(target) = buffer.get_mut(..bytes) {
            target.copy_from_slice(packet);
        }
        queue.pop();
        if bytes > room { Err(TransportError::BufferTooSmall { bytes, room }) } else { Ok(Some(bytes)) }
    }
}

impl Queue {
    fn push(&mut self, packet: &[u8]) -> bool {
        let slots = self.lengths.len();
        if self.waiting == slots {
            return false;
        }
        let slot = (self.head + self.waiting) % slots;
        let start = slot * self.slot_bytes;
        if let (Some(target), Some(length)) = (self.memory.get_mut(start..start + packet.len()), self.lengths.get_mut(slot)) {
            target.copy_from_slice(packet);
            *length = packet.len();
        }
        self.waiting += 1;
        true
    }

    fn front(&self) -> Option<&[u8]> {
        let length = self.lengths.get(self.head).filter(|_| self.waiting > 0)?;
        let start = self.head * self.slot_bytes;
        self.memory.get(start..start + length)
    }

    fn pop(&mut self) {
        self.head = (self.head + 1) % self.lengths.len();
        self.waiting -= 1;
    }

    fn clear(&mut self) {
        self.waiting = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Span;

    fn packet(id: u8, length: usize) -> Vec<u8> {
        (0..length).map(|i| id.wrapping_add(u8::try_from(i % 251).unwrap())).collect()
    }

    fn send(end: &mut MemoryEnd, packet: &[u8]) -> Result<usize, TransportError> {
        end.send(Batch::new(packet, &[Span { start: 0, length: u32::try_from(packet.len()).unwrap() }]))
    }

    #[test]
    fn packets_come_out_whole_and_in_order_and_a_full_cable_takes_no_more() {
        let (mut near, mut far) = cable(3);
        let mut buffer = [0xa5; 2048];
        for round in 0..5_u8 {
            for id in 0..3 {
                assert_eq!(send(&mut near, &packet(round * 3 + id, 60 + usize::from(id))).unwrap(), 1, "room for three");
            }
            assert_eq!(send(&mut near, &packet(99, 60)).unwrap(), 0, "the fourth waits");
            for id in 0..3 {
                let length = far.receive(&mut buffer).unwrap().expect("three are there");
                assert_eq!(buffer[..length], packet(round * 3 + id, 60 + usize::from(id)), "unchanged");
            }
            assert_eq!(far.receive(&mut buffer).unwrap(), None, "and no more");
        }
        let expected = LaneCounts { packets: 15, bytes: 5 * (60 + 61 + 62), full: 5 };
        assert_eq!((near.sent(), far.received(), far.sent()), (expected, expected, LaneCounts::default()), "counted once");
    }

    #[test]
    fn a_large_batch_is_taken_as_far_as_there_is_room() {
        let (mut near, mut far) = cable(100);
        let memory = packet(7, 60);
        let spans = [Span { start: 0, length: 60 }; 130];
        assert_eq!(near.send(Batch::new(&memory, &spans)).unwrap(), 100, "as many as slots");
        let mut buffer = [0; 60];
        while far.receive(&mut buffer).unwrap().is_some() {}
        assert_eq!(near.send(Batch::new(&memory, &spans).skip(100)).unwrap(), 30, "the rest");
    }

    #[test]
    fn a_packet_that_does_not_fit_is_named_and_hides_none_before_it() {
        let (mut near, mut far) = cable_of(8, 100);
        let memory = [1; 200];
        let spans = [Span { start: 0, length: 50 }, Span { start: 0, length: 101 }];
        let batch = Batch::new(&memory, &spans);
        assert_eq!(near.send(batch).unwrap(), 1, "the good one first");
        let error = near.send(batch.skip(1)).unwrap_err();
        assert!(matches!(error, TransportError::PacketSize { bytes: 101, minimum: 14, maximum: 100 }), "{error}");
        let error = far.receive(&mut [0; 20]).unwrap_err();
        assert!(matches!(error, TransportError::BufferTooSmall { bytes: 50, room: 20 }), "{error}");
        assert_eq!(far.receive(&mut [0; 100]).unwrap(), None, "the frame was discarded");
    }

    #[test]
    fn a_pulled_cable_loses_what_is_in_it_and_says_so() {
        let (mut near, mut far) = cable(8);
        send(&mut near, &packet(1, 60)).unwrap();
        far.set_plugged(false);
        assert_eq!((near.link(), far.link()), (LinkState::Down, LinkState::Down), "both ends see it");
        assert!(matches!(send(&mut near, &packet(2, 60)), Err(TransportError::LinkDown)), "refused");
        near.set_plugged(true);
        assert_eq!(far.receive(&mut [0; 100]).unwrap(), None, "lost with the cable");
        assert_eq!(send(&mut near, &packet(3, 60)).unwrap(), 1, "works again");
        drop(far);
        assert!(near.link().is_down(), "nobody at the other end");
    }

    #[test]
    fn waiting_ends_when_a_packet_arrives() {
        let (mut near, mut far) = cable(8);
        assert!(!far.wait(Duration::from_millis(1)).unwrap(), "nothing came");
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| far.wait(Duration::from_secs(10)));
            send(&mut near, &packet(1, 60)).unwrap();
            assert!(waiter.join().unwrap().unwrap(), "woken");
        });
    }
}
