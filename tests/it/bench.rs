//! `ocp809 bench` in networks of its own: what it needs, what it proves, what it leaves behind.
#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::process::{Command, Output};

use ocp809_app::bench::BenchReport;
use ocp809_tests::{missing, program, require, root};

use crate::stage::{Stage, ip};

fn bench(before: &[&str], arguments: &[&str]) -> Output {
    let words: Vec<&str> = before.iter().copied().chain([env!("CARGO_BIN_EXE_ocp809-under-test"), "bench"]).collect();
    let (program, rest) = words.split_first().expect("words");
    Command::new(program).args(rest).args(arguments).output().expect("runs")
}

fn report(output: &Output) -> BenchReport {
    let told = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"))
}

#[test]
fn namespaces_a_bench_leaves_no_interface_behind_and_loses_no_packet() {
    require!(root(), program("ip"), program("nsenter"));
    let stage = Stage::new("bench");
    let links = || {
        let listed = Command::new("ip").args(["-n", &stage.server, "-o", "link"]).output().expect("ip runs").stdout;
        String::from_utf8(listed).expect("text")
    };
    let before = links();
    // `ip netns exec` would hide the kernel's tracing tree.
    let network = format!("--net=/run/netns/{}", stage.server);
    let inside = ["nsenter", network.as_str()];
    let output = bench(&inside, &["transmit", "uhd60", "--seconds", "0.2", "--rounds", "2", "--threads", "1", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(links(), before, "nothing is left");

    let report = report(&output);
    let transmit = report.transmit.expect("measured");
    for device in ["ifb", "veth"] {
        for bytes in [1_512, 8_981] {
            let rows = transmit.rows.iter().filter(|row| row.device == device && row.packet_bytes == bytes);
            let rows: Vec<_> = rows.collect();
            assert!(rows.len() >= 4 && rows.iter().all(|row| row.cpu_ns.rounds == 2 && row.cpu_ns.min > 0.0), "{rows:?}");
            // The kernel's own count: pnet polls and sends, a batch is one call.
            let calls: Vec<_> = rows.iter().filter_map(|row| row.calls_per_packet).collect();
            if calls.is_empty() {
                missing(&format!("system calls, counted {}", transmit.calls_counted));
                continue;
            }
            assert!((calls[0] - 2.0).abs() < 0.01 && (calls[1] - 1.0).abs() < 0.01, "{calls:?}");
            assert!(calls[2] <= 0.035 && calls[3] <= calls[2], "{calls:?}");
        }
    }
    assert!(transmit.proofs.len() >= 4, "{:?}", transmit.proofs);
    assert!(transmit.proofs.iter().all(|row| row.sent > 0 && (row.lost, row.corrupt) == (0, 0)), "{:?}", transmit.proofs);
    let uhd60 = report.uhd60.expect("measured");
    assert_eq!((uhd60.due, uhd60.due - uhd60.missed), (12, uhd60.in_time + uhd60.late), "{uhd60:?}");
    ip(&["-n", &stage.server, "link", "show", "send"]);
}

#[test]
fn namespaces_without_root_a_bench_measures_the_rest_and_says_so() {
    require!(root(), program("ip"), program("setpriv"));
    let without = ["setpriv", "--bounding-set", "-sys_admin"];
    let refused = bench(&without, &["transmit", "--seconds", "0.05", "--json"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("needs root: sudo ocp809 bench"), "{said}");
    assert_eq!(report(&refused).left_out.len(), 1, "the document says so too");

    let partly = bench(&without, &["latency", "--seconds", "0.1", "--rounds", "1", "--threads", "1", "--json"]);
    assert!(partly.status.success(), "{}", String::from_utf8_lossy(&partly.stderr));
    let partly = report(&partly);
    let cables: Vec<_> = partly.latency.expect("measured").rows.into_iter().map(|row| row.cable).collect();
    assert_eq!(cables, ["memory"], "over memory nobody needs root");
    assert!(partly.left_out.iter().any(|left| left.why.contains("needs root")), "{:?}", partly.left_out);
}
