//! What a packet costs: each way out of this program, in turn, into a device that drops everything and into a cable.

use std::time::Duration;

use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::time::Clock;
use ocp809_sender::transport::laboratory::{SystemCalls, thread_time_ns};
use ocp809_sender::transport::{Interface, Preference, Reception, Transport, open};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::measure::{Ratio, Spread, exact};
use super::network::Network;
use super::proof::{self, ProofRow};
use super::{BenchError, Plan};

/// A way out, and how it is used.
pub(super) struct Way {
    pub(super) name: &'static str,
    pub(super) backend: Preference,
    /// Packets that are handed over at once; 0 is a whole frame.
    at_once: usize,
}

/// The yardstick comes first.
pub(super) static WAYS: [Way; 4] = [
    Way { name: "pnet, one packet at a time", backend: Preference::Portable, at_once: 1 },
    Way { name: "AF_PACKET, one packet at a time", backend: Preference::Packet, at_once: 1 },
    Way { name: "sendmmsg, 32 packets at a time", backend: Preference::Packet, at_once: 32 },
    Way { name: "sendmmsg, whole frames", backend: Preference::Packet, at_once: 0 },
];

/// What a way should reach at least over the yardstick, by its name.
const GOALS: [(&str, f64); 1] = [("sendmmsg, 32 packets at a time", 2.0)];

/// What is sent: 1080p in full packets, four frames of it in turn, so that no cache holds what is read; and the same pixels
/// in jumbo frames.
const LOADS: [Load; 2] = [Load { packets: 4_173, bytes: 1_512, mtu: 1_500 }, Load { packets: 692, bytes: 8_981, mtu: 9_000 }];

/// Frames that are sent in turn.
const FRAMES: usize = 4;

/// A full device is offered the rest again after this time, in nanoseconds.
const RETRY_NS: u64 = 50_000;

/// Frames of one kind.
#[derive(Clone, Copy)]
struct Load {
    packets: usize,
    bytes: usize,
    mtu: u32,
}

/// What was measured of sending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransmitReport {
    /// One row for each device, packet size and way.
    pub rows: Vec<TransmitRow>,
    /// Each way over pnet, on the device that drops everything.
    pub ratios: Vec<Ratio>,
    /// How system calls were counted.
    pub calls_counted: String,
    /// That everything arrives: each way over a cable at a steady rate, every byte compared.
    pub proofs: Vec<ProofRow>,
}

/// One way into one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransmitRow {
    /// The way.
    pub way: String,
    /// `ifb`: a device that drops everything, so that only the sender's side is measured; `veth`: a cable, whose far end's
    /// reception is charged to the sender as well.
    pub device: String,
    /// Bytes of a packet, from destination address to payload.
    pub packet_bytes: usize,
    /// Processor time of a packet on the sending thread, in nanoseconds.
    pub cpu_ns: Spread,
    /// Time of a packet on the wall clock, in nanoseconds.
    pub wall_ns: Spread,
    /// Gigabits per second without preamble and gap (median).
    pub gbit_s: f64,
    /// System calls per packet; missing where the kernel does not count them.
    pub calls_per_packet: Option<f64>,
}

/// One way's rounds into one device.
struct Trial {
    way: &'static Way,
    cpu_ns: Vec<f64>,
    wall_ns: Vec<f64>,
    calls_per_packet: Option<f64>,
}

/// Measures all ways in a network of their own.
pub(super) fn measure(plan: &Plan, leave_out: &mut (dyn FnMut(String) + Send)) -> Result<TransmitReport, BenchError> {
    Network::within(|network| {
        let counts = SystemCalls::begin();
        let calls_counted = match &counts {
            Ok(_) => "by the kernel, as the sending thread enters it (raw_syscalls:sys_enter), over four frames".to_owned(),
            Err(error) => format!("not at all: the kernel's counter is not to be had ({error})"),
        };
        let mut report = TransmitReport { rows: Vec::new(), ratios: Vec::new(), calls_counted, proofs: Vec::new() };
        let mut counts = counts.ok();
        let slice_ns = plan.slice_ns(WAYS.len() * LOADS.len() * 2);
        for (load, number) in LOADS.into_iter().zip(1..) {
            let null = network.null_device(&format!("null{number}"), load.mtu)?;
            let (near, _far) = network.cable(&format!("near{number}"), &format!("far{number}"), load.mtu)?;
            let packets = Packets::new(load);
            let trials = measure_ways(plan, &null, &packets, slice_ns, counts.as_mut(), leave_out)?;
            report.ratios.extend(ratios(&trials, load));
            report.rows.extend(trials.iter().map(|trial| trial.row("ifb", load)));
            let trials = measure_ways(plan, &near, &packets, slice_ns, counts.as_mut(), leave_out)?;
            report.rows.extend(trials.iter().map(|trial| trial.row("veth", load)));
        }
        report.proofs = proof::measure(plan, network)?;
        Ok(report)
    })
}

