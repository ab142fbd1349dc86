//! A stand-in show for trying the window with no engine behind it: a moving picture, cards that lose packets and hold
//! frames, and every command carried out at once. Tests read from it what the window asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ocp809_sender::geometry::{PixelRect, PixelSize};
use ocp809_sender::ids::{CabinetId, ScreenId};
use ocp809_sender::time::Tai;
use ocp809_sender::wall::Wall;
use ocp809_sender::wall::layout::{CableOrder, Grid, build};

use crate::control::command::Reading;
use crate::control::mailbox::{EngineEnd, InProcess, mailbox};
use crate::control::status::{
    CardStatus, FrameStatus, LatencyStatus, PortLink, PortStatus, ScreenStatus, SourceState, SourceStatus,
};
use crate::control::{
    Action, Command, Event, EventKind, Outcome, OutputMode, PROPERTIES, PropertyId, PropertyPath, Refusal, Request, Status, Value,
};
use crate::picture::{ScreenPicture, WallFeed, WallPicture};

/// Packets that make a frame of one card.
const PACKETS_PER_CARD: u64 = 34;

/// Luminance of full white.
const PEAK_NITS: f64 = 1_200.0;

/// When stand-in shows begin.
const START: Tai = Tai(1_800_000_000_000_000_000);

/// A wall of 2 x 2 cabinets of 128 x 128 pixels on one port.
pub(crate) fn wall() -> Wall {
    grid(2, 2, 1, "Foyer")
}

/// A wall of `columns` x `rows` cabinets of 128 x 128 pixels.
pub(crate) fn grid(columns: u32, rows: u32, ports: u16, name: &str) -> Wall {
    let cabinets = Grid { ports, name: name.to_owned(), ..Grid::new(columns, rows, PixelSize::new(128, 128)) };
    let mut spec = build(&cabinets, CableOrder::Serpentine).expect("cabinets fit on ports");
    for screen in &mut spec.screens {
        (screen.peak_nits, screen.brightness_limit_percent) = (Some(PEAK_NITS), 80.0);
    }
    Wall::from_spec(&spec).expect("a grid is consistent")
}

/// A wall of two screens: 256 columns of 2.6 mm, and 128 of 3.9 mm.
pub(crate) fn two_screens() -> Wall {
    let mut spec = build(&Grid::new(2, 2, PixelSize::new(128, 128)), CableOrder::Raster).expect("cabinets fit on a port");
    let (mut screen, mut cabinet) = (spec.screens[0].clone(), spec.cabinets[0].clone());
    (screen.id, screen.size, screen.pitch_mm) = (ScreenId::from("side"), PixelSize::new(128, 128), 3.9);
    screen.source = Some(PixelRect::new(0, 0, 128, 128));
    (cabinet.id, cabinet.screen, cabinet.place) = (CabinetId::from("S1"), ScreenId::from("side"), 4);
    spec.screens.push(screen);
    spec.cabinets.push(cabinet);
    Wall::from_spec(&spec).expect("two screens are consistent")
}

/// The newest picture of a stand-in show.
pub(crate) struct FakeFeed {
    wall: Arc<Wall>,
    latest: Mutex<Option<Arc<WallPicture>>>,
}

impl WallFeed for FakeFeed {
    fn wall(&self) -> Arc<Wall> {
        Arc::clone(&self.wall)
    }

    fn latest(&self) -> Option<Arc<WallPicture>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The stand-in show.
pub(crate) struct FakeShow {
    /// What a client talks to.
    pub(crate) client: InProcess,
    /// The picture that a window shows.
    pub(crate) feed: Arc<FakeFeed>,
    /// The snapshot that is published next.
    pub(crate) status: Status,
    engine: EngineEnd,
    values: HashMap<PropertyId, Value>,
    seq: u64,
    frame: u64,
    random: u64,
    shown: Vec<u8>,
}

impl FakeShow {
    /// A show on this wall, in its first moment.
    pub(crate) fn new(wall: Wall) -> Self {
        let (client, engine) = mailbox();
        let values = PROPERTIES.iter().map(|row| (row.id, row.default_value())).collect();
        let status = first_status(&wall);
        let shown = vec![0; usize::try_from(wall.screens()[0].size.area() * 3).expect("a small wall")];
        let feed = Arc::new(FakeFeed { wall: Arc::new(wall), latest: Mutex::new(None) });
        let mut show = Self { client, feed, status, engine, values, seq: 0, frame: 0, random: 0x9e37_79b9, shown };
        show.publish();
        show
    }

    /// Carries out the commands that wait; they are returned.
    pub(crate) fn answer(&mut self) -> Vec<Command> {
        let mut asked = Vec::new();
        while let Some(pending) = self.engine.next() {
            let command = pending.command.clone();
            pending.answer(self.carry_out(&command));
            asked.push(command);
        }
        self.publish();
        asked
    }

