//! Real port senders and virtual cards on cables in simulated time: what an interface takes leaves at the speed of its
//! link, every call costs time, and cables are pulled and plugged at given nanoseconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ocp809_sender::emulator::{CardDetail, CardStatus, Ocp809Status, VirtualCards, VirtualWall};
use ocp809_sender::ids::PortIndex;
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::stream::{
    Batch, FeedEnd, FrameReport, FrameStart, Pacing, PortFrame, PortLayout, PortSender, Span, latch_together, send_rest,
};
use ocp809_sender::time::{Clock, Nanos, Tai};
use ocp809_sender::transport::{LinkState, Transport, TransportError};
use ocp809_sender::wall::Wall;
use ocp809_sender::wire::ethernet::{HEADER_LEN, MacAddress};
use ocp809_sender::wire::ocp809::auth::Signing;
use ocp809_sender::wire::ocp809::control::{Assignment, Body, Message, Request, Route, Seal, TimeMark};
use ocp809_sender::wire::ocp809::stream::{LATCH_AUTH_LEN, LATCH_LEN};
use ocp809_sender::wire::ocp809::{EPOCH_WITHOUT_CARDS, FrameId, Latch, group_address, software_address};

/// TAI runs this far ahead of the monotonic clock.
const TAI_AHEAD: u64 = 1_700_000_000_000_000_000;

/// Nanoseconds per byte of a gigabit link.
const BYTE_NS: u64 = 8;

/// Preamble, FCS and gap of a frame on the cable, in bytes.
const OVERHEAD: u64 = 24;

/// A refresh of the virtual cards: 1 s / 3840.
pub(crate) const REFRESH_NS: u64 = 260_417;

/// How finely flips are looked at.
const WATCH_NS: u64 = 500;

/// Something that happens at an instant.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A frame has left an interface whole.
    Frame(PortIndex, FeedEnd, Vec<u8>),
    /// The cable behind a place is pulled out; `None`: the sender's head interface's.
    Pull(PortIndex, Option<u16>),
    /// It is plugged in again.
    Plug(PortIndex, Option<u16>),
}

/// The cables and cards, and the time.
struct World {
    now: u64,
    /// By instant, then in the order in which they were arranged.
    events: BTreeMap<(u64, u64), Event>,
    arranged: u64,
    wall: VirtualWall,
    /// Last places of the ports' cascades.
    last: Vec<u16>,
    /// Whether a sender's interface notices that its cable was pulled.
    carrier: bool,
    pulled: Vec<(PortIndex, Option<u16>)>,
    /// While flips are watched: how many frames each card had shown, and when it flipped since then.
    watched: Vec<(u64, Option<u64>)>,
}

impl World {
    fn run_until(&mut self, until: u64) {
        while !self.watched.is_empty() && self.now + WATCH_NS < until {
            self.step_until(self.now + WATCH_NS);
            self.look_for_flips();
        }
        self.step_until(until);
        self.look_for_flips();
    }

    fn look_for_flips(&mut self) {
        for ((before, at), status) in self.watched.iter_mut().zip(self.wall.statuses()) {
            if detail(status).counters.frames.shown > *before {
                at.get_or_insert(self.now);
            }
        }
    }

    fn step_until(&mut self, until: u64) {
        while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= until) {
            let at = entry.key().0.max(self.now);
            let event = entry.remove();
            self.now = at;
            self.wall.advance(Nanos(at), tai(at));
            match event {
                Event::Frame(port, end, frame) => self.wall.deliver(port, end, Nanos(at), tai(at), &frame),
                Event::Pull(port, after) => {
                    self.pulled.push((port, after));
                    self.wall.unplug(port, after);
                }
                Event::Plug(port, after) => {
                    self.pulled.retain(|pulled| *pulled != (port, after));
                    self.wall.plug(port, after);
                }
            }
        }
        self.now = self.now.max(until);
        self.wall.advance(Nanos(self.now), tai(self.now));
    }

    fn arrange(&mut self, at: u64, event: Event) {
        self.arranged += 1;
        self.events.insert((at, self.arranged), event);
    }

    fn link(&self, port: PortIndex, end: FeedEnd) -> LinkState {
        let cable = match end {
            FeedEnd::Head => None,
            FeedEnd::Tail => self.last.get(port.index()).copied(),
        };
        let is_down = self.carrier && self.pulled.contains(&(port, cable));
        if is_down { LinkState::Down } else { LinkState::Up { rate_mbit: Some(1_000) } }
    }
}

