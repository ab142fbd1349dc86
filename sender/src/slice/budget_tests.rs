//! Budgets against the published figures of the protocol, and against plans.

use super::budget::{PortBudget, STANDARD_RATES_HZ, WayOut, capacity, check, of_wall};
use super::{SliceError, SlicePlan};
use crate::geometry::PixelSize;
use crate::time::Rational;
use crate::wall::layout::{Grid, raster};
use crate::wall::{Addressing, LinkSpec, ProtocolKind, Wall, WallSpec, WireFormat};

fn hz(rate: u32) -> Rational {
    Rational::new(rate, 1).unwrap()
}

fn budgets(spec: &WallSpec) -> (Wall, SlicePlan, Vec<PortBudget>) {
    let wall = Wall::from_spec(spec).unwrap();
    let plan = SlicePlan::build(&wall).unwrap();
    let budgets = of_wall(&wall, &plan);
    (wall, plan, budgets)
}

#[test]
fn capacities_are_those_of_the_efficiency_table() {
    let table = [
        (WireFormat::Rgb8, 662_412, 683_169),
        (WireFormat::Rgb10, 529_764, 546_532),
        (WireFormat::Rgb12, 441_532, 455_446),
        (WireFormat::Rgb16, 331_206, 341_584),
    ];
    for (format, plain, jumbo) in table {
        for (mtu, pixels) in [(1500, plain), (9000, jumbo)] {
            let link = LinkSpec { mtu, format, ..LinkSpec::default() };
            assert_eq!(capacity(ProtocolKind::Ocp809, &link, hz(60)), pixels, "{format:?} at MTU {mtu}");
        }
    }
    let ten = LinkSpec { rate_mbit: 10_000, ..LinkSpec::default() };
    assert!(capacity(ProtocolKind::Ocp809, &ten, hz(60)) > 6_600_000, "10 gigabit");
}

#[test]
fn a_port_filled_to_its_capacity_fits_and_one_group_more_does_not() {
    // 662,412 = 55,201 x 12 pixels of one card.
    for (width, fits) in [(55_201, true), (55_202, false)] {
        let (wall, plan, budgets) = budgets(&raster(&Grid::new(1, 1, PixelSize::new(width, 12))).unwrap());
        let load = budgets[0].load(hz(60));
        assert_eq!(load.fits, fits, "{width} columns are {} %", load.load_percent);
        assert_eq!(check(&wall, &plan, hz(60)).unwrap().is_empty(), fits, "and the check says so");
        assert!((load.load_percent - 99.0).abs() < 0.01, "{} % of the link", load.load_percent);
        assert_eq!(budgets[0].max_rate_hz() >= 60.0, fits, "{} Hz", budgets[0].max_rate_hz());
    }
}

#[test]
fn a_frame_is_counted_to_the_byte() {
    let (_, plan, budgets) = budgets(&raster(&Grid::new(2, 2, PixelSize::new(128, 128))).unwrap());
    // 16,384 pixels of a card = 33 x 494 + 82; four cards, two latches.
    let card = 33 * 1538 + (82 * 3 + 18 + 38);
    let budget = &budgets[0];
    assert_eq!((budget.pixels, budget.packets, budget.payload_bytes), (65_536, 4 * 34, 65_536 * 3), "the frame");
    assert_eq!(budget.wire_bytes, 4 * card + 2 * 84, "bytes on the link");
    assert_eq!(budget.wire_time_ns(), budget.wire_bytes * 8, "at one gigabit per second");
    assert_eq!(plan.ports[0].packets.len(), 136, "the plan agrees");
    let loads: Vec<_> = budget.loads().map(|l| (l.rate.numerator(), l.load_percent.round())).collect();
    // 204,392 bytes are 0.1635 % of a gigabit.
    let expected = STANDARD_RATES_HZ.map(|rate| (rate, (f64::from(rate) * 0.163_513_6).round()));
    assert_eq!(loads, expected, "load grows with the rate");
}

