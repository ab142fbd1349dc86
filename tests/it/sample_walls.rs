//! Every sample wall shows its source: byte for byte where codes pass, elsewhere within one code of a model in real numbers
//! that knows standards and the wall file only, on cables in memory and between network namespaces.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]
#![expect(clippy::print_stderr, reason = "figures are for people")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use image::RgbImage;
use ocp809_app::config::{GpuChoice, load_wall};
use ocp809_app::control::{Client, Saved, Value};
use ocp809_app::pixel_path;
use ocp809_app::virtual_show::VirtualShow;
use ocp809_sender::ids::ScreenIndex;
use ocp809_sender::wall::{AppliedAt, LinkTransfer, Screen, Wall};
use ocp809_tests::{program, repository, require, root};
use tempfile::TempDir;

use crate::stage::Stage;

const WALLS: [&str; 6] = ["demo", "full-hd", "irregular", "pass-through", "two-pitches", "two-protocols"];

/// Red, green and blue in linear light.
type Light = [f64; 3];

fn sample(name: &str) -> (String, Wall) {
    let file = repository().join("assets/walls").join(format!("{name}.toml"));
    (file.display().to_string(), load_wall(&file).expect("the sample wall is right").wall)
}

/// A picture for the whole wall in which every pixel differs from its neighbours and from itself elsewhere.
fn picture(wall: &Wall) -> RgbImage {
    let side = |ends: &dyn Fn(&Screen) -> u64| wall.screens().iter().map(ends).max().and_then(|end| u32::try_from(end).ok());
    let width = side(&|screen| screen.source.right()).expect("a screen");
    let height = side(&|screen| screen.source.bottom()).expect("a screen");
    RgbImage::from_fn(width, height, |x, y| {
        let hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77);
        let [a, b, c, _] = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d).to_le_bytes();
        image::Rgb([a, b, c])
    })
}

/// IEC 61966-2-1, 5.2: code to linear light.
fn srgb_to_light(code: u8) -> f64 {
    let signal = f64::from(code) / 255.0;
    if signal <= 0.040_45 { signal / 12.92 } else { ((signal + 0.055) / 1.055).powf(2.4) }
}

/// Columns of the matrix from RGB to XYZ of these chromaticities (SMPTE RP 177).
fn to_xyz(red: [f64; 2], green: [f64; 2], blue: [f64; 2], white: [f64; 2]) -> [Light; 3] {
    let xyz = |[x, y]: [f64; 2]| [x / y, 1.0, (1.0 - x - y) / y];
    let primaries = [xyz(red), xyz(green), xyz(blue)];
    let shares = solve(primaries, xyz(white));
    core::array::from_fn(|column| primaries[column].map(|value| value * shares[column]))
}

/// The weights with which three columns sum to `wanted` (Cramer's rule).
fn solve(columns: [Light; 3], wanted: Light) -> Light {
    let determinant = |[a, b, c]: [Light; 3]| {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - b[0] * (a[1] * c[2] - a[2] * c[1]) + c[0] * (a[1] * b[2] - a[2] * b[1])
    };
    let whole = determinant(columns);
    core::array::from_fn(|column| {
        let mut own = columns;
        own[column] = wanted;
        determinant(own) / whole
    })
}

/// Source columns and weights of a pixel of a scaled axis: a tent as wide as the ratio, repeated edges.
fn tent(index: u32, source: u32, count: u32) -> Vec<(u32, f64)> {
    if source == count {
        return vec![(index, 1.0)];
    }
    let ratio = f64::from(source) / f64::from(count);
    let (center, reach) = ((f64::from(index) + 0.5) * ratio - 0.5, ratio.max(1.0));
    let taps = (-2..i64::from(source) + 2).filter_map(|at| {
        #[expect(clippy::cast_precision_loss, reason = "pixels")]
        let weight = 1.0 - (at as f64 - center).abs() / reach;
        let at = u32::try_from(at.clamp(0, i64::from(source) - 1)).ok()?;
        (weight > 0.0).then_some((at, weight))
    });
    let taps: Vec<_> = taps.collect();
    let sum: f64 = taps.iter().map(|(_, weight)| weight).sum();
    taps.into_iter().map(|(at, weight)| (at, weight / sum)).collect()
}

