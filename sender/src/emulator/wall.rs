//! All cards of a wall, cabled as the wall says, and the light that they make together.

use core::fmt;

use super::Moment;
use super::card::{Card, CardIdentity, CardSettings, CardTransfer, Picture};
use super::cascade::Cascade;
use super::colorlight::Receiver;
use super::light::{DecodeTables, Panel, Shining, module_light};
use super::status::{CardDetail, CardStatus, Shows};
use crate::geometry::{Orientation, PixelPoint, PixelRect, PixelSize};
use crate::ids::{CabinetIndex, PortIndex, ScreenIndex};
use crate::session::{link_decode, wall_settings};
use crate::stream::FeedEnd;
use crate::time::{Nanos, Tai};
use crate::wall::{Cabinet, Module, Port, ProtocolKind, Wall};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::control::Serial;

/// Third byte of the address of a card that replaced another.
const SPARE: u8 = 0x53;

/// What virtual cards are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualCards {
    /// Frame buffers of each card, at least 2.
    pub buffers: u8,
    /// From a frame's front at one port to its front at the next card, in nanoseconds.
    pub residence_ns: u32,
    /// Whether PTP locks their clocks.
    pub ptp: bool,
    /// Whether the wall's settings and ids are in them already; otherwise they are as bare as from the factory.
    pub configured: bool,
}

/// All cards of a wall: bytes and time in, replies and light out.
pub struct VirtualWall {
    ports: Vec<VirtualPort>,
    cabinets: Vec<CabinetPlace>,
    panels: Vec<WallPanel>,
    screens: Vec<PixelSize>,
    cards: VirtualCards,
    tables: DecodeTables,
    moment: Moment,
    replaced: u32,
}

/// The cards of a port.
enum VirtualPort {
    Ocp809(Box<Cascade<Card>>),
    Colorlight(Box<Cascade<Receiver>>),
}

/// Where a cabinet's card stands.
#[derive(Debug, Clone, Copy)]
struct CabinetPlace {
    port: PortIndex,
    place: u16,
}

/// A module as it hangs on its screen.
#[derive(Debug, Clone, Copy)]
struct WallPanel {
    screen: ScreenIndex,
    card: CabinetPlace,
    orientation: Orientation,
    rect: PixelRect,
    panel: Panel,
}

impl Default for VirtualCards {
    /// Two buffers, 1.5 us through a card, PTP, configured.
    fn default() -> Self {
        Self { buffers: 2, residence_ns: 1_500, ptp: true, configured: true }
    }
}

impl VirtualWall {
    /// The cards of a wall, configured, at time 0.
    #[must_use]
    pub fn new(wall: &Wall) -> Self {
        Self::with(wall, VirtualCards::default(), Nanos(0))
    }

    /// Cards of this kind in the places of a wall's, switched on at `now`.
    #[must_use]
    pub fn with(wall: &Wall, cards: VirtualCards, now: Nanos) -> Self {
        let ports =
            wall.ports().iter().enumerate().map(|(index, port)| VirtualPort::new(wall, port, index, &cards, now)).collect();
        let cabinets: Vec<_> = wall.cabinets().iter().map(|c| CabinetPlace { port: c.port, place: c.place }).collect();
        let panels = wall.cabinets().iter().flat_map(|cabinet| wall_panels(wall, cabinet)).collect();
        Self {
            ports,
            cabinets,
            panels,
            screens: wall.screens().iter().map(|screen| screen.size).collect(),
            cards,
            tables: DecodeTables::default(),
            moment: Moment { now, tai: Tai(0) },
            replaced: 0,
        }
    }

    /// A frame from the sender's interface at one end of a port. It travels when time is advanced.
    pub fn deliver(&mut self, port: PortIndex, end: FeedEnd, now: Nanos, tai: Tai, frame: &[u8]) {
        let moment = Moment { now, tai };
        match self.ports.get_mut(port.index()) {
            Some(VirtualPort::Ocp809(cascade)) => cascade.deliver(end, moment, frame),
            Some(VirtualPort::Colorlight(cascade)) => cascade.deliver(end, moment, frame),
            None => {}
        }
    }

    /// Lets everything happen that is due by then. Time never runs backwards.
    pub fn advance(&mut self, now: Nanos, tai: Tai) {
        self.moment = Moment { now: now.max(self.moment.now), tai };
        for port in &mut self.ports {
            match port {
                VirtualPort::Ocp809(cascade) => cascade.advance(self.moment),
                VirtualPort::Colorlight(cascade) => cascade.advance(self.moment),
            }
        }
    }

