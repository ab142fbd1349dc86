//! A capture as one end of a link: its packets are received at the pace of the recording or as fast as they are taken.

use core::fmt;
use core::time::Duration;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{CaptureError, CaptureReader};
use crate::stream::Batch;
use crate::time::{Clock, Nanos};
use crate::transport::{LinkState, Transport, TransportError};

/// How fast a capture is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReplaySpeed {
    /// As it was recorded.
    #[default]
    Recorded,
    /// As fast as packets are taken.
    Fastest,
}

/// A capture that is received packet by packet. It is never longer than one packet in memory. After its last packet the
/// link is down.
pub struct Replay {
    reader: CaptureReader,
    name: String,
    speed: ReplaySpeed,
    /// Only this interface of the capture; all of them when absent.
    interface: Option<u32>,
    clock: Arc<dyn Clock>,
    /// Recorded and real time of the first packet.
    origin: Option<(u64, Nanos)>,
    waiting: Option<Waiting>,
    packet: Vec<u8>,
    ended: bool,
    discarded: u64,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    due: Nanos,
}

impl Replay {
    /// Opens a capture for replay, of one of its interfaces or of all.
    ///
    /// # Errors
    /// [`CaptureError`].
    pub fn open(path: &Path, interface: Option<u32>, speed: ReplaySpeed, clock: Arc<dyn Clock>) -> Result<Self, CaptureError> {
        Ok(Self {
            reader: CaptureReader::open(path)?,
            name: path.display().to_string(),
            speed,
            interface,
            clock,
            origin: None,
            waiting: None,
            packet: Vec::new(),
            ended: false,
            discarded: 0,
        })
    }

    /// Packets sent to the capture, which has nobody to hear them.
    #[must_use]
    pub const fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Whether the last packet was received.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended && self.waiting.is_none()
    }

    /// Makes sure that the next packet waits, if there is one.
    fn fetch(&mut self) -> Result<Option<Waiting>, TransportError> {
        while self.waiting.is_none() && !self.ended {
            let Some(packet) = self.reader.next_packet().map_err(unreadable)? else {
                self.ended = true;
                break;
            };
            if self.interface.is_some_and(|wanted| wanted != packet.interface) {
                continue;
            }
            let now = self.clock.now();
            let (first, start) = *self.origin.get_or_insert((packet.utc_ns, now));
            let due = match self.speed {
                ReplaySpeed::Recorded => start.after(packet.utc_ns.saturating_sub(first)),
                ReplaySpeed::Fastest => now,
            };
            self.packet.clear();
            self.packet.extend_from_slice(packet.data);
            self.waiting = Some(Waiting { due });
        }
        Ok(self.waiting)
    }
}

impl Transport for Replay {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        self.discarded += batch.len() as u64;
        Ok(batch.len())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        let Some(waiting) = self.fetch()? else { return Ok(None) };
        if self.clock.now() < waiting.due {
            return Ok(None);
        }
        self.waiting = None;
        let (bytes, room) = (self.packet.len(), buffer.len());
        let target = buffer.get_mut(..bytes).ok_or(TransportError::BufferTooSmall { bytes, room })?;
        target.copy_from_slice(&self.packet);
        Ok(Some(bytes))
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        let end = self.clock.now().after(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
        let due = self.fetch()?.map(|waiting| waiting.due);
        self.clock.sleep_until(due.map_or(end, |due| due.min(end)));
        Ok(due.is_some_and(|due| due <= self.clock.now()))
    }

    fn link(&mut self) -> LinkState {
        if self.has_ended() { LinkState::Down } else { LinkState::Up { rate_mbit: None } }
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("reader", &self.reader).field("speed", &self.speed).finish_non_exhaustive()
    }
}

fn unreadable(error: CaptureError) -> TransportError {
    TransportError::System { operation: "reading the capture", source: io::Error::other(error) }
}
