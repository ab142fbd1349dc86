//! Coefficients on their way into a card: the session's own upload, through the engine's share of a link, into a virtual card.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ocp809_sender::emulator::{CardLink, CardServer, VirtualCards, VirtualWall};
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::ids::{CabinetIndex, PortIndex};
use ocp809_sender::session::{CalibrationUpload, Notice, Outgoing, PortAddresses, WallSession};
use ocp809_sender::slice::SlicePlan;
use ocp809_sender::stream::{Batch, FeedEnd, Pacing, PortLayout, PortSender, Span};
use ocp809_sender::time::{Clock, NANOS_PER_SECOND, Nanos};
use ocp809_sender::transport::fault::{FaultRates, FaultSwitch, Faulty};
use ocp809_sender::transport::memory::cable_of;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::{Preference, Reception, Transport, open};
use ocp809_sender::wall::layout::{self, Grid};
use ocp809_sender::wall::{ColorlightSpec, Wall};
use ocp809_sender::wire::ocp809::control::{CalibrationKind, MODULE_ALL};
use ocp809_sender::wire::ocp809::{Epoch, FrameId, Latch, software_address};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::measure::exact;
use super::network::Network;
use super::{BenchError, Plan};
use crate::engine::{CARD_QUEUE, Requests};

/// Bytes of a pixel's matrix as cards store it.
const PIXEL_BYTES: u64 = 18;

/// Nanoseconds of a frame.
const PERIOD_NS: u64 = NANOS_PER_SECOND / 60;

/// How often the session is driven, as the engine's control thread does.
const TICK_NS: u64 = 4_000_000;

/// How long the cards' thread waits for a frame before it lets time pass.
const CARD_WAIT: Duration = Duration::from_micros(500);

/// A card that has not answered by then never will.
const PATIENCE_NS: u64 = 120 * NANOS_PER_SECOND;

/// Largest frame of a link of MTU 1500 with a VLAN tag.
const FRAME_BYTES: usize = 1_518;

/// Packets that a cable in memory holds.
const SLOTS: usize = 4_096;

/// The seed of losses: the same in every run.
const SEED: u64 = 809;

/// What is measured, short ones first.
const TRIALS: [Trial; 5] = [
    Trial { card: PixelSize::new(128, 128), loss_percent: 0, beside_stream: true },
    Trial { card: PixelSize::new(128, 128), loss_percent: 1, beside_stream: true },
    Trial { card: PixelSize::new(512, 256), loss_percent: 0, beside_stream: false },
    Trial { card: PixelSize::new(512, 256), loss_percent: 0, beside_stream: true },
    Trial { card: PixelSize::new(512, 256), loss_percent: 1, beside_stream: true },
];

/// What was measured of uploads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UploadReport {
    /// One row for each card, loss and cable.
    pub rows: Vec<UploadRow>,
}

/// One upload: 18 bytes per pixel, from the order until the card has checked and switched on all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UploadRow {
    /// `memory` or `veth`.
    pub cable: String,
    /// Pixels of the card.
    pub card: PixelSize,
    /// Packets that the cable loses in either direction, in percent.
    pub loss_percent: u16,
    /// Whether control keeps to the share of a gigabit link that streams.
    pub beside_stream: bool,
    /// Bytes of coefficients.
    pub bytes: u64,
    /// Seconds from the order to the card's word that they act.
    pub seconds: f64,
    /// Coefficients per second.
    pub bytes_per_s: f64,
    /// Control packets that were sent meanwhile; without loss one for each 1440 bytes and a few to begin and end.
    pub packets: u64,
}

/// One kind of upload.
#[derive(Debug, Clone, Copy)]
struct Trial {
    card: PixelSize,
    loss_percent: u16,
    beside_stream: bool,
}

/// Both ends of a cable.
type Ends = (Box<dyn Transport>, Box<dyn Transport>);

/// Measures over memory and, as root, over interfaces, on each as far as the part's time reaches.
pub(super) fn measure(plan: &Plan, leave_out: &mut (dyn FnMut(String) + Send)) -> Result<UploadReport, BenchError> {
    let begun = plan.clock.now();
    let mut rows = Vec::new();
    let memory = || {
        let (near, far) = cable_of(SLOTS, FRAME_BYTES);
        Ok::<Ends, BenchError>((Box::new(near), Box::new(far)))
    };
    run_all(plan, begun, "memory", &memory, &mut rows, leave_out)?;
    let over_interfaces = Network::within(|network| {
        let (near, far) = network.cable("near", "far", 1_500)?;
        let ends = || {
            let options = PacketOptions { reception: Reception::Ocp809Card, ..PacketOptions::default() };
            let card = Box::new(PacketTransport::open(&far, options)?);
            Ok::<Ends, BenchError>((open(&near, Reception::Ocp809Sender, Preference::Automatic)?.transport, card))
        };
        run_all(plan, begun, "veth", &ends, &mut rows, leave_out)
    });
    match over_interfaces {
        Err(BenchError::Missing(why)) => leave_out(format!("over interfaces: {why}")),
        other => other?,
    }
    Ok(UploadReport { rows })
}

