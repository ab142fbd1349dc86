//! The interfaces of a Linux host and their carrier, as netlink tells them.
//!
//! Carrier is followed, not guessed: a cable that is pulled makes no send fail.

use core::time::Duration;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteType};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::LinkState;
use super::interface::Interface;
use super::netlink::{LinkNews, News, dump};
use crate::wire::ethernet::MacAddress;

/// All interfaces of this host (of this network namespace), in the kernel's order.
///
/// # Errors
/// What netlink answered.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let mut found: Vec<Interface> = links()?.iter().map(describe).collect();
    for message in dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()))? {
        if let RouteNetlinkMessage::NewAddress(message) = message {
            add_address(&mut found, &message);
        }
    }
    for message in dump(RouteNetlinkMessage::GetRoute(RouteMessage::default()))? {
        if let RouteNetlinkMessage::NewRoute(message) = message {
            add_route(&mut found, &message);
        }
    }
    Ok(found)
}

fn links() -> io::Result<Vec<LinkMessage>> {
    let messages = dump(RouteNetlinkMessage::GetLink(LinkMessage::default()))?;
    Ok(messages.into_iter().filter_map(link_of).map(|(message, _)| message).collect())
}

/// The link of a message, and whether it exists (`true`) or was removed. A bridge tells about its ports in the same form,
/// and says "removed" when one leaves it.
fn link_of(message: RouteNetlinkMessage) -> Option<(LinkMessage, bool)> {
    let found = if let RouteNetlinkMessage::NewLink(link) = message {
        (link, true)
    } else if let RouteNetlinkMessage::DelLink(link) = message {
        (link, false)
    } else {
        return None;
    };
    Some(found).filter(|(link, _)| link.header.interface_family == AddressFamily::Unspec)
}

fn describe(message: &LinkMessage) -> Interface {
    let flags = message.header.flags;
    let mut interface = Interface {
        index: message.header.index,
        mtu: 1500,
        enabled: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        loopback: flags.contains(LinkFlags::Loopback),
        ..Interface::default()
    };
    for attribute in &message.attributes {
        if let LinkAttribute::IfName(name) = attribute {
            interface.name.clone_from(name);
        } else if let LinkAttribute::Mtu(mtu) = attribute {
            interface.mtu = *mtu;
        } else if let LinkAttribute::Address(bytes) = attribute {
            interface.mac = <[u8; 6]>::try_from(bytes.as_slice()).ok().map(MacAddress);
        }
    }
    let device = device_folder(&interface.name);
    interface.speed_mbit = speed_mbit(&interface.name);
    interface.wireless = device.join("wireless").exists() || device.join("phy80211").exists();
    interface.driver = fs::read_link(device.join("device/driver"))
        .ok()
        .and_then(|target| Some(target.file_name()?.to_string_lossy().into_owned()));
    interface
}

fn device_folder(name: &str) -> PathBuf {
    Path::new("/sys/class/net").join(name)
}

/// The speed; absent while the link is down, and on interfaces that have none.
fn speed_mbit(name: &str) -> Option<u32> {
    fs::read_to_string(device_folder(name).join("speed")).ok()?.trim().parse().ok().filter(|&speed| speed > 0)
}

fn add_address(interfaces: &mut [Interface], message: &AddressMessage) {
    let Some(interface) = interfaces.iter_mut().find(|interface| interface.index == message.header.index) else { return };
    for attribute in &message.attributes {
        if let AddressAttribute::Address(address) = attribute {
            interface.addresses.push(*address);
        }
    }
}

fn add_route(interfaces: &mut [Interface], message: &RouteMessage) {
    let out_of = |attribute: &RouteAttribute| if let RouteAttribute::Oif(index) = attribute { Some(*index) } else { None };
    let index = message.attributes.iter().find_map(out_of);
    let Some(interface) = interfaces.iter_mut().find(|interface| Some(interface.index) == index) else { return };
    if message.header.kind != RouteType::Unicast || interface.loopback {
        return;
    }
    if message.header.destination_prefix_length == 0 {
        interface.default_route = true;
        interface.routed = true;
    } else if !is_link_local(message) {
        interface.routed = true;
    }
}

/// Whether a route leads only to link-local addresses (`fe80::/10`, `169.254.0.0/16`) or groups.
fn is_link_local(message: &RouteMessage) -> bool {
    message.attributes.iter().any(|attribute| {
        let RouteAttribute::Destination(destination) = attribute else { return false };
        if let RouteAddress::Inet6(address) = destination {
            return address.is_unicast_link_local() || address.is_multicast();
        }
        matches!(destination, RouteAddress::Inet(address) if address.is_link_local() || address.is_multicast())
    })
}

