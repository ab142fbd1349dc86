//! Seeded faults: loss, reordering, duplication, corruption and delay, on any transport.
//!
//! The same seed and the same packets give the same faults. Every fault is counted, so that a receiver's counters can be
//! compared exactly.

mod injector;
mod switch;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use self::injector::Injector;
pub use self::switch::{FaultCounts, FaultRates, FaultSwitch};
use super::{LinkState, Transport, TransportError};
use crate::stream::Batch;
use crate::time::Clock;

/// A transport with faults on the packets that it sends and on those that it receives.
pub struct Faulty<T> {
    inner: T,
    clock: Arc<dyn Clock>,
    sending: Injector,
    receiving: Injector,
    scratch: Vec<u8>,
}

impl<T: Transport> Faulty<T> {
    /// Injects faults into both directions of `inner`, for frames of up to `frame_bytes` (MTU + 18).
    #[must_use]
    pub fn new(
        inner: T,
        sending: FaultSwitch,
        receiving: FaultSwitch,
        seed: u64,
        frame_bytes: usize,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let sending = Injector::new(sending, seed, frame_bytes);
        let receiving = Injector::new(receiving, !seed, frame_bytes);
        Self { inner, clock, sending, receiving, scratch: vec![0; frame_bytes] }
    }

    /// The transport inside.
    #[must_use]
    pub const fn inner_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Hands decided packets over; held ones leave when their time has come, so that somebody has to call: sending,
    /// receiving and waiting do.
    fn flush(&mut self) -> Result<(), TransportError> {
        self.sending.release(self.clock.now());
        let batch = self.sending.outbox.batch();
        if !batch.is_empty() {
            let taken = self.inner.send(batch)?;
            self.sending.outbox.advance(taken);
        }
        Ok(())
    }

    /// Takes what the transport received through the injector.
    fn fetch(&mut self) -> Result<(), TransportError> {
        let now = self.clock.now();
        self.receiving.release(now);
        while self.receiving.has_room() {
            let Some(length) = self.inner.receive(&mut self.scratch)? else { break };
            self.receiving.pass(self.scratch.get(..length).unwrap_or_default(), now);
        }
        Ok(())
    }
}

impl<T: Transport> Transport for Faulty<T> {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        self.flush()?;
        let now = self.clock.now();
        let mut taken = 0;
        for packet in batch.packets() {
            if packet.len() > self.scratch.len() || packet.len() < super::ETHERNET_HEADER {
                if taken > 0 {
                    break;
                }
                let (bytes, maximum) = (packet.len(), self.scratch.len());
                return Err(TransportError::PacketSize { bytes, minimum: super::ETHERNET_HEADER, maximum });
            }
            if !self.sending.has_room() {
                self.flush()?;
            }
            if !self.sending.has_room() {
                break;
            }
            self.sending.pass(packet, now);
            taken += 1;
        }
        // An error here is met again by the next call; these packets are in the outbox.
        let _ = self.flush();
        Ok(taken)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        // The next send meets this error.
        let _ = self.flush();
        if self.receiving.outbox.batch().is_empty() {
            self.fetch()?;
        }
        let Some(packet) = self.receiving.outbox.batch().packets().next() else { return Ok(None) };
        let (bytes, room) = (packet.len(), buffer.len());
        let fits = buffer.get_mut(..bytes).map(|target| target.copy_from_slice(packet));
        self.receiving.outbox.advance(1);
        fits.map(|()| Some(bytes)).ok_or(TransportError::BufferTooSmall { bytes, room })
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        let _ = self.flush();
        if self.receiving.outbox.batch().is_empty() {
            self.receiving.release(self.clock.now());
        }
        if !self.receiving.outbox.batch().is_empty() {
            return Ok(true);
        }
        self.inner.wait(timeout)
    }

    fn link(&mut self) -> LinkState {
        self.inner.link()
    }

    fn is_behind(&self, packets: usize) -> bool {
        self.inner.is_behind(packets)
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

impl<T: Transport> fmt::Debug for Faulty<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, sent, received) = (self.inner.name(), self.sending.switch.counts(), self.receiving.switch.counts());
        f.debug_struct("Faulty").field("name", &name).field("sent", &sent).field("received", &received).finish_non_exhaustive()
    }
}
