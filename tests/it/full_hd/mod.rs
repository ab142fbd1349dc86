//! The main job at full size: 1920x1080 at 60 Hz from a Y4M pipe through the CPU path to four cables. The far end looks at
//! every packet and every pixel of every frame.
//!
//! Figures: `cargo test --release -p ocp809-tests --test it full_hd -- --ignored --nocapture`.
#![expect(clippy::print_stderr, reason = "figures are for people")]
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

mod figures;
mod rig;

use std::time::Duration;

use ocp809_tests::{program, require, root};

use figures::Figures;
use rig::Rig;

/// From the start until the first pictures are through and tables are in use.
const WARM_UP: Duration = Duration::from_secs(4);

/// Runs the whole chain for as long as it takes to judge it.
fn measure(name: &str, duration: Duration) -> Figures {
    let mut rig = Rig::new(name);
    std::thread::sleep(WARM_UP);
    let figures = Figures::of(&mut rig, duration);
    eprintln!("{figures}");
    figures
}

#[test]
fn full_hd_every_latched_frame_is_sound() {
    require!(root(), program("ip"));
    let figures = measure("fhd", Duration::from_secs(5));
    for (port, counts) in &figures.ports {
        assert_eq!((counts.bad_crc, counts.malformed, counts.wrong), (0, 0, 0), "{port}: {counts:?}");
        assert!(counts.whole > 0, "{port}: frames came: {counts:?}");
    }
}

/// Needs two cores for itself, so that it runs in the nightly tier only.
#[test]
#[ignore = "a minute on an idle machine: tests/run nightly"]
fn full_hd_at_60_hz_loses_no_frame_in_a_minute() {
    require!(root(), program("ip"));
    let figures = measure("fhdn", Duration::from_mins(1));
    for (port, counts) in &figures.ports {
        assert_eq!((counts.bad_crc, counts.malformed, counts.wrong), (0, 0, 0), "{port}: {counts:?}");
        assert_eq!((counts.lost, counts.short, counts.kernel_drops), (0, 0, 0), "{port}: {counts:?}");
        assert!(counts.whole >= 60 * 60 - 1, "{port}: {counts:?}");
    }
    assert_eq!((figures.dropped, figures.skipped), (0, 0), "frames of the wall, and pictures of the source");
    assert!(figures.first_packet.p50_us <= 4_000, "from a picture in memory to its first packet");
}
