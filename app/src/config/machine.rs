//! machine.toml: what belongs to this host alone. Which interface feeds which port, which GPU works, which interfaces people
//! or a two-second listen found fit to be flooded with pixels, and which key the cards know it by.

use ocp809_sender::transport::{Backend, Preference};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::Document;
use super::place::Place;
use super::problem::Problem;
use super::site_key::SiteKeySpec;

/// The version of machine.toml that this program writes.
pub const MACHINE_SCHEMA_VERSION: u32 = 1;

/// A whole machine.toml.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MachineSpec {
    /// Version of this document, [`MACHINE_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Where pixels are computed.
    #[serde(default)]
    pub gpu: GpuChoice,
    /// Ports that this host feeds; a wall's other ports belong to other hosts.
    #[serde(rename = "port", default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortBinding>,
    /// Interfaces that may be used.
    #[serde(rename = "interface", default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<ConfirmedInterface>,
    /// The key that this site's cards know its senders by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_key: Option<SiteKeySpec>,
}

impl Default for MachineSpec {
    fn default() -> Self {
        Self {
            schema_version: MACHINE_SCHEMA_VERSION,
            gpu: GpuChoice::Auto,
            ports: Vec::new(),
            interfaces: Vec::new(),
            site_key: None,
        }
    }
}

/// Where pixels are computed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GpuChoice {
    /// On the first hardware GPU; where there is none, on the CPU.
    #[default]
    Auto,
    /// On the CPU.
    Cpu,
    /// On the GPU whose name contains this text, whatever its case.
    Named(String),
}

/// Which interface feeds a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortBinding {
    /// The wall's name, where several walls are driven; absent: every wall with a port of this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<String>,
    /// The port's id.
    pub id: String,
    /// How its frames leave this host.
    #[serde(default, skip_serializing_if = "BackendChoice::is_auto")]
    pub backend: BackendChoice,
    /// The interface that feeds the near end.
    #[serde(flatten)]
    pub interface: InterfaceIdentity,
    /// The interface that feeds the far end of a redundant port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<InterfaceIdentity>,
}

/// How frames leave this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BackendChoice {
    /// The fastest that serves the interface: AF_XDP where two seconds of listening heard nobody else, TX_RING for jumbo
    /// frames, else `sendmmsg`, else pnet.
    #[default]
    Auto,
    /// AF_XDP: straight to the driver, past the queueing discipline. For an interface that carries nothing else.
    Xdp,
    /// AF_PACKET with a ring of packets (TX_RING).
    Ring,
    /// AF_PACKET with `sendmmsg`.
    Sendmmsg,
    /// pnet, one system call per packet.
    Pnet,
}

impl BackendChoice {
    /// Whether it is left to the program.
    #[must_use]
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }

    /// What to open an interface with that is `quiet`: nobody else was heard on it.
    #[must_use]
    pub const fn preference(self, quiet: bool) -> Preference {
        match self {
            Self::Auto if quiet => Preference::Exclusive,
            Self::Auto => Preference::Automatic,
            Self::Xdp => Preference::Xdp,
            Self::Ring => Preference::Ring,
            Self::Sendmmsg => Preference::Packet,
            Self::Pnet => Preference::Portable,
        }
    }
}

impl From<Backend> for BackendChoice {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Xdp => Self::Xdp,
            Backend::Ring => Self::Ring,
            Backend::Packet => Self::Sendmmsg,
            Backend::Portable => Self::Pnet,
        }
    }
}

/// What an interface is known by. Names such as eth1 can change at every start, so they are not among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InterfaceIdentity {
    /// Its hardware address, as `02:00:00:00:00:01`.
    Mac(String),
    /// Its place in the machine, as the kernel names it: `pci-0000:03:00.0`. For adapters whose address changes.
    Bus(String),
}

/// An interface that may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedInterface {
    /// Its hardware address.
    pub mac: String,
    /// Its name when it was last seen, for readers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How it came onto this list.
    pub confirmed: Confirmation,
}

/// How an interface came to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmation {
    /// Two seconds of listening heard nobody else.
    Listened,
    /// Somebody said so.
    ByHand,
}

impl MachineSpec {
    /// The binding of a wall's port: one that names the wall, else one that names none.
    #[must_use]
    pub fn binding(&self, wall: &str, port: &str) -> Option<&PortBinding> {
        let of_port = |binding: &&PortBinding| binding.id == port;
        let named = self.ports.iter().filter(of_port).find(|binding| binding.wall.as_deref() == Some(wall));
        named.or_else(|| self.ports.iter().filter(of_port).find(|binding| binding.wall.is_none()))
    }

    /// Whether an interface may be used without listening first.
    #[must_use]
    pub fn is_confirmed(&self, mac: &str) -> bool {
        self.interfaces.iter().any(|interface| interface.mac.eq_ignore_ascii_case(mac))
    }

    /// Whether nobody else was heard on an interface. One that was confirmed by hand may carry other traffic as well.
    #[must_use]
    pub fn is_quiet(&self, mac: &str) -> bool {
        let mut same = self.interfaces.iter().filter(|interface| interface.mac.eq_ignore_ascii_case(mac));
        same.clone().next().is_some() && same.all(|interface| interface.confirmed == Confirmation::Listened)
    }

    /// Enters an interface into the list; true if that changed anything.
    pub fn confirm(&mut self, interface: ConfirmedInterface) -> bool {
        if self.is_confirmed(&interface.mac) {
            return false;
        }
        self.interfaces.push(interface);
        true
    }

    /// Binds a port; an earlier binding of the same port and wall gives way.
    pub fn bind(&mut self, binding: PortBinding) {
        match self.ports.iter_mut().find(|other| other.id == binding.id && other.wall == binding.wall) {
            Some(other) => *other = binding,
            None => self.ports.push(binding),
        }
    }

    /// Everything that is wrong with the document beyond its keys.
    #[must_use]
    pub fn problems(&self, document: &Document<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut check_mac = |mac: &str, place: Place| {
            if !is_mac(mac) {
                problems.push(Problem {
                    text: format!("{mac:?} is no hardware address"),
                    way_out: "write it as `ip link` shows it, for example 02:00:00:00:00:01".to_owned(),
                    key: place.to_string(),
                    span: document.span(&place),
                    other: None,
                });
            }
        };
        for (index, binding) in self.ports.iter().enumerate() {
            let place = Place::default().key("port").index(index);
            if let InterfaceIdentity::Mac(mac) = &binding.interface {
                check_mac(mac, place.clone().key("mac"));
            }
            if let Some(InterfaceIdentity::Mac(mac)) = &binding.tail {
                check_mac(mac, place.key("tail").key("mac"));
            }
        }
        for (index, interface) in self.interfaces.iter().enumerate() {
            check_mac(&interface.mac, Place::default().key("interface").index(index).key("mac"));
        }
        if self.site_key.as_ref().is_some_and(|key| key.id == 0) {
            let place = Place::default().key("site_key").key("id");
            problems.push(Problem {
                text: "0 is the id of the key that everybody has".to_owned(),
                way_out: "give the site's key an id from 1 to 65535".to_owned(),
                key: place.to_string(),
                span: document.span(&place),
                other: None,
            });
        }
        problems
    }
}

/// Six pairs of hexadecimal digits between colons.
fn is_mac(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    parts.len() == 6 && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