    /// A picture later: 1/30 s.
    pub(crate) fn advance(&mut self) {
        self.frame += 1;
        self.count_frames();
        let held = self.lose_packets();
        self.draw(&held);
        self.let_pass(33_333_333);
    }

    /// Some time later, with no new picture.
    pub(crate) fn let_pass(&mut self, ns: u64) {
        self.status.uptime_ns += ns;
        self.status.tai = Tai(START.0 + self.status.uptime_ns);
        self.publish();
    }

    /// Publishes an event.
    pub(crate) fn tell(&mut self, origin: &str, kind: EventKind) {
        self.seq += 1;
        self.engine.publish(Event { seq: self.seq, tai: self.status.tai, origin: origin.to_owned(), kind });
    }

    /// Publishes the snapshot.
    pub(crate) fn publish(&mut self) {
        self.engine.publish_status(Arc::new(self.status.clone()));
    }

    fn carry_out(&mut self, command: &Command) -> Outcome {
        match &command.request {
            Request::Get(_) => Outcome::Done(self.values.iter().map(|(id, value)| reading(*id, value)).collect()),
            Request::Set(assignments) => {
                for assignment in assignments {
                    self.set(command, assignment.path.property, &assignment.value);
                }
                Outcome::Done(Vec::new())
            }
            Request::Do(action) => self.act(command, action),
        }
    }

    fn set(&mut self, command: &Command, property: PropertyId, value: &Value) {
        self.values.insert(property, value.clone());
        if let (PropertyId::BrightnessPercent, Some(percent)) = (property, value.as_number()) {
            for screen in &mut self.status.screens {
                screen.asked_percent = percent;
                screen.actual_percent = percent.min(screen.limit_percent);
                screen.actual_nits = screen.actual_nits.map(|_| PEAK_NITS * screen.actual_percent / 100.0);
            }
        }
        let reading = reading(property, value);
        let kind = EventKind::Property { path: reading.path, asked: reading.asked, actual: reading.actual };
        self.tell(&command.client, kind);
    }

    fn act(&mut self, command: &Command, action: &Action) -> Outcome {
        if self.status.locked && !action.works_while_locked() {
            let refusal = Refusal::Locked { what: action.name().to_owned() };
            self.tell(&command.client, EventKind::Refused { id: command.id, reason: refusal.to_string() });
            return Outcome::Rejected(refusal);
        }
        let named = |word: &String| (word != "off").then(|| word.clone());
        match action {
            Action::BlackOut { .. } => (self.status.mode, self.status.master) = (OutputMode::BlackOut, 0.0),
            Action::Freeze => self.status.mode = OutputMode::Freeze,
            Action::Normal { .. } => (self.status.mode, self.status.master) = (OutputMode::Normal, 1.0),
            Action::Pattern { pattern } => self.status.pattern = named(pattern),
            Action::Identify { cabinet } => self.status.identify = named(cabinet),
            Action::Lock => self.status.locked = true,
            Action::Unlock => self.status.locked = false,
            Action::Brightness { .. }
            | Action::Trim { .. }
            | Action::Preset { .. }
            | Action::StorePreset { .. }
            | Action::DeletePreset { .. }
            | Action::Source { .. }
            | Action::TakeOver
            | Action::InstallKey
            | Action::SaveCards
            | Action::Stop => {}
        }
        self.tell(&command.client, EventKind::Done { action: action.clone() });
        Outcome::Done(Vec::new())
    }

    fn count_frames(&mut self) {
        let wobble = u32::try_from(self.random() % 900).unwrap_or(0);
        let frames = &mut self.status.frames;
        frames.sent += 2;
        frames.repeated += u64::from(self.status.mode == OutputMode::Freeze) * 2;
        frames.first_packet = LatencyStatus { p50_us: 1_150 + wobble / 9, p99_us: 2_300 + wobble / 3, max_us: 3_000 + wobble };
        frames.last_packet = LatencyStatus { p50_us: 4_050 + wobble / 9, p99_us: 6_200 + wobble / 3, max_us: 7_100 + wobble };
        for port in &mut self.status.ports {
            port.packets += 2 * PACKETS_PER_CARD * u64::from(port.cards);
        }
    }

    /// Loses packets by the fault property; true for each card that holds its frame.
    fn lose_packets(&mut self) -> Vec<bool> {
        let permille = self.values.get(&PropertyId::FaultLoss).and_then(Value::as_number).unwrap_or(0.0);
        (0..self.status.cards.len())
            .map(|index| {
                let lost: u64 = (0..2 * PACKETS_PER_CARD).map(|_| u64::from(self.chance(permille))).sum();
                let card = &mut self.status.cards[index];
                let held = lost.min(2) * u64::from(card.online);
                card.lost += lost;
                card.held += held;
                card.shown += (2 - held) * u64::from(card.online);
                held > 1
            })
            .collect()
    }

    fn chance(&mut self, permille: f64) -> bool {
        let drawn = u32::try_from(self.random() % 1_000_000).unwrap_or(0);
        f64::from(drawn) < permille * 1_000.0
    }

