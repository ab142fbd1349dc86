//! Virtual cards on real interfaces: what a sender meets when there is no hardware.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ocp809_sender::emulator::{CardLink, CardServer, VirtualCards, VirtualWall};
use ocp809_sender::ids::PortIndex;
use ocp809_sender::stream::FeedEnd;
use ocp809_sender::time::{Clock, SystemClock};
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::open::{Preference, Reception};
use ocp809_sender::transport::rebind::Rebinding;
use ocp809_sender::transport::{Interface, OpenError};
use ocp809_sender::wall::{ProtocolKind, Wall};

use super::bind::BindError;
use super::options::{EmulateOptions, InterfaceChoice};
use super::{Host, RunError, open_document, say};
use crate::engine::SharedCards;
use crate::picture_file::save_screens;
use crate::virtual_host::{VirtualHost, patient_cards};

/// How often a picture is written.
const PICTURE_PERIOD: Duration = Duration::from_secs(1);

/// Plays a wall's cards until the time is over or a signal comes.
///
/// # Errors
/// [`RunError`].
pub fn emulate(options: &EmulateOptions, host: &mut Host<'_>) -> Result<(), RunError> {
    let out = &mut *host.out;
    let wall = open_document(&options.wall)?.wall;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut links = Vec::new();
    for (choices, end) in [(&options.interfaces, FeedEnd::Head), (&options.tails, FeedEnd::Tail)] {
        for choice in choices {
            links.push(link(&wall, choice, end, &clock)?);
        }
    }
    let cards = VirtualCards { configured: !options.bare, ..patient_cards() };
    let server = CardServer::new(VirtualWall::with(&wall, cards, clock.now()), links);
    let cards = VirtualHost::start(Arc::clone(&wall), server, Arc::clone(&clock), SharedCards::default());
    let cards = cards.map_err(|source| RunError::Engine(crate::engine::EngineError::Thread { name: "cards", source }))?;
    say(out, &format!("{} virtual cards are listening\n", wall.cabinets().len()));
    serve(options, &cards, clock.as_ref(), out)
}

fn serve(options: &EmulateOptions, host: &VirtualHost, clock: &dyn Clock, out: &mut dyn Write) -> Result<(), RunError> {
    let mut signals = crate::signals::Signals::new().map_err(RunError::Signals)?;
    let started = clock.now();
    let mut picture_at = started;
    loop {
        std::thread::sleep(Duration::from_millis(50));
        let now = clock.now();
        #[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
        let is_over = options.seconds.is_some_and(|seconds| now.since(started) as f64 / 1e9 >= seconds);
        let is_interrupted = signals.take();
        let ends = is_over || is_interrupted;
        if let Some(file) = &options.out
            && (ends || now.since(picture_at) >= u64::try_from(PICTURE_PERIOD.as_nanos()).unwrap_or(u64::MAX))
        {
            picture_at = now;
            write_picture(host, file)?;
        }
        if ends {
            say(out, &format!("{} frames reached the cards\n", host.delivered()));
            return match options.seconds {
                Some(seconds) if !is_over => Err(interrupted(now.since(started), seconds)),
                // Without a time, a signal is the way in which it ends.
                _ => Ok(()),
            };
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a day, as the command line checks")]
fn interrupted(passed_ns: u64, seconds: f64) -> RunError {
    let left = "pictures are complete".to_owned();
    RunError::Interrupted { done: passed_ns / 1_000_000_000, of: seconds.ceil() as u64, unit: "seconds", left }
}

fn write_picture(host: &VirtualHost, file: &Path) -> Result<(), RunError> {
    let Some(picture) = host.feed().latest() else { return Ok(()) };
    let wall = host.feed().wall();
    save_screens(&wall, &picture.screens, file).map(drop).map_err(|source| RunError::Write { file: file.to_owned(), source })
}

fn link(wall: &Wall, choice: &InterfaceChoice, end: FeedEnd, clock: &Arc<dyn Clock>) -> Result<CardLink, RunError> {
    let known = || wall.ports().iter().map(|port| port.id.to_string()).collect();
    let index = match &choice.port {
        None if wall.ports().len() == 1 => 0,
        None => {
            let (interface, ports) = (choice.interface.clone(), wall.ports().len());
            return Err(BindError::WhichPort { interface, ports, known: known() }.into());
        }
        Some(id) => wall
            .ports()
            .iter()
            .position(|port| port.id.as_str() == id)
            .ok_or_else(|| BindError::UnknownPort { port: id.clone(), known: known() })?,
    };
    let protocol = wall.ports().get(index).map_or(ProtocolKind::Ocp809, |port| port.protocol);
    let reception = match protocol {
        ProtocolKind::Ocp809 => Reception::Ocp809Card,
        ProtocolKind::Colorlight => Reception::ColorlightCard,
    };
    let transport = open(&choice.interface, reception, clock)?;
    Ok(CardLink { port: PortIndex(u16::try_from(index).unwrap_or(u16::MAX)), end, transport: Box::new(transport) })
}

fn open(name: &str, reception: Reception, clock: &Arc<dyn Clock>) -> Result<Rebinding, BindError> {
    let Interface { mac, name, .. } = find_by_name(name)?;
    let mac = mac.ok_or(BindError::NoAddress(name))?;
    let opened: Result<Rebinding, OpenError> = Rebinding::open(mac, reception, Preference::Automatic, Arc::clone(clock));
    Ok(opened?)
}