    /// Hands over what came back to the sender's interface at one end of a port: control and telemetry, no stream.
    pub fn drain(&mut self, port: PortIndex, end: FeedEnd, each: &mut impl FnMut(&[u8])) {
        match self.ports.get_mut(port.index()) {
            Some(VirtualPort::Ocp809(cascade)) => cascade.drain(end, each),
            Some(VirtualPort::Colorlight(cascade)) => cascade.drain(end, each),
            None => {}
        }
    }

    /// The codes now shown on a screen, pixel by pixel in raster order, as red, green, blue at the depth of the port's format.
    /// Pixels without an LED, and cards that show no frame, are 0.
    pub fn codes(&self, screen: ScreenIndex, out: &mut Vec<[u16; 3]>) {
        let size = self.clear(screen, out);
        for panel in self.panels.iter().filter(|panel| panel.screen == screen) {
            let Some(Picture::Frame(codes)) = self.picture(panel.card) else { continue };
            let raster = panel.raster(size);
            panel.panel.for_each(codes.codes, |point, color| {
                if let Some(pixel) = out.get_mut(raster.index(point)) {
                    *pixel = color;
                }
            });
        }
    }

    /// The linear light (0 to 1; red, green, blue) now shown on a screen, pixel by pixel in raster order.
    pub fn light(&mut self, screen: ScreenIndex, out: &mut Vec<[f32; 3]>) {
        let size = self.clear(screen, out);
        let Self { ports, panels, tables, .. } = self;
        for panel in panels.iter().filter(|panel| panel.screen == screen) {
            let Some(shining) = ports.get(panel.card.port.index()).and_then(|port| port.shining(panel.card.place)) else {
                continue;
            };
            let raster = panel.raster(size);
            module_light(&shining, &panel.panel, tables, |point, light| {
                if let Some(pixel) = out.get_mut(raster.index(point)) {
                    *pixel = light;
                }
            });
        }
    }

    /// All cards, in the order of the wall's cabinets.
    pub fn statuses(&self) -> impl Iterator<Item = CardStatus> + '_ {
        let numbered = self.cabinets.iter().zip(0..);
        numbered.filter_map(|(place, index)| self.ports.get(place.port.index())?.status(*place, CabinetIndex(index), self.moment))
    }

    /// From a LATCH that acts on arrival until the last card of a port has flipped, at most: its way, and one refresh.
    #[must_use]
    pub fn flip_ns(&self, port: PortIndex) -> u64 {
        let Some(VirtualPort::Ocp809(cascade)) = self.ports.get(port.index()) else { return 0 };
        let way = cascade.nodes().map(|card| u64::from(card.identity().residence_ns)).sum::<u64>();
        way + cascade.nodes().map(|card| u64::from(card.settings().refresh_ns())).max().unwrap_or(0)
    }

    /// The OCP-809 card at a place, to look at or to change by hand.
    pub fn card_mut(&mut self, port: PortIndex, place: u16) -> Option<&mut Card> {
        match self.ports.get_mut(port.index())? {
            VirtualPort::Ocp809(cascade) => cascade.node_mut(place.into()),
            VirtualPort::Colorlight(_) => None,
        }
    }

    /// Pulls the cable behind a place: `None` is the one between the sender's head interface and the first card.
    pub fn unplug(&mut self, port: PortIndex, after_place: Option<u16>) {
        self.set_cable(port, after_place, false);
    }

    /// Plugs the cable behind a place in again. Behind the last card it leads back to the sender: a loop.
    pub fn plug(&mut self, port: PortIndex, after_place: Option<u16>) {
        self.set_cable(port, after_place, true);
    }

    /// Switches a card off and on.
    pub fn power_cycle(&mut self, port: PortIndex, place: u16) {
        let now = self.moment.now;
        match self.ports.get_mut(port.index()) {
            Some(VirtualPort::Ocp809(cascade)) => {
                if let Some(card) = cascade.node_mut(place.into()) {
                    card.power_cycle(now);
                }
            }
            Some(VirtualPort::Colorlight(cascade)) => {
                if let Some(receiver) = cascade.node_mut(place.into()) {
                    receiver.power_cycle(now);
                }
            }
            None => {}
        }
    }

    /// Puts another card of the same model, as bare as from the factory, in place of an OCP-809 card; its serial number.
    pub fn replace_card(&mut self, port: PortIndex, place: u16) -> Option<String> {
        let now = self.moment.now;
        self.replaced += 1;
        let serial: Serial = format!("SPARE{:04}", self.replaced).parse().unwrap_or_default();
        let card = self.card_mut(port, place)?;
        let old = card.identity();
        let [local, oui, _, rest @ ..] = old.address.0;
        let [port_low, place_high, place_low] = rest;
        let address = MacAddress([local, oui, SPARE, port_low, place_high, place_low]);
        let identity = CardIdentity { serial, address, ..old.clone() };
        *card = Card::new(identity, CardSettings::default(), now);
        Some(serial.to_string())
    }

    /// What the cards are like.
    #[must_use]
    pub const fn cards(&self) -> &VirtualCards {
        &self.cards
    }

    /// Stream frames that reached the sender's interfaces of a port at its two ends.
    #[must_use]
    pub fn stream_returned(&self, port: PortIndex) -> u64 {
        self.ports.get(port.index()).map_or(0, |port| match port {
            VirtualPort::Ocp809(cascade) => cascade.stream_returned(),
            VirtualPort::Colorlight(cascade) => cascade.stream_returned(),
        })
    }

    fn set_cable(&mut self, port: PortIndex, after_place: Option<u16>, plugged: bool) {
        let cable = after_place.map_or(0, |place| usize::from(place) + 1);
        match self.ports.get_mut(port.index()) {
            Some(VirtualPort::Ocp809(cascade)) => cascade.set_cable(cable, plugged),
            Some(VirtualPort::Colorlight(cascade)) => cascade.set_cable(cable, plugged),
            None => {}
        }
    }

    fn picture(&self, card: CabinetPlace) -> Option<Picture<'_>> {
        match self.ports.get(card.port.index())? {
            VirtualPort::Ocp809(cascade) => cascade.node(card.place.into()).map(Card::picture),
            VirtualPort::Colorlight(cascade) => cascade.node(card.place.into()).map(Receiver::picture),
        }
    }

    /// Makes `out` a black picture of the screen's size.
    fn clear<T: Clone + Default>(&self, screen: ScreenIndex, out: &mut Vec<T>) -> PixelSize {
        let size = self.screens.get(screen.index()).copied().unwrap_or_default();
        out.clear();
        out.resize(usize::try_from(size.area()).unwrap_or(0), T::default());
        size
    }
}

