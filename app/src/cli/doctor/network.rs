//! The way to the cards: the right to send raw packets, and the interfaces.

use ocp809_sender::transport::interface::Interface;
use ocp809_sender::transport::link::interfaces as list_interfaces;
use ocp809_sender::transport::realtime::{CAP_NET_RAW, has_capability};

use super::Finding;
use crate::config::{InterfaceIdentity, LoadError, Loaded, LoadedWall, MachineSpec, Paths, load_machine, load_site_key};

/// Link speed that every OCP-809 and Colorlight card needs, in Mbit/s.
const LEAST_MBIT: u32 = 1000;

/// Whether raw packets may be sent.
pub(super) fn raw_packets() -> Finding {
    let subject = "raw packets";
    match has_capability(CAP_NET_RAW) {
        Some(true) => Finding::ok(subject, "this program may send them (CAP_NET_RAW)"),
        Some(false) => Finding::fault(
            subject,
            "this program may not send them: CAP_NET_RAW is missing; root is not needed",
            format!("sudo setcap cap_net_raw+ep {}", program()),
        ),
        None => Finding::advice(subject, "this system does not say what this program may do", "run as an administrator"),
    }
}

fn program() -> String {
    std::env::current_exe().map_or_else(|_| "$(command -v ocp809)".to_owned(), |path| path.display().to_string())
}

/// Every interface, and the bindings of the wall's ports if there is a wall.
pub(super) fn interfaces(wall: Option<&LoadedWall>, paths: &Paths) -> Vec<Finding> {
    let all = match list_interfaces() {
        Ok(all) => all,
        Err(error) => return vec![Finding::fault("interfaces", format!("cannot be listed: {error}"), "run `ip link`")],
    };
    let machine = match load_machine(&paths.machine()) {
        Ok(machine) => machine,
        Err(error) => {
            let fix = format!("correct {}", paths.machine().display());
            return vec![Finding::fault("machine.toml", error.to_string(), fix)];
        }
    };
    let key = site_key(&machine);
    let machine = machine.spec;
    let wired: Vec<_> = all.iter().filter(|interface| !interface.loopback).collect();
    let mut findings: Vec<_> = wired.iter().map(|interface| judge(interface, &machine)).collect();
    if wired.is_empty() {
        let fix = "plug in a gigabit Ethernet adapter";
        findings.push(Finding::fault("interfaces", "this machine has none that could feed a card", fix));
    }
    findings.extend(wall.map(|wall| bindings(wall, &machine, &all)).unwrap_or_default());
    findings.extend(key);
    findings
}

/// Whether the site key that machine.toml names can be used; nothing where it names none.
fn site_key(machine: &Loaded<MachineSpec>) -> Option<Finding> {
    match load_site_key(machine) {
        Ok(key) => key.map(|key| {
            let lock = if key.locks_cards { "; cards that have it are locked" } else { "" };
            Finding::ok("site key", format!("id {}{lock}", key.key.id))
        }),
        Err(LoadError::Problems(problems)) => {
            let problem = problems.problems().first()?;
            Some(Finding::fault("site key", &problem.text, &problem.way_out))
        }
        Err(error) => Some(Finding::fault("site key", error.to_string(), format!("correct {}", machine.path.display()))),
    }
}

fn judge(interface: &Interface, machine: &MachineSpec) -> Finding {
    let subject = format!("interface {}", interface.name);
    let confirmed = interface.mac.is_some_and(|mac| machine.is_confirmed(&mac.to_string()));
    let name = &interface.name;
    if interface.wireless {
        return Finding::advice(subject, "is Wi-Fi: no wall can be fed over it", "use a cable");
    }
    if !confirmed && (interface.default_route || interface.routed) {
        let text = "belongs to a network of this machine; a wall's stream would take that network down";
        let fix = "use another interface, or say --confirm at its first use if it really feeds a wall";
        return Finding::advice(subject, text, fix);
    }
    if !interface.enabled {
        return Finding::advice(subject, "is switched off", format!("sudo ip link set {name} up"));
    }
    if !interface.carrier {
        return Finding::advice(subject, "has no carrier", "plug the cable in and power the first card");
    }
    match interface.speed_mbit {
        Some(speed) if speed < LEAST_MBIT => Finding::fault(
            subject,
            format!("runs at {speed} Mbit/s; cards need {LEAST_MBIT}"),
            format!(
                "replace the cable (all four pairs are needed), then: sudo ethtool -s {name} autoneg on speed 1000 duplex full"
            ),
        ),
        Some(speed) => Finding::ok(subject, format!("{speed} Mbit/s, MTU {}{}", interface.mtu, known(confirmed))),
        None => Finding::ok(subject, format!("carrier, MTU {}{}", interface.mtu, known(confirmed))),
    }
}

const fn known(confirmed: bool) -> &'static str {
    if confirmed { ", confirmed" } else { ", listened to for 2 s at its first use" }
}

/// Whether the interfaces of a wall's ports are there and fast enough.
fn bindings(wall: &LoadedWall, machine: &MachineSpec, all: &[Interface]) -> Vec<Finding> {
    let wall = &wall.wall;
    let finding = |port: &ocp809_sender::wall::Port| {
        let subject = format!("port {}", port.id);
        let Some(binding) = machine.binding(wall.name(), port.id.as_str()) else {
            let fix = format!("ocp809 run WALL --if {}=NAME (it is recorded in machine.toml)", port.id);
            return Finding::advice(subject, "is bound to no interface of this machine", fix);
        };
        let InterfaceIdentity::Mac(mac) = &binding.interface else {
            return Finding::ok(subject, "is bound by its place in the machine");
        };
        let is_it = |interface: &&Interface| interface.mac.is_some_and(|own| own.to_string().eq_ignore_ascii_case(mac));
        match all.iter().find(is_it) {
            None => Finding::fault(subject, format!("its interface {mac} is not there"), "plug the adapter in, or bind another"),
            Some(interface) => match interface.speed_mbit {
                Some(speed) if speed < port.link.rate_mbit => Finding::fault(
                    subject,
                    format!("{} runs at {speed} Mbit/s; wall.toml says {}", interface.name, port.link.rate_mbit),
                    "check cable and adapter, or correct link.rate_mbit of the port",
                ),
                _ if interface.mtu < u32::from(port.link.mtu) => Finding::fault(
                    subject,
                    format!("{} has an MTU of {}; wall.toml says {}", interface.name, interface.mtu, port.link.mtu),
                    format!("sudo ip link set {} mtu {}", interface.name, port.link.mtu),
                ),
                _ => Finding::ok(subject, format!("is fed by {}", interface.name)),
            },
        }
    };
    wall.ports().iter().map(finding).collect()
}
