//! Whether an interface is a cable to LED cards or somebody's network. A wall's stream would take a house network down,
//! so that an interface is listened to before its first use.

use core::fmt;
use core::time::Duration;
use std::net::{IpAddr, Ipv6Addr};

use super::interface::Interface;
use super::open::{OpenError, Reception};
use super::packet::{PacketOptions, PacketTransport};
use super::{Transport, TransportError};
use crate::time::Clock;
use crate::wire::colorlight::CARD_ADDRESS;
use crate::wire::ethernet::{EtherType, EthernetFrame, MacAddress};
use crate::wire::field::array_at;

/// How long an interface is listened to before its first use.
pub const LISTEN: Duration = Duration::from_secs(2);

/// Kinds of foreign frames that are remembered.
const EXAMPLES: usize = 8;

/// Ethernet type of IPv6.
const IPV6: EtherType = EtherType(0x86dd);

/// A reason to ask before an interface is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// A radio link carries no wall.
    Wireless,
    /// The host's own loopback.
    Loopback,
    /// The host reaches the world over it.
    DefaultRoute,
    /// IP traffic of the host goes over it.
    Route,
    /// It has an IP address that is not link-local.
    Address(IpAddr),
    /// Somebody else talks on it.
    ForeignTraffic {
        /// Foreign frames.
        frames: u64,
        /// Some of them: who sent which Ethernet type.
        examples: Vec<(MacAddress, EtherType)>,
    },
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wireless => f.write_str("it is Wi-Fi"),
            Self::Loopback => f.write_str("it is the host's own loopback"),
            Self::DefaultRoute => f.write_str("it is this host's way to the internet"),
            Self::Route => f.write_str("this host sends IP traffic over it"),
            Self::Address(address) => write!(f, "it has the IP address {address}"),
            Self::ForeignTraffic { frames, examples } => {
                write!(f, "{frames} frames of other devices were heard on it")?;
                for (source, ethertype) in examples {
                    write!(f, ", type {:#06x} from {source}", ethertype.0)?;
                }
                Ok(())
            }
        }
    }
}

/// What was heard, and what speaks against using the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The interface's name.
    pub interface: String,
    /// Why its use must be confirmed; empty: it may be used.
    pub concerns: Vec<Concern>,
    /// Frames of LED cards and senders.
    pub card_frames: u64,
    /// Whether there was carrier: without a cable nothing can be heard.
    pub carrier: bool,
}

impl Verdict {
    /// Whether the interface may be used without a confirmation.
    #[must_use]
    pub const fn is_safe(&self) -> bool {
        self.carrier && self.concerns.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interface {}", self.interface)?;
        match (self.carrier, self.concerns.split_first()) {
            (false, None) => f.write_str(" has no carrier: plug the cable in"),
            (true, None) => f.write_str(" is free for a wall"),
            (_, Some((first, rest))) => {
                write!(f, " may be somebody's network: {first}")?;
                rest.iter().try_for_each(|concern| write!(f, "; {concern}"))
            }
        }
    }
}

/// Listens to an interface for `duration` and judges it.
///
/// # Errors
/// [`OpenError`] when it cannot be listened to.
pub fn listen_for_foreign_traffic(interface: &Interface, duration: Duration, clock: &dyn Clock) -> Result<Verdict, OpenError> {
    let mut concerns = facts(interface);
    let options = PacketOptions { reception: Reception::Everything, ..PacketOptions::default() };
    let mut transport = PacketTransport::open(interface, options)?;
    let heard = listen(&mut transport, duration, clock)
        .map_err(|source| OpenError::Listening { interface: interface.name.clone(), source })?;
    if heard.foreign > 0 {
        concerns.push(Concern::ForeignTraffic { frames: heard.foreign, examples: heard.examples });
    }
    let carrier = !transport.link().is_down();
    Ok(Verdict { interface: interface.name.clone(), concerns, card_frames: heard.cards, carrier })
}

/// What speaks against an interface before a frame was heard.
fn facts(interface: &Interface) -> Vec<Concern> {
    let link_local = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    let routes = if interface.default_route { Some(Concern::DefaultRoute) } else { interface.routed.then_some(Concern::Route) };
    let addresses = interface.addresses.iter().filter(|address| !link_local(address)).copied().map(Concern::Address);
    let kinds =
        interface.wireless.then_some(Concern::Wireless).into_iter().chain(interface.loopback.then_some(Concern::Loopback));
    kinds.chain(routes).chain(addresses).collect()
}

#[derive(Debug, Default)]
struct Heard {
    foreign: u64,
    cards: u64,
    examples: Vec<(MacAddress, EtherType)>,
}

