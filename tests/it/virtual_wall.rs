//! The whole main job on virtual walls: what leaves the source is what the cards show, and nothing in between tears.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use image::RgbImage;
use ocp809_app::config::{GpuChoice, load_wall};
use ocp809_app::control::status::Status;
use ocp809_app::control::{Client, Command, PropertyPath, Request, Saved, Value};
use ocp809_app::pixel_path;
use ocp809_app::virtual_show::VirtualShow;
use ocp809_sender::ids::{PortIndex, ScreenIndex};
use ocp809_sender::wall::Wall;
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
