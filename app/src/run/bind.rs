//! Which interface feeds which port on this host, and whether it may: a wall's stream on somebody's network would take that
//! network down.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use ocp809_sender::time::Clock;
use ocp809_sender::transport::interface::{Interface, find_by_mac, find_by_name};
use ocp809_sender::transport::listen::{LISTEN, Verdict, listen_for_foreign_traffic};
use ocp809_sender::transport::open::{OpenError, Reception};
use ocp809_sender::transport::rebind::Rebinding;
use ocp809_sender::transport::{LinkState, Transport};
use ocp809_sender::wall::{Port, ProtocolKind, Wall};
use ocp809_sender::wire::ethernet::MacAddress;
use ocp809_sender::wire::ocp809::software_address;
use thiserror::Error;

use super::awaited::Awaited;
use super::claim::{Claim, Claimed};
use super::options::InterfaceChoice;
use crate::config::{BackendChoice, Confirmation, ConfirmedInterface, InterfaceIdentity, LoadError, MachineSpec, SaveError};
use crate::engine::PortLink;

/// Why a port cannot be bound.
#[derive(Debug, Error)]
pub enum BindError {
    /// Several ports, one interface without a port's name.
    #[error("the wall has {ports} ports: say which one {interface} feeds, as PORT={interface}; ports are {}", .known.join(", "))]
    WhichPort {
        /// The interface.
        interface: String,
        /// Ports of the wall.
        ports: usize,
        /// Their ids.
        known: Vec<String>,
    },
    /// No such port.
    #[error("the wall has no port {port:?}; ports are {}", .known.join(", "))]
    UnknownPort {
        /// What was named.
        port: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// Two ports on one interface.
    #[error("{interface} would feed both {first} and {second}: one cable carries one port")]
    Twice {
        /// The interface.
        interface: String,
        /// A port.
        first: String,
        /// Another port.
        second: String,
    },
    /// The far end of a port that is no loop.
    #[error("port {port} is no loop, so {interface} cannot feed its far end: set redundant = true on the wall's port")]
    NoLoop {
        /// The port.
        port: String,
        /// The interface.
        interface: String,
    },
    /// The interface may be somebody's network.
    #[error("{0}. A wall's stream would take such a network down. If it is the wall's cable all the same: --confirm")]
    Unconfirmed(Verdict),
    /// The interface cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An interface without a hardware address, or a text that is none.
    #[error("{0} is no Ethernet interface and no hardware address such as 02:00:00:00:00:01")]
    NoAddress(String),
    /// A port is bound to nothing.
    #[error("port {port} has no interface on this host: --if {port}=NAME, or a [[port]] entry in machine.toml")]
    Unbound {
        /// The port.
        port: String,
    },
    /// Another process of this host sends on the interface.
    #[error(
        "another ocp809 of this host sends on {interface}: act on that one (ocp809 do source URI, ocp809 set ..), or end it \
         (ocp809 do stop)"
    )]
    Taken {
        /// The interface.
        interface: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The link is too slow.
    #[error("{interface} runs at {found} Mbit/s, port {port} needs {needed}: check cable and switch, or lower link.rate_mbit")]
    TooSlow {
        /// The interface.
        interface: String,
        /// The port.
        port: String,
        /// Its speed.
        found: u32,
        /// What the wall says.
        needed: u32,
    },
    /// machine.toml cannot be read.
    #[error(transparent)]
    Machine(#[from] LoadError),
    /// machine.toml cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// How strict a binding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindPolicy {
    /// Interfaces may be used whatever hangs on them.
    pub confirm: bool,
    /// A port without an interface is an error instead of a port that waits.
    pub strict: bool,
}

/// Binds a wall's ports to interfaces of this host.
pub struct Binder<'a> {
    /// The wall.
    pub wall: &'a Wall,
    /// This host's bindings and confirmations; interfaces that pass are added.
    pub machine: &'a mut MachineSpec,
    /// What to do about doubts.
    pub policy: BindPolicy,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Binder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binder").field("wall", &self.wall.name()).field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Binder<'_> {
    /// One link per port, in the wall's order; `heads` and `tails` are named for this run. What is noteworthy goes to `out`.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(
        &mut self,
        heads: &[InterfaceChoice],
        tails: &[InterfaceChoice],
        out: &mut dyn Write,
    ) -> Result<Vec<PortLink>, BindError> {
        self.refuse_twice(heads, tails)?;
        let (heads, tails) = (self.chosen(heads)?, self.chosen(tails)?);
        let mut links = Vec::new();
        for ((index, port), (head, tail)) in self.wall.ports().iter().enumerate().zip(heads.into_iter().zip(tails)) {
            if let Some(interface) = tail.clone().filter(|_| !port.redundant) {
                return Err(BindError::NoLoop { port: port.id.to_string(), interface });
            }
            links.push(self.port_link(port, index, (head, tail), out)?);
        }
        Ok(links)
    }

    /// An interface feeds one end of one port.
    fn refuse_twice(&self, heads: &[InterfaceChoice], tails: &[InterfaceChoice]) -> Result<(), BindError> {
        let only = || self.wall.ports().first().map(|port| port.id.to_string()).unwrap_or_default();
        let named = |choice: &InterfaceChoice, end| format!("{}{end}", choice.port.clone().unwrap_or_else(only));
        for head in heads {
            if tails.iter().any(|tail| tail.interface == head.interface) {
                let (first, second) = (named(head, ""), named(head, " (far end)"));
                return Err(BindError::Twice { interface: head.interface.clone(), first, second });
            }
        }
        Ok(())
    }

    /// The interface that the command line names for each port.
    fn chosen(&self, choices: &[InterfaceChoice]) -> Result<Vec<Option<String>>, BindError> {
        let ports = self.wall.ports();
        let known = || ports.iter().map(|port| port.id.to_string()).collect();
        let mut chosen: Vec<Option<String>> = vec![None; ports.len()];
        for choice in choices {
            let interface = choice.interface.clone();
            let index = match &choice.port {
                None if ports.len() == 1 => 0,
                None => return Err(BindError::WhichPort { interface, ports: ports.len(), known: known() }),
                Some(id) => ports
                    .iter()
                    .position(|port| port.id.as_str() == id)
                    .ok_or_else(|| BindError::UnknownPort { port: id.clone(), known: known() })?,
            };
            if let Some(other) = chosen.iter().position(|taken| taken.as_ref() == Some(&interface)) {
                let name = |index: usize| ports.get(index).map(|port| port.id.to_string()).unwrap_or_default();
                return Err(BindError::Twice { interface, first: name(other), second: name(index) });
            }
            if let Some(slot) = chosen.get_mut(index) {
                *slot = Some(interface);
            }
        }
        Ok(chosen)
    }

    fn port_link(
        &mut self,
        port: &Port,
        index: usize,
        (named, named_tail): (Option<String>, Option<String>),
        out: &mut dyn Write,
    ) -> Result<PortLink, BindError> {
        let binding = self.machine.binding(self.wall.name(), port.id.as_str()).cloned();
        let backend = binding.as_ref().map(|binding| binding.backend).unwrap_or_default();
        let way = Way { reception: reception(port.protocol), backend };
        let (head, source) = match (named, &binding) {
            (Some(name), _) => self.open(find_by_name(&name), &name, port, way, out)?,
            (None, Some(binding)) => {
                let (found, label) = find(&binding.interface)?;
                self.open(found, &label, port, way, out)?
            }
            (None, None) if self.policy.strict => return Err(BindError::Unbound { port: port.id.to_string() }),
            (None, None) => {
                say(out, &format!("port {} has no interface on this host: its cabinets stay dark\n", port.id));
                let absent: Box<dyn Transport> = Box::new(Awaited::never(Arc::clone(&self.clock)));
                let [_, number] = u16::try_from(index).unwrap_or(u16::MAX).to_be_bytes();
                (absent, software_address(number))
            }
        };
        let bound = binding.and_then(|binding| binding.tail).filter(|_| port.redundant);
        let tail = match (named_tail, bound) {
            (None, None) => None,
            (Some(name), _) => Some(self.open(find_by_name(&name), &name, port, way, out)?),
            (None, Some(identity)) => {
                let (found, label) = find(&identity)?;
                Some(self.open(found, &label, port, way, out)?)
            }
        };
        Ok(PortLink { head, source, tail })
    }

    /// Opens an interface that is there and may be used; waits for one that is not there.
    fn open(
        &mut self,
        found: Result<Interface, OpenError>,
        label: &str,
        port: &Port,
        way: Way,
        out: &mut dyn Write,
    ) -> Result<(Box<dyn Transport>, MacAddress), BindError> {
        let interface = match found {
            Ok(interface) => interface,
            Err(error) if self.policy.strict => return Err(error.into()),
            Err(error) => {
                say(out, &format!("port {}: {error}; waiting for it\n", port.id));
                return Ok(self.await_interface(label, way));
            }
        };
        check_speed(&interface, port)?;
        let mac = interface.mac.ok_or_else(|| BindError::NoAddress(interface.name.clone()))?;
        let claim = Claim::of(mac).map_err(|source| BindError::Taken { interface: interface.name.clone(), source })?;
        self.vet(&interface, out)?;
        let preference = way.backend.preference(self.machine.is_quiet(&mac.to_string()));
        let inner = Rebinding::open(mac, way.reception, preference, Arc::clone(&self.clock))?;
        if let Some(sending) = inner.sending() {
            say(out, &format!("port {}: {}, {sending}\n", port.id, interface.name));
        }
        Ok((Box::new(Claimed { inner, _claim: claim }), mac))
    }

    /// A link that opens `label` once it appears, if this host may use it by then.
    fn await_interface(&self, label: &str, way: Way) -> (Box<dyn Transport>, MacAddress) {
        let (name, clock, machine, confirm) =
            (label.to_owned(), Arc::clone(&self.clock), self.machine.clone(), self.policy.confirm);
        let open = move || -> Option<Box<dyn Transport>> {
            let interface = find_by_name(&name).ok().or_else(|| find_by_mac(name.parse().ok()?).ok())?;
            let mac = interface.mac?;
            if !confirm && !machine.is_confirmed(&mac.to_string()) {
                return None;
            }
            let claim = Claim::of(mac).ok()?;
            let preference = way.backend.preference(machine.is_quiet(&mac.to_string()));
            let inner = Rebinding::open(mac, way.reception, preference, Arc::clone(&clock)).ok()?;
            Some(Box::new(Claimed { inner, _claim: claim }))
        };
        let waiting = Awaited::new(label.to_owned(), Box::new(open), Arc::clone(&self.clock));
        (Box::new(waiting), label.parse().unwrap_or_else(|_| software_address(0)))
    }

    /// Whether an interface may be flooded: known from before, confirmed now, or quiet for two seconds.
    fn vet(&mut self, interface: &Interface, out: &mut dyn Write) -> Result<(), BindError> {
        let Some(mac) = interface.mac else { return Ok(()) };
        if self.machine.is_confirmed(&mac.to_string()) {
            return Ok(());
        }
        let confirmed = if self.policy.confirm {
            Confirmation::ByHand
        } else {
            say(out, &format!("{}: first use, listening for {} s\n", interface.name, LISTEN.as_secs()));
            let verdict = listen_for_foreign_traffic(interface, LISTEN, self.clock.as_ref())?;
            if !verdict.is_safe() {
                return Err(BindError::Unconfirmed(verdict));
            }
            Confirmation::Listened
        };
        self.machine.confirm(ConfirmedInterface { mac: mac.to_string(), name: interface.name.clone(), confirmed });
        Ok(())
    }
}

