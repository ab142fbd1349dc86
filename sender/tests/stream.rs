//! Frames of one port from packet memory through a cable in memory, judged by the wire's own parsers and by captures of
//! other people's senders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{linear_plan, paint, row_plan};
use ocp809_sender::slice::PortPlan;
use ocp809_sender::stream::{
    FeedEnd, FrameOutcome, FrameStart, Pacing, PortFrame, PortLayout, PortSender, latch_together, send_rest,
};
use ocp809_sender::time::{Clock, ManualClock, Nanos, Tai};
use ocp809_sender::transport::memory::{MemoryEnd, cable};
use ocp809_sender::transport::{ErrorKind, Transport};
use ocp809_sender::wall::{ColorlightSpec, ProtocolKind, WireFormat};
use ocp809_sender::wire::ethernet::{EthernetFrame, MacAddress};
use ocp809_sender::wire::ocp809::{EPOCH_WITHOUT_CARDS, Epoch, FrameId, Latch, LatchFlags, StreamKind, StreamPacket};
use proptest::prelude::*;

const SOURCE: MacAddress = MacAddress([2, 0x4f, 0x43, 0x50, 0x80, 3]);
const TAIL: MacAddress = MacAddress([2, 0x4f, 0x43, 0x50, 0x80, 4]);
const PERIOD_NS: u64 = 16_666_666;

struct Bench {
    plan: PortPlan,
    frame: PortFrame,
    sender: PortSender,
    far: MemoryEnd,
    clock: Arc<ManualClock>,
}

fn bench(protocol: ProtocolKind, plan: PortPlan, slots: usize, pacing: Pacing, colorlight: &ColorlightSpec) -> Bench {
    let layout = Arc::new(PortLayout::of_protocol(protocol, &plan, SOURCE, None).unwrap());
    let clock = Arc::new(ManualClock::at(Nanos(1_000_000)));
    let (near, far) = cable(slots);
    let shared: Arc<dyn Clock> = clock.clone();
    let sender = PortSender::new(Arc::clone(&layout), colorlight, Box::new(near), pacing, shared);
    Bench { plan, frame: PortFrame::new(layout), sender, far, clock }
}

/// LATCH and COPY without pixels, by which a sender makes itself known.
const ANNOUNCEMENT: u64 = 2;

/// A port whose cards know it already.
fn ocp809(slots: usize, pacing: Pacing) -> Bench {
    let plan = linear_plan(50_000, 494, WireFormat::Rgb8);
    let mut bench = bench(ProtocolKind::Ocp809, plan, slots, pacing, &ColorlightSpec::default());
    bench.sender.send_state(FrameId(0), &latch());
    receive_all(&mut bench.far);
    bench
}

fn receive_all(end: &mut MemoryEnd) -> Vec<Vec<u8>> {
    let mut buffer = [0; 1518];
    let mut frames = Vec::new();
    while let Some(length) = end.receive(&mut buffer).unwrap() {
        frames.push(buffer[..length].to_vec());
    }
    frames
}

fn start(bench: &Bench, id: u16) -> FrameStart {
    let start = bench.clock.now();
    FrameStart { frame_id: FrameId(id), start, period_ns: PERIOD_NS, deadline: start.after(PERIOD_NS) }
}

fn latch() -> Latch {
    Latch::neutral(EPOCH_WITHOUT_CARDS)
}

/// Payloads by packet number.
type Payloads = BTreeMap<u16, Vec<u8>>;

/// Payloads and latches (whether it is the copy, packets that it counts) of frames that must all be of frame `id`.
fn parse(frames: &[Vec<u8>], id: u16) -> (Payloads, Vec<(bool, u16)>) {
    let (mut pixels, mut latches) = (BTreeMap::new(), Vec::new());
    for frame in frames {
        let packet = StreamPacket::parse(EthernetFrame::new_checked(frame).unwrap().payload()).expect("a sound packet");
        let header = packet.header();
        assert_eq!(header.frame_id, FrameId(id), "one frame");
        match header.kind {
            StreamKind::Pixels(_) => assert!(pixels.insert(header.seq, packet.payload().to_vec()).is_none(), "sent once"),
            StreamKind::Latch { copy, .. } => latches.push((copy, header.count)),
            StreamKind::Parity { .. } | StreamKind::Other { .. } => panic!("unexpected {header:?}"),
        }
    }
    (pixels, latches)
}

