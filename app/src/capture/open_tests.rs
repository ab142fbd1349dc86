//! Sources as the engine opens them: with real threads, real programs and the real clock.

use std::path::Path;
use std::time::Duration;

use ocp809_sender::time::SystemClock;
use ocp809_sender::wall::layout::{Grid, serpentine};
use ocp809_shaders::PixelFormat;

use super::*;
use crate::control::status::SourceState;

fn context() -> OpenContext {
    let grid = Grid::new(2, 1, PixelSize::new(16, 8));
    OpenContext {
        wall: Arc::new(Wall::from_spec(&serpentine(&grid).unwrap()).unwrap()),
        clock: Arc::new(SystemClock::new()),
        rate: Rational::new(60, 1).unwrap(),
        color: ColorPolicy::default(),
        lossless: true,
        strict: true,
        named: NamedSources::default(),
    }
}

fn open_with(uri: &str, context: &OpenContext) -> (Box<dyn Picture>, Monitor) {
    open(&uri.parse().unwrap(), context).unwrap()
}

/// Waits up to ten seconds.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{what}: not within ten seconds");
}

/// All pictures of a source that ends.
fn pictures(picture: &mut dyn Picture, monitor: &Monitor) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    wait_until("the end of the source", || {
        // The state is read first: what is still waiting when it says "over" is taken afterwards.
        let is_over = matches!(monitor.state(), SourceState::Still | SourceState::Failed);
        while picture.advance().is_new {
            let view = picture.view().unwrap();
            all.push(view.planes().iter().flat_map(|plane| plane.data).copied().collect());
        }
        is_over
    });
    all
}

fn shell(script: &str) -> String {
    format!("cmd:sh -c '{script}'")
}

#[test]
fn patterns_have_the_walls_size_and_a_limit() {
    let (mut picture, monitor) = open_with("pattern:white", &context());
    assert!(picture.advance().is_new, "a still pattern is there at once");
    let view = picture.view().unwrap();
    assert_eq!((view.shape().size, view.shape().format), (PixelSize::new(32, 8), PixelFormat::Rgb24));
    assert!((monitor.light_limit() - 0.2).abs() < f64::EPSILON && monitor.state() == SourceState::Still);
    let (mut ramp, full) = open_with("pattern:ramp?full&size=5x1", &context());
    ramp.advance();
    assert_eq!((ramp.view().unwrap().shape().format, full.light_limit()), (PixelFormat::Rgb48, 1.0));
    assert!("pattern:white?size=16384x16384".parse::<SourceUri>().is_err(), "a size that memory cannot hold");
}

#[test]
fn lossless_patterns_show_frame_after_frame() {
    let (mut picture, monitor) = open_with("pattern:moving-bars?width=3&speed=1&size=12x1", &context());
    let mut first_lit = Vec::new();
    while first_lit.len() < 6 {
        wait_until("a frame", || picture.advance().is_new);
        let row = picture.view().unwrap().row(0, 0).to_vec();
        first_lit.push(row.chunks(3).map(|pixel| pixel[0] == 255).collect::<Vec<_>>());
    }
    for pair in first_lit.windows(2) {
        assert_eq!(pair[0][..11], pair[1][1..], "one pixel per frame");
    }
    assert_eq!(monitor.state(), SourceState::Live);
}

#[test]
fn by_the_clock_two_hosts_show_the_same_pattern() {
    let context = OpenContext { lossless: false, ..context() };
    let uri = "pattern:moving-bars?width=100&speed=1&size=200x1";
    let (mut one, _one) = open_with(uri, &context);
    std::thread::sleep(Duration::from_millis(70));
    let (mut other, _other) = open_with(uri, &context);
    let mut same = 0;
    for _ in 0..40 {
        std::thread::sleep(Duration::from_millis(5));
        one.advance();
        other.advance();
        let row = |picture: &dyn Picture| picture.view().map(|view| view.row(0, 0).to_vec());
        same += u32::from(row(&*one).is_some() && row(&*one) == row(&*other));
    }
    assert!(same > 25, "{same} of 40 pictures were the same; a tick between the two looks may differ");
}

#[test]
fn a_picture_file_that_comes_later_is_shown_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late.png");
    let context = OpenContext { strict: false, lossless: false, ..context() };
    let (mut picture, monitor) = open_with(&format!("image:{}", path.display()), &context);
    wait_until("the failure", || monitor.state() == SourceState::Failed);
    assert!(monitor.detail().contains("late.png cannot be opened"), "{}", monitor.detail());
    image::RgbImage::from_pixel(2, 2, image::Rgb([1, 2, 3])).save(&path).unwrap();
    wait_until("the picture", || picture.advance().is_new);
    assert_eq!(picture.view().unwrap().row(0, 1), [1, 2, 3, 1, 2, 3]);
    wait_until("the state", || monitor.state() == SourceState::Still);
    assert_eq!((monitor.detail().as_str(), monitor.counts().errors > 0), ("", true));
}

