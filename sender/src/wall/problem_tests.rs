//! Every fault is found, at its place, together with all others; hostile documents end in problems, never in a panic.

use proptest::prelude::*;

use super::arbitrary::walls;
use super::layout::{self, Grid};
use super::spec::*;
use super::{Wall, WallFault, WallProblems};
use crate::geometry::{PixelRect, PixelSize};
use crate::ids::{CabinetId, GroupId, PortId, ScreenId};
use crate::slice::SlicePlan;

/// Two cabinets of 16x8 side by side on one port.
fn small() -> WallSpec {
    layout::raster(&Grid { modules: PixelSize::new(2, 1), ..Grid::new(2, 1, PixelSize::new(8, 8)) }).unwrap()
}

fn problems(change: impl FnOnce(&mut WallSpec)) -> WallProblems {
    let mut spec = small();
    change(&mut spec);
    Wall::from_spec(&spec).expect_err("the change breaks the wall")
}

/// The places of all problems, as text.
fn places(change: impl FnOnce(&mut WallSpec)) -> Vec<String> {
    problems(change).problems.iter().map(|p| p.place.to_string()).collect()
}

#[test]
fn the_unchanged_wall_is_consistent() {
    let wall = Wall::from_spec(&small()).unwrap();
    assert_eq!((wall.pixels(), wall.modules().len(), wall.cabinets().len()), (256, 4, 2), "two cabinets of two modules");
}

#[test]
fn all_problems_come_at_once_each_at_its_key() {
    let found = places(|spec| {
        spec.schema_version = 9;
        spec.screens[0].pitch_mm = f64::NAN;
        spec.screens[0].brightness_limit_percent = 0.0;
        spec.module_models[0].scan = 0;
        spec.ports[0].link.mtu = 1000;
        spec.ports[0].link.gamma = 0.5;
        spec.ports[0].link.rate_mbit = 100;
        spec.ports[0].link.spread_percent = 96;
        spec.cabinets[0].groups.push(GroupId::from("choir"));
        spec.cabinets[1].rotation = 45;
        spec.cabinets[1].place = 0;
    });
    let expected = [
        "schema_version",
        "screen[0].pitch_mm",
        "screen[0].brightness_limit_percent",
        "module_model[0].scan",
        "port[0].link.rate_mbit",
        "port[0].link.mtu",
        "port[0].link.gamma",
        "port[0].link.spread_percent",
        "cabinet[0].groups[0]",
        "cabinet[1].rotation",
        "cabinet[1].place",
    ];
    assert_eq!(found, expected, "one problem per mistake, section by section");
}

#[test]
fn names_are_unique_known_and_writable() {
    let found = problems(|spec| {
        spec.cabinets[1].id = CabinetId::from("A1");
        spec.cabinets[0].port = PortId::from("port-2");
        spec.cabinets[0].serial = Some("with space".to_owned());
        spec.cabinets[0].asset_label = Some("sticker".to_owned());
        spec.cabinets[1].asset_label = Some("sticker".to_owned());
        spec.groups.push(GroupSpec { id: GroupId::from("a.b"), name: String::new() });
    });
    let text = found.to_string();
    for part in [
        "cabinet[1].id: cabinet \"A1\" exists already at cabinet[0]; give each cabinet its own",
        "cabinet[0].port: there is no port \"port-2\"; use one of: port-1",
        "cabinet[0].serial: \"with space\" cannot be a serial number",
        "cabinet[1].asset_label: asset label \"sticker\" exists already at cabinet[0].asset_label",
        "group[0].id: \"a.b\" cannot be a name",
    ] {
        assert!(text.contains(part), "expected {part:?} in:\n{text}");
    }
    let named: Vec<_> = found.problems.iter().filter_map(|p| p.fault.other_place()).map(ToString::to_string).collect();
    assert_eq!(named, ["cabinet[0]", "cabinet[0].asset_label"], "the other place is named too");
}

