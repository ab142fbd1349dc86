//! Opening an interface: which backend, what it receives, and what to do when it is refused.

use core::fmt;
use std::io;
use std::path::PathBuf;

pub use super::backend::{Backend, Preference};
use super::interface::Interface;
use super::packet::{PacketOptions, PacketTransport};
use super::portable::PortableTransport;
use super::ring::RingTransport;
use super::xdp::{self, XdpTransport};
use super::{ETHERNET_HEADER, Fallback, Hindrance, Transport, TransportError};
use crate::wire::colorlight::CARD_ADDRESS;
use crate::wire::ethernet::{EtherType, EthernetFrame, MacAddress};

/// Which frames an end wants to receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reception {
    /// None.
    #[default]
    Nothing,
    /// Control and telemetry of OCP-809 cards.
    Ocp809Sender,
    /// Stream and control, as an OCP-809 card.
    Ocp809Card,
    /// Discovery replies of Colorlight cards.
    ColorlightSender,
    /// Everything that is sent to a Colorlight card.
    ColorlightCard,
    /// Every frame, except those that this host sends.
    Everything,
}

impl Reception {
    /// A reply's type 0x08 and its first byte 0x05 lie where other frames have their Ethernet type.
    const COLORLIGHT_REPLY: EtherType = EtherType(0x0805);

    /// The only Ethernet types that are received; `None` when frames must be told apart by something else.
    #[must_use]
    pub const fn ether_types(self) -> Option<&'static [EtherType]> {
        match self {
            Self::Nothing => Some(&[]),
            Self::Ocp809Sender => Some(&[EtherType::OCP809_CONTROL]),
            Self::Ocp809Card => Some(&[EtherType::OCP809_STREAM, EtherType::OCP809_CONTROL]),
            Self::ColorlightSender => Some(&[Self::COLORLIGHT_REPLY]),
            Self::ColorlightCard | Self::Everything => None,
        }
    }

    /// The only destination address that is received, where the Ethernet type does not say it.
    #[must_use]
    pub const fn destination(self) -> Option<MacAddress> {
        match self {
            Self::ColorlightCard => Some(CARD_ADDRESS),
            Self::Nothing | Self::Ocp809Sender | Self::Ocp809Card | Self::ColorlightSender | Self::Everything => None,
        }
    }

    /// Whether a frame is one of those.
    #[must_use]
    pub fn accepts(self, frame: &[u8]) -> bool {
        let wanted_destination = self.destination().is_none_or(|wanted| frame.starts_with(&wanted.0));
        let ether_type = EthernetFrame::new_checked(frame).map(|frame| frame.ethertype());
        let wanted_type = self.ether_types().is_none_or(|wanted| ether_type.is_ok_and(|found| wanted.contains(&found)));
        wanted_destination && wanted_type
    }
}

/// Why an interface could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none of this name or address.
    #[error("no interface {wanted}: this host has {}", listed(available))]
    NoInterface {
        /// What was asked for.
        wanted: String,
        /// What there is.
        available: Vec<String>,
    },
    /// The process may not open raw sockets.
    #[error(
        "interface {interface}: raw Ethernet needs the capability CAP_NET_RAW and nothing else: \
         sudo setcap cap_net_raw+ep {}", program.display()
    )]
    Privilege {
        /// The interface.
        interface: String,
        /// This program.
        program: PathBuf,
    },
    /// A backend that was asked for does not serve the interface.
    #[error("interface {interface}: {backend} does not serve it: {because}")]
    Backend {
        /// The interface.
        interface: String,
        /// The backend.
        backend: Backend,
        /// Why.
        because: Hindrance,
    },
    /// The operating system refused something else.
    #[error("interface {interface}: {operation} failed")]
    System {
        /// The interface.
        interface: String,
        /// What was tried.
        operation: &'static str,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// It could be opened but not listened to.
    #[error("interface {interface}: listening failed")]
    Listening {
        /// The interface.
        interface: String,
        /// Why.
        #[source]
        source: TransportError,
    },
}

/// Names of interfaces, for people.
fn listed(names: &[String]) -> String {
    if names.is_empty() { "none for Ethernet".to_owned() } else { names.join(", ") }
}