fn run_all(
    plan: &Plan,
    begun: Nanos,
    cable: &str,
    ends: &dyn Fn() -> Result<Ends, BenchError>,
    rows: &mut Vec<UploadRow>,
    leave_out: &mut dyn FnMut(String),
) -> Result<(), BenchError> {
    for (trial, number) in TRIALS.iter().zip(0..) {
        // Each cable has the part's time; the first trial is always made.
        let share_ns = if cable == "memory" { plan.time_ns() } else { 2 * plan.time_ns() };
        if number > 0 && plan.clock.now().since(begun) > share_ns {
            let rest = TRIALS.len() - number;
            leave_out(format!("{rest} of {} uploads over {cable}: more --seconds reach further", TRIALS.len()));
            return Ok(());
        }
        rows.push(upload(plan, cable, *trial, ends()?)?);
    }
    Ok(())
}

fn upload(plan: &Plan, cable: &str, trial: Trial, (near, far): Ends) -> Result<UploadRow, BenchError> {
    let mut grid = Grid::new(1, 1, PixelSize::new(trial.card.width / 2, trial.card.height / 2));
    grid.modules = PixelSize::new(2, 2);
    let wall = Wall::from_spec(&layout::raster(&grid).map_err(BenchError::unmade)?).map_err(BenchError::unmade)?;
    let cards = VirtualCards { ptp: false, ..VirtualCards::default() };
    let cards = VirtualWall::with(&wall, cards, plan.clock.now());
    let mut server = CardServer::new(cards, vec![CardLink { port: PortIndex(0), end: FeedEnd::Head, transport: far }]);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clock = plan.clock.as_ref();
        let serve = || {
            while !is_over.load(Ordering::Relaxed) {
                // A cable that fails shows at the sender's end.
                let _waited = server.wait(CARD_WAIT);
                server.turn(clock.now(), clock.tai());
            }
        };
        thread::Builder::new().name("card".to_owned()).spawn_scoped(scope, serve).map_err(BenchError::Thread)?;
        let row = Sender::new(&wall, trial, near, &plan.clock).and_then(|mut sender| sender.upload(cable, trial));
        is_over.store(true, Ordering::Relaxed);
        row
    })
}

/// A sender that has a conversation with one card, as the engine has it, and no picture.
struct Sender {
    clock: Arc<dyn Clock>,
    session: WallSession,
    port: PortSender,
    queue: SyncSender<Outgoing>,
    requests: Requests,
    beside_stream: bool,
    frame: FrameId,
    frame_at: Nanos,
    packets: u64,
}

impl Sender {
    fn new(wall: &Wall, trial: Trial, near: Box<dyn Transport>, clock: &Arc<dyn Clock>) -> Result<Self, BenchError> {
        let rates = FaultRates { loss_per_mille: trial.loss_percent * 10, ..FaultRates::default() };
        let switch = || FaultSwitch::new(rates);
        let near = Faulty::new(near, switch(), switch(), SEED, FRAME_BYTES, Arc::clone(clock));
        let address = PortAddresses { head: software_address(0), tail: None };
        let mut session = WallSession::new(wall, &[address], false, None, clock.tai());
        session.link(PortIndex(0), FeedEnd::Head, true, clock.now());
        let slice = SlicePlan::build(wall).map_err(BenchError::unmade)?;
        let plan = slice.ports.first().ok_or_else(|| BenchError::unmade("a port"))?;
        let layout = PortLayout::new(wall, plan, address.head, None).map_err(BenchError::unmade)?;
        let spec = ColorlightSpec::default();
        let port = PortSender::new(Arc::new(layout), &spec, Box::new(near), Pacing::BURST, Arc::clone(clock));
        let (queue, waiting) = sync_channel(CARD_QUEUE);
        Ok(Self {
            session,
            port,
            queue,
            requests: Requests::new(waiting, wall),
            beside_stream: trial.beside_stream,
            frame: FrameId(0),
            frame_at: clock.now(),
            packets: 0,
            clock: Arc::clone(clock),
        })
    }