#[test]
fn sequences_are_shown_in_order_and_end() {
    let folder = tempfile::tempdir().unwrap();
    for number in [10_u8, 9, 1] {
        let picture = image::GrayImage::from_pixel(1, 1, image::Luma([number]));
        picture.save(folder.path().join(format!("f{number}.png"))).unwrap();
    }
    std::fs::write(folder.path().join("f5.png"), "broken").unwrap();
    let (mut picture, monitor) = open_with(&format!("seq:{}?fps=50", folder.path().display()), &context());
    assert_eq!(pictures(&mut *picture, &monitor), [[1], [9], [10]]);
    assert_eq!((monitor.counts().errors, monitor.counts().pictures), (1, 3), "the broken one is counted");
}

#[test]
fn a_program_that_fails_is_quoted() {
    let (mut picture, monitor) = open_with(&shell("echo first >&2; echo oops >&2; exit 3"), &context());
    wait_until("the failure", || monitor.state() == SourceState::Failed);
    let detail = monitor.detail();
    assert!(detail.contains("sh ended with exit status: 3 after 0 pictures; it said: first | oops"), "{detail}");
    assert!(!picture.advance().is_new);

    let (_picture, monitor) = open_with("cmd:no-such-program-809 x", &context());
    wait_until("the failure", || monitor.state() == SourceState::Failed);
    assert!(monitor.detail().contains("no-such-program-809 cannot be started; is it installed"), "{}", monitor.detail());

    let (_picture, monitor) = open_with("cmd:echo hello", &context());
    wait_until("the failure", || monitor.state() == SourceState::Failed);
    let detail = monitor.detail();
    assert!(detail.contains("the output of echo cannot be shown") && detail.contains("begins with \"hello"), "{detail}");
}

#[test]
fn what_came_before_a_failure_is_shown() {
    let script = r#"printf "YUV4MPEG2 W2 H1 Cmono\nFRAME\nabFRAME\ncdFRAME\ne"; echo died >&2; exit 1"#;
    let (mut picture, monitor) = open_with(&shell(script), &context());
    assert_eq!(pictures(&mut *picture, &monitor), [b"ab", b"cd"]);
    assert!(monitor.detail().contains("after 2 pictures; it said: died"), "{}", monitor.detail());
}

#[test]
fn a_program_that_ends_is_started_again_and_may_change_size() {
    let folder = tempfile::tempdir().unwrap();
    let flag = folder.path().join("second").display().to_string();
    let script = format!(
        r#"if [ -e {flag} ]; then printf "YUV4MPEG2 W1 H2 Cmono\nFRAME\nxy"; else touch {flag}; printf "YUV4MPEG2 W2 H1 Cmono\nFRAME\nab"; fi"#
    );
    let context = OpenContext { strict: false, lossless: false, ..context() };
    let (mut picture, monitor) = open_with(&shell(&script), &context);
    let mut sizes = Vec::new();
    wait_until("the second size", || {
        if picture.advance().is_new {
            sizes.push(picture.view().unwrap().shape().size);
        }
        sizes.len() >= 2
    });
    assert_eq!(sizes[..2], [PixelSize::new(2, 1), PixelSize::new(1, 2)]);
    assert_eq!(monitor.failure().map(|error| error.chain()), None);
}

#[test]
#[cfg(target_os = "linux")]
fn no_program_outlives_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid").display().to_string();
    let script = format!(r#"echo $$ > {pid_file}; printf "YUV4MPEG2 W2 H1 Cmono\nFRAME\nab"; exec sleep 1000"#);
    let (mut picture, monitor) = open_with(&shell(&script), &context());
    wait_until("the picture", || picture.advance().is_new);
    let pid = std::fs::read_to_string(&pid_file).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    assert!(process.exists(), "it runs");
    drop(picture);
    assert!(process.exists(), "a monitor keeps it");
    drop(monitor);
    assert!(!process.exists(), "it is ended and reaped, no zombie is left");
}

#[test]
fn a_silent_program_has_lost_its_signal() {
    let (mut picture, monitor) = open_with(&shell(r#"printf "YUV4MPEG2 W2 H1 Cmono\nFRAME\nab"; exec sleep 1000"#), &context());
    wait_until("the picture", || picture.advance().is_new);
    assert_eq!(monitor.state(), SourceState::Live);
    wait_until("the loss", || monitor.state() == SourceState::Lost);
    assert_eq!((monitor.detail().as_str(), picture.view().is_some()), ("no picture for 1 s", true), "the picture stays");
}

#[test]
fn files_are_read_and_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.y4m");
    std::fs::write(&path, b"YUV4MPEG2 W2 H1 F50:1 Cmono\nFRAME\nabFRAME\ncd").unwrap();
    let uri = format!("pipe:{}", path.display());
    let (mut picture, monitor) = open_with(&uri, &context());
    assert_eq!(pictures(&mut *picture, &monitor), [b"ab", b"cd"]);
    assert_eq!(monitor.declared_rate(), Rational::new(50, 1));
    let context = OpenContext { lossless: false, ..context() };
    let (mut picture, monitor) = open_with(&format!("{uri}?timing=every"), &context);
    let mut shown = 0;
    wait_until("three rounds", || {
        shown += u32::from(picture.advance().is_new);
        shown >= 6
    });
    assert_eq!(monitor.counts().errors, 0);
}
