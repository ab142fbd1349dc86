//! What a card says unasked: ANNOUNCE at boot and at link-up, STATS every second, REFUSED to a sender with a lower epoch.

use super::age_ms;
use crate::emulator::Moment;
use crate::emulator::card::{Card, Notice, Side};
use crate::emulator::cascade::Outbox;
use crate::time::{NANOS_PER_SECOND, Nanos};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::control::{
    Body, Bytes, CARD_FRAME_MAX, CardPort, Event, FrameCounts, Health, LatchTiming, LinkReport, LinkState, Master, Message,
    ModulePresence, Route, Stats,
};
use crate::wire::ocp809::group_address;

/// The phase of a card's STATS within the second: its id modulo 100, in steps of this.
const STATS_PHASE_NS: u64 = 10_000_000;

/// Temperature of a virtual card, in tenths of a degree: that of a cool cabinet.
const TEMPERATURE_DECIDEGREES: i16 = 360;

/// Supply of a virtual card, in millivolts.
const SUPPLY_MV: u16 = 5_000;

impl Card {
    /// A cable was plugged or pulled.
    pub(in crate::emulator::card) const fn link_changed_to(&mut self, side: Side, up: bool) {
        let [a, b] = &mut self.links;
        match side {
            Side::A => *a = up,
            Side::B => *b = up,
        }
        if up {
            self.control.announce_due = true;
        }
    }

    /// Says what is due, and restarts where that was asked for.
    pub(in crate::emulator::card) fn speak(&mut self, moment: Moment, outbox: &mut Outbox) {
        if self.control.reboot_at.is_some_and(|at| moment.now >= at) {
            self.power_cycle(moment.now);
        }
        if self.control.identify.is_some_and(|(_, _, until)| until.is_some_and(|until| moment.now >= until)) {
            self.control.identify = None;
        }
        if core::mem::take(&mut self.control.announce_due) {
            let announce = self.announce(moment);
            self.event(&Event::Announce(announce), outbox);
        }
        let due = *self.control.next_stats.get_or_insert_with(|| next_stats(self.id, moment.now));
        if moment.now >= due {
            self.control.next_stats = Some(next_stats(self.id, moment.now));
            let stats = self.stats(moment);
            self.event(&Event::Stats(stats), outbox);
        }
    }

    /// Turns what the stream noticed into events.
    pub(in crate::emulator::card) fn send_notices(&mut self, outbox: &mut Outbox) {
        while let Some(notice) = self.notices.pop() {
            let Notice::Refused { to, side, epoch, age_ns } = notice;
            let macs = self.fence.addresses();
            let age_ms = u32::try_from(age_ns / 1_000_000).unwrap_or(u32::MAX);
            let event = Event::Refused(Master { epoch, age_ms, macs });
            self.event_to(side, to, event, outbox);
        }
    }

    /// To the group, by the port that brought the last LATCH; by both before the first.
    fn event(&mut self, event: &Event, outbox: &mut Outbox) {
        let transaction = self.next_event_transaction();
        for side in [Side::A, Side::B] {
            if self.fed_by.is_none_or(|fed| fed == side) {
                let message = Message { route: Route::card(self.id), transaction, body: Body::Event(event.clone()) };
                self.send(side, (group_address(0), CARD_FRAME_MAX), &message, None, outbox);
            }
        }
    }

    fn event_to(&mut self, side: Side, to: MacAddress, event: Event, outbox: &mut Outbox) {
        let transaction = self.next_event_transaction();
        let message = Message { route: Route::card(self.id), transaction, body: Body::Event(event) };
        self.send(side, (to, CARD_FRAME_MAX), &message, None, outbox);
    }

    const fn next_event_transaction(&mut self) -> u32 {
        self.control.event_transaction = self.control.event_transaction.wrapping_add(1);
        self.control.event_transaction
    }

    /// What the card counts and feels.
    pub(super) fn stats(&mut self, moment: Moment) -> Stats {
        let frames = self.counters().frames;
        let timing = self.frames.take_timing();
        Stats {
            frames: FrameCounts {
                last_frame_id: self.last_frame().unwrap_or_default(),
                shown: wrapped(frames.shown),
                held: wrapped(frames.held),
                frozen: wrapped(frames.frozen),
                late: wrapped(frames.late),
                clock: wrapped(frames.clock),
                overrun: wrapped(frames.overrun),
                range: wrapped(frames.range),
                missing: wrapped(frames.missing),
            },
            links: [Side::A, Side::B].map(|side| self.link_report(side)).to_vec(),
            timing: LatchTiming {
                error_mean_ns: capped(timing.error.mean_ns()),
                error_max_ns: capped(timing.error.max_ns),
                synced: self.is_synced(moment),
                free_buffers: u8::try_from(timing.fewest_free).unwrap_or(u8::MAX),
            },
            health: Health {
                temperature_decidegrees: TEMPERATURE_DECIDEGREES,
                supply_mv: SUPPLY_MV,
                uptime_s: age_ms(moment.now, self.powered_at) / 1_000,
            },
            modules: self.presence(),
            master: self.reported_master(moment),
            latch_counter: None,
        }
    }

    fn link_report(&self, side: Side) -> LinkReport {
        let up = self.links.get(side.index()).copied().unwrap_or(false);
        let fed = self.fed_by == Some(side);
        let counters = self.counters().ports.get(side.index()).copied().unwrap_or_default();
        LinkReport {
            port: match side {
                Side::A => CardPort::A,
                Side::B => CardPort::B,
            },
            state: match (up, fed) {
                (false, _) => LinkState::Down,
                (true, false) => LinkState::Up,
                (true, true) => LinkState::Fed,
            },
            rate_mbit: if up { 1_000 } else { 0 },
            received: wrapped(counters.received),
            lost: wrapped(counters.lost),
            repaired: wrapped(counters.repaired),
            frames_missed: wrapped(counters.frames_missed),
            bad_crc: wrapped(counters.bad_crc),
            bad_fcs: wrapped(counters.bad_fcs),
            duplicates: wrapped(counters.duplicates),
            short: wrapped(counters.short),
        }
    }

    /// All modules of a virtual card answer.
    fn presence(&self) -> Option<ModulePresence> {
        let modules = &self.settings.modules;
        let all = || ModulePresence::new(&vec![true; modules.len()]);
        // A card with more modules than a frame has bits says nothing about them.
        Some(all()).filter(|ModulePresence { present: Bytes(bits), .. }| !bits.is_empty() && bits.len() <= 16)
    }
}

/// The next instant of a card's STATS: whole seconds plus its phase.
fn next_stats(id: u16, now: Nanos) -> Nanos {
    let phase = u64::from(id % 100) * STATS_PHASE_NS;
    let second = now.0 / NANOS_PER_SECOND * NANOS_PER_SECOND;
    let due = Nanos(second + phase);
    if due > now { due } else { due.after(NANOS_PER_SECOND) }
}

/// A counter as STATS carries it: modulo 2^32.
#[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 by definition")]
const fn wrapped(count: u64) -> u32 {
    count as u32
}

/// A measure as STATS carries it.
fn capped(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