fn payloads(bench: &Bench, memory: &[u8]) -> Payloads {
    let packets = 0..bench.plan.packets.len();
    packets.map(|packet| (u16::try_from(packet).unwrap(), memory[bench.plan.payload_range(packet)].to_vec())).collect()
}

#[test]
fn a_far_end_that_falls_behind_gets_fewer_frames_and_each_of_them_whole() {
    let mut bench = ocp809(250, Pacing::BURST);
    let mut outcomes = Vec::new();
    let (mut seen, mut buffer) = (0, [0; 1518]);
    for number in 1..=12 {
        let frame = start(&bench, number);
        if bench.sender.begin(&frame, &latch()) {
            bench.sender.send_ready(bench.frame.memory_mut(), 0..102);
        }
        outcomes.push(bench.sender.latch(&latch(), bench.clock.now()).outcome);
        // The far end takes half a frame's packets in a frame's time.
        seen += (0..52).map_while(|_| bench.far.receive(&mut buffer).unwrap()).count();
    }
    seen += receive_all(&mut bench.far).len();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, FrameOutcome::Sent | FrameOutcome::Dropped)), "{outcomes:?}");
    let sent = outcomes.iter().filter(|outcome| **outcome == FrameOutcome::Sent).count();
    assert!((5..=9).contains(&sent), "about every other one, after the cable was filled: {outcomes:?}");
    assert_eq!(seen, sent * (102 + 2), "of the others nothing");
}

#[test]
fn a_frame_arrives_byte_for_byte_and_is_latched_twice() {
    let mut bench = ocp809(512, Pacing::BURST);
    for id in [0xfffe_u16, 0xffff, 0] {
        paint(&bench.plan, bench.frame.memory_mut(), id.to_le_bytes()[0]);
        let frame = start(&bench, id);
        assert!(bench.sender.begin(&frame, &latch()), "the link is up");
        let packets = bench.plan.packets.len();
        bench.sender.send_ready(bench.frame.memory_mut(), 0..packets);
        let report = bench.sender.latch(&latch(), bench.clock.now().after(10_000_000));
        assert_eq!(report.outcome, FrameOutcome::Sent, "{report:?}");
        let (pixels, latches) = parse(&receive_all(&mut bench.far), id);
        let memory = bench.frame.memory_mut().to_vec();
        assert_eq!(pixels, payloads(&bench, &memory), "frame {id}");
        assert_eq!(latches, [(false, 102), (true, 102)], "LATCH and COPY count the packets");
    }
    let counters = bench.sender.counters();
    assert_eq!((counters.frames_sent, counters.packets, counters.all_errors()), (3, 3 * 104 + ANNOUNCEMENT, 0), "{counters:?}");
}

#[test]
fn bands_in_any_order_leave_in_the_order_of_the_plan() {
    let mut bench = ocp809(512, Pacing::BURST);
    let frame = start(&bench, 7);
    bench.sender.begin(&frame, &latch());
    for band in [40..102, 20..40, 0..20] {
        assert!(receive_all(&mut bench.far).is_empty(), "packet 0 is not final yet");
        bench.sender.send_ready(bench.frame.memory_mut(), band);
    }
    let frames = receive_all(&mut bench.far);
    let order: Vec<u16> = frames
        .iter()
        .map(|frame| StreamPacket::parse(EthernetFrame::new_checked(frame).unwrap().payload()).unwrap().header().seq)
        .collect();
    assert_eq!(order, (0..102).collect::<Vec<u16>>(), "all of them, in order");
}

#[test]
fn a_spread_frame_keeps_to_its_schedule() {
    let mut bench = ocp809(512, Pacing { chunk_packets: 34, ..Pacing::spread(90) });
    let begun = bench.clock.now();
    let frame = start(&bench, 1);
    bench.sender.begin(&frame, &latch());
    bench.sender.offer(bench.frame.memory_mut(), 0..102);
    assert_eq!(bench.far.received().packets, ANNOUNCEMENT + 34, "only the first chunk is due");
    bench.sender.send_ready(bench.frame.memory_mut(), 0..0);
    assert_eq!(bench.far.received().packets, ANNOUNCEMENT + 102, "all, after their times came");
    let elapsed = bench.clock.now().since(begun);
    assert_eq!(elapsed, PERIOD_NS / 100 * 90 / 3 * 2, "the third chunk leaves after two thirds of 90 %");
}

