//! Opening an interface: which backend, what it receives, and what to do when it is refused.

use core::fmt;
use std::io;
use std::path::PathBuf;

use super::interface::Interface;
use super::packet::{PacketOptions, PacketTransport};
use super::portable::PortableTransport;
use super::{Transport, TransportError};
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

/// Which backend is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Preference {
    /// The fastest that works.
    #[default]
    Automatic,
    /// Linux AF_PACKET with `sendmmsg`, or an error.
    Packet,
    /// pnet, one system call per packet, on every system.
    Portable,
}

/// A backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Linux AF_PACKET with `sendmmsg`.
    Packet,
    /// pnet.
    Portable,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Packet => "AF_PACKET (sendmmsg)",
            Self::Portable => "pnet (one call per packet)",
        })
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
}

/// An open interface, and how it was opened.
pub struct Opened {
    /// The interface.
    pub transport: Box<dyn Transport>,
    /// The backend that serves it.
    pub backend: Backend,
    /// Why it is not the faster one, where that was tried and refused.
    pub fallback: Option<OpenError>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, backend) = (self.transport.name(), self.backend);
        f.debug_struct("Opened").field("name", &name).field("backend", &backend).field("fallback", &self.fallback).finish()
    }
}

/// Opens an interface with the wanted backend; [`Preference::Automatic`] takes pnet where AF_PACKET is refused for
/// another reason than the missing capability, which pnet needs as well.
///
/// # Errors
/// [`OpenError`] of the backend that was tried last.
pub fn open(interface: &Interface, reception: Reception, preference: Preference) -> Result<Opened, OpenError> {
    let packet = || -> Result<Box<dyn Transport>, OpenError> {
        let options = PacketOptions { reception, ..PacketOptions::default() };
        Ok(Box::new(PacketTransport::open(interface, options)?))
    };
    let portable = || -> Result<Box<dyn Transport>, OpenError> { Ok(Box::new(PortableTransport::open(interface, reception)?)) };
    let opened = |transport, backend, fallback| Opened { transport, backend, fallback };
    match preference {
        Preference::Packet => Ok(opened(packet()?, Backend::Packet, None)),
        Preference::Portable => Ok(opened(portable()?, Backend::Portable, None)),
        Preference::Automatic => match packet() {
            Ok(transport) => Ok(opened(transport, Backend::Packet, None)),
            Err(error @ OpenError::Privilege { .. }) => Err(error),
            Err(refused) => Ok(opened(portable()?, Backend::Portable, Some(refused))),
        },
    }
}
