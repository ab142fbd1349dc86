//! `ocp809 bench` as people and scripts meet it. How fast anything is, is no matter here.

use super::Desk;
use crate::bench::{BenchReport, Part};

#[test]
fn a_short_run_measures_every_part_or_says_why_not() {
    let document = Desk::new().json("bench all --seconds 0.02 --rounds 1 --threads 1 --json");
    let report: BenchReport = serde_json::from_value(document.clone()).expect("the form that is described");
    assert_eq!(serde_json::to_value(&report).expect("and back"), document);
    let key = |part: Part| serde_json::to_value(part).expect("a name").as_str().map(|name| name.replace('-', "_")).expect("text");
    for part in Part::ALL {
        let was_left_out = report.left_out.iter().any(|left| left.part == part && !left.why.is_empty());
        assert!(document[key(part)].is_object() || was_left_out, "{part:?}: {document}");
    }
    assert!(report.pixel_path.is_some() && report.growth.is_some() && report.wire.is_some() && report.latch.is_some());
    assert!(report.latency.is_some_and(|latency| latency.rows.iter().any(|row| row.cable == "memory" && row.frames > 0)));
    assert!(report.upload.is_some_and(|upload| upload.rows.iter().any(|row| row.bytes == 128 * 128 * 18)));
    assert!(!report.machine.processor.is_empty() && report.machine.date.ends_with('Z'), "{:?}", report.machine);
}

#[test]
fn people_get_a_table_of_what_they_asked_for() {
    let done = Desk::new().run("bench wire latch --seconds 0.02 --rounds 1");
    assert_eq!(done.code, 0, "{done:?}");
    let wire =
        done.out.lines().find(|line| line.split_whitespace().eq(["8", "662412", "662406", "1343", "2062482", "99.00", "15456"]));
    assert!(wire.is_some(), "{}", done.out);
    assert!(done.out.contains("nanosleep under normal scheduling") && !done.out.contains("Pixel path"), "{}", done.out);
}

#[test]
fn what_cannot_be_measured_is_refused_with_the_range() {
    let desk = Desk::new();
    for (wrong, said) in [
        ("bench pixels", "possible values: pixel-path, growth"),
        ("bench --seconds 0", "write seconds from 0.01 to 3600"),
        ("bench --seconds 7200", "write seconds from 0.01 to 3600"),
        ("bench --rounds 0", "1..=1000"),
        ("bench --threads 1,0", "1..=1024"),
        ("bench --threads one", "invalid digit"),
    ] {
        let done = desk.run(wrong);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{wrong}: {done:?}");
        assert!(done.err.contains(said), "{wrong}: {}", done.err);
    }
}