/// All ways that can be opened on this device, round by round.
fn measure_ways(
    plan: &Plan,
    device: &Interface,
    packets: &Packets,
    slice_ns: u64,
    mut counts: Option<&mut SystemCalls>,
    leave_out: &mut dyn FnMut(String),
) -> Result<Vec<Trial>, BenchError> {
    let mut trials = Vec::new();
    for way in &WAYS {
        match open(device, Reception::Nothing, way.backend) {
            Ok(_) => trials.push(Trial { way, cpu_ns: Vec::new(), wall_ns: Vec::new(), calls_per_packet: None }),
            Err(error) => leave_out(format!("{}: {error}", way.name)),
        }
    }
    for _ in 0..plan.rounds {
        for trial in &mut trials {
            // Opened alone: an open pnet channel is a tap that slows every other way.
            let mut transport = open(device, Reception::Nothing, trial.way.backend)?.transport;
            trial.round(plan.clock.as_ref(), transport.as_mut(), packets, slice_ns, counts.as_deref_mut())?;
        }
    }
    Ok(trials)
}

impl Trial {
    fn round(
        &mut self,
        clock: &dyn Clock,
        transport: &mut dyn Transport,
        packets: &Packets,
        slice_ns: u64,
        counts: Option<&mut SystemCalls>,
    ) -> Result<(), BenchError> {
        let transmit =
            |transport: &mut dyn Transport, frame: usize| send_all(transport, packets.frame(frame), self.way.at_once, clock);
        transmit(transport, 0)?;
        if let Some(counts) = counts {
            let before = counts.count();
            (0..FRAMES).try_for_each(|frame| transmit(transport, frame))?;
            let calls = before.and_then(|_| counts.count()).ok();
            self.calls_per_packet = calls.map(|calls| exact(calls) / exact((FRAMES * packets.load.packets) as u64));
        }
        let (begun, processor, mut frames) = (clock.now(), thread_time_ns(), 0_usize);
        let spent_ns = loop {
            transmit(transport, frames % FRAMES)?;
            frames += 1;
            let spent_ns = clock.now().since(begun);
            if spent_ns >= slice_ns {
                break spent_ns;
            }
        };
        let sent = exact((frames * packets.load.packets) as u64);
        self.cpu_ns.push(exact(thread_time_ns().saturating_sub(processor)) / sent);
        self.wall_ns.push(exact(spent_ns) / sent);
        Ok(())
    }

    fn row(&self, device: &str, load: Load) -> TransmitRow {
        let wall_ns = Spread::of(&self.wall_ns);
        TransmitRow {
            way: self.way.name.to_owned(),
            device: device.to_owned(),
            packet_bytes: load.bytes,
            cpu_ns: Spread::of(&self.cpu_ns),
            wall_ns,
            gbit_s: exact(load.bytes as u64 * 8) / wall_ns.median,
            calls_per_packet: self.calls_per_packet,
        }
    }
}

/// How many times as much the yardstick takes.
fn ratios(trials: &[Trial], load: Load) -> Vec<Ratio> {
    let Some((yardstick, others)) = trials.split_first() else { return Vec::new() };
    let ratio = |trial: &Trial| Ratio {
        name: format!("{} over {}, packets of {} bytes, processor time", yardstick.way.name, trial.way.name, load.bytes),
        value: Spread::of_ratio(&yardstick.cpu_ns, &trial.cpu_ns),
        at_least: GOALS.iter().find(|(name, _)| *name == trial.way.name && load.mtu == 1_500).map(|(_, goal)| *goal),
    };
    others.iter().map(ratio).collect()
}

/// Frames in memory: packets behind one another, each to nobody.
struct Packets {
    load: Load,
    memory: Vec<u8>,
    spans: Vec<Span>,
}

impl Packets {
    fn new(load: Load) -> Self {
        let count = load.packets * FRAMES;
        let mut memory = vec![0; count * load.bytes];
        for (packet, at) in memory.chunks_exact_mut(load.bytes).zip(0..) {
            proof::write_packet(packet, at);
        }
        let spans = (0..count).map(|packet| Span::new(packet * load.bytes, load.bytes)).collect();
        Self { load, memory, spans }
    }

    fn frame(&self, frame: usize) -> Batch<'_> {
        Batch::new(&self.memory, &self.spans).skip(frame * self.load.packets).take(self.load.packets)
    }
}

/// Hands over a batch, `at_once` packets at a time; what a full device does not take is offered again.
pub(super) fn send_all(
    transport: &mut dyn Transport,
    batch: Batch<'_>,
    at_once: usize,
    clock: &dyn Clock,
) -> Result<(), BenchError> {
    let at_once = if at_once == 0 { batch.len() } else { at_once };
    let mut sent = 0;
    while sent < batch.len() {
        let taken = transport.send(batch.skip(sent).take(at_once))?;
        sent += taken;
        if taken == 0 {
            clock.sleep_until(clock.now().after(RETRY_NS));
        }
    }
    Ok(())
}

/// How long a receiver looks before it lets others have the processor.
pub(super) const LOOK: Duration = Duration::from_millis(2);