/// The world, shared by clock, interfaces and test.
#[derive(Clone)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("nobody panicked before")
    }
}

const fn tai(now: u64) -> Tai {
    Tai(now + TAI_AHEAD)
}

impl Clock for Shared {
    fn now(&self) -> Nanos {
        Nanos(self.lock().now)
    }

    fn tai(&self) -> Tai {
        tai(self.lock().now)
    }

    fn sleep_until(&self, deadline: Nanos) {
        self.lock().run_until(deadline.0);
    }
}

/// One of the sender's interfaces.
struct Interface {
    world: Shared,
    port: PortIndex,
    end: FeedEnd,
    /// What a call costs.
    call_ns: u64,
    /// When all that it took will have left.
    idle_at: Arc<Mutex<u64>>,
}

impl Transport for Interface {
    fn send(&mut self, batch: Batch<'_>) -> Result<usize, TransportError> {
        let mut world = self.world.lock();
        let mut idle_at = self.idle_at.lock().expect("nobody panicked before");
        for packet in batch.packets() {
            *idle_at = (*idle_at).max(world.now) + line_ns(packet.len());
            world.arrange(*idle_at, Event::Frame(self.port, self.end, packet.to_vec()));
        }
        let returns = world.now + self.call_ns;
        world.run_until(returns);
        Ok(batch.len())
    }

    fn receive(&mut self, _: &mut [u8]) -> Result<Option<usize>, TransportError> {
        Ok(None)
    }

    fn wait(&mut self, _: Duration) -> Result<bool, TransportError> {
        Ok(false)
    }

    fn link(&mut self) -> LinkState {
        self.world.lock().link(self.port, self.end)
    }

    fn name(&self) -> &'static str {
        "simulated"
    }
}

fn detail(status: CardStatus) -> Ocp809Status {
    match status.detail {
        CardDetail::Ocp809(detail) => *detail,
        CardDetail::Colorlight { .. } => unreachable!("all cards speak OCP-809"),
    }
}

/// How long a frame takes on the cable.
fn line_ns(bytes: usize) -> u64 {
    (bytes.max(60) as u64 + OVERHEAD) * BYTE_NS
}

/// How a simulation is set up.
pub(crate) struct Set {
    pub(crate) cards: VirtualCards,
    /// What one call of an interface costs, in nanoseconds: the far end of a loop sends so much later than the head.
    pub(crate) call_ns: u64,
    /// Whether interfaces notice pulled cables.
    pub(crate) carrier: bool,
}

/// A wall with its senders.
pub(crate) struct Simulation {
    world: Shared,
    senders: Vec<PortSender>,
    plan: SlicePlan,
    frames: Vec<PortFrame>,
    /// When each interface will have sent all that it took.
    idle: Vec<Arc<Mutex<u64>>>,
    residence_ns: u64,
    call_ns: u64,
    latch_bytes: usize,
    pub(crate) latch: Latch,
}

