//! The cards of a wall on real interfaces, watched flip by flip: a card whose pixels are not all of one colour shows a
//! mixture, because the test sends flat pictures.
//!
//! Orders: `cut PORT PLACE` and `mend PORT PLACE` pull and plug the cable behind a place, `replace PORT PLACE` puts another
//! card there, `restart PORT PLACE` takes a card's power for a moment and answers whether it is locked then, `report`.

use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use ocp809_app::config::load_wall;
use ocp809_sender::emulator::{CardDetail, CardLink, CardServer, Ocp809Status, VirtualCards, VirtualWall};
use ocp809_sender::ids::{PortIndex, ScreenIndex};
use ocp809_sender::stream::FeedEnd;
use ocp809_sender::time::{Clock, Nanos, SystemClock};
use ocp809_sender::transport::Reception;
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::wall::{ProtocolKind, Wall};
use serde_json::{Value, json};

use super::{Failure, Order, Orders, answer};

/// What was seen of one card.
#[derive(Debug, Clone, Default)]
struct Seen {
    shown: u64,
    flipped_at: Option<Nanos>,
    /// The longest time between two flips since the last report, in nanoseconds.
    longest_ns: u64,
    /// From the last mended cable to its next flip, in nanoseconds.
    back_ns: Option<u64>,
    torn: u64,
}

/// The cards with their observer.
struct Watch {
    wall: Wall,
    server: CardServer,
    clock: Arc<dyn Clock>,
    seen: Vec<Seen>,
    mended_at: Option<Nanos>,
    codes: Vec<[u16; 3]>,
}

/// Plays cards until the test closes standard input.
pub(super) fn run(wall: &str, ends: &[&str], orders: &Orders) -> Result<(), Failure> {
    let wall = load_wall(Path::new(wall))?.wall;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut links = Vec::new();
    for end in ends {
        links.push(link(&wall, end)?);
    }
    // A thread that is late meets several frames at one instant, which no cable would bring. PTP for the same reason: TIME is
    // as good as the instant at which it is noted.
    let cards = VirtualCards { buffers: 4, ..VirtualCards::default() };
    let server = CardServer::new(VirtualWall::with(&wall, cards, clock.now()), links);
    let seen = vec![Seen::default(); wall.cabinets().len()];
    let mut watch = Watch { wall, server, clock, seen, mended_at: None, codes: Vec::new() };
    answer(&json!("ready"))?;
    loop {
        match orders.next() {
            Order::None => {}
            Order::End => return Ok(()),
            Order::Words(words) => answer(&watch.obey(&words)?)?,
        }
        // A link that is down is the test's doing.
        let _waited = watch.server.wait(Duration::from_micros(500));
        let now = watch.clock.now();
        watch.server.turn(now, watch.clock.tai());
        watch.look(now);
    }
}

/// Frames that a card has shown.
fn shown(card: &CardDetail) -> u64 {
    match card {
        CardDetail::Ocp809(detail) => detail.counters.frames.shown,
        CardDetail::Colorlight { counters, .. } => counters.shown,
    }
}

fn link(wall: &Wall, text: &str) -> Result<CardLink, Failure> {
    let (end, mark) = if text.contains('<') { (FeedEnd::Tail, '<') } else { (FeedEnd::Head, '=') };
    let (port, name) = text.split_once(mark).ok_or("an end is PORT=NAME or PORT<NAME")?;
    let index = wall.ports().iter().position(|known| known.id.as_str() == port).ok_or("the wall has no such port")?;
    let reception = match wall.ports().get(index).map(|port| port.protocol) {
        Some(ProtocolKind::Colorlight) => Reception::ColorlightCard,
        Some(ProtocolKind::Ocp809) | None => Reception::Ocp809Card,
    };
    let options = PacketOptions { reception, ..PacketOptions::default() };
    let transport = Box::new(PacketTransport::open(&find_by_name(name)?, options)?);
    Ok(CardLink { port: PortIndex(u16::try_from(index)?), end, transport })
}