/// How an interface is opened.
#[derive(Debug, Clone, Copy)]
struct Way {
    reception: Reception,
    backend: BackendChoice,
}

fn reception(protocol: ProtocolKind) -> Reception {
    match protocol {
        ProtocolKind::Ocp809 => Reception::Ocp809Sender,
        ProtocolKind::Colorlight => Reception::ColorlightSender,
    }
}

/// The interface of an identity, if it is there, and what to call it.
fn find(identity: &InterfaceIdentity) -> Result<(Result<Interface, OpenError>, String), BindError> {
    match identity {
        InterfaceIdentity::Mac(text) => {
            let mac = text.parse().map_err(|_| BindError::NoAddress(text.clone()))?;
            Ok((find_by_mac(mac), text.clone()))
        }
        InterfaceIdentity::Bus(path) => Ok((find_by_bus(path), path.clone())),
    }
}

/// The interface in this place of the machine: the last part of the device link that the kernel keeps in sysfs.
fn find_by_bus(path: &str) -> Result<Interface, OpenError> {
    let place = path.rsplit_once('-').map_or(path, |(_, place)| place);
    let interfaces = std::fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    let at_place = |folder: &Path| {
        let device = std::fs::read_link(folder.join("device")).ok();
        device.and_then(|device| Some(device.file_name()?.to_string_lossy() == place)).unwrap_or(false)
    };
    let found = interfaces.map(|entry| entry.path()).find(|folder| at_place(folder));
    let name = found.and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    find_by_name(name.as_deref().unwrap_or(path))
}

/// A link slower than the wall's plan would cut every frame.
fn check_speed(interface: &Interface, port: &Port) -> Result<(), BindError> {
    let LinkState::Up { rate_mbit: Some(found) } = interface.link() else { return Ok(()) };
    // Virtual interfaces name arbitrary speeds; one with a driver and a real cable does not.
    if interface.driver.is_some() && found < port.link.rate_mbit {
        let (name, needed) = (interface.name.clone(), port.link.rate_mbit);
        return Err(BindError::TooSlow { interface: name, port: port.id.to_string(), found, needed });
    }
    Ok(())
}

/// What nobody reads any more is no error.
fn say(out: &mut dyn Write, text: &str) {
    let _closed = out.write_all(text.as_bytes());
}
