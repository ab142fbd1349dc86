use proptest::prelude::*;

use super::*;
use crate::geometry::PixelSize;
use crate::slice::SlicePlan;
use crate::slice::budget::PortBudget;
use crate::wall::layout::{Grid, raster};
use crate::wall::{Wall, WireFormat};
use crate::wire::ocp809::software_address;

#[test]
fn chunks_are_spread_evenly_over_their_share_of_the_period() {
    let mut pacer = PacketPacer::new(Pacing { chunk_packets: 10, ..Pacing::spread(90) }, 95);
    pacer.begin(Nanos(1_000), 10_000, Nanos(11_000));
    let due: Vec<u64> = (0..95).step_by(10).map(|packet| pacer.due(packet).0).collect();
    assert_eq!(due, [1000, 1900, 2800, 3700, 4600, 5500, 6400, 7300, 8200, 9100], "ten chunks in 9000 ns");
    assert_eq!((pacer.due(9), pacer.due(94)), (Nanos(1000), Nanos(9100)), "packets of a chunk leave together");
    for (packet, &due) in (0..95).step_by(10).zip(&due) {
        assert_eq!(pacer.released(Nanos(due)), (packet + 10).min(95), "the chunk of packet {packet} is released at {due}");
        assert_eq!(pacer.released(Nanos(due - 1)), packet, "and not before");
    }
    assert_eq!(pacer.released(Nanos(u64::MAX)), 95, "all in the end");
}

#[test]
fn a_burst_and_an_empty_frame_are_due_at_once() {
    let mut pacer = PacketPacer::new(Pacing { wire_ns: 9_000_000, ..Pacing::BURST }, 1000);
    pacer.begin(Nanos(5), 16_666_666, Nanos(16_666_671));
    assert_eq!(pacer.due(999), Nanos(5), "burst");
    assert_eq!((pacer.released(Nanos(4)), pacer.released(Nanos(5))), (0, 1000), "all at the start");
    let mut pacer = PacketPacer::new(Pacing { chunk_packets: 0, ..Pacing::spread(200) }, 0);
    pacer.begin(Nanos(5), 16_666_666, Nanos(16_666_671));
    assert_eq!((pacer.due(0), pacer.pacing().spread_percent), (Nanos(5), 95), "nothing to spread");
    assert_eq!(pacer.released(Nanos(5)), 0, "nothing to release");
}

#[test]
fn a_frame_that_begins_after_its_latch_was_due_waits_for_nothing() {
    let mut pacer = PacketPacer::new(Pacing::spread(75), 1000);
    pacer.begin(Nanos(20_000_000), 16_666_666, Nanos(16_000_000));
    assert_eq!(pacer.released(Nanos(20_000_000)), 1000, "all at once");
}

/// One card with 662,412 pixels, which fill a gigabit port at 60 Hz and 8 bits; what the planner says of it, and its packets.
fn full_port(link: &LinkSpec) -> (PortBudget, PortLayout) {
    let grid = Grid { link: link.clone(), ..Grid::new(1, 1, PixelSize::new(55_201, 12)) };
    let wall = Wall::from_spec(&raster(&grid).unwrap()).unwrap();
    let plan = SlicePlan::build(&wall).unwrap();
    let layout = PortLayout::new(&wall, &plan.ports[0], software_address(0), None).unwrap();
    (PortBudget::of(&wall.ports()[0], &plan.ports[0]), layout)
}

#[test]
fn a_chunk_keeps_a_link_busy_for_less_than_half_a_millisecond_whatever_its_rate() {
    for (rate_mbit, mtu, chunk) in [(1_000, 1_500, 32), (2_500, 1_500, 81), (10_000, 1_500, 325), (1_000, 9_000, 5)] {
        let link = LinkSpec { rate_mbit, mtu, ..LinkSpec::default() };
        assert_eq!(Pacing::on_link(&link, &full_port(&link).1).chunk_packets, chunk, "{rate_mbit} Mbit/s, {mtu} bytes");
    }
}

#[test]
fn the_time_on_the_link_is_the_planners() {
    for (format, mtu) in WireFormat::ALL.into_iter().flat_map(|format| [(format, 1500), (format, 9000)]) {
        let link = LinkSpec { mtu, format, ..LinkSpec::default() };
        let (budget, layout) = full_port(&link);
        let pacing = Pacing::on_link(&link, &layout);
        // The planner counts both copies of the latch as well: the shortest frames, 84 bytes each.
        assert_eq!(pacing.wire_ns + 2 * 84 * 8, budget.wire_time_ns(), "{format:?} at MTU {mtu}");
    }
}

proptest! {
    #[test]
    fn no_packet_leaves_early_all_leave_in_their_share_and_the_last_before_the_latch(
        spread_percent in 0..=MAX_SPREAD_PERCENT,
        chunk_packets in 1_usize..700,
        packets in 1_usize..20_000,
        period_ns in 1_000_000_u64..50_000_000,
        wire_percent in 0_u64..120,
        room_percent in 0_u64..110,
        start in 0_u64..1 << 60,
    ) {
        let wire_ns = period_ns * wire_percent / 100;
        let pacing = Pacing { chunk_packets, wire_ns, ..Pacing::spread(spread_percent) };
        let (start, latest) = (Nanos(start), Nanos(start + period_ns * room_percent / 100));
        let mut pacer = PacketPacer::new(pacing, packets);
        pacer.begin(start, period_ns, latest);
        let share_ns = if spread_percent == 0 { 0 } else { wire_ns.max(period_ns * u64::from(spread_percent) / 100) };
        let mut before = start;
        for packet in 0..packets {
            let due = pacer.due(packet);
            prop_assert!(due >= before, "in order");
            prop_assert_eq!(due == before || packet % chunk_packets == 0, true, "only a chunk's first packet is waited for");
            prop_assert!(due.since(start) <= share_ns, "in the share");
            prop_assert!(due == start || due < latest, "before the latch");
            prop_assert!(pacer.released(due) > packet, "released when it is due");
            prop_assert!(due == start || pacer.released(Nanos(due.0 - 1)) <= packet, "and not before");
            before = due;
        }
        // No faster than the link on average, wherever there is room for it.
        let chunks = packets.div_ceil(chunk_packets) as u64;
        if spread_percent > 0 && wire_ns < latest.since(start) / 100 * u64::from(MAX_SPREAD_PERCENT) {
            prop_assert!(before.since(start) + chunks >= wire_ns / chunks * (chunks - 1), "no faster than the link");
        }
    }
}
