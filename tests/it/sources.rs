//! Sources against ffmpeg: every chroma layout and depth that it writes as Y4M arrives as the bytes of its raw video.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ocp809_app::capture::{ColorPolicy, Monitor, NamedSources, OpenContext, Picture, open};
use ocp809_app::control::status::SourceState;
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::time::{Rational, SystemClock};
use ocp809_sender::wall::Wall;
use ocp809_sender::wall::layout::{Grid, serpentine};
use ocp809_shaders::SourceShape;
use ocp809_shaders::frame::Range;
use ocp809_tests::{program, require};

/// An odd size, so that chroma planes have a column and a row that half lies outside.
const WIDTH: u32 = 35;
const HEIGHT: u32 = 19;
const PICTURES: usize = 3;

fn source(pixel_format: &str) -> String {
    format!(
        "ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=40x40:rate=25,format=rgb24,crop={WIDTH}:{HEIGHT} -frames:v {PICTURES} -pix_fmt {pixel_format}"
    )
}

fn opened(uri: &str) -> (Box<dyn Picture>, Monitor) {
    let grid = Grid::new(1, 1, PixelSize::new(WIDTH, HEIGHT));
    let context = OpenContext {
        wall: Arc::new(Wall::from_spec(&serpentine(&grid).unwrap()).unwrap()),
        clock: Arc::new(SystemClock::new()),
        rate: Rational::new(60, 1).unwrap(),
        color: ColorPolicy::default(),
        lossless: true,
        strict: true,
        named: NamedSources::default(),
    };
    open(&uri.parse().unwrap(), &context).unwrap()
}