#[test]
fn cabinets_may_not_share_a_pixel_nor_leave_their_screen() {
    let found = problems(|spec| spec.cabinets[1].x = 15);
    let [problem] = found.problems.as_slice() else { panic!("one problem: {found}") };
    let WallFault::CabinetsOverlap { at, .. } = &problem.fault else { panic!("an overlap: {problem}") };
    assert_eq!((problem.place.to_string().as_str(), *at), ("cabinet[1]", PixelRect::new(15, 0, 1, 8)), "where they meet");

    let found = problems(|spec| spec.cabinets[1].x = 17).to_string();
    assert!(found.contains("make the screen at least 33 x 8 pixels"), "{found}");
    let found = problems(|spec| spec.cabinets[1].y = u32::MAX).to_string();
    assert!(found.contains("cabinet[1].y: the cabinet reaches to column 32 and row 4294967303"), "{found}");
}

#[test]
fn every_overlapping_pair_is_reported_once() {
    let found = problems(|spec| {
        // Four cabinets on the same spot: six pairs, whatever their modules are.
        for (number, place) in [("X", 2), ("Y", 3)] {
            let copy = CabinetSpec { id: CabinetId::from(number), place, ..spec.cabinets[0].clone() };
            spec.cabinets.push(copy);
        }
        spec.cabinets[1].x = 0;
    });
    assert_eq!(found.problems.len(), 6, "{found}");
}

#[test]
fn interlocking_cabinets_whose_boxes_overlap_are_legal() {
    let mut spec = small();
    // Two L-shaped cabinets of three modules that fill 24 x 16 together.
    let at = |x, y| ModulePlaceSpec { x, y, columns: 1, rows: 1, ..spec.cabinet_models[0].modules[0].clone() };
    spec.cabinet_models[0].modules = vec![at(0, 0), at(8, 0), at(0, 8)];
    spec.cabinet_models[0].size = PixelSize::new(16, 16);
    spec.screens[0].size = PixelSize::new(24, 16);
    spec.cabinets[1].x = 8;
    spec.cabinets[1].rotation = 180;
    let wall = Wall::from_spec(&spec).unwrap();
    assert!(wall.cabinets()[0].rect.intersection(wall.cabinets()[1].rect).is_some(), "their boxes overlap");
    spec.cabinets[1].rotation = 90;
    assert!(Wall::from_spec(&spec).is_err(), "turned by 90 degrees they collide");
}

#[test]
fn cascades_are_counted_from_zero_without_holes() {
    let found = problems(|spec| {
        spec.cabinets[0].place = 2;
        spec.cabinets[1].place = 5;
    });
    let text = found.to_string();
    assert!(text.contains("cabinet[0].place: port port-1 has no cabinet at place 0..=1"), "{text}");
    assert!(text.contains("cabinet[1].place: port port-1 has no cabinet at place 3..=4"), "{text}");
    assert_eq!(places(|spec| spec.cabinets[1].place = u16::MAX), ["cabinet[1].place"], "the last place of all");
}

#[test]
fn canvas_ports_take_upright_cabinets_without_holes_from_one_screen() {
    let canvas = |spec: &mut WallSpec| spec.ports[0].addressing = Addressing::Canvas;
    let found = problems(|spec| {
        canvas(spec);
        spec.cabinets[0].rotation = 180;
        spec.cabinets[1].mirror = true;
    });
    assert!(found.problems.iter().all(|p| matches!(p.fault, WallFault::CanvasTurned { .. })), "{found}");
    assert_eq!(found.problems.len(), 2, "one per cabinet");

    let found = problems(|spec| {
        canvas(spec);
        spec.cabinet_models[0].modules[0].columns = 1;
    });
    assert!(matches!(found.problems[0].fault, WallFault::CanvasHole { missing: 64, .. }), "{found}");

    let found = problems(|spec| {
        canvas(spec);
        let second = ScreenSpec { id: ScreenId::from("side"), ..spec.screens[0].clone() };
        spec.screens.push(second);
        spec.cabinets[1].screen = ScreenId::from("side");
    });
    assert!(matches!(found.problems[0].fault, WallFault::CanvasScreens { .. }), "{found}");

    // Upright on the wall is what counts: modules upside down in a cabinet that hangs upside down.
    let mut spec = small();
    canvas(&mut spec);
    spec.cabinet_models[0].modules[0].rotation = 180;
    spec.cabinets.iter_mut().for_each(|c| c.rotation = 180);
    assert!(Wall::from_spec(&spec).is_ok(), "turned twice");
}

