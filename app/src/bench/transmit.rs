//! What a packet costs: each way out of this program, in turn, into a device that drops everything and into a cable.

use std::time::Duration;

use ocp809_sender::stream::{Batch, Span};
use ocp809_sender::time::Clock;
use ocp809_sender::transport::laboratory::{SystemCalls, thread_time_ns};
use ocp809_sender::transport::{Interface, MemoryShape, PacketMemory, Preference, Reception, Transport, open};
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
    /// Whether packets lie where the device reads them, as the pixel path puts them there; else they are copied.
    pub(super) in_place: bool,
}

/// The yardstick comes first.
pub(super) static WAYS: [Way; 8] = [
    Way { name: "pnet, one packet at a time", backend: Preference::Portable, at_once: 1, in_place: false },
    Way { name: "AF_PACKET, one packet at a time", backend: Preference::Packet, at_once: 1, in_place: false },
    Way { name: "sendmmsg, 32 packets at a time", backend: Preference::Packet, at_once: 32, in_place: false },
    Way { name: WHOLE_FRAMES, backend: Preference::Packet, at_once: 0, in_place: false },
    Way { name: "TX_RING, copied", backend: Preference::Ring, at_once: 0, in_place: false },
    Way { name: "TX_RING, in place", backend: Preference::Ring, at_once: 0, in_place: true },
    Way { name: "AF_XDP, copied", backend: Preference::Xdp, at_once: 0, in_place: false },
    Way { name: "AF_XDP, in place", backend: Preference::Xdp, at_once: 0, in_place: true },
];

/// How other senders do it at their best.
const WHOLE_FRAMES: &str = "sendmmsg, whole frames";

/// What a way should reach at least over another one, by their names.
const GOALS: [(&str, &str, f64); 5] = [
    ("pnet, one packet at a time", "sendmmsg, 32 packets at a time", 2.0),
    ("pnet, one packet at a time", "TX_RING, copied", 2.5),
    ("pnet, one packet at a time", "AF_XDP, copied", 3.0),
    ("pnet, one packet at a time", "AF_XDP, in place", 4.5),
    (WHOLE_FRAMES, "AF_XDP, in place", 2.0),
];

/// What is sent: 1080p in full packets, four frames of it in turn, so that no cache holds what is read; and the same pixels
/// in jumbo frames.
const LOADS: [Load; 2] = [Load { packets: 4_173, bytes: 1_512, mtu: 1_500 }, Load { packets: 692, bytes: 8_981, mtu: 9_000 }];

/// Frames that are sent in turn.
const FRAMES: usize = 4;

/// Bytes of a slot in front of a packet: headers of OCP-809 end where the payload begins, 64 bytes into a slot.
const HEADROOM: usize = 32;

