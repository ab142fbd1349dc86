//! Who answers on the cables of this host.

use std::sync::Arc;

use ocp809_sender::session::adopt::{self, AdoptOptions, FoundPort};
use ocp809_sender::session::{Discovery, FoundCard};
use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::interface::{Interface, find_by_name};
use ocp809_sender::transport::link::interfaces;
use ocp809_sender::transport::listen::{LISTEN, listen_for_foreign_traffic};
use ocp809_sender::transport::open::{Preference, Reception, open};
use ocp809_sender::transport::{Transport, TransportError};
use ocp809_sender::wall::{ProtocolKind, WallSpec};
use ocp809_sender::wire::ethernet::MacAddress;
use serde::Serialize;

use super::bind::BindError;
use super::options::DiscoverOptions;
use super::{Host, RunError, say};
use crate::config::load_machine;

/// Largest answer: a padded ANNOUNCE of MTU 9000.
const ANSWER_BYTES: usize = 9_018;

/// Cards on one interface.
#[derive(Debug, Clone, Serialize)]
pub struct DiscoverReport {
    /// The interface.
    pub interface: String,
    /// Cards, nearest first.
    pub cards: Vec<CardLine>,
}

/// One card that answered.
#[derive(Debug, Clone, Serialize)]
pub struct CardLine {
    /// Place in the cascade, 0 nearest to the sender.
    pub place: u8,
    /// Its protocol.
    pub protocol: ProtocolKind,
    /// Serial number; empty where the protocol has none.
    pub serial: String,
    /// Model.
    pub model: String,
    /// Firmware.
    pub firmware: String,
    /// Who drives it now.
    pub master: Option<String>,
}

/// Asks on the named interfaces, or on all that have a cable and no network on them.
///
/// # Errors
/// [`RunError`].
pub fn discover(options: &DiscoverOptions, host: &mut Host<'_>) -> Result<Vec<DiscoverReport>, RunError> {
    let found = find_cards(options, false, host)?;
    Ok(found
        .into_iter()
        .map(|port| DiscoverReport { interface: port.id, cards: port.cards.into_iter().map(line).collect() })
        .collect())
}

/// The wall of the cards that answer on the named interfaces, each of which becomes a port of its name.
///
/// # Errors
/// [`RunError`]; [`RunError::Adopt`] where cards know too little.
pub fn adopt(asked: &DiscoverOptions, options: &AdoptOptions, host: &mut Host<'_>) -> Result<WallSpec, RunError> {
    Ok(adopt::adopt(&find_cards(asked, true, host)?, options)?)
}

/// Cards by interface, with their settings where they are wanted.
fn find_cards(options: &DiscoverOptions, with_settings: bool, host: &mut Host<'_>) -> Result<Vec<FoundPort>, RunError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let machine = load_machine(&host.paths.machine())?.spec;
    let mut ports = Vec::new();
    for (interface, is_named) in candidates(options)? {
        let Some(mac) = interface.mac else { continue };
        if !options.confirm && !machine.is_confirmed(&mac.to_string()) {
            say(host.out, &format!("{}: listening for {} s\n", interface.name, LISTEN.as_secs()));
            let verdict = listen_for_foreign_traffic(&interface, LISTEN, clock.as_ref()).map_err(BindError::from)?;
            if !verdict.is_safe() {
                if is_named {
                    return Err(BindError::Unconfirmed(verdict).into());
                }
                say(host.out, &format!("{verdict}: not asked\n"));
                continue;
            }
        }
        let cards = ask(&interface, mac, (options, with_settings), clock.as_ref())?;
        ports.push(FoundPort { id: interface.name, cards });
    }
    Ok(ports)
}

/// The interfaces to ask on, and whether somebody named them.
fn candidates(options: &DiscoverOptions) -> Result<Vec<(Interface, bool)>, RunError> {
    if !options.interfaces.is_empty() {
        let named = options.interfaces.iter().map(|name| find_by_name(name).map(|interface| (interface, true)));
        return named.collect::<Result<_, _>>().map_err(|error| BindError::from(error).into());
    }
    let all = interfaces().map_err(|source| RunError::Write { file: "the list of interfaces".into(), source })?;
    let has_cable = |interface: &Interface| interface.carrier && !interface.loopback && !interface.wireless && !interface.routed;
    Ok(all.into_iter().filter(has_cable).map(|interface| (interface, false)).collect())
}

fn ask(
    interface: &Interface,
    mac: MacAddress,
    (options, with_settings): (&DiscoverOptions, bool),
    clock: &dyn Clock,
) -> Result<Vec<FoundCard>, RunError> {
    let mut cards = Vec::new();
    for (protocol, reception) in
        [(ProtocolKind::Ocp809, Reception::Ocp809Sender), (ProtocolKind::Colorlight, Reception::ColorlightSender)]
    {
        let mut opened = open(interface, reception, Preference::Automatic).map_err(BindError::from)?;
        let wait_ns = u64::from(options.wait_ms) * 1_000_000 / 3;
        let discovery = Discovery::new(protocol, mac, wait_ns, clock.tai());
        let mut discovery = if with_settings { discovery.with_settings() } else { discovery };
        converse(&mut discovery, opened.transport.as_mut(), clock)
            .map_err(|source| RunError::Discover { interface: interface.name.clone(), source })?;
        cards.extend_from_slice(discovery.found());
    }
    Ok(cards)
}

/// Sends questions and reads answers until nothing more is to be asked.
fn converse(discovery: &mut Discovery, transport: &mut dyn Transport, clock: &dyn Clock) -> Result<(), TransportError> {
    let mut answer = vec![0; ANSWER_BYTES];
    while !discovery.is_done() {
        if let Ok(Some(question)) = discovery.poll(clock.now()) {
            // A question that finds no room is asked again like one that finds no answer.
            transport.send(Batch::new(&question, &[Span::new(0, question.len())]))?;
        }
        transport.wait(std::time::Duration::from_millis(2))?;
        while let Some(length) = transport.receive(&mut answer)? {
            discovery.hear(answer.get(..length).unwrap_or_default());
        }
    }
    Ok(())
}

fn line(card: FoundCard) -> CardLine {
    CardLine {
        place: card.place,
        protocol: card.protocol,
        serial: card.serial,
        model: card.model,
        firmware: card.firmware,
        master: card.master.map(|mac| mac.to_string()),
    }
}