impl VirtualPort {
    fn new(wall: &Wall, port: &Port, index: usize, cards: &VirtualCards, now: Nanos) -> Self {
        let cabinets = wall.cascade(port);
        match port.protocol {
            ProtocolKind::Ocp809 => {
                let nodes = cabinets.map(|cabinet| card_of(wall, port, index, cabinet, cards, now)).collect();
                Self::Ocp809(Box::new(Cascade::new(nodes, port.redundant)))
            }
            ProtocolKind::Colorlight => {
                let nodes = cabinets.map(|cabinet| receiver_of(port, cabinet, now)).collect();
                Self::Colorlight(Box::new(Cascade::new(nodes, false)))
            }
        }
    }

    fn shining(&self, place: u16) -> Option<Shining<'_>> {
        match self {
            Self::Ocp809(cascade) => cascade.node(place.into()).map(Shining::from),
            Self::Colorlight(cascade) => cascade.node(place.into()).map(Shining::from),
        }
    }

    fn status(&self, at: CabinetPlace, cabinet: CabinetIndex, moment: Moment) -> Option<CardStatus> {
        let place = usize::from(at.place);
        let (shows, detail, powered_at, linked) = match self {
            Self::Ocp809(cascade) => {
                let card = cascade.node(place)?;
                let linked = [cascade.is_plugged(place), cascade.is_plugged(place + 1)];
                (Shows::from(card.picture()), CardDetail::of_card(card, moment), card.powered_at(), linked)
            }
            Self::Colorlight(cascade) => {
                let receiver = cascade.node(place)?;
                let linked = [cascade.is_plugged(place), cascade.is_plugged(place + 1)];
                (Shows::from(receiver.picture()), CardDetail::of_receiver(receiver), receiver.powered_at(), linked)
            }
        };
        let uptime_ms = moment.now.since(powered_at) / 1_000_000;
        Some(CardStatus { cabinet, port: at.port, place: at.place, linked, uptime_ms, shows, detail })
    }
}

/// Where the pixels of a module lie in the raster of its screen: a step per column and a step per row of its own.
#[derive(Debug, Clone, Copy)]
struct Raster {
    origin: i64,
    column: i64,
    row: i64,
}

