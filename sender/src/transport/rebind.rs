//! A port's interface through re-plugging and renaming: found again by its address, never by its name, so that a wall is
//! never driven by another port's interface.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use super::interface::{Interface, find_by_mac};
use super::open::{OpenError, Reception, open};
use super::{Fallback, LinkState, MemoryShape, PacketMemory, Preference, Sending, Transport, TransportError};
use crate::stream::Batch;
use crate::time::{Clock, Nanos};
use crate::wire::ethernet::MacAddress;

/// An interface that is gone is looked for this often.
const LOOK_NS: u64 = 250_000_000;

/// An interface by its address. While it is gone the link is down.
pub struct Rebinding {
    mac: MacAddress,
    reception: Reception,
    preference: Preference,
    clock: Arc<dyn Clock>,
    open: Option<Bound>,
    name: String,
    next_look: Nanos,
    rebinds: u64,
}

struct Bound {
    index: u32,
    transport: Box<dyn Transport>,
    fallback: Option<Fallback>,
}

impl Rebinding {
    /// Opens the interface of this address.
    ///
    /// # Errors
    /// [`OpenError`]; later failures are met as a link that is down.
    pub fn open(mac: MacAddress, reception: Reception, preference: Preference, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let interface = find_by_mac(mac)?;
        let bound = bind(&interface, reception, preference)?;
        let next_look = clock.now();
        Ok(Self { mac, reception, preference, clock, open: Some(bound), name: interface.name, next_look, rebinds: 0 })
    }

    /// How often it was found again.
    #[must_use]
    pub const fn rebinds(&self) -> u64 {
        self.rebinds
    }

    /// Looks for the interface under another number, not too often.
    fn look(&mut self) {
        let now = self.clock.now();
        if now < self.next_look {
            return;
        }
        self.next_look = now.after(LOOK_NS);
        let Ok(interface) = find_by_mac(self.mac) else {
            self.open = None;
            return;
        };
        if self.open.as_ref().is_some_and(|bound| bound.index == interface.index) {
            return;
        }
        if let Ok(bound) = bind(&interface, self.reception, self.preference) {
            tracing::info!(address = %self.mac, was = self.name, now = interface.name, "interface found again");
            self.open = Some(bound);
            self.name = interface.name;
            self.rebinds += 1;
        }
    }

    fn bound(&mut self) -> Result<&mut Box<dyn Transport>, TransportError> {
        self.open.as_mut().map(|bound| &mut bound.transport).ok_or(TransportError::InterfaceGone)
    }
}

fn bind(interface: &Interface, reception: Reception, preference: Preference) -> Result<Bound, OpenError> {
    let opened = open(interface, reception, preference)?;
    Ok(Bound { index: interface.index, transport: opened.transport, fallback: opened.fallback })
}

impl Transport for Rebinding {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        self.bound()?.send(batch)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        self.bound()?.receive(buffer)
    }

    fn age_ns(&self) -> u64 {
        self.open.as_ref().map_or(0, |bound| bound.transport.age_ns())
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        if let Some(bound) = &mut self.open {
            return bound.transport.wait(timeout);
        }
        let now = self.clock.now();
        self.clock.sleep_until(now.after(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)));
        Ok(false)
    }

    fn link(&mut self) -> LinkState {
        let state = self.open.as_mut().map_or(LinkState::Down, |bound| bound.transport.link());
        if state.is_down() {
            self.look();
        }
        state
    }

    fn packet_memory(&mut self, shape: &MemoryShape) -> Option<PacketMemory> {
        self.open.as_mut()?.transport.packet_memory(shape)
    }

    fn is_settled(&mut self) -> bool {
        self.open.as_mut().is_none_or(|bound| bound.transport.is_settled())
    }

    fn sending(&self) -> Option<Sending> {
        let bound = self.open.as_ref()?;
        let sending = bound.transport.sending()?;
        Some(Sending { fallback: sending.fallback.or(bound.fallback), ..sending })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Rebinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rebinding").field("mac", &self.mac).field("name", &self.name).finish_non_exhaustive()
    }
}