/// All pictures of a source, planes one after the other, and their shape.
fn pictures(uri: &str) -> (Vec<u8>, SourceShape) {
    let (mut picture, monitor) = opened(uri);
    let mut bytes = Vec::new();
    for _ in 0..4_000 {
        let is_over = matches!(monitor.state(), SourceState::Still | SourceState::Failed);
        while picture.advance().is_new {
            let view = picture.view().unwrap();
            bytes.extend(view.planes().iter().flat_map(|plane| plane.data));
        }
        if is_over {
            assert_eq!(monitor.detail(), "", "{uri}");
            return (bytes, monitor.shape().unwrap());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{uri} did not end within 20 s; {}", monitor.detail());
}

/// What ffmpeg itself writes.
fn raw(pixel_format: &str, suffix: &str) -> Vec<u8> {
    run(&format!("{} {suffix}", source(pixel_format)))
}

/// The output of a program.
fn run(line: &str) -> Vec<u8> {
    let mut words = line.split_whitespace();
    let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn every_y4m_layout_and_depth_of_ffmpeg() {
    require!(program("ffmpeg"));
    let planar = ["420", "422", "444"].into_iter().flat_map(|chroma| {
        ["", "9le", "10le", "12le", "14le", "16le"].into_iter().map(move |bits| format!("yuv{chroma}p{bits}"))
    });
    let others = ["yuv411p", "yuvj420p", "yuvj422p", "yuvj444p", "gray", "gray9le", "gray10le", "gray12le", "gray16le"];
    for format in planar.chain(others.map(str::to_owned)) {
        // ffmpeg 5.1 itself breaks deep 4:2:x pictures of an odd width; a test of its own is below.
        let width = if format.contains("42") && format.ends_with("le") { WIDTH + 1 } else { WIDTH };
        let source = source(&format).replace(&format!("crop={WIDTH}"), &format!("crop={width}"));
        let expected = run(&format!("{source} -f rawvideo -"));
        let (bytes, shape) = pictures(&format!("cmd:{source} -f yuv4mpegpipe -strict -1 -"));
        assert_eq!(shape.size, PixelSize::new(width, HEIGHT), "{format}");
        assert_eq!(bytes.len(), PICTURES * shape.format.frame_bytes(shape.size), "{format}: {}", shape.format);
        assert!(bytes == expected, "{format}: the samples differ from ffmpeg's");
        // ffmpeg declares what it makes: grey of RGB is full range.
        let is_full = format.starts_with("yuvj") || format.starts_with("gray");
        assert_eq!(shape.color.range == Range::Full, is_full, "{format}: range");
    }
}

#[test]
fn every_raw_layout_of_ffmpeg() {
    require!(program("ffmpeg"));
    let formats =
        ["rgb24", "bgr24", "rgba", "bgra", "rgb48le", "nv12", "p010le", "yuv420p", "yuv422p10le", "yuv440p", "gray10le"];
    for format in formats {
        let expected = raw(format, "-f rawvideo -");
        let uri = format!("cmd?format={format}&size={WIDTH}x{HEIGHT}&fps=25:{} -f rawvideo -", source(format));
        let (bytes, shape) = pictures(&uri);
        assert_eq!(bytes.len(), PICTURES * shape.format.frame_bytes(shape.size), "{format}: {}", shape.format);
        assert!(bytes == expected, "{format}: the samples differ from ffmpeg's");
    }
    // Packed 4:2:2 has pairs of pixels: ffmpeg's rows of an odd width end within one.
    for format in ["uyvy422", "yuyv422"] {
        let even = source(format).replace("crop=35", "crop=36");
        let uri = format!("cmd?format={format}&size=36x{HEIGHT}&fps=25:{even} -f rawvideo -");
        assert!(pictures(&uri).0 == run(&format!("{even} -f rawvideo -")), "{format}");
    }
}

#[test]
fn picture_files_of_ffmpeg() {
    require!(program("ffmpeg"));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let write = |options: String| assert!(raw("rgb24", &options).is_empty(), "{options}");
    for name in ["a.png", "a.tiff"] {
        let rgb = raw("rgb24", "-frames:v 1 -f rawvideo -");
        write(format!("-frames:v 1 -y {}", at(name)));
        assert!(pictures(&format!("image:{}", at(name))).0 == rgb, "{name}");
    }
    let deep = raw("rgb48le", "-frames:v 1 -f rawvideo -");
    run(&format!("{} -frames:v 1 -pix_fmt rgb48be -y {}", source("rgb48le"), at("deep.png")));
    assert!(pictures(&format!("image:{}", at("deep.png"))).0 == deep, "16 bits are kept");
    write(format!("-start_number 8 -y {}", at("f_%d.png")));
    let film = raw("rgb24", "-f rawvideo -");
    for files in ["f_%d.png", "f_*.png"] {
        assert!(pictures(&format!("seq:{}?fps=25", at(files))).0 == film, "{files}");
    }
}

#[test]
fn a_real_video_is_decoded() {
    require!(program("ffmpeg"));
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("film.mkv").display().to_string();
    run(&format!("ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=320x180:rate=50 -t 1 -c:v mpeg4 {film}"));
    let decode = format!("ffmpeg -nostdin -v error -i {film} -pix_fmt yuv420p");
    let (bytes, shape) = pictures(&format!("cmd:{decode} -f yuv4mpegpipe -"));
    let expected = run(&format!("{decode} -f rawvideo -"));
    assert_eq!((shape.size, bytes.len()), (PixelSize::new(320, 180), 50 * 320 * 180 * 3 / 2), "50 pictures");
    assert!(bytes == expected, "the samples differ from ffmpeg's");
}

#[test]
fn deep_pictures_of_an_odd_width_are_whole_or_explained() {
    require!(program("ffmpeg"));
    let (mut picture, monitor) = opened(&format!("cmd:{} -f yuv4mpegpipe -strict -1 -", source("yuv422p10le")));
    for _ in 0..4_000 {
        picture.advance();
        if matches!(monitor.state(), SourceState::Still | SourceState::Failed) {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // A version of ffmpeg that writes whole rows is welcome.
    let is_explained = monitor.detail().contains("pad the width");
    assert!(is_explained || monitor.state() == SourceState::Still, "{}", monitor.detail());
}