/// Where the header of OCP-809 begins that is written anew for each frame, and how much of it.
const STREAM_HEADER: usize = 14;
const SEALED: usize = 18;

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
            let mut packets = Packets::new(load);
            let trials = measure_ways(plan, &null, &mut packets, slice_ns, counts.as_mut(), leave_out)?;
            report.ratios.extend(ratios(&trials, load));
            report.rows.extend(trials.iter().map(|trial| trial.row("ifb", load)));
            let trials = measure_ways(plan, &near, &mut packets, slice_ns, counts.as_mut(), leave_out)?;
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
    packets: &mut Packets,
    slice_ns: u64,
    mut counts: Option<&mut SystemCalls>,
    leave_out: &mut dyn FnMut(String),
) -> Result<Vec<Trial>, BenchError> {
    let mut trials = Vec::new();
    for way in &WAYS {
        match open(device, Reception::Nothing, way.backend) {
            Err(error) => leave_out(format!("{}: {error}", way.name)),
            Ok(mut opened) => {
                let copies = way.in_place && Packets::in_place(packets.load, opened.transport.as_mut()).is_none();
                if copies {
                    leave_out(format!("{}: {} copies packets of {} bytes", way.name, opened.backend, packets.load.bytes));
                } else {
                    trials.push(Trial { way, cpu_ns: Vec::new(), wall_ns: Vec::new(), calls_per_packet: None });
                }
            }
        }
    }
    for _ in 0..plan.rounds {
        for trial in &mut trials {
            // Opened alone: an open pnet channel is a tap that slows every other way.
            let mut transport = open(device, Reception::Nothing, trial.way.backend)?.transport;
            let mut own = if trial.way.in_place { Packets::in_place(packets.load, transport.as_mut()) } else { None };
            let packets = own.as_mut().unwrap_or(packets);
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
        packets: &mut Packets,
        slice_ns: u64,
        counts: Option<&mut SystemCalls>,
    ) -> Result<(), BenchError> {
        let count = packets.load.packets;
        let at_once = self.way.at_once;
        let mut transmit = |transport: &mut dyn Transport, frame: usize| {
            // What lies in the device's memory may be written once it has left.
            while !transport.is_settled() {
                clock.sleep_until(clock.now().after(RETRY_NS));
            }
            send_all(transport, packets.frame(frame), at_once, clock)
        };
        transmit(transport, 0)?;
        if let Some(counts) = counts {
            let before = counts.count();
            (0..FRAMES).try_for_each(|frame| transmit(transport, frame))?;
            let calls = before.and_then(|_| counts.count()).ok();
            self.calls_per_packet = calls.map(|calls| exact(calls) / exact((FRAMES * count) as u64));
        }
        let (begun, processor, mut frames) = (clock.now(), thread_time_ns(), 0_usize);
        let spent_ns = loop {
            transmit(transport, frames)?;
            frames += 1;
            let spent_ns = clock.now().since(begun);
            if spent_ns >= slice_ns {
                break spent_ns;
            }
        };
        let sent = exact((frames * count) as u64);
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

/// How many times as much the yardstick takes, and whole frames by `sendmmsg` where that has a goal.
fn ratios(trials: &[Trial], load: Load) -> Vec<Ratio> {
    let Some((yardstick, others)) = trials.split_first() else { return Vec::new() };
    let ratio = |over: &Trial, trial: &Trial, at_least| Ratio {
        name: format!("{} over {}, packets of {} bytes, processor time", over.way.name, trial.way.name, load.bytes),
        value: Spread::of_ratio(&over.cpu_ns, &trial.cpu_ns),
        at_least,
    };
    let goal = |over: &Trial, trial: &Trial| {
        let found = GOALS.iter().find(|(dear, cheap, _)| (*dear, *cheap) == (over.way.name, trial.way.name));
        found.filter(|_| load.mtu == 1_500).map(|(_, _, goal)| *goal)
    };
    let over_yardstick = others.iter().map(|trial| ratio(yardstick, trial, goal(yardstick, trial)));
    let whole = trials.iter().filter(|trial| trial.way.name == WHOLE_FRAMES);
    let over_whole = whole
        .flat_map(|whole| others.iter().filter_map(move |trial| goal(whole, trial).map(|goal| ratio(whole, trial, Some(goal)))));
    over_yardstick.chain(over_whole).collect()
}

/// Frames in memory: packets in slots, each to nobody.
struct Packets {
    load: Load,
    memory: PacketMemory,
    spans: Vec<Span>,
}

impl Packets {
    /// Several frames in the process's memory.
    fn new(load: Load) -> Self {
        Self::filled(load, PacketMemory::plain(FRAMES * load.shape().bytes))
    }

    /// One frame in a device's own memory; `None` where it copies after all.
    fn in_place(load: Load, transport: &mut dyn Transport) -> Option<Self> {
        let memory = transport.packet_memory(&load.shape()).filter(PacketMemory::is_device)?;
        Some(Self::filled(load, memory))
    }

    fn filled(load: Load, mut memory: PacketMemory) -> Self {
        let stride = load.shape().slot_stride;
        let slots = memory.len() / stride;
        let spans: Vec<Span> = (0..slots).map(|slot| Span::new(slot * stride + HEADROOM, load.bytes)).collect();
        for (slot, number) in memory.chunks_exact_mut(stride).zip(0..) {
            proof::write_packet(slot.get_mut(HEADROOM..HEADROOM + load.bytes).unwrap_or_default(), number);
        }
        Self { load, memory, spans }
    }

    /// The next frame, with its number in the header of each packet, as sealing does it.
    fn frame(&mut self, frame: usize) -> Batch<'_> {
        let own = self.spans.len() / self.load.packets.max(1);
        let first = frame % own.max(1) * self.load.packets;
        let spans = self.spans.get(first..first + self.load.packets).unwrap_or_default();
        let [number, ..] = frame.to_le_bytes();
        for span in spans {
            let at = span.start as usize + STREAM_HEADER;
            self.memory.get_mut(at..at + SEALED).unwrap_or_default().fill(number);
        }
        Batch::new(&self.memory, spans)
    }
}

impl Load {
    /// Slots of one frame, as [`ocp809_sender::slice::PortPlan`] has them.
    const fn shape(self) -> MemoryShape {
        let slot_stride = (HEADROOM + self.bytes).next_multiple_of(64);
        let bytes = self.packets * slot_stride;
        MemoryShape { bytes, slot_stride, headroom: HEADROOM, packets: self.packets, in_order: true }
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