#[test]
fn colorlight_ports_refuse_what_their_receivers_do_not_have() {
    let found = places(|spec| {
        let port = &mut spec.ports[0];
        port.protocol = ProtocolKind::Colorlight;
        port.link = LinkSpec { rate_mbit: 2500, mtu: 9000, format: WireFormat::Rgb10, ..LinkSpec::default() };
        port.redundant = true;
        port.calibration_at = AppliedAt::Card;
    });
    let keys = ["link.rate_mbit", "link.mtu", "link.format", "redundant", "calibration_at"];
    assert_eq!(found, keys.map(|key| format!("port[0].{key}")), "five settings");
    let found = places(|spec| spec.ports[0].colorlight = Some(ColorlightSpec::default()));
    assert_eq!(found, ["port[0].colorlight"], "and the other way round");
}

#[test]
fn models_report_size_reach_and_overlap() {
    assert_eq!(places(|spec| spec.module_models[0].size.width = 0), ["module_model[0].size"], "only the cause");
    let found = places(|spec| spec.cabinet_models[0].modules[0].columns = u32::MAX);
    assert_eq!(found, ["cabinet_model[0].module[0]"], "a grid beyond the cabinet");
    let found = problems(|spec| {
        let first = spec.cabinet_models[0].modules[0].clone();
        spec.cabinet_models[0].modules.push(ModulePlaceSpec { x: 7, columns: 1, ..first });
    });
    let WallFault::ModulesOverlap { at, .. } = &found.problems[0].fault else { panic!("an overlap: {found}") };
    assert_eq!((found.problems.len(), *at), (1, PixelRect::new(7, 0, 1, 8)), "reported once for the pair of entries");
}

#[test]
fn chromaticities_form_a_triangle_around_white() {
    let bt709 = PrimariesSpec { red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06], white: [0.3127, 0.329] };
    let mut spec = small();
    spec.screens[0].primaries = Some(bt709);
    assert!(Wall::from_spec(&spec).is_ok(), "BT.709");
    let set = |primaries| places(move |spec| spec.screens[0].primaries = Some(primaries));
    assert_eq!(set(PrimariesSpec { red: [0.9, f64::NAN], ..bt709 }), ["screen[0].primaries.red"], "no chromaticity");
    assert_eq!(set(PrimariesSpec { white: [0.7, 0.2], ..bt709 }), ["screen[0].primaries.white"], "white outside");
    let flat = PrimariesSpec { green: bt709.red, ..bt709 };
    assert_eq!(set(flat), ["screen[0].primaries.white"], "a triangle without area");
}

#[test]
fn frames_have_as_many_packets_as_the_protocol_counts() {
    // One card of 16384 x 2048 pixels = 67,924 packets of 494 pixels.
    let spec = layout::raster(&Grid::new(1, 1, PixelSize::new(16_384, 2048))).unwrap();
    let found = Wall::from_spec(&spec).expect_err("too many");
    assert!(matches!(found.problems[0].fault, WallFault::TooManyPackets { packets: 67_924, .. }), "{found}");
}