#[test]
fn colorlight_counts_its_rows_latch_and_silence() {
    let grid = Grid { protocol: ProtocolKind::Colorlight, ..Grid::new(2, 2, PixelSize::new(128, 128)) };
    let mut spec = raster(&grid).unwrap();
    let budget = budgets(&spec).2.remove(0);
    // 256 rows of one packet; firmware 13 and later: twice 0x0A (101 bytes) and 0x01 (136 bytes).
    assert_eq!((budget.packets, budget.wire_bytes), (256, 256 * (256 * 3 + 45) + 2 * (101 + 136)), "the frame");
    let rate = |fps| budget.load(hz(fps)).load_percent;
    let wire = |fps: f64| f64::from(u32::try_from(budget.wire_bytes).unwrap()) * 8e-7 * fps;
    assert!((rate(50) - wire(50.0) - 25.0).abs() < 1e-6, "5 ms of 20 ms at 50 Hz");
    assert!((rate(60) - wire(60.0) - 6.0).abs() < 1e-6, "1 ms of 16.7 ms at 60 Hz");
    spec.ports[0].colorlight = Some(crate::wall::ColorlightSpec { gap_us: Some(30_000), ..Default::default() });
    let budget = budgets(&spec).2.remove(0);
    assert!(!budget.load(hz(50)).fits && budget.load(hz(30)).fits, "a gap of 30 ms");
    assert!((30.0..33.4).contains(&budget.max_rate_hz()), "{} Hz", budget.max_rate_hz());
}

/// What would make the only port of a wall fit at 60 Hz.
fn ways_out(grid: &Grid, change: impl FnOnce(&mut WallSpec)) -> Result<Vec<WayOut>, SliceError> {
    let mut spec = raster(grid).unwrap();
    change(&mut spec);
    let (wall, plan, _) = budgets(&spec);
    check(&wall, &plan, hz(60)).map(|full| full.into_iter().flat_map(|port| port.ways_out).collect())
}

#[test]
fn a_full_port_names_what_would_make_it_fit() {
    // 1920x1080 in 64 cabinets on one gigabit port.
    let full_hd = Grid::new(8, 8, PixelSize::new(240, 135));
    let ways = ways_out(&full_hd, |_| ()).unwrap();
    let [WayOut::Ports { total: 4 }, WayOut::LinkRate { mbit: 5000 }, WayOut::FrameRate { hz }] = ways.as_slice() else {
        panic!("four ports or a faster link: {ways:?}")
    };
    assert!((18.0..20.0).contains(hz), "or {hz} Hz");
    // A little too much for 10 bits: jumbo frames or 8 bits are enough.
    let link = LinkSpec { format: WireFormat::Rgb10, ..LinkSpec::default() };
    let ways = ways_out(&Grid { link, ..Grid::new(1, 1, PixelSize::new(540, 1000)) }, |_| ()).unwrap();
    assert_eq!(ways[..2], [WayOut::JumboFrames, WayOut::Format(WireFormat::Rgb8)], "no port helps one large card: {ways:?}");
    let wide = Grid::new(8, 1, PixelSize::new(240, 540));
    let ways = ways_out(&wide, |spec| spec.ports[0].addressing = Addressing::Canvas).unwrap();
    assert_eq!(ways[0], WayOut::Ports { total: 2 }, "a canvas is spread too: {ways:?}");
    let wall = ways_out(&Grid { protocol: ProtocolKind::Colorlight, ..wide }, |_| ()).unwrap();
    assert_eq!(wall[0], WayOut::Ports { total: 2 }, "Colorlight has no other format or link: {wall:?}");
    assert!(wall.len() == 2 && matches!(wall[1], WayOut::FrameRate { .. }), "only ports or fewer frames: {wall:?}");
}

#[test]
fn the_message_carries_the_numbers_and_the_ways_out() {
    let (wall, plan, _) = budgets(&raster(&Grid::new(8, 8, PixelSize::new(240, 135))).unwrap());
    let text = check(&wall, &plan, hz(60)).unwrap()[0].to_string();
    for part in ["port port-1 carries 2073600 pixels", "310.0 % of its link at 60.00 Hz", "about 662412 pixels fit", "4 ports"] {
        assert!(text.contains(part), "expected {part:?} in: {text}");
    }
}