    /// Xorshift, so that every run is the same.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random >> 16
    }

    fn draw(&mut self, held: &[bool]) {
        let wall = Arc::clone(&self.feed.wall);
        let size = wall.screens()[0].size;
        let light = self.status.master * self.status.screens[0].actual_percent / 100.0;
        let stands = self.status.mode == OutputMode::Freeze;
        for (cabinet, held) in wall.cabinets().iter().zip(held) {
            if !held && !stands && cabinet.screen.index() == 0 {
                self.draw_cabinet(cabinet.rect, size, light);
            }
        }
        let first = ScreenPicture::new(size, self.shown.clone()).expect("as many bytes as pixels");
        let others = wall.screens().iter().skip(1).map(|screen| {
            let bytes = usize::try_from(screen.size.area() * 3).expect("a small wall");
            let gray = if light > 0.0 { 90 } else { 0 };
            ScreenPicture::new(screen.size, vec![gray; bytes]).expect("as many bytes as pixels")
        });
        let screens = std::iter::once(first).chain(others).collect();
        let picture = Arc::new(WallPicture { generation: self.frame, screens });
        *self.feed.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(picture);
    }

    fn draw_cabinet(&mut self, rect: PixelRect, size: PixelSize, light: f64) {
        let time = f64::from(u32::try_from(self.frame).unwrap_or(u32::MAX)) / 30.0;
        let gain = light.powf(1.0 / 2.4);
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                let at = ((y * size.width + x) * 3) as usize;
                let color = scene(f64::from(x) / f64::from(size.height), f64::from(y) / f64::from(size.height), time);
                for (byte, value) in self.shown[at..at + 3].iter_mut().zip(color) {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
                    let code = (value.clamp(0.0, 1.0) * gain * 255.0) as u8;
                    *byte = code;
                }
            }
        }
    }
}

/// A moving scene: bands of colour with a bright bar that travels across them.
fn scene(x: f64, y: f64, time: f64) -> [f64; 3] {
    let wave = (x * 3.1 + time * 0.7).sin() + (y * 4.3 - time * 0.5).sin() + ((x + y) * 2.7 + time * 0.9).sin();
    let bar = (-((x - (time * 0.35).fract() * 3.0 + 0.3) * 9.0).powi(2)).exp();
    [0.0, 2.1, 4.2].map(|phase| (0.45 + 0.4 * (wave * 1.6 + phase).cos()) * (1.0 - bar) + bar)
}

fn reading(property: PropertyId, value: &Value) -> Reading {
    Reading { path: PropertyPath::wall(property), asked: value.clone(), actual: value.clone() }
}

fn first_status(wall: &Wall) -> Status {
    let port_id = |index: usize| wall.ports()[index].id.to_string();
    let cards = wall.cabinets().iter().map(|cabinet| CardStatus {
        cabinet: cabinet.id.to_string(),
        port: port_id(cabinet.port.index()),
        place: cabinet.place,
        serial: format!("EMU-{:04}", u32::from(cabinet.place) + 1),
        online: true,
        since: START,
        temperature_c: Some(41.0),
        ..CardStatus::default()
    });
    Status {
        tai: START,
        wall: wall.name().to_owned(),
        master: 1.0,
        source: SourceStatus {
            uri: "pattern:moving-bars".to_owned(),
            state: SourceState::Live,
            since: START,
            size: Some(wall.screens()[0].size),
            format: "rgb24".to_owned(),
            fps: 60.0,
            ..SourceStatus::default()
        },
        frames: FrameStatus { rate_hz: 60.0, measured_hz: 60.0, ..FrameStatus::default() },
        screens: wall.screens().iter().map(first_screen).collect(),
        ports: wall.ports().iter().map(first_port).collect(),
        cards: cards.collect(),
        pixel_path: "CPU, AVX2".to_owned(),
        ..Status::default()
    }
}

fn first_screen(screen: &ocp809_sender::wall::Screen) -> ScreenStatus {
    ScreenStatus {
        id: screen.id.to_string(),
        asked_percent: 20.0,
        actual_percent: 20.0,
        limit_percent: screen.brightness_limit * 100.0,
        actual_nits: screen.peak_nits.map(|peak| peak * 0.2),
    }
}

fn first_port(port: &ocp809_sender::wall::Port) -> PortStatus {
    let cards = u32::try_from(port.cascade.len()).expect("a short cascade");
    PortStatus {
        id: port.id.to_string(),
        transport: "virtual".to_owned(),
        link: PortLink::Up { rate_mbit: Some(1000) },
        packets_per_second: 60 * PACKETS_PER_CARD * u64::from(cards),
        bytes_per_second: 60 * PACKETS_PER_CARD * u64::from(cards) * 1538,
        load_percent: f64::from(cards) * 2.6,
        cards_online: cards,
        cards,
        ..PortStatus::default()
    }
}
