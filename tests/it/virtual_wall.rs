//! The whole main job on virtual walls: what leaves the source is what the cards show, and nothing in between tears.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use image::RgbImage;
use ocp809_app::config::{GpuChoice, load_wall, load_wall_spec};
use ocp809_app::control::status::Status;
use ocp809_app::control::{Client, Command, Outcome, PropertyPath, Request, Saved, Value};
use ocp809_app::pixel_path;
use ocp809_app::virtual_show::VirtualShow;
use ocp809_sender::geometry::PixelRect;
use ocp809_sender::ids::{PortIndex, ScreenIndex};
use ocp809_sender::wall::Wall;
use ocp809_sender::wall::spec::GroupSpec;
use ocp809_tests::repository;
use tempfile::TempDir;

fn sample(name: &str) -> Arc<Wall> {
    let file = repository().join("assets/walls").join(format!("{name}.toml"));
    Arc::new(load_wall(&file).expect("the sample wall is right").wall)
}

/// A picture in which every pixel differs from its neighbours and from itself elsewhere.
fn picture(width: u32, height: u32, seed: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let hash = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_add(seed.wrapping_mul(0xc2b2_ae3d));
        let [a, b, c, _] = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d).to_le_bytes();
        image::Rgb([a, b, c])
    })
}

fn start(wall: &Arc<Wall>, settings: &[(&str, Value)]) -> VirtualShow {
    let values = settings.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect();
    let saved = Saved { values, ..Saved::default() };
    let path = pixel_path::choose(&GpuChoice::Cpu).expect("the CPU path starts");
    VirtualShow::start(wall, path, saved, None).expect("the show starts")
}

fn set(show: &VirtualShow, path: &str, value: Value) {
    let path: PropertyPath = path.parse().expect("a property");
    let reply = show.engine.client().send(Command::set("test", path, value));
    assert!(reply.outcome.is_success(), "{:?}", reply.outcome);
}

/// Waits until the status is as wanted; panics with it after ten seconds.
fn wait_for(show: &VirtualShow, what: &str, wanted: impl Fn(&Status) -> bool) -> Arc<Status> {
    let mut status = show.engine.client().status();
    for _ in 0..500 {
        if wanted(&status) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(20));
        status = show.engine.client().status();
    }
    unreachable!("{what} never came: {status:#?}")
}

/// Frames that every card has shown at least.
fn shown(status: &Status) -> u64 {
    status.cards.iter().map(|card| card.shown).min().unwrap_or(0)
}

fn codes(show: &VirtualShow, screen: u16) -> Vec<[u16; 3]> {
    let codes = show.host.with_cards(move |wall| {
        let mut codes = Vec::new();
        wall.codes(ScreenIndex(screen), &mut codes);
        codes
    });
    codes.expect("the cards' thread runs")
}

#[test]
fn a_pass_through_wall_shows_the_source_byte_for_byte() {
    let wall = sample("pass-through");
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("source.png");
    let size = wall.screens()[0].size;
    let source = picture(size.width, size.height, 1);
    source.save(&file).expect("the picture is written");
    let show = start(&wall, &[("source.uri", Value::text(&format!("image:{}", file.display())))]);
    wait_for(&show, "the picture", |status| status.source.size.is_some());
    let before = shown(&show.engine.client().status());
    wait_for(&show, "five more frames", |status| shown(status) > before + 5);
    let codes = codes(&show, 0);
    let expected: Vec<[u16; 3]> = source.pixels().map(|pixel| pixel.0.map(u16::from)).collect();
    let wrong = codes.iter().zip(&expected).position(|(code, expected)| code != expected);
    assert_eq!(wrong, None, "pixel {wrong:?} differs");
}

