//! What an interface of this host is. It is known by its MAC address: names swap at reboot and after a re-plug.

use std::io;
use std::net::IpAddr;

use super::LinkState;
use super::link::interfaces;
use super::open::OpenError;
use crate::wire::ethernet::MacAddress;

/// A network interface of this host as it was when asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct Interface {
    /// The kernel's number for it, valid until it is removed.
    pub index: u32,
    /// Its present name.
    pub name: String,
    /// Its address, by which it is known.
    pub mac: Option<MacAddress>,
    /// Largest Ethernet payload in bytes.
    pub mtu: u32,
    /// Switched on by the administrator.
    pub enabled: bool,
    /// A cable with a live other end.
    pub carrier: bool,
    /// The host's own loopback.
    pub loopback: bool,
    /// Link speed in Mbit/s, where it is known.
    pub speed_mbit: Option<u32>,
    /// The kernel driver, where there is a device behind it.
    pub driver: Option<String>,
    /// A radio link.
    pub wireless: bool,
    /// IP addresses, link-local ones included.
    pub addresses: Vec<IpAddr>,
    /// Whether IP traffic of this host is routed over it, link-local and multicast routes excepted.
    pub routed: bool,
    /// Whether it is the way to the rest of the world.
    pub default_route: bool,
}

impl Interface {
    /// The carrier as it was when asked.
    #[must_use]
    pub const fn link(&self) -> LinkState {
        if self.enabled && self.carrier { LinkState::Up { rate_mbit: self.speed_mbit } } else { LinkState::Down }
    }
}

/// The interface of this name.
///
/// # Errors
/// [`OpenError::NoInterface`], or what the system answered.
pub fn find_by_name(name: &str) -> Result<Interface, OpenError> {
    find(name, |interface| interface.name == name)
}

/// The interface of this address, whatever it is called now. Of several (a bridge takes the address of its first port)
/// it is the one with a device behind it.
///
/// # Errors
/// [`OpenError::NoInterface`], or what the system answered.
pub fn find_by_mac(mac: MacAddress) -> Result<Interface, OpenError> {
    find(&mac.to_string(), |interface| interface.mac == Some(mac) && !interface.loopback)
}

fn find(wanted: &str, is_it: impl Fn(&Interface) -> bool) -> Result<Interface, OpenError> {
    let all = listed(wanted, interfaces())?;
    let found = all.iter().filter(|interface| is_it(interface)).max_by_key(|interface| interface.driver.is_some());
    found.cloned().ok_or_else(|| OpenError::NoInterface {
        wanted: wanted.to_owned(),
        available: all.iter().filter(|interface| !interface.loopback).map(|interface| interface.name.clone()).collect(),
    })
}

fn listed(wanted: &str, found: io::Result<Vec<Interface>>) -> Result<Vec<Interface>, OpenError> {
    found.map_err(|source| OpenError::system(wanted, "listing interfaces", source))
}
