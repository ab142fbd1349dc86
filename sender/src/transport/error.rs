//! What can go wrong on an open link. Values are made without allocation, because a broken link meets them every frame.

use std::io;

/// Why a frame could not be sent or received. The interface is named by [`super::Transport::name`].
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The interface has no carrier or is switched off; it may come back by itself.
    #[error("the link is down: check the cable and the device at its other end")]
    LinkDown,
    /// The interface was removed or renamed; open it again by its address.
    #[error("the interface is gone: plug it in again; it is found by its MAC address even under another name")]
    InterfaceGone,
    /// A packet that no Ethernet link of this MTU carries.
    #[error("packet of {bytes} bytes: this link carries {minimum} to {maximum} bytes (set link.mtu to what the interface has)")]
    PacketSize {
        /// Its length.
        bytes: usize,
        /// The shortest packet, an Ethernet header.
        minimum: usize,
        /// The longest packet, MTU and Ethernet header.
        maximum: usize,
    },
    /// A received frame that is longer than the buffer given for it.
    #[error("received a frame of {bytes} bytes into a buffer of {room}: it was discarded")]
    BufferTooSmall {
        /// Its length.
        bytes: usize,
        /// The buffer.
        room: usize,
    },
    /// The operating system refused.
    #[error("{operation} failed")]
    System {
        /// The call.
        operation: &'static str,
        /// Its answer.
        #[source]
        source: io::Error,
    },
}

/// Kinds of [`TransportError`], for counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named after the variants of TransportError")]
pub enum ErrorKind {
    LinkDown,
    InterfaceGone,
    PacketSize,
    BufferTooSmall,
    System,
}

impl ErrorKind {
    /// All kinds, in the order of their discriminants.
    pub const ALL: [Self; 5] = [Self::LinkDown, Self::InterfaceGone, Self::PacketSize, Self::BufferTooSmall, Self::System];
}

impl TransportError {
    /// The error of an open interface; those that have a meaning of their own get it.
    #[cfg(feature = "transport")]
    pub(super) fn of_system(operation: &'static str, source: io::Error) -> Self {
        match source.raw_os_error() {
            Some(libc::ENETDOWN) => Self::LinkDown,
            Some(libc::ENXIO | libc::ENODEV) => Self::InterfaceGone,
            _ => Self::System { operation, source },
        }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::LinkDown => ErrorKind::LinkDown,
            Self::InterfaceGone => ErrorKind::InterfaceGone,
            Self::PacketSize { .. } => ErrorKind::PacketSize,
            Self::BufferTooSmall { .. } => ErrorKind::BufferTooSmall,
            Self::System { .. } => ErrorKind::System,
        }
    }
}