#[test]
fn cards_show_whole_frames_or_none_whatever_is_lost() {
    let wall = sample("pass-through");
    let folder = TempDir::new().expect("a folder");
    let size = wall.screens()[0].size;
    // Flat pictures: a card that mixes two frames shows two colours.
    for number in 0..16_u8 {
        let flat = RgbImage::from_pixel(size.width, size.height, image::Rgb([number * 16, 255 - number * 16, number]));
        flat.save(folder.path().join(format!("{number:02}.png"))).expect("a picture is written");
    }
    let uri = format!("seq:{}?fps=60", folder.path().display());
    let show = start(&wall, &[("source.uri", Value::text(&uri))]);
    wait_for(&show, "the first frames", |status| shown(status) > 5);
    set(&show, "fault.loss_permille", Value::Number(20.0));
    let lossy = wait_for(&show, "held frames", |status| status.cards.iter().all(|card| card.held > 3));
    assert!(lossy.cards.iter().all(|card| card.lost > 0), "losses are counted");
    for _ in 0..50 {
        let codes = codes(&show, 0);
        for cabinet in wall.cabinets() {
            let rect = cabinet.rect;
            let first = codes[(rect.y * size.width + rect.x) as usize];
            for y in rect.y..rect.y + rect.height {
                let row = (y * size.width + rect.x) as usize;
                let is_whole = codes[row..row + rect.width as usize].iter().all(|code| *code == first);
                assert!(is_whole, "cabinet {} tears in row {y}", cabinet.id);
            }
        }
        std::thread::sleep(Duration::from_millis(7));
    }
    set(&show, "fault.loss_permille", Value::Number(0.0));
    let before = shown(&show.engine.client().status());
    wait_for(&show, "the picture's return", |status| shown(status) > before + 20);
}

#[test]
fn black_out_is_dark_within_two_frames_and_normal_brings_the_picture_back() {
    let wall = sample("demo");
    let show = start(&wall, &[("source.uri", Value::text("pattern:white?full")), ("brightness.percent", Value::Number(50.0))]);
    wait_for(&show, "white", |status| shown(status) > 5);
    let light = |show: &VirtualShow| show.host.still(1).expect("frames come")[0].rgb().to_vec();
    let bright = light(&show);
    // 50 % of light is 188 of 255 in sRGB.
    assert!(bright.iter().all(|&byte| (186..=190).contains(&byte)), "half of the light: {:?}", &bright[..3]);
    let client = show.engine.client();
    client.send(Command::new("test", Request::Do(ocp809_app::control::Action::BlackOut { fade_ms: 0 })));
    let frames = client.status().frames.sent;
    let mut is_dark = false;
    for _ in 0..40 {
        is_dark = light(&show).iter().all(|&byte| byte == 0);
        if is_dark {
            break;
        }
    }
    assert!(is_dark, "dark after {} frames", client.status().frames.sent - frames);
    client.send(Command::new("test", Request::Do(ocp809_app::control::Action::Normal { fade_ms: 0 })));
    wait_for(&show, "normal", |status| status.master > 0.99);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(light(&show), bright, "as bright as before");
}

/// Mean light of each cabinet of a one-screen wall, 0.0 to 1.0 of full.
fn light_of_cabinets(show: &VirtualShow, wall: &Wall) -> Vec<[f64; 3]> {
    let light = show.host.with_cards(|cards| {
        let mut light = Vec::new();
        cards.light(ScreenIndex(0), &mut light);
        light
    });
    let light = light.expect("the cards' thread runs");
    let width = wall.screens()[0].size.width;
    let mean = |rect: PixelRect| {
        let mut sum = [0.0; 3];
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                let pixel = light[(y * width + x) as usize];
                sum.iter_mut().zip(pixel).for_each(|(sum, channel)| *sum += f64::from(channel));
            }
        }
        sum.map(|sum| sum / (f64::from(rect.width) * f64::from(rect.height)))
    };
    wall.cabinets().iter().map(|cabinet| mean(cabinet.rect)).collect()
}