impl WallPanel {
    fn raster(&self, screen: PixelSize) -> Raster {
        let index = |point: PixelPoint| {
            let placed = self.orientation.place(point, self.panel.size);
            let (x, y) = (i64::from(self.rect.x) + i64::from(placed.x), i64::from(self.rect.y) + i64::from(placed.y));
            y * i64::from(screen.width) + x
        };
        let last = PixelPoint::new(self.panel.size.width.saturating_sub(1), self.panel.size.height.saturating_sub(1));
        let origin = index(PixelPoint::new(0, 0));
        let step = |end: PixelPoint, steps: u32| (index(end) - origin) / i64::from(steps.max(1));
        Raster { origin, column: step(PixelPoint::new(last.x, 0), last.x), row: step(PixelPoint::new(0, last.y), last.y) }
    }
}

impl Raster {
    /// The pixel's index in the raster; out of every range where it lies outside.
    fn index(&self, point: PixelPoint) -> usize {
        let index = self.origin + self.column * i64::from(point.x) + self.row * i64::from(point.y);
        usize::try_from(index).unwrap_or(usize::MAX)
    }
}

/// The modules of a cabinet as they hang.
fn wall_panels(wall: &Wall, cabinet: &Cabinet) -> Vec<WallPanel> {
    let Some(port) = wall.port(cabinet.port) else { return Vec::new() };
    let card = CabinetPlace { port: cabinet.port, place: cabinet.place };
    let panel = |(position, module): (usize, &Module)| {
        let (memory, stride, color_order) = match port.protocol {
            ProtocolKind::Ocp809 => (module.memory_offset as usize, module.size.width, module.color_order),
            ProtocolKind::Colorlight => {
                let corner = corner_of(cabinet, module);
                let memory = corner.y as usize * cabinet.rect.width as usize + corner.x as usize;
                (memory, cabinet.rect.width, port.colorlight.color_order)
            }
        };
        let (size, gray_bits) = (module.size, module.gray_bits);
        let panel = Panel { position, size, memory, stride: stride as usize, color_order, gray_bits };
        WallPanel { screen: module.screen, card, orientation: module.orientation, rect: module.rect, panel }
    };
    wall.modules_of(cabinet).iter().enumerate().map(panel).collect()
}

/// Where a module that hangs upright lies in its cabinet's rectangle.
const fn corner_of(cabinet: &Cabinet, module: &Module) -> PixelPoint {
    PixelPoint::new(module.rect.x.saturating_sub(cabinet.rect.x), module.rect.y.saturating_sub(cabinet.rect.y))
}

/// The serial number that the wall names, or one made of port and place.
fn serial_of(cabinet: &Cabinet, port: usize) -> Serial {
    let made = || format!("V{port:03}{:04}", cabinet.place).parse();
    cabinet.serial.as_ref().map_or_else(made, |serial| serial.parse()).unwrap_or_default()
}

fn card_of(wall: &Wall, port: &Port, index: usize, cabinet: &Cabinet, cards: &VirtualCards, now: Nanos) -> Card {
    let [_, port_low] = u16::try_from(index).unwrap_or(u16::MAX).to_be_bytes();
    let [place_high, place_low] = cabinet.place.to_be_bytes();
    let identity = CardIdentity {
        serial: serial_of(cabinet, index),
        model: cabinet.model.clone(),
        address: MacAddress([0x02, 0x4f, 0x43, port_low, place_high, place_low]),
        hardware_version: 1,
        firmware_version: 1,
        buffers: cards.buffers,
        residence_ns: cards.residence_ns,
        mtu: 9_000,
        pixels_max: 1 << 20,
        ptp: cards.ptp,
    };
    if !cards.configured {
        return Card::new(identity, CardSettings::default(), now);
    }
    // A card that could not take the wall's settings is as bare as one that was never asked to.
    let settings = CardSettings::default().with(&wall_settings(wall, port, cabinet), &identity).unwrap_or_default();
    let mut card = Card::new(identity, settings, now);
    card.assign_id(Wall::card_id(cabinet));
    card
}

fn receiver_of(port: &Port, cabinet: &Cabinet, now: Nanos) -> Receiver {
    let rect = PixelRect::new(cabinet.canvas_origin.x, cabinet.canvas_origin.y, cabinet.rect.width, cabinet.rect.height);
    let place = u8::try_from(cabinet.place).unwrap_or(u8::MAX);
    Receiver::new(
        place,
        rect,
        port.colorlight.firmware,
        CardTransfer::from_wire(&link_decode(&port.link)).unwrap_or(CardTransfer::Linear),
        now,
    )
}

impl fmt::Debug for VirtualWall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualWall")
            .field("cards", &self.cards)
            .field("cabinets", &self.cabinets.len())
            .field("moment", &self.moment)
            .finish_non_exhaustive()
    }
}