#[test]
fn lists_that_a_wall_needs_are_not_empty_and_long_reports_are_cut() {
    let found = places(|spec| {
        spec.screens.clear();
        spec.ports.clear();
        spec.cabinets.clear();
    });
    assert_eq!(found, ["screen", "port", "cabinet"], "three empty lists");
    let found = problems(|spec| spec.cabinets = vec![spec.cabinets[0].clone(); 5000]);
    assert!(found.problems.len() == super::limits::MAX_PROBLEMS && found.unlisted > 9000, "{} more", found.unlisted);
}

/// Numbers that overflow, divide by zero or fill memory where nobody looks.
const HOSTILE: [u32; 12] = [0, 1, 2, 255, 256, 4096, 65_535, 65_536, 1 << 28, i32::MAX as u32, u32::MAX - 1, u32::MAX];

/// Overwrites number `which` of the document.
#[expect(clippy::cast_possible_truncation, reason = "hostile numbers of every width")]
fn overwrite(spec: &mut WallSpec, which: u16, entry: u16, value: u32) {
    fn at<T>(list: &mut [T], entry: u16) -> &mut T {
        let length = list.len();
        &mut list[usize::from(entry) % length]
    }
    let module = entry / 7;
    match which % 27 {
        0 => at(&mut spec.screens, entry).size.width = value,
        1 => at(&mut spec.screens, entry).size.height = value,
        2 => at(&mut spec.screens, entry).source = Some(PixelRect::new(value, 0, value, 1)),
        3 => at(&mut spec.screens, entry).source = Some(PixelRect::new(0, value, 1, value)),
        4 => at(&mut spec.screens, entry).brightness_limit_percent = f64::from_bits(u64::from(value) << 32),
        5 => at(&mut spec.module_models, entry).size.width = value,
        6 => at(&mut spec.module_models, entry).size.height = value,
        7 => at(&mut spec.module_models, entry).scan = value as u16,
        8 => at(&mut spec.cabinet_models, entry).size.width = value,
        9 => at(&mut spec.cabinet_models, entry).size.height = value,
        10 => at(&mut at(&mut spec.cabinet_models, entry).modules, module).x = value,
        11 => at(&mut at(&mut spec.cabinet_models, entry).modules, module).y = value,
        12 => at(&mut at(&mut spec.cabinet_models, entry).modules, module).columns = value,
        13 => at(&mut at(&mut spec.cabinet_models, entry).modules, module).rows = value,
        14 => at(&mut at(&mut spec.cabinet_models, entry).modules, module).rotation = value as u16,
        15 => at(&mut spec.ports, entry).link.mtu = value as u16,
        16 => at(&mut spec.ports, entry).link.rate_mbit = value,
        17 => at(&mut spec.ports, entry).link.gamma = f64::from(value).sqrt() - 1.0,
        18 => at(&mut spec.cabinets, entry).x = value,
        19 => at(&mut spec.cabinets, entry).y = value,
        20 => at(&mut spec.cabinets, entry).rotation = value as u16,
        21 => at(&mut spec.cabinets, entry).place = value as u16,
        22 => at(&mut spec.cabinets, entry).port = PortId(value.to_string()),
        23 => spec.schema_version = value,
        24 => at(&mut spec.cabinets, entry).id = CabinetId("\u{0}".repeat(value as usize % 1000)),
        25 => at(&mut spec.ports, entry).link.spread_percent = value as u8,
        _ => at(&mut spec.cabinets, entry).mirror ^= true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn hostile_numbers_never_panic(
        mut spec in walls(),
        changes in prop::collection::vec((any::<u16>(), any::<u16>(), prop::sample::select(HOSTILE.as_slice())), 1..6),
    ) {
        for (which, entry, value) in changes {
            overwrite(&mut spec, which, entry, value);
        }
        match Wall::from_spec(&spec) {
            Ok(wall) => prop_assert!(SlicePlan::build(&wall).is_ok(), "a consistent wall of this size has a plan"),
            Err(problems) => prop_assert!(!problems.problems.is_empty() && !problems.to_string().is_empty(), "something is named"),
        }
    }
}
