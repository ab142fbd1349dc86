//! How Ethernet frames leave and enter this process: one trait, one file per backend.
//!
//! Backends never drop a packet silently: what the device did not take is the caller's to send again.

pub mod backend;
pub mod error;
pub mod fault;
#[cfg(feature = "transport")]
pub mod interface;
#[cfg(feature = "transport")]
pub mod laboratory;
#[cfg(feature = "transport")]
pub mod link;
#[cfg(feature = "transport")]
pub mod listen;
#[cfg(feature = "transport")]
mod mapping;
pub mod memory;
#[cfg(feature = "transport")]
mod netlink;
#[cfg(feature = "transport")]
pub mod open;
#[cfg(feature = "transport")]
pub mod packet;
pub mod packet_memory;
#[cfg(feature = "transport")]
pub mod pcap;
#[cfg(feature = "transport")]
pub mod portable;
#[cfg(feature = "transport")]
pub mod realtime;
#[cfg(feature = "transport")]
pub mod rebind;
pub mod relay;
#[cfg(feature = "transport")]
pub mod ring;
pub mod trace;
#[cfg(feature = "transport")]
pub mod xdp;

use core::time::Duration;

pub use backend::{Backend, Fallback, Hindrance, Preference, Sending};
pub use error::{ErrorKind, TransportError};
#[cfg(feature = "transport")]
pub use interface::Interface;
#[cfg(feature = "transport")]
pub use listen::{Concern, Verdict, listen_for_foreign_traffic};
#[cfg(feature = "transport")]
pub use open::{OpenError, Opened, Reception, open};
pub use packet_memory::{MemoryShape, PacketMemory};

use crate::stream::Batch;

/// Bytes of an Ethernet header: two addresses and a type.
pub const ETHERNET_HEADER: usize = 14;

/// State of a link's carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkState {
    /// There is carrier.
    Up {
        /// Speed in Mbit/s, where the interface says it (virtual interfaces may not).
        rate_mbit: Option<u32>,
    },
    /// No carrier, or the interface is switched off or gone.
    Down,
    /// The backend cannot tell.
    #[default]
    Unknown,
}

impl LinkState {
    /// Whether frames would certainly be lost.
    #[must_use]
    pub const fn is_down(self) -> bool {
        matches!(self, Self::Down)
    }
}

/// One end of an Ethernet link.
pub trait Transport: Send {
    /// Sends from the front of the batch and returns how many packets the device took. Fewer than all means that it is
    /// full for now; the rest is sent by another call. No call waits for the device.
    ///
    /// # Errors
    /// Why the first packet of the batch cannot be sent. A packet further back that cannot be sent ends the call as a
    /// full device would, and is the next call's error: so an error never hides packets that were taken.
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError>;

    /// Takes one received frame into `buffer` and returns its length; `None` when nothing waits. Never waits itself.
    ///
    /// # Errors
    /// [`TransportError::BufferTooSmall`] for a frame longer than the buffer, which is discarded; else the device's error.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError>;

    /// How long ago the frame that [`Transport::receive`] took last arrived, in nanoseconds: whoever is late to fetch frames
    /// can tell when they came. 0 where the backend does not know: so for the first frames after it was opened, since the
    /// kernel begins to stamp in the background.
    fn age_ns(&self) -> u64 {
        0
    }

    /// Waits until a received frame is there, at most `timeout`; whether one is there.
    ///
    /// # Errors
    /// The device's error.
    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError>;

    /// The carrier as it is now; news of it are read without waiting.
    fn link(&mut self) -> LinkState;

    /// Whether what was sent before still waits, and leaves no room for so many packets more: then a whole frame is better
    /// left out than begun. Only a link that knows its far end can tell.
    fn is_behind(&self, _packets: usize) -> bool {
        false
    }

    /// Memory of this shape from which packets are sent without a copy, in exchange for the memory that was given before;
    /// `None` where the backend copies, or cannot have it. For a port that sends its frames by this end only. Not for
    /// the steady state.
    fn packet_memory(&mut self, _shape: &MemoryShape) -> Option<PacketMemory> {
        None
    }

    /// Whether nothing that was sent from its own memory is still on its way, so that all of it may be written.
    fn is_settled(&mut self) -> bool {
        true
    }

    /// How frames leave, where this end knows.
    fn sending(&self) -> Option<Sending> {
        None
    }

    /// What people call this end: `eth0`, `memory`, a file name.
    fn name(&self) -> &str;
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        (**self).send(batch)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        (**self).receive(buffer)
    }

    fn age_ns(&self) -> u64 {
        (**self).age_ns()
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        (**self).wait(timeout)
    }

    fn link(&mut self) -> LinkState {
        (**self).link()
    }

    fn is_behind(&self, packets: usize) -> bool {
        (**self).is_behind(packets)
    }

    fn packet_memory(&mut self, shape: &MemoryShape) -> Option<PacketMemory> {
        (**self).packet_memory(shape)
    }

    fn is_settled(&mut self) -> bool {
        (**self).is_settled()
    }

    fn sending(&self) -> Option<Sending> {
        (**self).sending()
    }

    fn name(&self) -> &str {
        (**self).name()
    }
}