#[test]
fn a_port_without_a_link_drops_whole_frames_before_their_first_packet() {
    let mut bench = ocp809(512, Pacing::BURST);
    bench.far.set_plugged(false);
    let frame = start(&bench, 1);
    assert!(!bench.sender.begin(&frame, &latch()), "no link");
    bench.sender.send_ready(bench.frame.memory_mut(), 0..102);
    let report = bench.sender.latch(&latch(), bench.clock.now());
    assert_eq!((report.outcome, report.first_packet), (FrameOutcome::Dropped, None), "nothing was sent");
    bench.far.set_plugged(true);
    let frame = start(&bench, 2);
    assert!(bench.sender.begin(&frame, &latch()), "plugged again");
    bench.sender.send_ready(bench.frame.memory_mut(), 0..102);
    assert_eq!(bench.sender.latch(&latch(), bench.clock.now()).outcome, FrameOutcome::Sent, "at once");
    let counters = bench.sender.counters();
    assert_eq!((counters.frames_dropped, counters.frames_sent, counters.all_errors()), (1, 1, 0), "{counters:?}");
}

#[test]
fn a_cable_that_is_pulled_within_a_frame_cuts_it_and_the_error_is_kept() {
    let mut bench = ocp809(512, Pacing::BURST);
    let frame = start(&bench, 1);
    bench.sender.begin(&frame, &latch());
    bench.sender.send_ready(bench.frame.memory_mut(), 0..50);
    bench.far.set_plugged(false);
    bench.sender.send_ready(bench.frame.memory_mut(), 50..102);
    assert_eq!(bench.sender.latch(&latch(), bench.clock.now()).outcome, FrameOutcome::Cut, "half a frame");
    assert!(bench.sender.counters().errors(ErrorKind::LinkDown) > 0, "counted by kind");
    assert!(bench.sender.last_error().is_some(), "and kept");
}

#[test]
fn a_full_interface_is_tried_again_until_the_frames_time_is_over() {
    let mut bench = ocp809(60, Pacing::BURST);
    let frame = start(&bench, 1);
    bench.sender.begin(&frame, &latch());
    bench.sender.offer(bench.frame.memory_mut(), 0..102);
    let taken = receive_all(&mut bench.far).len();
    assert_eq!(taken, 60, "as many as fit");
    send_rest(core::slice::from_mut(&mut bench.sender), core::slice::from_mut(&mut bench.frame));
    assert_eq!(receive_all(&mut bench.far).len(), 42, "the others, and nothing twice");
    assert_eq!(bench.sender.latch(&latch(), bench.clock.now()).outcome, FrameOutcome::Sent, "whole");

    let frame = start(&bench, 2);
    receive_all(&mut bench.far);
    bench.sender.begin(&frame, &latch());
    bench.sender.send_ready(bench.frame.memory_mut(), 0..102);
    assert!(bench.clock.now().since(frame.start) >= PERIOD_NS, "it tried for a whole period");
    assert_eq!(receive_all(&mut bench.far).len(), 60, "nobody took the rest");
    assert_eq!(bench.sender.latch(&latch(), bench.clock.now()).outcome, FrameOutcome::Cut, "cut, and said so");
    assert!(bench.sender.counters().retries > 50, "{:?}", bench.sender.counters());
}

/// Frame id, whether it is the COPY, and the number of packets of a latch.
fn latch_of(frame: &[u8]) -> Option<(u16, bool, u16)> {
    let packet = StreamPacket::parse(EthernetFrame::new_checked(frame).unwrap().payload()).expect("a sound packet");
    let header = packet.header();
    matches!(header.kind, StreamKind::Latch { .. }).then_some((header.frame_id.0, header.is_copy(), header.count))
}