    fn upload(&mut self, cable: &str, trial: Trial) -> Result<UploadRow, BenchError> {
        self.go_on(&mut |sender| sender.session.cards().iter().all(|card| card.is_ready))?;
        let length = usize::try_from(trial.card.area() * PIXEL_BYTES).unwrap_or(0);
        let bytes: Vec<u8> = [0x20_u8, 0, 0, 7].into_iter().cycle().take(length).collect();
        let upload = CalibrationUpload { module: MODULE_ALL, kind: CalibrationKind::Matrix, bytes: bytes.into() };
        let (begun, packets) = (self.clock.now(), self.packets);
        if !self.session.calibrate(CabinetIndex(0), upload) {
            return Err(BenchError::Wrong("the virtual card takes no coefficients".to_owned()));
        }
        let mut refused = None;
        self.go_on(&mut |sender| {
            sender.session.take_notices().into_iter().any(|notice| match notice {
                Notice::Calibrated { .. } => true,
                Notice::NotCalibrated { reason, .. } => {
                    refused = Some(reason.to_string());
                    true
                }
                Notice::Replaced { .. } | Notice::KeyInstalled { .. } | Notice::Saved { .. } => false,
            })
        })?;
        if let Some(reason) = refused {
            return Err(BenchError::Wrong(format!("the virtual card refuses its coefficients: {reason}")));
        }
        let seconds = exact(self.clock.now().since(begun)) / 1e9;
        Ok(UploadRow {
            cable: cable.to_owned(),
            card: trial.card,
            loss_percent: trial.loss_percent,
            beside_stream: trial.beside_stream,
            bytes: length as u64,
            seconds,
            bytes_per_s: exact(length as u64) / seconds,
            packets: self.packets - packets,
        })
    }

    /// Goes on with the conversation until something has come true.
    fn go_on(&mut self, is_done: &mut dyn FnMut(&mut Self) -> bool) -> Result<(), BenchError> {
        let give_up = self.clock.now().after(PATIENCE_NS);
        while !is_done(self) {
            if self.clock.now() > give_up {
                return Err(BenchError::Wrong("the virtual card did not answer in two minutes".to_owned()));
            }
            self.hear();
            self.drive();
            self.show();
            self.clock.sleep_until(self.clock.now().after(TICK_NS));
        }
        Ok(())
    }

    fn hear(&mut self) {
        let mut buffer = [0; FRAME_BYTES];
        while let Some((end, length)) = self.port.receive(&mut buffer) {
            self.session.hear(PortIndex(0), end, buffer.get(..length).unwrap_or_default(), self.clock.now());
        }
    }

    fn drive(&mut self) {
        let Self { session, queue, clock, .. } = self;
        let mut claim = |newest: Option<u16>| Epoch { term: newest.unwrap_or(0).saturating_add(1), instance: 809 };
        // A full queue means that the link is busy: what is not answered is asked again.
        session.poll((clock.now(), clock.tai()), &mut claim, &mut |request| drop(queue.try_send(request)));
    }

    /// What belongs to a frame, once its time has come: the latch that keeps cards awake, then control.
    fn show(&mut self) {
        let now = self.clock.now();
        if now < self.frame_at {
            return;
        }
        self.frame_at = self.frame_at.after(PERIOD_NS).max(now);
        if let Some(epoch) = self.session.streaming().epoch {
            self.frame = self.frame.next();
            self.port.send_state(self.frame, &Latch::neutral(epoch));
        }
        let Self { session, port, requests, clock, packets, beside_stream, .. } = self;
        requests.begin(PERIOD_NS, &[*beside_stream]);
        let mut send = |request: &Outgoing| {
            let spans = [Span::new(0, request.frame.len())];
            let taken = port.send_control(request.end, Batch::new(&request.frame, &spans)).is_ok_and(|taken| taken == 1);
            *packets += u64::from(taken);
            taken
        };
        requests.send(&mut send, &mut |request| {
            if let Some(transaction) = request.time {
                session.departed(request.port, request.end, transaction, clock.tai());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::time::SystemClock;

    fn over_memory(loss_percent: u16) -> UploadRow {
        let plan = Plan { seconds: 1.0, rounds: 1, threads: vec![1], gpu: false, clock: Arc::new(SystemClock::new()) };
        let (near, far) = cable_of(SLOTS, FRAME_BYTES);
        let trial = Trial { card: PixelSize::new(64, 32), loss_percent, beside_stream: true };
        upload(&plan, "memory", trial, (Box::new(near), Box::new(far))).unwrap()
    }

    #[test]
    fn every_byte_goes_once_over_a_good_cable_and_again_where_it_was_lost() {
        let good = over_memory(0);
        let chunks = good.bytes.div_ceil(1_440);
        assert_eq!(good.bytes, 64 * 32 * 18);
        assert!((chunks + 2..chunks + 20).contains(&good.packets), "{chunks} chunks: {good:?}");
        let bad = over_memory(20);
        assert!(bad.packets > good.packets, "{bad:?}");
    }
}
