//! The sample walls that ship with the project: each parses, is consistent, fits its links, and is what its comment says.

use super::spec::{LinkTransfer, ProtocolKind, WallSpec};
use super::{AppliedAt, Wall};
use crate::geometry::{Orientation, PixelSize};
use crate::slice::{SlicePlan, budget, coverage};
use crate::time::Rational;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/walls");

fn load(name: &str) -> (WallSpec, Wall) {
    let text = std::fs::read_to_string(format!("{FOLDER}/{name}.toml")).unwrap();
    assert!(text.starts_with("# "), "{name} begins with an explanation");
    let spec: WallSpec = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let wall = Wall::from_spec(&spec).unwrap_or_else(|problems| panic!("{name}:\n{problems}"));
    (spec, wall)
}

fn names() -> Vec<String> {
    let files = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn all_samples_are_covered_fit_and_survive_being_written() {
    assert_eq!(names(), ["demo", "full-hd", "irregular", "pass-through", "two-pitches", "two-protocols"], "the samples");
    for name in names() {
        let (spec, wall) = load(&name);
        coverage::check(&spec);
        let plan = SlicePlan::build(&wall).unwrap();
        let full = budget::check(&wall, &plan, Rational::new(60, 1).unwrap()).unwrap();
        assert!(full.is_empty(), "{name} does not fit at 60 Hz: {full:?}");
        let written = toml::to_string(&spec).unwrap();
        assert_eq!(toml::from_str::<WallSpec>(&written).unwrap(), spec, "{name} survives");
    }
}

#[test]
fn the_demo_wall_is_four_cards_on_one_port() {
    let (_, wall) = load("demo");
    assert_eq!((wall.ports().len(), wall.pixels(), wall.screens()[0].size), (1, 65_536, PixelSize::new(256, 256)), "size");
    let cable: Vec<_> = wall.cascade(&wall.ports()[0]).map(|c| c.id.as_str()).collect();
    assert_eq!(cable, ["A1", "A2", "B2", "B1"], "there and back");
}

#[test]
fn full_hd_fills_four_gigabit_ports_to_three_quarters() {
    let (_, wall) = load("full-hd");
    let plan = SlicePlan::build(&wall).unwrap();
    let loads: Vec<_> =
        budget::of_wall(&wall, &plan).iter().map(|b| b.load(Rational::new(60, 1).unwrap()).load_percent.round()).collect();
    assert_eq!((wall.pixels(), loads), (1920 * 1080, vec![77.0; 4]), "as its comment says");
}

#[test]
fn the_irregular_wall_turns_mirrors_and_has_holes() {
    let (_, wall) = load("irregular");
    let mut hung: Vec<_> = wall.modules().iter().map(|m| m.orientation).collect();
    hung.sort_by_key(|o| (o.mirror, o.rotation.quarter_turns()));
    hung.dedup();
    assert!(hung.len() >= 6 && hung.iter().any(|o| o.mirror), "orientations on the wall: {hung:?}");
    assert!(wall.pixels() < wall.screens()[0].size.area(), "holes");
    let corner = |id: &str| wall.cabinets().iter().find(|c| c.id.as_str() == id).unwrap();
    assert!(corner("A4").rect.intersection(corner("A5").rect).is_some(), "the corners are hooked into each other");
    assert!(wall.modules().iter().any(|m| m.orientation != Orientation::UPRIGHT), "not all upright");
}

#[test]
fn two_screens_show_a_metre_alike() {
    let (_, wall) = load("two-pitches");
    for screen in wall.screens() {
        let metres = f64::from(screen.size.width) * screen.pitch_mm / 1000.0;
        let per_metre = f64::from(screen.source.width) / metres;
        assert!((per_metre - 540.0).abs() < 0.5, "screen {}: {per_metre} pixels per metre", screen.id);
    }
}

#[test]
fn two_protocols_share_one_screen() {
    let (_, wall) = load("two-protocols");
    let protocols: Vec<_> = wall.ports().iter().map(|p| p.protocol).collect();
    assert_eq!(protocols, [ProtocolKind::Ocp809, ProtocolKind::Colorlight], "a port of each");
    assert_eq!(wall.ports()[1].canvas, PixelSize::new(512, 128), "the canvas of the Colorlight port");
}

#[test]
fn pass_through_touches_no_code() {
    let (_, wall) = load("pass-through");
    for port in wall.ports() {
        assert!(port.link.transfer == LinkTransfer::Source && !port.link.dither, "codes pass");
        assert_eq!((port.brightness_at, port.calibration_at), (AppliedAt::Card, AppliedAt::Card), "cards act");
    }
}