#[test]
fn both_ends_of_a_loop_get_the_same_bytes_but_their_own_source_and_the_tail_its_copies_first() {
    const TRANSIT_NS: u64 = 90_000;
    let mut bench = ocp809(512, Pacing::BURST);
    let (near, mut tail) = cable(512);
    bench.sender = bench.sender.with_tail(Box::new(near), TAIL, TRANSIT_NS);
    paint(&bench.plan, bench.frame.memory_mut(), 9);
    let frame = start(&bench, 5);
    bench.sender.begin(&frame, &latch());
    assert!(bench.clock.now().since(frame.start) >= TRANSIT_NS, "no pixel before the tail's second latch");
    bench.sender.send_ready(bench.frame.memory_mut(), 0..102);
    let latched = bench.clock.now();
    bench.sender.latch(&latch(), latched);
    assert!(bench.clock.now().since(latched) >= TRANSIT_NS, "the second ones follow when the first ones are through");
    let (head, mut tail_frames) = (receive_all(&mut bench.far), receive_all(&mut tail));
    for frame in &mut tail_frames {
        assert_eq!(frame[6..12], TAIL.0, "the tail's own address");
        frame[6..12].copy_from_slice(&SOURCE.0);
    }
    assert_eq!((head.len(), &head[2..104]), (106, &tail_frames[2..104]), "else the same");
    let sequence = |frames: &[Vec<u8>]| frames.iter().filter_map(|frame| latch_of(frame)).collect::<Vec<_>>();
    assert_eq!(sequence(&head), [(4, false, 0), (4, true, 0), (5, false, 102), (5, true, 102)], "LATCH, then COPY");
    assert_eq!(sequence(&tail_frames), [(4, true, 0), (4, false, 0), (5, true, 102), (5, false, 102)], "COPY, then LATCH");

    tail.set_plugged(false);
    let frame = start(&bench, 6);
    assert!(bench.sender.begin(&frame, &latch()), "one end is enough");
    bench.sender.send_ready(bench.frame.memory_mut(), 0..102);
    assert_eq!(bench.sender.latch(&latch(), bench.clock.now()).outcome, FrameOutcome::Sent, "no frame lost");
    assert!(bench.sender.link(FeedEnd::Tail).unwrap().is_down(), "and the break is known");
}

#[test]
fn cards_learn_who_sends_before_the_first_pixel_of_a_start_a_term_and_a_link() {
    let mut bench = ocp809(512, Pacing::BURST);
    let mut opening = |id: u16, term: u16, plugged: bool| {
        bench.far.set_plugged(plugged);
        let latch = Latch { epoch: Epoch { term, instance: 1 }, present_at: Tai(77), ..latch() };
        bench.sender.begin(&start(&bench, id), &latch);
        bench.sender.send_ready(bench.frame.memory_mut(), 0..102);
        let frames = receive_all(&mut bench.far);
        let told =
            StreamPacket::parse(frames.first().map_or(&[][..], |frame| &frame[14..])).ok().and_then(|packet| packet.latch());
        assert_eq!(told.map_or(Tai(0), |latch| latch.present_at), Tai(0), "it acts on arrival");
        frames.iter().map_while(|frame| latch_of(frame)).collect::<Vec<_>>()
    };
    assert_eq!(opening(1, 4, true), [(0, false, 0), (0, true, 0)], "a new term, under the id before the frame's");
    assert_eq!(opening(2, 4, true), [], "they know it");
    assert_eq!(opening(3, 5, true), [(2, false, 0), (2, true, 0)], "the next term");
    assert_eq!(opening(4, 5, false), [], "no link");
    assert_eq!(opening(5, 5, true), [(4, false, 0), (4, true, 0)], "whoever hangs on the cable now");
}

#[test]
fn a_state_without_pixels_is_a_latch_of_no_packets() {
    let mut bench = ocp809(512, Pacing::BURST);
    let flags = LatchFlags { black_out: true, ..LatchFlags::default() };
    bench.sender.send_state(FrameId(3), &Latch { flags, ..latch() });
    let frames = receive_all(&mut bench.far);
    assert_eq!(parse(&frames, 3), (BTreeMap::new(), vec![(false, 0), (true, 0)]), "twice, n = 0");
    let packet = StreamPacket::parse(EthernetFrame::new_checked(&frames[0]).unwrap().payload()).unwrap();
    assert!(packet.latch().unwrap().flags.black_out, "with the flag");
}

