//! A wire between two transports, one packet at a time: what stands between two interfaces in tests and with captures.

use core::time::Duration;

use super::{Transport, TransportError};
use crate::stream::{Batch, Span};

/// Carries packets between two transports, for faults between two network interfaces: make one or both
/// [`super::fault::Faulty`].
#[derive(Debug)]
pub struct Relay<A, B> {
    ends: (A, B),
    there: Parcel,
    back: Parcel,
}

/// A packet that one end gave and the other one has not taken yet.
#[derive(Debug)]
struct Parcel {
    memory: Vec<u8>,
    length: usize,
}

impl<A: Transport, B: Transport> Relay<A, B> {
    /// A relay for frames of up to `frame_bytes` (MTU + 18).
    #[must_use]
    pub fn new(a: A, b: B, frame_bytes: usize) -> Self {
        let parcel = || Parcel { memory: vec![0; frame_bytes], length: 0 };
        Self { ends: (a, b), there: parcel(), back: parcel() }
    }

    /// Carries at most one packet each way; how many it carried.
    ///
    /// # Errors
    /// The error of either end; a packet that its end did not take is tried again by the next call.
    pub fn step(&mut self) -> Result<usize, TransportError> {
        let (a, b) = (&mut self.ends.0, &mut self.ends.1);
        Ok(self.there.carry(a, b)? + self.back.carry(b, a)?)
    }

    /// Waits for a packet from the first end, at most `timeout`; whether one is there.
    ///
    /// # Errors
    /// The end's error.
    pub fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        self.ends.0.wait(timeout)
    }
}

impl Parcel {
    fn carry(&mut self, from: &mut dyn Transport, to: &mut dyn Transport) -> Result<usize, TransportError> {
        if self.length == 0 {
            self.length = from.receive(&mut self.memory)?.unwrap_or(0);
        }
        if self.length == 0 {
            return Ok(0);
        }
        let sent = to.send(Batch::new(&self.memory, &[Span::new(0, self.length)]))?;
        if sent > 0 {
            self.length = 0;
        }
        Ok(sent)
    }
}
