//! The control thread: commands in, events and status out; it builds what the frame thread works by and swaps it in.
//!
//! What a client may do is decided by the [`Desk`]; this loop only makes it happen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use arc_swap::ArcSwap;
use ocp809_sender::session::{Outgoing, Streaming};
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::stream::FeedEnd;
use ocp809_sender::time::{Clock, FrameClock, Nanos};
use ocp809_sender::transport::fault::{FaultRates, FaultSwitch};
use ocp809_sender::wall::Wall;
use ocp809_shaders::PathPlan;
use ocp809_shaders::spec::PathSpec;

use super::board::{Board, View};
use super::cards::Cards;
use super::frame_loop::{Report, Setup};
use super::levels::Levels;
use super::limit::Limit;
use super::look::{self, SourceLook};
use super::luts::Luts;
use super::source_desk::SourceDesk;
use super::store::Store;
use super::wire::ControlFrame;
use crate::control::desk::{Desk, Moment};
use crate::control::status::{Alarm, Severity};
use crate::control::{EngineEnd, EventKind, OutputMode, PropertyId};

/// How often the loop looks around when no command comes.
const TICK: Duration = Duration::from_millis(4);

/// Frames that leave dark before a show that was stopped ends: one may be on its way with light, and one may get lost.
const DARK_FRAMES: u64 = 4;

/// How often a snapshot is published.
const STATUS_PERIOD_NS: u64 = 50_000_000;

/// The control thread's state.
pub(super) struct ControlLoop {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) wall: Arc<Wall>,
    pub(super) slice: Arc<SlicePlan>,
    pub(super) desk: Desk,
    pub(super) end: EngineEnd,
    pub(super) setup: Arc<ArcSwap<Setup>>,
    pub(super) source: SourceDesk,
    pub(super) luts: Luts,
    pub(super) reports: Receiver<Report>,
    pub(super) replies: Receiver<ControlFrame>,
    pub(super) board: Board,
    pub(super) requests: SyncSender<Outgoing>,
    pub(super) cards: Box<dyn Cards>,
    pub(super) store: Store,
    pub(super) path_name: String,
    pub(super) path_trouble: Option<String>,
    pub(super) faults: Option<FaultSwitch>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) built: Built,
}

/// What the present setup was built from, to tell what has to be built anew.
#[derive(Default)]
pub(super) struct Built {
    spec: Option<(PathSpec, SourceLook)>,
    plan: Option<Arc<PathPlan>>,
    levels: Option<Levels>,
    rate: Option<FrameClock>,
    is_frozen: bool,
    streaming: Option<Streaming>,
    /// The brightest that the picture on the wall may be.
    limit: Limit,
    /// Since when a show that was stopped is dark.
    dark: Option<Nanos>,
    /// Why the source cannot be shown on this wall.
    problem: Option<String>,
    /// Setups and plans that the frame thread may still hold: they are dropped here, once it has let go.
    retired: Vec<Arc<Setup>>,
    status_at: Nanos,
}

impl ControlLoop {
    /// Runs until the show is stopped or the engine's owner lets go.
    pub(super) fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            let first = self.end.next_within(TICK);
            let at = self.moment();
            let mut answers = Vec::new();
            for pending in first.into_iter().chain(std::iter::from_fn(|| self.end.next())) {
                let outcome = self.desk.handle(&pending.command, at);
                answers.push((pending, outcome));
            }
            self.desk.tick(at);
            self.store.save(&self.desk);
            self.step(at);
            if !answers.is_empty() {
                self.publish(at);
            }
            // What a client was told is done survives a power cut from then on, and whoever looks next sees it.
            for (pending, outcome) in answers {
                pending.answer(outcome);
            }
            if self.is_dark_for_good(at.now) {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
        self.publish(self.moment());
    }