impl Simulation {
    pub(crate) fn new(wall: &Wall, set: &Set) -> Self {
        let plan = SlicePlan::build(wall).expect("the wall fits");
        let last = |port: &ocp809_sender::wall::Port| u16::try_from(port.cascade.len() - 1).expect("few cards");
        let world = Shared(Arc::new(Mutex::new(World {
            now: 1_000_000,
            events: BTreeMap::new(),
            arranged: 0,
            wall: VirtualWall::with(wall, set.cards.clone(), Nanos(0)),
            last: wall.ports().iter().map(last).collect(),
            carrier: set.carrier,
            pulled: Vec::new(),
            watched: Vec::new(),
        })));
        let (mut senders, mut frames, mut idle) = (Vec::new(), Vec::new(), Vec::new());
        let residence_ns = u64::from(set.cards.residence_ns);
        for (port, plan) in wall.ports().iter().zip(&plan.ports) {
            let number = u8::try_from(plan.port.0).expect("few ports");
            let layout = Arc::new(PortLayout::new(wall, plan, software_address(number), None).expect("laid out"));
            let mut interface = |end| {
                let idle_at = Arc::new(Mutex::new(0));
                idle.push(Arc::clone(&idle_at));
                Box::new(Interface { world: world.clone(), port: plan.port, end, call_ns: set.call_ns, idle_at })
            };
            let (head, clock) = (interface(FeedEnd::Head), Arc::new(world.clone()));
            let mut sender = PortSender::new(Arc::clone(&layout), &port.colorlight, head, Pacing::BURST, clock);
            if port.redundant {
                let transit_ns = port.cascade.len() as u64 * residence_ns;
                sender = sender.with_tail(interface(FeedEnd::Tail), tail_address(number), transit_ns);
            }
            senders.push(sender);
            frames.push(PortFrame::new(layout));
        }
        let latch = Latch::neutral(EPOCH_WITHOUT_CARDS);
        let call_ns = set.call_ns;
        Self { world, senders, plan, frames, idle, residence_ns, call_ns, latch_bytes: HEADER_LEN + LATCH_LEN, latch }
    }

    /// Signs every LATCH from now on.
    pub(crate) fn signed(mut self, signing: &Signing) -> Self {
        self.senders = self.senders.into_iter().map(|sender| sender.signed(signing.clone())).collect();
        self.latch_bytes = HEADER_LEN + LATCH_AUTH_LEN;
        self
    }

    pub(crate) fn now(&self) -> u64 {
        self.world.lock().now
    }

    pub(crate) fn run_until(&self, until: u64) {
        self.world.lock().run_until(until);
    }

    pub(crate) fn at(&self, at: u64, event: Event) {
        self.world.lock().arrange(at, event);
    }

    /// Sends a frame whose every byte of pixels is `fill`, in two halves, out of all ports, and latches it at once: for the
    /// end of its last pixel and LATCH plus the longest way through a port's cards when `timed`, else on arrival.
    /// Answers with that instant, by which a LATCH that acts on arrival has reached all cards as well, and the ports' reports.
    pub(crate) fn show(&mut self, number: u16, fill: u8, timed: bool) -> (u64, Vec<FrameReport>) {
        self.send_pixels(number, fill);
        self.latch(timed)
    }

    fn send_pixels(&mut self, number: u16, fill: u8) {
        let start = Nanos(self.now());
        let start = FrameStart { frame_id: FrameId(number), start, period_ns: 16_666_666, deadline: start.after(16_666_666) };
        for ((sender, frame), plan) in self.senders.iter_mut().zip(&mut self.frames).zip(&self.plan.ports) {
            sender.begin(&start, &self.latch);
            let packets = plan.packets.len();
            for packet in 0..packets {
                frame.memory_mut()[plan.payload_range(packet)].fill(fill);
            }
            for band in [packets / 2..packets, 0..packets / 2] {
                sender.offer(frame.memory_mut(), band);
            }
        }
        send_rest(&mut self.senders, &mut self.frames);
    }

    fn latch(&mut self, timed: bool) -> (u64, Vec<FrameReport>) {
        let present = self.present_instant();
        self.latch.present_at = if timed { tai(present) } else { Tai(0) };
        let latches = vec![self.latch; self.senders.len()];
        let (now, mut reports) = (Nanos(self.now()), Vec::new());
        latch_together(&mut self.senders, &latches, now, &mut |_, report| reports.push(report));
        (present, reports)
    }