impl OpenError {
    pub(super) fn system(interface: &str, operation: &'static str, source: io::Error) -> Self {
        let interface = interface.to_owned();
        if source.kind() == io::ErrorKind::PermissionDenied {
            let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("ocp809"));
            return Self::Privilege { interface, program };
        }
        Self::System { interface, operation, source }
    }

    pub(super) fn hindered(interface: &str, backend: Backend, because: Hindrance) -> Self {
        Self::Backend { interface: interface.to_owned(), backend, because }
    }

    /// Why a backend that could not be opened does not serve the interface.
    fn hindrance(&self) -> Option<Hindrance> {
        if let Self::Backend { because, .. } = self {
            return Some(*because);
        }
        if let Self::System { operation, source, .. } = self {
            return Some(Hindrance::refused(operation, source));
        }
        None
    }
}

/// An open interface, and how it was opened.
pub struct Opened {
    /// The interface.
    pub transport: Box<dyn Transport>,
    /// The backend that serves it.
    pub backend: Backend,
    /// Why it is not a faster one, where one was passed over.
    pub fallback: Option<Fallback>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, backend) = (self.transport.name(), self.backend);
        f.debug_struct("Opened").field("name", &name).field("backend", &backend).field("fallback", &self.fallback).finish()
    }
}

/// Opens an interface with the wanted backend. [`Preference::Automatic`] and [`Preference::Exclusive`] take the first that
/// serves it of: TX_RING for frames that are too long for AF_XDP, AF_XDP (exclusive only), `sendmmsg`, pnet. Without the
/// capability that all of them need, none is taken.
///
/// # Errors
/// [`OpenError`] of the backend that was tried last.
pub fn open(interface: &Interface, reception: Reception, preference: Preference) -> Result<Opened, OpenError> {
    let by = |backend| Ok(Opened { transport: transport(interface, reception, backend)?, backend, fallback: None });
    match preference {
        Preference::Automatic => automatic(interface, reception, false),
        Preference::Exclusive => automatic(interface, reception, true),
        Preference::Xdp => by(Backend::Xdp),
        Preference::Ring => by(Backend::Ring),
        Preference::Packet => by(Backend::Packet),
        Preference::Portable => by(Backend::Portable),
    }
}

/// Opens the fastest backend that serves the interface and may be used; the fastest of those that do not is reported.
fn automatic(interface: &Interface, reception: Reception, exclusive: bool) -> Result<Opened, OpenError> {
    let mut fallback: Option<Fallback> = None;
    for backend in [Backend::Xdp, Backend::Ring, Backend::Packet] {
        let because = match hindrance(interface, backend, exclusive) {
            Passed::Over => continue,
            Passed::Because(because) => because,
            Passed::Not => match transport(interface, reception, backend) {
                Ok(transport) => return Ok(Opened { transport, backend, fallback }),
                Err(error) => error.hindrance().ok_or(error)?,
            },
        };
        fallback = fallback.or(Some(Fallback { instead_of: backend, because }));
    }
    let backend = Backend::Portable;
    Ok(Opened { transport: transport(interface, reception, backend)?, backend, fallback })
}

/// Whether a backend is not even tried.
enum Passed {
    Not,
    /// It is none for such an interface at all.
    Over,
    Because(Hindrance),
}

fn hindrance(interface: &Interface, backend: Backend, exclusive: bool) -> Passed {
    let is_long = interface.mtu as usize + ETHERNET_HEADER > xdp::LONGEST_FRAME;
    match backend {
        Backend::Xdp if is_long => Passed::Because(Hindrance::Jumbo { mtu: interface.mtu, limit: xdp::LONGEST_FRAME }),
        Backend::Xdp if !exclusive => Passed::Because(Hindrance::Shared),
        // At the usual MTU it gains too little over `sendmmsg` to be chosen unasked.
        Backend::Ring if !is_long => Passed::Over,
        Backend::Xdp | Backend::Ring | Backend::Packet | Backend::Portable => Passed::Not,
    }
}

fn transport(interface: &Interface, reception: Reception, backend: Backend) -> Result<Box<dyn Transport>, OpenError> {
    let options = PacketOptions { reception, ..PacketOptions::default() };
    Ok(match backend {
        Backend::Xdp => Box::new(XdpTransport::open(interface, reception)?),
        Backend::Ring => Box::new(RingTransport::open(interface, options)?),
        Backend::Packet => Box::new(PacketTransport::open(interface, options)?),
        Backend::Portable => Box::new(PortableTransport::open(interface, reception)?),
    })
}