/// The light that a screen is to make of the source, pixel by pixel: cropped, scaled, in its own primaries.
fn light(screen: &Screen, source: &RgbImage) -> Vec<Light> {
    let (size, crop) = (screen.size, screen.source);
    let columns: Vec<_> = (0..size.width).map(|x| tent(x, crop.width, size.width)).collect();
    let rows: Vec<_> = (0..size.height).map(|y| tent(y, crop.height, size.height)).collect();
    let linear = |x: u32, y: u32| source.get_pixel(crop.x + x, crop.y + y).0.map(srgb_to_light);
    let leds = screen.primaries.as_ref().map(|own| to_xyz(own.red, own.green, own.blue, own.white));
    let bt709 = to_xyz([0.64, 0.33], [0.3, 0.6], [0.15, 0.06], [0.3127, 0.329]);
    let mut out = Vec::with_capacity(columns.len() * rows.len());
    for row in &rows {
        for column in &columns {
            let mut sum = [0.0; 3];
            for ((y, wy), (x, wx)) in row.iter().flat_map(|y| column.iter().map(move |x| (y, x))) {
                sum.iter_mut().zip(linear(*x, *y)).for_each(|(sum, light)| *sum += light * wy * wx);
            }
            let own = leds.map_or(sum, |leds| {
                let xyz = core::array::from_fn(|row| (0..3).map(|column| bt709[column][row] * sum[column]).sum());
                solve(leds, xyz)
            });
            out.push(own.map(|light| light.clamp(0.0, 1.0)));
        }
    }
    out
}

/// As bright as every screen of the wall may be, in percent: then cards alone dim, and codes do not depend on it.
fn brightness(wall: &Wall) -> f64 {
    wall.screens().iter().map(|screen| screen.brightness_limit * 100.0).fold(100.0, f64::min)
}

/// Compares what the cards of a screen show with the model.
fn check(name: &str, wall: &Wall, index: usize, source: &RgbImage, codes: &[[u16; 3]]) {
    let screen = &wall.screens()[index];
    let (light, mut covered) = (light(screen, source), vec![false; codes.len()]);
    let mut largest = 0.0_f64;
    for module in wall.modules().iter().filter(|module| module.screen.index() == index) {
        let cabinet = wall.cabinet(module.cabinet).expect("its cabinet");
        let port = wall.port(cabinet.port).expect("its port");
        assert_eq!(port.brightness_at, AppliedAt::Card, "{name}: the model leaves brightness to cards");
        let rect = module.rect;
        for (x, y) in (rect.y..rect.y + rect.height).flat_map(|y| (rect.x..rect.x + rect.width).map(move |x| (x, y))) {
            let at = (y * screen.size.width + x) as usize;
            covered[at] = true;
            let top = f64::from((1_u32 << port.link.format.bits()) - 1);
            let expected = match port.link.transfer {
                LinkTransfer::Source => source.get_pixel(screen.source.x + x, screen.source.y + y).0.map(f64::from),
                LinkTransfer::Linear => light[at].map(|light| light * top),
                LinkTransfer::Power => light[at].map(|light| light.powf(1.0 / port.link.gamma) * top),
                LinkTransfer::Srgb => unreachable!("no sample wall has such a link"),
            };
            let allowed = if port.link.transfer == LinkTransfer::Source { 0.0 } else { 1.0 };
            for (code, expected) in codes[at].into_iter().zip(expected) {
                let error = (f64::from(code) - expected.round()).abs();
                assert!(error <= allowed, "{name}, screen {}, ({x}, {y}): code {code}, model {expected}", screen.id);
                largest = largest.max((f64::from(code) - expected).abs());
            }
        }
    }
    let dark = codes.iter().zip(&covered).filter(|(_, covered)| !**covered);
    assert!(dark.into_iter().all(|(code, _)| *code == [0; 3]), "{name}: nothing is shown where no LED is");
    assert!(covered.contains(&true), "{name}: the screen has modules");
    eprintln!("{name}, screen {}: largest difference {largest:.3} codes", screen.id);
}

