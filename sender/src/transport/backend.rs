//! The ways out of this host: what they are called, which one serves an interface, and why it is not a faster one.

use core::fmt;
use std::io;

/// Which backend is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Preference {
    /// The fastest that works and disturbs nobody else on the interface.
    #[default]
    Automatic,
    /// The fastest that works, on an interface that carries nothing but this sender's frames.
    Exclusive,
    /// Linux AF_XDP, or an error.
    Xdp,
    /// Linux AF_PACKET with a ring of packets (TX_RING), or an error.
    Ring,
    /// Linux AF_PACKET with `sendmmsg`, or an error.
    Packet,
    /// pnet, one system call per packet, on every system.
    Portable,
}

/// A backend, fastest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Linux AF_XDP.
    Xdp,
    /// Linux AF_PACKET with a ring of packets.
    Ring,
    /// Linux AF_PACKET with `sendmmsg`.
    Packet,
    /// pnet.
    Portable,
}

impl Backend {
    /// All backends, fastest first.
    pub const ALL: [Self; 4] = [Self::Xdp, Self::Ring, Self::Packet, Self::Portable];

    /// This backend, or an error.
    #[must_use]
    pub const fn alone(self) -> Preference {
        match self {
            Self::Xdp => Preference::Xdp,
            Self::Ring => Preference::Ring,
            Self::Packet => Preference::Packet,
            Self::Portable => Preference::Portable,
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Xdp => "AF_XDP",
            Self::Ring => "AF_PACKET (TX_RING)",
            Self::Packet => "AF_PACKET (sendmmsg)",
            Self::Portable => "pnet (one call per packet)",
        })
    }
}

/// Why a backend does not serve an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
    /// Others may send on the interface too: AF_XDP passes by their queue.
    Shared,
    /// Frames of this MTU are longer than the backend takes.
    Jumbo {
        /// The interface's MTU.
        mtu: u32,
        /// The longest frame in bytes, headers included.
        limit: usize,
    },
    /// The packets of a frame do not lie in the order in which they leave, which PARITY packets between them cause.
    Order,
    /// The kernel refused.
    Refused {
        /// What was tried.
        operation: &'static str,
        /// The error number.
        errno: i32,
    },
}

impl Hindrance {
    /// The kernel's refusal.
    #[cfg(feature = "transport")]
    pub(super) fn refused(operation: &'static str, error: &io::Error) -> Self {
        Self::Refused { operation, errno: error.raw_os_error().unwrap_or(0) }
    }
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared => f.write_str("the interface was confirmed by hand, so that others may send on it"),
            Self::Jumbo { mtu, limit } => write!(f, "MTU {mtu}, it takes frames of up to {limit} bytes"),
            Self::Order => f.write_str("the packets of a frame do not lie in the order in which they leave"),
            Self::Refused { operation, errno } => {
                write!(f, "{operation}: {}{}", io::Error::from_raw_os_error(*errno), way_out(*errno))
            }
        }
    }
}

/// What helps against a refusal, where something does.
#[cfg(feature = "transport")]
const fn way_out(errno: i32) -> &'static str {
    match errno {
        libc::EBUSY => "; another program sends by AF_XDP on this interface: end it",
        libc::ENOBUFS | libc::ENOMEM | libc::EPERM => {
            "; it needs CAP_NET_RAW, and CAP_IPC_LOCK or more locked memory (ulimit -l) for large walls"
        }
        libc::EAFNOSUPPORT | libc::ENOPROTOOPT | libc::EOPNOTSUPP => "; it needs Linux 6.17 with XDP_SOCKETS",
        _ => "",
    }
}

#[cfg(not(feature = "transport"))]
const fn way_out(_errno: i32) -> &'static str {
    ""
}

/// A faster backend that was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// The backend that would have been taken.
    pub instead_of: Backend,
    /// Why it was not.
    pub because: Hindrance,
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not {}: {}", self.instead_of, self.because)
    }
}

/// How frames leave by an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending {
    /// The backend.
    pub backend: Backend,
    /// Whether packets are sent from where they were built, without a copy.
    pub in_place: bool,
    /// The faster backend that was passed over, and why.
    pub fallback: Option<Fallback>,
}

impl fmt::Display for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.backend, if self.in_place { ", in place" } else { "" })?;
        self.fallback.iter().try_for_each(|fallback| write!(f, "; {fallback}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_out_says_what_it_is_and_what_it_could_be() {
        let because = Hindrance::Jumbo { mtu: 9000, limit: 4096 };
        let fallback = Some(Fallback { instead_of: Backend::Xdp, because });
        let sending = Sending { backend: Backend::Ring, in_place: true, fallback };
        let text = "AF_PACKET (TX_RING), in place; not AF_XDP: MTU 9000, it takes frames of up to 4096 bytes";
        assert_eq!(sending.to_string(), text, "all of it");
        let plain = Sending { backend: Backend::Packet, in_place: false, fallback: None };
        assert_eq!(plain.to_string(), "AF_PACKET (sendmmsg)", "nothing to explain");
    }

    #[cfg(feature = "transport")]
    #[test]
    fn a_refusal_tells_the_way_out() {
        let busy = Hindrance::Refused { operation: "binding to queue 0", errno: libc::EBUSY }.to_string();
        assert!(busy.starts_with("binding to queue 0: ") && busy.contains("end it"), "{busy}");
        let unknown = Hindrance::Refused { operation: "mapping", errno: libc::EIO }.to_string();
        assert!(unknown.ends_with("(os error 5)"), "{unknown}");
    }
}