/// The carrier of one interface, followed by netlink. Asking costs one system call while nothing happens.
#[derive(Debug)]
pub struct Carrier {
    index: u32,
    name: String,
    state: LinkState,
    gone: bool,
    news: LinkNews,
}

impl Carrier {
    /// Follows an interface from now on.
    ///
    /// # Errors
    /// What netlink answered.
    pub fn watch(interface: &Interface) -> io::Result<Self> {
        // Subscribed before it is asked, so that no change falls in between.
        let news = LinkNews::subscribe()?;
        let mut carrier =
            Self { index: interface.index, name: interface.name.clone(), state: interface.link(), gone: false, news };
        carrier.ask();
        Ok(carrier)
    }

    /// The carrier now.
    pub fn state(&mut self) -> LinkState {
        // Bounded: a host whose links change without end must not hold a frame up.
        for _ in 0..64 {
            let (index, mut seen) = (self.index, None);
            let read = self.news.read(|message| {
                if let Some(link) = link_of(message).filter(|(link, _)| link.header.index == index) {
                    seen = Some(link);
                }
            });
            if let Some((link, exists)) = seen {
                self.note(&link, exists);
            }
            match read {
                Ok(News::None) | Err(_) => break,
                Ok(News::Lost) => self.ask(),
                Ok(News::Some) => {}
            }
        }
        self.state
    }

    /// Whether the interface was removed; it never comes back under this number.
    pub fn is_gone(&mut self) -> bool {
        self.state();
        self.gone
    }

    fn note(&mut self, link: &LinkMessage, exists: bool) {
        let flags = link.header.flags;
        let up = exists && flags.contains(LinkFlags::Up) && flags.contains(LinkFlags::LowerUp);
        for attribute in &link.attributes {
            if let LinkAttribute::IfName(name) = attribute {
                self.name.clone_from(name);
            }
        }
        self.gone |= !exists;
        self.state = if up { LinkState::Up { rate_mbit: speed_mbit(&self.name) } } else { LinkState::Down };
    }

    fn ask(&mut self) {
        let Ok(links) = links() else { return };
        if let Some(link) = links.iter().find(|link| link.header.index == self.index) {
            self.note(link, true);
        } else {
            (self.gone, self.state) = (true, LinkState::Down);
        }
    }
}

/// What happened to an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkEvent {
    /// The kernel's number for it.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its address.
    pub mac: Option<MacAddress>,
    /// Its carrier now.
    pub state: LinkState,
    /// Whether it was removed.
    pub removed: bool,
}

/// News of all interfaces of this host, for a thread that re-opens ports and raises alarms.
#[derive(Debug)]
pub struct LinkWatch {
    news: LinkNews,
    waiting: VecDeque<LinkEvent>,
}

impl LinkWatch {
    /// Follows all interfaces from now on.
    ///
    /// # Errors
    /// What netlink answered.
    pub fn open() -> io::Result<Self> {
        Ok(Self { news: LinkNews::subscribe()?, waiting: VecDeque::new() })
    }

    /// The next event; `None` when none came within `timeout`.
    ///
    /// # Errors
    /// What netlink answered.
    pub fn next(&mut self, timeout: Duration) -> io::Result<Option<LinkEvent>> {
        if self.waiting.is_empty() && self.read()? == News::None {
            super::packet::wait_descriptor(self.news.descriptor(), timeout)?;
            self.read()?;
        }
        Ok(self.waiting.pop_front())
    }

    fn read(&mut self) -> io::Result<News> {
        let waiting = &mut self.waiting;
        let read = self.news.read(|message| {
            if let Some((link, exists)) = link_of(message) {
                waiting.push_back(event(&link, exists));
            }
        })?;
        if read == News::Lost {
            waiting.extend(links()?.iter().map(|link| event(link, true)));
        }
        Ok(read)
    }
}

fn event(link: &LinkMessage, exists: bool) -> LinkEvent {
    let Interface { index, name, mac, .. } = describe(link);
    let flags = link.header.flags;
    let up = exists && flags.contains(LinkFlags::Up) && flags.contains(LinkFlags::LowerUp);
    let state = if up { LinkState::Up { rate_mbit: speed_mbit(&name) } } else { LinkState::Down };
    LinkEvent { index, name, mac, state, removed: !exists }
}