#[test]
fn ports_are_latched_together_after_the_slowest_one() {
    let (clock, colorlight) = (Arc::new(ManualClock::at(Nanos(1_000_000))), ColorlightSpec::default());
    let shared: Arc<dyn Clock> = clock.clone();
    let (mut senders, mut frames, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for (protocol, plan) in
        [(ProtocolKind::Ocp809, linear_plan(5_000, 494, WireFormat::Rgb8)), (ProtocolKind::Colorlight, row_plan(64, 32))]
    {
        let layout = Arc::new(PortLayout::of_protocol(protocol, &plan, SOURCE, None).unwrap());
        let (near, far) = cable(512);
        senders.push(PortSender::new(Arc::clone(&layout), &colorlight, Box::new(near), Pacing::BURST, Arc::clone(&shared)));
        frames.push(PortFrame::new(layout));
        ends.push(far);
    }
    let start = clock.now();
    let frame = FrameStart { frame_id: FrameId(1), start, period_ns: 20_000_000, deadline: start.after(20_000_000) };
    for (sender, memory) in senders.iter_mut().zip(&mut frames) {
        sender.begin(&frame, &latch());
        let packets = memory.layout().packets();
        sender.offer(memory.memory_mut(), 0..packets);
    }
    send_rest(&mut senders, &mut frames);
    let mut reports = Vec::new();
    latch_together(&mut senders, &[latch(), latch()], clock.now(), &mut |_, report| reports.push(report));
    assert!(reports.iter().all(|report| report.outcome == FrameOutcome::Sent), "{reports:?}");
    let instants: Vec<_> = reports.iter().map(|report| report.latched.unwrap()).collect();
    assert!(instants.iter().all(|&at| at.since(frame.start) >= 5_000_000), "the Colorlight port needs 5 ms: {instants:?}");
    assert!(instants[1].since(instants[0]) < 260_000, "within one refresh: {instants:?}");
    assert_eq!(receive_all(&mut ends[1]).iter().map(Vec::len).collect::<Vec<_>>()[34..], [112, 112], "sync twice");
}

proptest! {
    #[test]
    fn any_missing_packet_is_rebuilt_from_parity(
        pixels in 1_u32..20_000, log2 in 0_u8..7, missing in any::<prop::sample::Index>(), seed: u8,
    ) {
        let plan = linear_plan(pixels, 100, WireFormat::Rgb8);
        let layout = Arc::new(PortLayout::of_protocol(ProtocolKind::Ocp809, &plan, SOURCE, Some(log2)).unwrap());
        let mut frame = PortFrame::new(layout);
        paint(&plan, frame.memory_mut(), seed);
        let packets = plan.packets.len();
        // Band by band, as the pixel path finishes them.
        let mut sent = Vec::new();
        for band in (0..packets).step_by(7).map(|from| from..(from + 7).min(packets)) {
            frame.seal(band.clone(), FrameId(77));
            sent.extend(frame.packets(band).packets().map(|packet| packet[14..].to_vec()));
        }
        let group_packets = 1 << log2;
        prop_assert_eq!(sent.len(), packets + packets.div_ceil(group_packets), "one PARITY per group");
        let missing = missing.index(packets);
        let group = missing / group_packets;
        let parity = sent[group * (group_packets + 1) + group_packets.min(packets - group * group_packets)].clone();
        let header = *StreamPacket::parse(&parity).unwrap().header();
        prop_assert_eq!(header.kind, StreamKind::Parity { log2_group: log2 });
        prop_assert_eq!(usize::from(header.seq), group * group_packets);
        // Rebuilt as PROTOCOL.md section 4 says: XOR of target, offset, n and of the payloads.
        let mut rebuilt = parity.clone();
        for place in 0..group_packets.min(packets - group * group_packets) {
            let member = group * group_packets + place;
            if member != missing {
                let bytes = &sent[group * (group_packets + 1) + place];
                (6..14).chain(18..bytes.len()).for_each(|at| rebuilt[at] ^= bytes[at]);
            }
        }
        let original = &sent[group * (group_packets + 1) + missing % group_packets];
        prop_assert_eq!(&rebuilt[6..14], &original[6..14], "target, offset, n");
        prop_assert_eq!(&rebuilt[18..original.len()], &original[18..], "payload");
        prop_assert!(rebuilt[original.len()..].iter().all(|&byte| byte == 0), "zero-extended");
    }

    #[test]
    fn packets_carry_the_plans_fields_and_touch_nothing_else(
        pixels in 1_u32..30_000, per_packet in (1_u16..120).prop_map(|groups| groups * 4), format in prop::sample::select(&WireFormat::ALL[..]),
    ) {
        let plan = linear_plan(pixels, per_packet, format);
        let layout = Arc::new(PortLayout::of_protocol(ProtocolKind::Ocp809, &plan, SOURCE, None).unwrap());
        let mut frame = PortFrame::new(layout);
        paint(&plan, frame.memory_mut(), 1);
        let packets = plan.packets.len();
        let mut before = frame.memory_mut().to_vec();
        frame.seal(0..packets, FrameId(9));
        for (index, (packet, planned)) in frame.packets(0..packets).packets().zip(&plan.packets).enumerate() {
            let ethernet = EthernetFrame::new_checked(packet).unwrap();
            prop_assert_eq!((ethernet.source(), ethernet.destination()), (SOURCE, MacAddress([3, 0x4f, 0x43, 0x50, 0x80, 3])));
            let parsed = StreamPacket::parse(ethernet.payload()).unwrap();
            let header = parsed.header();
            prop_assert_eq!(header.kind, StreamKind::Pixels(format));
            prop_assert_eq!((usize::from(header.seq), header.target), (index, planned.target));
            prop_assert_eq!((header.offset, header.count), (planned.offset, planned.pixels));
            prop_assert_eq!(parsed.payload(), &before[plan.payload_range(index)]);
        }
        // Only frame id and CRC, 16 and 4 bytes in front of the payload, may have changed.
        for packet in 0..packets {
            let payload = plan.payload_range(packet).start;
            for at in [payload - 16..payload - 14, payload - 4..payload] {
                before[at.clone()].copy_from_slice(&frame.memory_mut()[at]);
            }
        }
        prop_assert!(before == frame.memory_mut(), "sealing touched other bytes");
    }
}

/// The picture of a golden folder, as `samples` of each pixel in wire order.
fn golden_picture(name: &str, order: [usize; 3]) -> (u32, u16, Vec<u8>) {
    let path = format!("{}/../tests/golden/colorlight/{name}", env!("CARGO_MANIFEST_DIR"));
    let picture = image::open(path).unwrap().to_rgb8();
    let bytes = picture.pixels().flat_map(|pixel| order.map(|channel| pixel.0[channel])).collect();
    (picture.width(), u16::try_from(picture.height()).unwrap(), bytes)
}

/// What a Colorlight port sends of a picture.
fn send_colorlight(name: &str, order: [usize; 3], spec: &ColorlightSpec, latch: &Latch) -> Vec<Vec<u8>> {
    let (width, height, picture) = golden_picture(name, order);
    let mut bench = bench(ProtocolKind::Colorlight, row_plan(width, height), 512, Pacing::BURST, spec);
    for (packet, planned) in bench.plan.packets.clone().iter().enumerate() {
        let from = (u32::from(planned.target) * width + planned.offset) as usize * 3;
        let pixels = &picture[from..from + usize::from(planned.payload_bytes)];
        bench.frame.memory_mut()[bench.plan.payload_range(packet)].copy_from_slice(pixels);
    }
    let frame = start(&bench, 1);
    bench.sender.begin(&frame, latch);
    let packets = bench.plan.packets.len();
    bench.sender.send_ready(bench.frame.memory_mut(), 0..packets);
    assert_eq!(bench.sender.latch(latch, bench.clock.now()).outcome, FrameOutcome::Sent, "a whole frame");
    receive_all(&mut bench.far)
}

/// Packets of a classic pcap file in this machine's byte order, read without the product's reader.
fn capture(name: &str) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(format!("{}/../tests/golden/colorlight/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (mut rest, mut packets) = (&bytes[24..], Vec::new());
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        packets.push(rest[16..16 + length].to_vec());
        rest = &rest[16 + length..];
    }
    packets
}

#[test]
fn colorlight_frames_equal_those_of_panelplayer() {
    let spec = ColorlightSpec {
        firmware: ocp809_sender::wall::ColorlightFirmware::UpTo12,
        brightness_packet: false,
        ..ColorlightSpec::default()
    };
    for (picture, sender) in
        [("grad_64x32.png", "panelplayer_64x32_b255.pcap"), ("grad_500x4.png", "panelplayer_500x4_b255.pcap")]
    {
        assert_eq!(send_colorlight(picture, [2, 1, 0], &spec, &latch()), capture(sender), "{sender}");
    }
}

#[test]
fn colorlight_frames_equal_those_of_fpp_for_firmware_13() {
    let spec =
        ColorlightSpec { brightness_law: ocp809_sender::wall::ColorlightBrightnessLaw::Linear, ..ColorlightSpec::default() };
    // Its 100 % is the byte 254.
    let dimmed = Latch { brightness: 254 * 257, ..latch() };
    let sent = send_colorlight("grad_64x32.png", [0, 1, 2], &spec, &dimmed);
    let captured = capture("fpp_64x32_fw13_100pct_rgb.pcap");
    assert_eq!(sent.len(), 36, "two brightness packets, 32 rows, two syncs");
    assert_eq!(sent[..34], captured[..34], "brightness and rows");
    assert_eq!(sent[34], sent[35], "the same sync twice");
    // FPP puts the brightness into the three gains as well.
    let mut sync = sent[34].clone();
    sync[38..41].fill(254);
    assert_eq!(sync, captured[34], "sync");
}
