//! How long light waits for this program: from a picture that is complete in memory to its packets and to the latch at a card.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ocp809_sender::stream::Histogram;
use ocp809_sender::time::{Clock, NANOS_PER_SECOND, Nanos};
use ocp809_sender::transport::memory::cable_of;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::{Preference, Reception, Transport, open};
use ocp809_sender::wire::ethernet::{EtherType, EthernetFrame};
use ocp809_sender::wire::ocp809::{FrameId, StreamKind, StreamPacket};
use ocp809_shaders::FrameView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chain::{Chain, Shown};
use super::measure::Quantiles;
use super::network::Network;
use super::transmit::LOOK;
use super::walls::{Subject, Work, picture};
use super::{BenchError, Plan};

/// Frames per second.
const RATE: u64 = 60;

/// Frames that come before the first that counts: caches, and the announcement of a sender to cards.
const WARM_UP: u64 = 3;

/// Largest frame of a link of MTU 1500 with a VLAN tag.
const FRAME_BYTES: usize = 1_518;

/// What was measured of delays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyReport {
    /// A full HD frame of RGBA, one matrix per module, 60 times per second in one burst to one port, latched as soon as it is
    /// out: over a cable in memory and, as root, over a cable between two interfaces.
    pub rows: Vec<LatencyRow>,
}

/// One cable. Times count from the instant at which the picture was complete in memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyRow {
    /// `memory` or `veth`.
    pub cable: String,
    /// How packets leave.
    pub sent_by: String,
    /// Threads that compute.
    pub threads: usize,
    /// Until the interface had taken the first packets.
    pub first_packet: Quantiles,
    /// Until it had taken the last one.
    pub last_packet: Quantiles,
    /// Until the latch was handed over.
    pub latch_sent: Quantiles,
    /// Until the latch was at the card: by the kernel's stamp on an interface, by the card's clock in memory.
    pub latch_at_card: Quantiles,
    /// Frames that were shown.
    pub frames: u64,
    /// Frames of which a packet or the latch did not arrive whole.
    pub frames_lost: u64,
}

/// Measures over both kinds of cable.
pub(super) fn measure(plan: &Plan, leave_out: &mut (dyn FnMut(String) + Send)) -> Result<LatencyReport, BenchError> {
    let subject = Subject::on_one_port(Work::PLAIN)?;
    let data = picture(Work::PLAIN);
    let frame = FrameView::packed(Work::PLAIN.shape(), &data).map_err(BenchError::unmade)?;
    let frames = plan.time_ns() / 2 / (NANOS_PER_SECOND / RATE);
    let trial = Trial { plan, subject: &subject, frame: &frame, frames: frames.max(1) };
    let packets = subject.slice.ports.iter().map(|port| port.packets.len()).max().unwrap_or(0);
    let (near, far) = cable_of(2 * packets + 16, FRAME_BYTES);
    let mut rows = vec![trial.run("memory", "a copy into memory".to_owned(), Box::new(near), Box::new(far))?];
    let veth = Network::within(|network| {
        let (near, far) = network.cable("near", "far", 1_500)?;
        let opened = open(&near, Reception::Nothing, Preference::Automatic)?;
        let options = PacketOptions { reception: Reception::Ocp809Card, ..PacketOptions::default() };
        let card = Box::new(PacketTransport::open(&far, options)?);
        trial.run("veth", opened.backend.to_string(), opened.transport, card)
    });
    match veth {
        Ok(row) => rows.push(row),
        Err(BenchError::Missing(why)) => leave_out(format!("over interfaces: {why}")),
        Err(error) => return Err(error),
    }
    Ok(LatencyReport { rows })
}

/// What is shown over each cable.
struct Trial<'a> {
    plan: &'a Plan,
    subject: &'a Subject,
    frame: &'a FrameView<'a>,
    frames: u64,
}

/// What a card sees of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Arrival {
    frame_id: FrameId,
    at: Nanos,
    /// PIXELS packets of the frame that came whole before its first LATCH, and how many there should be.
    packets: u16,
    of: u16,
}

/// Frames as they were sent: when the picture was complete, and what became of it.
type Sent = Vec<(Nanos, Shown)>;

impl Trial<'_> {
    fn run(
        &self,
        cable: &str,
        sent_by: String,
        near: Box<dyn Transport>,
        mut far: Box<dyn Transport>,
    ) -> Result<LatencyRow, BenchError> {
        let clock = &self.plan.clock;
        let threads = self.plan.most_threads();
        let mut chain = Chain::new(self.subject, threads, vec![near], clock)?;
        let is_over = AtomicBool::new(false);
        let (sent, arrivals) = thread::scope(|scope| {
            let watch = || watch(far.as_mut(), clock.as_ref(), &is_over);
            let watcher =
                thread::Builder::new().name("card".to_owned()).spawn_scoped(scope, watch).map_err(BenchError::Thread)?;
            let host = chain.host();
            let sent = host.run(|| self.show(&mut chain, clock));
            is_over.store(true, Ordering::Release);
            let arrivals = watcher.join().map_err(|_| BenchError::unmade("the card's thread panicked"))?;
            Ok::<_, BenchError>((sent?, arrivals?))
        })?;
        Ok(row(cable, sent_by, threads, sent.get(warm_up()..).unwrap_or_default(), &arrivals))
    }

    fn show(&self, chain: &mut Chain, clock: &Arc<dyn Clock>) -> Result<Sent, BenchError> {
        let (period_ns, begun) = (NANOS_PER_SECOND / RATE, clock.now());
        let mut sent = Vec::new();
        for number in 0..self.frames + WARM_UP {
            clock.meet(begun.after(number * period_ns));
            let complete = clock.now();
            sent.push((complete, chain.show(self.frame, complete, period_ns)?));
        }
        Ok(sent)
    }
}