#[test]
fn trims_of_groups_and_cabinets_multiply_within_the_screens_limit() {
    let file = repository().join("assets/walls/demo.toml");
    let mut spec = load_wall_spec(&file).expect("the sample wall is right").spec;
    spec.screens[0].brightness_limit_percent = 50.0;
    spec.groups = ["left", "top"].map(|id| GroupSpec { id: id.into(), name: String::new() }).to_vec();
    spec.cabinets[0].groups = vec!["left".into(), "top".into()];
    spec.cabinets[1].groups = vec!["top".into()];
    let ids: Vec<String> = spec.cabinets.iter().map(|cabinet| cabinet.id.to_string()).collect();
    let wall = Arc::new(Wall::from_spec(&spec).expect("the wall is right"));
    let show = start(&wall, &[("source.uri", Value::text("pattern:white?full")), ("brightness.percent", Value::Number(40.0))]);
    wait_for(&show, "white", |status| shown(status) > 5);
    set(&show, "group:left/trim.brightness", Value::Number(50.0));
    set(&show, "group:top/trim.brightness", Value::Number(80.0));
    set(&show, &format!("cabinet:{}/trim.gain.green", ids[1]), Value::Number(90.0));
    set(&show, &format!("cabinet:{}/trim.brightness", ids[2]), Value::Number(200.0));
    let expected = [[0.16; 3], [0.32, 0.288, 0.32], [0.5; 3], [0.4; 3]];
    let is_near = |found: &[[f64; 3]]| {
        let channels = found.iter().flatten().zip(expected.iter().flatten());
        channels.fold(true, |all, (found, expected)| all && (found - expected).abs() < 0.003)
    };
    let settled = (0..200).map(|_| light_of_cabinets(&show, &wall)).find(|found| {
        std::thread::sleep(Duration::from_millis(20));
        is_near(found)
    });
    assert!(settled.is_some(), "the light is {:?}, expected {expected:?}", light_of_cabinets(&show, &wall));
    let limited = show.engine.client().send(Command::new(
        "test",
        Request::Get(vec![format!("cabinet:{}/trim.brightness", ids[2]).parse().expect("a property")]),
    ));
    let Outcome::Done(readings) = limited.outcome else { unreachable!("a reading is an answer") };
    assert_eq!(readings[0].actual, Value::Number(125.0), "50 % of 40 % is all that the limit leaves");

    // An identified cabinet flashes; the others keep their trims.
    set(&show, "identify", Value::text(&ids[0]));
    let flashes: Vec<_> = (0..100)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(20));
            light_of_cabinets(&show, &wall)
        })
        .collect();
    assert!(flashes.iter().any(|found| found[0].iter().sum::<f64>() < 1e-6), "it is dark in between");
    assert!(flashes.iter().any(|found| found[0][0] > 0.3), "and bright");
    assert!(flashes.iter().all(|found| (found[1][1] - 0.288).abs() < 0.003), "the others stay");
}

#[test]
fn a_pulled_cable_darkens_nothing_and_the_picture_comes_back() {
    let wall = sample("demo");
    let show = start(&wall, &[("source.uri", Value::text("pattern:moving-bars?full"))]);
    wait_for(&show, "the first frames", |status| shown(status) > 5);
    show.host.with_cards(|wall| wall.unplug(PortIndex(0), Some(1))).expect("the cards' thread runs");
    std::thread::sleep(Duration::from_millis(300));
    let cut = show.engine.client().status();
    std::thread::sleep(Duration::from_millis(300));
    let later = show.engine.client().status();
    let progress = |place: usize| later.cards[place].shown - cut.cards[place].shown;
    let places: Vec<(u16, u64)> = (0..4).map(|index| (later.cards[index].place, progress(index))).collect();
    for (place, frames) in places {
        let is_cut_off = place > 1;
        assert_eq!(frames == 0, is_cut_off, "place {place} showed {frames} frames behind the cut");
    }
    show.host.with_cards(|wall| wall.plug(PortIndex(0), Some(1))).expect("the cards' thread runs");
    let before = shown(&later);
    wait_for(&show, "all cards again", |status| shown(status) > before + 10);
}

#[test]
fn every_sample_wall_runs() {
    for name in ["demo", "full-hd", "irregular", "pass-through", "two-pitches", "two-protocols"] {
        let wall = sample(name);
        let show = start(&wall, &[("source.uri", Value::text("pattern:cabinets?full"))]);
        wait_for(&show, name, |status| status.source.size.is_some());
        let before = shown(&show.engine.client().status());
        let status = wait_for(&show, name, |status| shown(status) > before + 3);
        assert!(status.alarms.iter().all(|alarm| alarm.source != "source"), "{name}: {:?}", status.alarms);
        let screens = show.host.still(1).expect("frames come");
        assert_eq!(screens.len(), wall.screens().len(), "{name}: one picture per screen");
        for picture in &screens {
            assert!(picture.rgb().iter().any(|&byte| byte > 0), "{name}: there is light");
        }
        keep_picture(name, &wall, &screens);
    }
}

/// With `OCP809_PICTURES=DIR` people get the pictures to look at.
fn keep_picture(name: &str, wall: &Wall, screens: &[ocp809_app::picture::ScreenPicture]) {
    if let Some(folder) = std::env::var_os("OCP809_PICTURES") {
        let file = Path::new(&folder).join(format!("{name}.png"));
        ocp809_app::picture_file::save_screens(wall, screens, &file).expect("pictures are written");
    }
}
