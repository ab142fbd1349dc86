//! Opening an interface: which backend, what it receives, and what to do when it is refused.

use core::fmt;
use std::io;
use std::path::PathBuf;

use super::Transport;
use super::interface::Interface;
use super::packet::{PacketOptions, PacketTransport};
use super::portable::PortableTransport;

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
    /// Address of every Colorlight card. It is a group address, so that no network card filters it when asked not to.
    const COLORLIGHT_CARD: [u8; 6] = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66];
    const OCP809_STREAM: u16 = 0x88b5;
    const OCP809_CONTROL: u16 = 0x88b6;
    const COLORLIGHT_REPLY: u16 = 0x0805;

    /// The only Ethernet types that are received; `None` when frames must be told apart by something else.
    #[must_use]
    pub const fn ether_types(self) -> Option<&'static [u16]> {
        match self {
            Self::Nothing => Some(&[]),
            Self::Ocp809Sender => Some(&[Self::OCP809_CONTROL]),
            Self::Ocp809Card => Some(&[Self::OCP809_STREAM, Self::OCP809_CONTROL]),
            Self::ColorlightSender => Some(&[Self::COLORLIGHT_REPLY]),
            Self::ColorlightCard | Self::Everything => None,
        }
    }

    /// The only destination address that is received, where the Ethernet type does not say it.
    #[must_use]
    pub const fn destination(self) -> Option<[u8; 6]> {
        match self {
            Self::ColorlightCard => Some(Self::COLORLIGHT_CARD),
            Self::Nothing | Self::Ocp809Sender | Self::Ocp809Card | Self::ColorlightSender | Self::Everything => None,
        }
    }

    /// Whether a frame is one of those.
    #[must_use]
    pub fn accepts(self, frame: &[u8]) -> bool {
        let wanted_destination = self.destination().is_none_or(|wanted| frame.starts_with(&wanted));
        let ether_type = frame.get(12..14).and_then(|bytes| bytes.try_into().ok()).map(u16::from_be_bytes);
        let wanted_type = self.ether_types().is_none_or(|wanted| ether_type.is_some_and(|found| wanted.contains(&found)));
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
    #[error("no interface {wanted}: this host has {}", available.join(", "))]
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
