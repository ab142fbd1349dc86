//! An interface that is not there yet: down until it appears, then the interface itself.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use ocp809_sender::stream::Batch;
use ocp809_sender::time::{Clock, NANOS_PER_SECOND, Nanos};
use ocp809_sender::transport::{LinkState, MemoryShape, PacketMemory, Sending, Transport, TransportError};

/// How often the interface is looked for.
const LOOK_NS: u64 = NANOS_PER_SECOND;

/// Opens the interface, once it is there.
pub(super) type Opener = Box<dyn FnMut() -> Option<Box<dyn Transport>> + Send>;

/// An interface, or the wait for it.
pub(super) struct Awaited {
    name: String,
    open: Opener,
    clock: Arc<dyn Clock>,
    inner: Option<Box<dyn Transport>>,
    next_look: Nanos,
}

impl Awaited {
    /// Waits for what `open` opens; `name` is shown meanwhile.
    pub(super) fn new(name: String, open: Opener, clock: Arc<dyn Clock>) -> Self {
        let next_look = clock.now();
        Self { name, open, clock, inner: None, next_look }
    }

    /// A port that is bound to nothing on this host: somebody else's.
    pub(super) fn never(clock: Arc<dyn Clock>) -> Self {
        Self::new("unbound".to_owned(), Box::new(|| None), clock)
    }

    fn inner(&mut self) -> Result<&mut Box<dyn Transport>, TransportError> {
        self.inner.as_mut().ok_or(TransportError::InterfaceGone)
    }
}

impl Transport for Awaited {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        self.inner()?.send(batch)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        self.inner.as_mut().map_or(Ok(None), |inner| inner.receive(buffer))
    }

    fn age_ns(&self) -> u64 {
        self.inner.as_ref().map_or(0, Transport::age_ns)
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        if let Some(inner) = &mut self.inner {
            return inner.wait(timeout);
        }
        let now = self.clock.now();
        self.clock.sleep_until(now.after(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)));
        Ok(false)
    }

    fn link(&mut self) -> LinkState {
        let now = self.clock.now();
        if self.inner.is_none() && now >= self.next_look {
            self.next_look = now.after(LOOK_NS);
            self.inner = (self.open)();
        }
        self.inner.as_mut().map_or(LinkState::Down, Transport::link)
    }

    fn packet_memory(&mut self, shape: &MemoryShape) -> Option<PacketMemory> {
        self.inner.as_mut()?.packet_memory(shape)
    }

    fn is_settled(&mut self) -> bool {
        self.inner.as_mut().is_none_or(Transport::is_settled)
    }

    fn sending(&self) -> Option<Sending> {
        self.inner.as_ref()?.sending()
    }

    fn name(&self) -> &str {
        self.inner.as_ref().map_or(&self.name, |inner| inner.name())
    }
}

impl fmt::Debug for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Awaited").field("name", &self.name).field("is_open", &self.inner.is_some()).finish_non_exhaustive()
    }
}