fn listen(transport: &mut PacketTransport, duration: Duration, clock: &dyn Clock) -> Result<Heard, TransportError> {
    let mut heard = Heard::default();
    let mut buffer = vec![0; 1 << 16];
    let end = clock.now().after(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    loop {
        let left = end.since(clock.now());
        if left == 0 {
            return Ok(heard);
        }
        match transport.receive(&mut buffer) {
            Ok(Some(length)) => heard.add(buffer.get(..length).unwrap_or_default()),
            Ok(None) => {
                transport.wait(Duration::from_nanos(left))?;
            }
            // The link may come up while we listen.
            Err(TransportError::LinkDown) => clock.sleep_until(clock.now().after(left.min(10_000_000))),
            Err(error) => return Err(error),
        }
    }
}

impl Heard {
    fn add(&mut self, bytes: &[u8]) {
        let Ok(frame) = EthernetFrame::new_checked(bytes) else { return };
        let ethertype = frame.ethertype();
        let of_cards = matches!(ethertype, EtherType::OCP809_STREAM | EtherType::OCP809_CONTROL)
            || frame.source() == CARD_ADDRESS
            || frame.destination() == CARD_ADDRESS;
        if of_cards {
            self.cards += 1;
        } else if !is_ipv6_link_local(&frame) {
            self.foreign += 1;
            let example = (frame.source(), ethertype);
            if self.examples.len() < EXAMPLES && !self.examples.contains(&example) {
                self.examples.push(example);
            }
        }
    }
}

/// What every host sends on every cable: router and neighbour solicitation, MLD and the like, between link-local
/// addresses and link-local groups (RFC 4291 sections 2.5.6 and 2.7; `::` before an address is chosen).
fn is_ipv6_link_local(frame: &EthernetFrame<'_>) -> bool {
    let packet = frame.payload();
    if frame.ethertype() != IPV6 || packet.len() < 40 {
        return false;
    }
    let (source, destination) = (Ipv6Addr::from(array_at::<16>(packet, 8)), Ipv6Addr::from(array_at::<16>(packet, 24)));
    let [group, scope, ..] = destination.octets();
    let local_group = group == 0xff && scope & 15 <= 2;
    (source.is_unicast_link_local() || source.is_unspecified()) && (destination.is_unicast_link_local() || local_group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(source: [u8; 6], ethertype: u16, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x33, 0x33, 0, 0, 0, 1];
        frame.extend_from_slice(&source);
        frame.extend_from_slice(&ethertype.to_be_bytes());
        frame.extend_from_slice(payload);
        frame
    }

    fn ipv6(source: &str, destination: &str) -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0, 0, 0, 58, 255];
        packet.extend_from_slice(&source.parse::<Ipv6Addr>().unwrap().octets());
        packet.extend_from_slice(&destination.parse::<Ipv6Addr>().unwrap().octets());
        packet
    }

    fn heard(frames: &[Vec<u8>]) -> (u64, u64, usize) {
        let mut heard = Heard::default();
        for frame in frames {
            heard.add(frame);
        }
        (heard.foreign, heard.cards, heard.examples.len())
    }

    #[test]
    fn what_every_host_says_on_every_cable_is_not_foreign() {
        let quiet = [("::", "ff02::1:ff00:1"), ("fe80::1", "ff02::16"), ("fe80::1", "ff02::fb"), ("fe80::1", "fe80::2")];
        let frames: Vec<_> = quiet.iter().map(|(from, to)| frame([2; 6], 0x86dd, &ipv6(from, to))).collect();
        assert_eq!(heard(&frames), (0, 0, 0), "link-local only");
    }

    #[test]
    fn arp_ipv4_routed_ipv6_and_switches_are_foreign_and_kept_as_examples() {
        let frames = [
            frame([2; 6], 0x0806, &[0; 28]),
            frame([2; 6], 0x0806, &[0; 28]),
            frame([4; 6], 0x0800, &[0; 20]),
            frame([2; 6], 0x86dd, &ipv6("2001:db8::1", "ff02::1")),
            frame([2; 6], 0x86dd, &ipv6("fe80::1", "2001:db8::1")),
            frame([2; 6], 0x86dd, &[0; 39]),
            frame([6; 6], 0x88cc, &[0; 46]),
        ];
        assert_eq!(heard(&frames), (7, 0, 4), "seven frames of four kinds");
    }

    #[test]
    fn cards_are_not_foreign() {
        let frames = [frame([2; 6], 0x88b6, &[0; 46]), frame(CARD_ADDRESS.0, 0x0805, &[0; 46])];
        assert_eq!(heard(&frames), (0, 2, 0), "an OCP-809 and a Colorlight card");
    }

    #[test]
    fn an_interface_with_routes_addresses_or_radio_raises_each_concern() {
        let addresses = ["192.168.1.7", "fe80::1", "169.254.3.4"].map(|text| text.parse().unwrap()).to_vec();
        let interface = Interface { wireless: true, routed: true, addresses, ..Interface::default() };
        let expected = [Concern::Wireless, Concern::Route, Concern::Address("192.168.1.7".parse().unwrap())];
        assert_eq!(facts(&interface), expected, "link-local addresses are none");
        assert_eq!(facts(&Interface::default()), [], "a plain interface");
        let default = Interface { routed: true, default_route: true, ..Interface::default() };
        assert_eq!(facts(&default), [Concern::DefaultRoute], "said once");
    }
}