impl Watch {
    fn obey(&mut self, words: &[String]) -> Result<Value, Failure> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["cut", port, place] => {
                self.server.wall_mut().unplug(PortIndex(port.parse()?), Some(place.parse()?));
                Ok(json!("cut"))
            }
            ["mend", port, place] => {
                self.server.wall_mut().plug(PortIndex(port.parse()?), Some(place.parse()?));
                self.mended_at = Some(self.clock.now());
                self.seen.iter_mut().for_each(|seen| seen.back_ns = None);
                Ok(json!("mended"))
            }
            ["replace", port, place] => Ok(json!(self.server.wall_mut().replace_card(PortIndex(port.parse()?), place.parse()?))),
            ["restart", port, place] => {
                let (port, place) = (PortIndex(port.parse()?), place.parse()?);
                self.server.wall_mut().power_cycle(port, place);
                Ok(json!(self.is_locked(port, place)))
            }
            ["report"] => Ok(self.report()),
            ["least"] => Ok(json!(self.server.wall().statuses().map(|status| shown(&status.detail)).min())),
            ["codes", screen, file] => {
                self.server.wall().codes(ScreenIndex(screen.parse()?), &mut self.codes);
                let bytes: Vec<u8> = self.codes.iter().flatten().flat_map(|code| code.to_le_bytes()).collect();
                std::fs::write(file, bytes)?;
                Ok(json!("written"))
            }
            _ => Err(format!("no such order: {words:?}").into()),
        }
    }

    /// Whether a card obeys signed latches only.
    fn is_locked(&mut self, port: PortIndex, place: u16) -> bool {
        self.server.wall_mut().card_mut(port, place).is_some_and(|card| card.settings().locked)
    }

    fn details(&self) -> Vec<Ocp809Status> {
        let detail = |detail| match detail {
            CardDetail::Ocp809(detail) => Some(*detail),
            CardDetail::Colorlight { .. } => None,
        };
        self.server.wall().statuses().filter_map(|status| detail(status.detail)).collect()
    }

    /// Notices flips, and looks at the light of all cards when there is one.
    fn look(&mut self, now: Nanos) {
        let mut is_flip = false;
        for (seen, card) in self.seen.iter_mut().zip(self.server.wall().statuses()) {
            let CardDetail::Ocp809(detail) = card.detail else { continue };
            if detail.counters.frames.shown == seen.shown {
                continue;
            }
            is_flip = true;
            seen.shown = detail.counters.frames.shown;
            if let Some(before) = seen.flipped_at.replace(now) {
                seen.longest_ns = seen.longest_ns.max(now.since(before));
            }
            if let (Some(mended), None) = (self.mended_at, seen.back_ns) {
                seen.back_ns = Some(now.since(mended));
            }
        }
        if is_flip {
            self.look_for_mixtures();
        }
    }

    fn look_for_mixtures(&mut self) {
        let Self { wall, server, seen, codes, .. } = self;
        server.wall().codes(ScreenIndex(0), codes);
        let Some(width) = wall.screens().first().map(|screen| screen.size.width) else { return };
        for (cabinet, seen) in wall.cabinets().iter().zip(seen) {
            let rect = cabinet.rect;
            let row = |y: u32| {
                let start = (y * width + rect.x) as usize;
                codes.get(start..start + rect.width as usize).unwrap_or_default()
            };
            let first = row(rect.y).first();
            let is_flat = (rect.y..rect.y + rect.height).all(|y| row(y).iter().all(|pixel| Some(pixel) == first));
            seen.torn += u64::from(!is_flat);
        }
    }

    fn report(&mut self) -> Value {
        let details = self.details();
        let places: Vec<_> = self.wall.cabinets().iter().map(|cabinet| (cabinet.port, cabinet.place, cabinet.rect)).collect();
        let locked: Vec<bool> = places.iter().map(|&(port, place, _)| self.is_locked(port, place)).collect();
        let width = self.wall.screens().first().map_or(0, |screen| screen.size.width);
        self.server.wall().codes(ScreenIndex(0), &mut self.codes);
        let pixels = places.iter().map(|(_, _, rect)| self.codes.get((rect.y * width + rect.x) as usize).copied());
        let seen = self.seen.iter_mut().zip(locked).zip(pixels);
        let cards = seen.zip(details).map(|(((seen, locked), pixel), card)| {
            let frames = card.counters.frames;
            let longest_ns = core::mem::take(&mut seen.longest_ns);
            json!({
                "id": card.id,
                "shown": frames.shown,
                "held": frames.held,
                "late": frames.late,
                "missing": frames.missing,
                "overrun": frames.overrun,
                "frame": card.shown_frame.map(|id| id.0),
                "synced": card.synced,
                "masters": card.master.map_or(0, |master| master.addresses.len()),
                "longest_ms": longest_ns / 1_000_000,
                "back_ms": seen.back_ns.map(|ns| ns / 1_000_000),
                "torn": seen.torn,
                "locked": locked,
                "pixel": pixel,
            })
        });
        Value::Array(cards.collect())
    }
}