fn warm_up() -> usize {
    usize::try_from(WARM_UP).unwrap_or(0)
}

fn row(cable: &str, sent_by: String, threads: usize, sent: &[(Nanos, Shown)], arrivals: &[Arrival]) -> LatencyRow {
    let mut histograms: [Histogram; 4] = core::array::from_fn(|_| Histogram::new());
    let mut frames_lost = 0;
    for (complete, shown) in sent {
        let arrival = arrivals.iter().find(|arrival| arrival.frame_id == shown.frame_id);
        frames_lost += u64::from(!shown.is_whole || arrival.is_none_or(|arrival| arrival.packets != arrival.of));
        let instants = [shown.first_packet, shown.last_packet, shown.latched, arrival.map(|arrival| arrival.at)];
        for (histogram, instant) in histograms.iter_mut().zip(instants) {
            if let Some(instant) = instant {
                histogram.add(instant.since(*complete));
            }
        }
    }
    let [first_packet, last_packet, latch_sent, latch_at_card] = histograms.each_ref().map(Quantiles::of);
    LatencyRow {
        cable: cable.to_owned(),
        sent_by,
        threads,
        first_packet,
        last_packet,
        latch_sent,
        latch_at_card,
        frames: sent.len() as u64,
        frames_lost,
    }
}

/// Plays the card: notes when each frame's first LATCH came, and how many of its packets before.
fn watch(cable: &mut dyn Transport, clock: &dyn Clock, is_over: &AtomicBool) -> Result<Vec<Arrival>, BenchError> {
    let mut arrivals: Vec<Arrival> = Vec::new();
    let mut counted = (FrameId(0), 0_u16);
    let mut buffer = [0; FRAME_BYTES];
    loop {
        let was_over = is_over.load(Ordering::Acquire);
        if !cable.wait(LOOK)? && was_over {
            return Ok(arrivals);
        }
        while let Some(length) = cable.receive(&mut buffer)? {
            let at = Nanos(clock.now().0.saturating_sub(cable.age_ns()));
            let Some((frame_id, latched)) = stream_packet(buffer.get(..length).unwrap_or_default()) else { continue };
            if counted.0 != frame_id {
                counted = (frame_id, 0);
            }
            match latched {
                None => counted.1 = counted.1.saturating_add(1),
                Some(of) if of > 0 && arrivals.last().is_none_or(|last| last.frame_id != frame_id) => {
                    arrivals.push(Arrival { frame_id, at, packets: counted.1, of });
                }
                Some(_) => {}
            }
        }
    }
}

/// The frame of a packet that came whole, and, of a LATCH, how many packets of pixels belong to it.
fn stream_packet(bytes: &[u8]) -> Option<(FrameId, Option<u16>)> {
    let frame = EthernetFrame::new_checked(bytes).ok().filter(|frame| frame.ethertype() == EtherType::OCP809_STREAM)?;
    let packet = StreamPacket::new_checked(frame.payload()).ok()?;
    packet.check_crc().ok()?;
    let header = packet.header();
    match header.kind {
        StreamKind::Pixels(_) => Some((header.frame_id, None)),
        StreamKind::Latch { .. } => Some((header.frame_id, Some(header.count))),
        StreamKind::Parity { .. } | StreamKind::Other { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::geometry::PixelSize;
    use ocp809_sender::time::SystemClock;
    use ocp809_sender::transport::fault::{FaultRates, FaultSwitch, Faulty};

    fn over_memory(loss_per_mille: u16) -> LatencyRow {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let plan = Plan { seconds: 0.1, rounds: 1, threads: vec![1], gpu: false, clock: Arc::clone(&clock) };
        let work = Work { size: PixelSize::new(512, 256), ..Work::PLAIN };
        let subject = Subject::on_one_port(work).unwrap();
        let data = picture(work);
        let frame = FrameView::packed(work.shape(), &data).unwrap();
        let (near, far) = cable_of(2_048, FRAME_BYTES);
        let rates = FaultRates { loss_per_mille, ..FaultRates::default() };
        let near = Faulty::new(near, FaultSwitch::new(rates), FaultSwitch::default(), 7, FRAME_BYTES, clock);
        let trial = Trial { plan: &plan, subject: &subject, frame: &frame, frames: 6 };
        trial.run("memory", String::new(), Box::new(near), Box::new(far)).unwrap()
    }

    #[test]
    fn a_frame_goes_through_its_stations_in_order() {
        let row = over_memory(0);
        assert_eq!((row.frames, row.frames_lost), (6, 0), "{row:?}");
        let stations = [row.first_packet, row.last_packet, row.latch_sent, row.latch_at_card];
        assert!(stations.iter().all(|station| station.count == 6 && station.p50_us > 0.0), "{row:?}");
        assert!(stations.is_sorted_by(|before, after| before.p50_us <= after.p50_us), "{row:?}");
    }

    #[test]
    fn a_packet_that_is_missing_makes_its_frame_a_lost_one() {
        let row = over_memory(100);
        assert!(row.frames_lost > 0 && row.frames == 6, "266 packets of a frame, every tenth lost: {row:?}");
    }
}
