//! The status board: gathers what threads report into the snapshot that clients read.

use std::sync::Arc;

use ocp809_sender::ids::PortIndex;
use ocp809_sender::stream::Histogram;
use ocp809_sender::time::{NANOS_PER_SECOND, Nanos, Tai};
use ocp809_sender::transport::LinkState;
use ocp809_sender::wall::Wall;

use super::frame_loop::{FrameRecord, PortRecord};
use crate::control::desk::Desk;
use crate::control::status::{
    Alarm, CardStatus, FrameStatus, LatencyStatus, PortLink, PortStatus, ScreenStatus, SendingStatus, Severity, SourceStatus,
    Status,
};

/// Latencies are taken over windows of this length.
const WINDOW_NS: u64 = 5 * NANOS_PER_SECOND;

/// A latch that comes later than this after its instant counts as late: a quarter of a frame at 240 frames per second.
const LATE_NS: u64 = 1_000_000;

/// Gathers reports.
pub(super) struct Board {
    wall: Arc<Wall>,
    started: Nanos,
    frames: FrameStatus,
    first: Window,
    last: Window,
    rate: RateMeter,
    ports: Vec<PortMeter>,
    alarms: Vec<Alarm>,
}

/// A histogram of the present window and the result of the one before.
#[derive(Default)]
struct Window {
    histogram: Histogram,
    since: Nanos,
    before: Option<LatencyStatus>,
}

/// Frames per second over the last second.
#[derive(Default)]
struct RateMeter {
    since: Nanos,
    count: u32,
    hz: f64,
}

/// Counters of a port, and what they were a second ago.
struct PortMeter {
    status: PortStatus,
    at: Nanos,
    last: PortRecord,
}

impl Window {
    fn add(&mut self, micros: u32, now: Nanos) {
        if now.since(self.since) > WINDOW_NS {
            self.before = (self.histogram.latency().count > 0).then(|| self.status());
            self.histogram.clear();
            self.since = now;
        }
        self.histogram.add(u64::from(micros));
    }

    /// Of the present window once it says something, else of the one before.
    fn newest(&self) -> LatencyStatus {
        match self.before {
            Some(before) if self.histogram.latency().count < 60 => before,
            _ => self.status(),
        }
    }

    fn status(&self) -> LatencyStatus {
        let latency = self.histogram.latency();
        let micros = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        LatencyStatus { p50_us: micros(latency.p50_ns), p99_us: micros(latency.p99_ns), max_us: micros(latency.max_ns) }
    }
}

impl RateMeter {
    #[expect(clippy::cast_precision_loss, reason = "a second in nanoseconds")]
    fn tick(&mut self, now: Nanos) {
        self.count += 1;
        let passed = now.since(self.since);
        if passed >= NANOS_PER_SECOND {
            self.hz = f64::from(self.count) * NANOS_PER_SECOND as f64 / passed as f64;
            (self.count, self.since) = (0, now);
        }
    }
}

impl Board {
    /// An empty board. `transports` names what each port sends through.
    pub(super) fn new(wall: Arc<Wall>, transports: &[String], now: Nanos) -> Self {
        let port = |(index, port): (usize, &ocp809_sender::wall::Port)| PortMeter {
            status: PortStatus {
                id: port.id.to_string(),
                transport: transports.get(index).cloned().unwrap_or_default(),
                cards: u32::try_from(port.cascade.len()).unwrap_or(u32::MAX),
                ..PortStatus::default()
            },
            at: now,
            last: PortRecord::default(),
        };
        Self {
            ports: wall.ports().iter().enumerate().map(port).collect(),
            wall,
            started: now,
            frames: FrameStatus::default(),
            first: Window { since: now, ..Window::default() },
            last: Window { since: now, ..Window::default() },
            rate: RateMeter { since: now, ..RateMeter::default() },
            alarms: Vec::new(),
        }
    }

    /// Counts a frame.
    pub(super) fn frame(&mut self, record: &FrameRecord, now: Nanos) {
        let frames = &mut self.frames;
        let is_sent = record.wall.sent > 0;
        frames.sent += u64::from(is_sent);
        frames.repeated += u64::from(is_sent && !record.is_new);
        frames.skipped += u64::from(record.skipped);
        frames.dropped += u64::from(record.missed) + u64::from(!is_sent && record.wall.withheld == 0);
        frames.late += u64::from(record.late_ns > LATE_NS);
        if let Some((first, last)) = record.latency_us {
            self.first.add(first, now);
            self.last.add(last, now);
        }
        self.rate.tick(now);
    }