    /// Whether the show was stopped and its cards were told to be dark.
    fn is_dark_for_good(&mut self, now: Nanos) -> bool {
        if !self.desk.has_stopped(now) {
            self.built.dark = None;
            return false;
        }
        let since = *self.built.dark.get_or_insert(now);
        now.since(since) >= DARK_FRAMES * self.setup.load().clock.rate().period_ns()
    }

    /// Everything that follows from a state or a report.
    fn step(&mut self, at: Moment) {
        self.take_reports(at.now);
        self.drive_cards(at);
        self.source.follow(self.desk.asked());
        self.rebuild(at);
        self.inject_faults();
        if at.now.since(self.built.status_at) >= STATUS_PERIOD_NS {
            self.built.status_at = at.now;
            self.publish(at);
        }
        for event in self.desk.take_events() {
            self.end.publish(event);
        }
        self.built.retired.retain(|setup| Arc::strong_count(setup) > 1);
    }

    /// Virtual walls lose as many packets as was asked.
    fn inject_faults(&self) {
        let Some(switch) = &self.faults else { return };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "property range 0 to 1000")]
        let loss_per_mille = self.desk.asked().number(PropertyId::FaultLoss).unwrap_or(0.0) as u16;
        switch.set(FaultRates { loss_per_mille, ..switch.rates() });
    }

    fn take_reports(&mut self, now: Nanos) {
        while let Ok(report) = self.reports.try_recv() {
            match report {
                Report::Frame(record) => {
                    self.built.limit.sent(&record);
                    self.board.frame(&record, now);
                }
                Report::Port(index, record) => {
                    for (end, link) in [FeedEnd::Head, FeedEnd::Tail].into_iter().zip(record.links) {
                        self.cards.link(index, end, !link.is_down(), now);
                    }
                    self.board.port(index, record, now);
                }
                Report::Path { name, trouble } => (self.path_name, self.path_trouble) = (name, trouble),
                Report::Posted(request, tai) => self.cards.posted(&request, tai),
                Report::Retired(source) => drop(source),
            }
        }
        while let Ok(reply) = self.replies.try_recv() {
            self.cards.hear(reply.port, reply.end, reply.frame(), now);
        }
    }

    /// Goes on with the conversation with the cards.
    fn drive_cards(&mut self, at: Moment) {
        let orders = self.desk.take_card_orders();
        if orders.take_over {
            self.cards.take_over();
        }
        if orders.install_key {
            self.cards.install_key(at.now);
        }
        if orders.save {
            self.cards.save(at.now);
        }
        self.cards.identify(look::identified(&self.wall, self.desk.asked()));
        let Self { cards, requests, .. } = self;
        // A full queue means that the link is busy: what is not answered is asked again.
        cards.drive(at, &mut |request| drop(requests.try_send(request)));
        for event in self.cards.take_events() {
            tracing::info!(?event, "cards");
            self.desk.report("engine", event, at);
        }
    }

    /// Builds what changed and swaps it in.
    fn rebuild(&mut self, at: Moment) {
        let state = self.desk.in_effect(at.now);
        let source = self.source.look(&state);
        let limit = self.built.limit.with(source.map(|source| source.light_limit), self.source.opened());
        let facts = self.desk.facts();
        let shares = look::screen_shares(facts, &state, self.desk.master(at.now), limit);
        let levels = Levels::split(&self.wall, &shares, look::cabinet_trims(facts, &state, limit));
        let is_frozen = state.mode() == OutputMode::Freeze;
        let rate = FrameClock::new(self.source.rate(&state));
        let has_new_plan = source.is_some_and(|source| self.replan(&state, &levels, source));
        let streaming = self.cards.streaming();
        let built = &mut self.built;
        let is_fed_alike = built.streaming.as_ref() == Some(streaming);
        if has_new_plan
            || !is_fed_alike
            || built.levels.as_ref() != Some(&levels)
            || built.is_frozen != is_frozen
            || built.rate != Some(rate)
        {
            let setup = Arc::new(Setup {
                clock: rate,
                plan: built.plan.clone(),
                latches: look::latches(&levels, streaming.epoch.unwrap_or_default(), 0),
                is_frozen,
                streaming: streaming.clone(),
            });
            (built.levels, built.is_frozen, built.rate) = (Some(levels), is_frozen, Some(rate));
            built.streaming = Some(streaming.clone());
            built.retired.push(self.setup.swap(setup));
        }
    }

    /// A new plan for the pixel path, if its settings changed; whether there is one.
    fn replan(&mut self, state: &crate::control::state::ShowState, levels: &Levels, source: SourceLook) -> bool {
        let luts = self.luts.of(&self.wall, state);
        let mut spec = look::path_spec(&self.wall, state, levels, &source, &luts);
        if let Some(cabinet) = look::identified(&self.wall, state).filter(|&cabinet| !self.cards.can_identify(cabinet)) {
            look::flash(&mut spec, (&self.wall, self.desk.facts(), state), cabinet, self.clock.now());
        }
        if self.built.spec.as_ref().is_some_and(|(old, shape)| *old == spec && *shape == source) {
            return false;
        }
        // A fade changes levels only, many times a second: everything else is taken over from the plan before.
        let before = self.built.plan.as_ref().filter(|before| *before.source() == source.shape);
        let followed = before.and_then(|before| before.with_levels(&spec));
        let plan = followed.unwrap_or_else(|| PathPlan::build(&self.wall, &self.slice, &spec, source.shape));
        self.built.spec = Some((spec, source));
        match plan {
            Ok(plan) => {
                self.built.plan = Some(Arc::new(plan));
                self.built.problem = None;
                true
            }
            Err(error) => {
                self.built.problem = Some(error.to_string());
                false
            }
        }
    }

    fn publish(&mut self, at: Moment) {
        let alarms = self.alarms(at);
        let (raised, cleared) = self.board.set_alarms(alarms);
        for alarm in raised {
            match alarm.severity {
                Severity::Critical | Severity::Error => tracing::error!(source = %alarm.source, "{}", alarm.text),
                Severity::Warning => tracing::warn!(source = %alarm.source, "{}", alarm.text),
                Severity::Notice => tracing::info!(source = %alarm.source, "{}", alarm.text),
            }
            self.desk.report("engine", EventKind::AlarmRaised { alarm }, at);
        }
        for alarm in cleared {
            tracing::info!(source = %alarm.source, "over: {}", alarm.text);
            self.desk.report("engine", EventKind::AlarmCleared { alarm }, at);
        }
        let setup = self.setup.load();
        let view = View {
            now: at.now,
            tai: at.tai,
            source: self.source.status(),
            rate_hz: setup.clock.rate().hz(),
            cards: self.cards.cards(at.now, at.tai),
            pixel_path: &self.path_name,
        };
        self.end.publish_status(Arc::new(self.board.status(&self.desk, &view)));
    }

    fn alarms(&self, at: Moment) -> Vec<Alarm> {
        let alarm = |severity, source: &str, text: String| Alarm { severity, source: source.to_owned(), text, since: at.tai };
        let mut alarms: Vec<Alarm> = self.board.port_alarms(at.tai).collect();
        alarms.extend(self.cards.alarms(at.now, at.tai));
        alarms.extend(self.built.problem.iter().map(|text| alarm(Severity::Critical, "source", text.clone())));
        alarms.extend(self.source.problem().map(|text| alarm(Severity::Critical, "source", text)));
        alarms.extend(self.source.misfit(&self.wall).map(|text| alarm(Severity::Notice, "source", text)));
        alarms.extend(self.luts.problem().map(|text| alarm(Severity::Error, "3D LUT", text)));
        alarms.extend(self.path_trouble.iter().map(|text| alarm(Severity::Warning, "pixel path", text.clone())));
        alarms.extend(self.store.problem().map(|text| alarm(Severity::Warning, "state", text)));
        alarms
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), tai: self.clock.tai() }
    }
}