#[test]
fn every_sample_wall_shows_the_source_within_a_code_of_the_model() {
    let folder = TempDir::new().expect("a folder");
    for name in WALLS {
        let (_, wall) = sample(name);
        let (source, wall) = (picture_file(&wall, folder.path()), Arc::new(wall));
        let uri = format!("image:{}", folder.path().join("source.png").display());
        let values = [("source.uri", Value::text(&uri)), ("brightness.percent", Value::Number(brightness(&wall)))];
        let saved = Saved { values: values.map(|(path, value)| (path.to_owned(), value)).into(), ..Saved::default() };
        let path = pixel_path::choose(&GpuChoice::Cpu).expect("the CPU path starts");
        let show = VirtualShow::start(&wall, path, saved, None).expect("the show starts");
        let shown = || {
            let status = show.engine.client().status();
            let least = status.cards.iter().map(|card| card.shown).min().unwrap_or(0);
            status.source.size.map(|_| least)
        };
        let before = wait_for(name, &shown);
        wait_for(name, || shown().filter(|shown| *shown > before + 3));
        for index in 0..wall.screens().len() {
            let screen = ScreenIndex(u16::try_from(index).expect("few screens"));
            let codes = show.host.with_cards(move |wall| {
                let mut codes = Vec::new();
                wall.codes(screen, &mut codes);
                codes
            });
            check(name, &wall, index, &source, &codes.expect("the cards' thread runs"));
        }
    }
}

#[test]
fn namespaces_every_sample_wall_shows_the_source_over_real_interfaces() {
    require!(root(), program("ip"));
    for name in WALLS {
        let (file, wall) = sample(name);
        let mut stage = Stage::empty("sam");
        let source = picture_file(&wall, &stage.path(""));
        let (mut near, mut far) = (Vec::new(), Vec::new());
        for (number, port) in wall.ports().iter().enumerate() {
            let (send, cards) = (format!("send-{number}"), format!("cards-{number}"));
            stage.cable(&send, &cards);
            near.push(format!("{}={send}", port.id));
            far.push(format!("{}={cards}", port.id));
        }
        let mut cards = stage.cards(&file, &far.iter().map(String::as_str).collect::<Vec<_>>());
        let uri = format!("image:{}", stage.path("source.png").display());
        let brightness = format!("brightness.percent={}", brightness(&wall));
        let mut arguments = vec!["run", &file, "--source", &uri, "--set", &brightness, "--confirm"];
        arguments.extend(near.iter().flat_map(|interface| ["--if", interface]));
        let server = stage.server.clone();
        stage.start(&server, &arguments);
        // A cold start fades in, where cards dim too coarsely in the pixels.
        stage.wait_for("its full light", |status| status["master"] == 1.0);
        let mut least = || cards.ask("least").as_u64();
        let before = wait_for(name, &mut least);
        wait_for(name, || least().filter(|shown| *shown > before + 5));
        for index in 0..wall.screens().len() {
            let out = stage.path("codes");
            cards.ask(&format!("codes {index} {}", out.display()));
            let bytes = std::fs::read(&out).expect("the peer has written them");
            let codes = bytes.as_chunks::<6>().0.iter().map(|pixel| {
                let [r, g, b] = [0, 2, 4].map(|at| u16::from_le_bytes([pixel[at], pixel[at + 1]]));
                [r, g, b]
            });
            check(name, &wall, index, &source, &codes.collect::<Vec<_>>());
        }
    }
}

/// The wall's picture, and `source.png` in the folder with it.
fn picture_file(wall: &Wall, folder: &Path) -> RgbImage {
    let source = picture(wall);
    source.save(folder.join("source.png")).expect("the picture is written");
    source
}

/// Waits for something for ten seconds.
fn wait_for<T>(name: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..500 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    unreachable!("{name}: frames never came")
}
