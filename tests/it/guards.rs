//! The rules of the house that a compiler does not know: layers point one way, `unsafe` stays where it is expected,
//! every dependency has an acceptable licence and a line of reason.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use ocp809_tests::repository;

/// What a crate must never depend on, however indirectly.
const FORBIDDEN: [(&str, &[&str]); 3] = [
    ("ocp809-sender", &["wgpu", "egui", "eframe", "clap", "pnet", "image", "libc", "ocp809-calibration"]),
    ("ocp809-calibration", &["wgpu", "egui", "eframe", "pnet", "clap", "ocp809-shaders"]),
    ("ocp809-shaders", &["egui", "eframe", "pnet", "clap", "ocp809-app"]),
];

/// Files that may contain `unsafe` code.
const UNSAFE: [&str; 6] = [
    "sender/src/transport/laboratory",
    "sender/src/transport/mapping",
    "sender/src/transport/packet/socket",
    "sender/src/transport/realtime",
    "sender/src/transport/xdp/socket",
    "shaders/src/cpu/simd",
];

/// Folders of the app that must not know the window.
const WINDOWLESS: [&str; 5] = ["app/src/engine", "app/src/capture", "app/src/control", "app/src/config", "app/src/cli"];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(repository()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn layers_point_one_way() {
    for (package, forbidden) in FORBIDDEN {
        let tree = cargo(&["tree", "--offline", "-p", package, "-e", "normal", "--prefix", "none", "--no-default-features"]);
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let name = line.split_whitespace().next().unwrap_or_default();
            assert!(!forbidden.contains(&name), "{package} must not depend on {name}");
        }
    }
}

#[test]
fn only_the_window_knows_egui() {
    for folder in WINDOWLESS {
        let mut files = Vec::new();
        rust_files(&repository().join(folder), &mut files);
        for file in files {
            let text = std::fs::read_to_string(&file).expect("source is UTF-8");
            assert!(!text.contains("egui"), "{} names egui", file.display());
        }
    }
}

#[test]
fn unsafe_code_stays_where_it_is_expected() {
    for crate_folder in ["app", "sender", "calibration", "shaders"] {
        let mut files = Vec::new();
        rust_files(&repository().join(crate_folder).join("src"), &mut files);
        assert!(!files.is_empty(), "{crate_folder} has sources");
        for file in files {
            let text = std::fs::read_to_string(&file).expect("source is UTF-8");
            let relative = file.strip_prefix(repository()).expect("below the repository").to_string_lossy().into_owned();
            if text.contains("unsafe {") || text.contains("unsafe fn") || text.contains("unsafe impl") {
                assert!(UNSAFE.iter().any(|allowed| relative.starts_with(allowed)), "{relative} contains unsafe code");
            }
        }
    }
}

/// A file has one subject; one that grows beyond this has two.
const MAX_LINES: usize = 500;

#[test]
fn no_file_grows_beyond_what_one_reads() {
    for folder in ["app", "sender", "calibration", "shaders", "tests"] {
        let mut files = Vec::new();
        rust_files(&repository().join(folder), &mut files);
        assert!(!files.is_empty(), "{folder} has sources");
        for file in files.iter().filter(|file| !file.components().any(|part| part.as_os_str() == "target")) {
            let lines = std::fs::read_to_string(file).expect("source is UTF-8").lines().count();
            assert!(lines <= MAX_LINES, "{} has {lines} lines: split it by subject", file.display());
        }
    }
}

#[test]
fn every_dependency_is_licensed_and_comes_from_the_registry() {
    const ACCEPTED: [&str; 13] = [
        "MIT",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "Zlib",
        "MPL-2.0",
        "Unicode-3.0",
        "BSL-1.0",
        "0BSD",
        "OFL-1.1",
        "Ubuntu-font-1.0",
    ];
    const BANNED: [(&str, &str); 3] = [
        ("bincode", "RUSTSEC-2025-0141: unmaintained"),
        ("serde_yaml", "unmaintained"),
        ("rustls-pemfile", "RUSTSEC-2025-0134: unmaintained"),
    ];
    // {p} ends with a path for own crates and with an address for anything that is not from the registry.
    let tree = cargo(&["tree", "--offline", "--workspace", "-e", "normal,build,dev", "--prefix", "none", "--format", "{p}|{l}"]);
    assert!(tree.lines().count() > 100, "the whole tree is listed");
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let (package, license) = line.split_once('|').expect("the format has one bar");
        let name = package.split(' ').next().unwrap_or_default();
        let own = name.starts_with("ocp809-");
        assert!(!BANNED.iter().any(|(banned, _)| *banned == name), "{name} is banned");
        assert!(own || !package.contains("://"), "{name} is not from the registry");
        let license = license.trim_end_matches(" (*)").replace('/', " OR ").replace(['(', ')'], "");
        // "A OR B" needs one acceptable side; "A AND B" needs both.
        let acceptable = own || license.split(" AND ").all(|part| part.split(" OR ").any(|l| ACCEPTED.contains(&l.trim())));
        assert!(acceptable, "{name}: licence {license:?}");
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = std::fs::read_to_string(repository().join("Cargo.toml")).expect("manifest");
    let dependencies = manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.contains('=') && !line.starts_with('#') && !line.starts_with("ocp809-"));
    for line in dependencies {
        assert!(line.split(" # ").nth(1).is_some_and(|reason| reason.trim().len() > 8), "no reason: {line}");
    }
}