    /// When all that was handed over has left.
    fn idle_at(&self) -> u64 {
        self.idle.iter().map(|idle| *idle.lock().expect("nobody panicked before")).max().unwrap_or(0)
    }

    /// The earliest present instant with which no frame is lost: all that was sent has left every interface, a LATCH as well
    /// after as many calls as there are interfaces, and has passed all cards.
    fn present_instant(&self) -> u64 {
        let calls = self.idle.len() as u64 * self.call_ns;
        let busy = self.idle_at();
        let world = self.world.lock();
        let places = world.last.iter().max().map_or(1, |last| u64::from(*last) + 1);
        busy.max(world.now + calls) + line_ns(self.latch_bytes) + places * self.residence_ns
    }

    /// Tells every card its way from the head, then the time, twice.
    pub(crate) fn sync_cards(&mut self) {
        for port in 0..self.senders.len() {
            let places = self.world.lock().last[port];
            for place in 0..=places {
                let path_delay_ns = u32::try_from(line_ns(0) + u64::from(place) * self.residence_ns).expect("short");
                let assignment = Assignment { card_id: place + 1, path_delay_ns };
                let route = Route::to_place(u8::try_from(place).expect("few cards"));
                self.control(
                    port,
                    &Message { route, transaction: u32::from(place), body: Body::Request(Request::AssignId(assignment)) },
                );
            }
        }
        for port in 0..self.senders.len() {
            let mut previous = TimeMark { previous_departure: Tai(0), previous_transaction: 0 };
            for transaction in 1..=2 {
                let departure = tai(self.now());
                let body = Body::Request(Request::Time(previous));
                self.control(port, &Message { route: Route::to_all(), transaction, body });
                previous = TimeMark { previous_departure: departure, previous_transaction: transaction };
            }
        }
    }

    fn control(&mut self, port: usize, message: &Message) {
        let source = software_address(u8::try_from(port).expect("few ports"));
        let seal = Seal { destination: group_address(0), source, frame_max: 1514, signer: None };
        for frame in message.emit(&seal).expect("short") {
            let spans = [Span::new(0, frame.len())];
            self.senders[port].send_control(FeedEnd::Head, Batch::new(&frame, &spans)).expect("taken");
        }
        let later = self.now() + 1_000_000;
        self.run_until(later);
    }

    pub(crate) fn statuses(&self) -> Vec<CardStatus> {
        self.world.lock().wall.statuses().collect()
    }

    pub(crate) fn cards(&self) -> Vec<Ocp809Status> {
        self.statuses().into_iter().map(detail).collect()
    }

    /// Shows a frame as [`Simulation::show`] and answers when each card flipped, to within half a microsecond, counted from
    /// the instant at which the first LATCH was handed over or, when `timed`, from its present instant.
    pub(crate) fn flips(&mut self, number: u16, fill: u8, timed: bool) -> Vec<u64> {
        self.send_pixels(number, fill);
        self.run_until(self.idle_at());
        {
            let mut world = self.world.lock();
            let watched = world.wall.statuses().map(|status| (detail(status).counters.frames.shown, None)).collect();
            world.watched = watched;
        }
        let latched = self.now();
        let (present, _) = self.latch(timed);
        self.run_until(present + 2 * REFRESH_NS);
        let origin = if timed { present } else { latched };
        let watched = core::mem::take(&mut self.world.lock().watched);
        watched.into_iter().map(|(_, at)| at.expect("every card flips") - origin).collect()
    }

    pub(crate) fn with_wall<T>(&self, look: impl FnOnce(&mut VirtualWall) -> T) -> T {
        look(&mut self.world.lock().wall)
    }
}

/// The address of the interface at the far end of a loop.
pub(crate) fn tail_address(port: u8) -> MacAddress {
    MacAddress([2, 0x4f, 0x43, 0x50, 0x81, port])
}