    /// Takes the counters of a port.
    pub(super) fn port(&mut self, index: PortIndex, record: PortRecord, now: Nanos) {
        let Some(meter) = self.ports.get_mut(index.index()) else { return };
        let passed = now.since(meter.at).max(1);
        let per_second = |new: u64, old: u64| (new.saturating_sub(old)).saturating_mul(NANOS_PER_SECOND) / passed;
        let status = &mut meter.status;
        status.packets_per_second = per_second(record.packets, meter.last.packets);
        let overhead = ocp809_sender::wire::ethernet::WIRE_OVERHEAD_LEN as u64;
        status.bytes_per_second =
            per_second(record.bytes + record.packets * overhead, meter.last.bytes + meter.last.packets * overhead);
        if record.sending != meter.last.sending || status.sending.is_none() {
            status.sending = record.sending.map(SendingStatus::from);
        }
        (status.packets, status.errors) = (record.packets, record.errors);
        let [head, _] = record.links;
        status.link = match head {
            LinkState::Up { rate_mbit } => PortLink::Up { rate_mbit },
            LinkState::Down => PortLink::Down,
            LinkState::Unknown => PortLink::Unknown,
        };
        let rate = self.wall.ports().get(index.index()).map_or(1000, |port| port.link.rate_mbit);
        status.load_percent = percent(status.bytes_per_second * 8, u64::from(rate) * 1_000_000);
        (meter.at, meter.last) = (now, record);
    }

    /// Replaces the alarms; returns those that are new and those that ended.
    pub(super) fn set_alarms(&mut self, mut alarms: Vec<Alarm>) -> (Vec<Alarm>, Vec<Alarm>) {
        alarms.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.source.cmp(&b.source)));
        let same = |a: &Alarm, b: &Alarm| a.source == b.source && a.severity == b.severity;
        for alarm in &mut alarms {
            if let Some(known) = self.alarms.iter().find(|known| same(known, alarm)) {
                alarm.since = known.since;
            }
        }
        let raised = alarms.iter().filter(|new| !self.alarms.iter().any(|old| same(old, new))).cloned().collect();
        let cleared = self.alarms.iter().filter(|old| !alarms.iter().any(|new| same(old, new))).cloned().collect();
        self.alarms = alarms;
        (raised, cleared)
    }

    /// Alarms that the ports themselves give.
    pub(super) fn port_alarms(&self, tai: Tai) -> impl Iterator<Item = Alarm> {
        let down = self.ports.iter().filter(|meter| meter.status.link == PortLink::Down);
        down.map(move |meter| Alarm {
            severity: Severity::Error,
            source: format!("port {}", meter.status.id),
            text: format!("no carrier on {}: check the cable to the first card", meter.status.transport),
            since: tai,
        })
    }

    /// The snapshot.
    pub(super) fn status(&self, desk: &Desk, view: &View<'_>) -> Status {
        let state = desk.in_effect(view.now);
        let screens = desk.facts().screens.iter().map(|screen| {
            let actual = state.brightness(screen);
            ScreenStatus {
                id: screen.id.clone(),
                asked_percent: round(desk.asked().brightness_asked(screen) * 100.0),
                actual_percent: round(actual * 100.0),
                limit_percent: round(screen.brightness_limit * 100.0),
                actual_nits: screen.peak_nits.map(|peak| peak * actual),
            }
        });
        Status {
            tai: view.tai,
            wall: self.wall.name().to_owned(),
            uptime_ns: view.now.since(self.started),
            mode: desk.asked().mode(),
            master: desk.master(view.now),
            locked: desk.asked().is_locked(),
            pattern: desk.asked().text(crate::control::PropertyId::Pattern).map(str::to_owned),
            identify: desk.asked().text(crate::control::PropertyId::Identify).map(str::to_owned),
            source: view.source.clone(),
            frames: FrameStatus {
                rate_hz: view.rate_hz,
                measured_hz: self.rate.hz,
                first_packet: self.first.newest(),
                last_packet: self.last.newest(),
                ..self.frames
            },
            screens: screens.collect(),
            ports: self.ports(&view.cards),
            cards: view.cards.clone(),
            alarms: self.alarms.clone(),
            presets: desk.presets().status(),
            pixel_path: view.pixel_path.to_owned(),
        }
    }

    fn ports(&self, cards: &[CardStatus]) -> Vec<PortStatus> {
        let online = |id: &str| cards.iter().filter(|card| card.port == id && card.online).count();
        let port = |meter: &PortMeter| PortStatus {
            cards_online: u32::try_from(online(&meter.status.id)).unwrap_or(u32::MAX),
            ..meter.status.clone()
        };
        self.ports.iter().map(port).collect()
    }
}

/// What the board does not gather itself.
pub(super) struct View<'a> {
    pub(super) now: Nanos,
    pub(super) tai: Tai,
    pub(super) source: SourceStatus,
    pub(super) rate_hz: f64,
    pub(super) cards: Vec<CardStatus>,
    pub(super) pixel_path: &'a str,
}

/// Tenths of a percent, as people set them.
fn round(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "shares of a link, for display")]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { round(part as f64 * 100.0 / whole as f64) }
}
