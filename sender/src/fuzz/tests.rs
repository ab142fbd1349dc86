//! Replays the corpus and random bytes. `UPDATE_GOLDEN=1` writes the seeds anew.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::wire::ocp809::examples;

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus").join(target)
}

/// Seeds of a target: its examples in the form that it reads.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let control = |frame: &[u8]| {
        let frame = ControlFrame::new_checked(frame).ok()?;
        let header = *frame.packet().header();
        let [chunk, chunks] = [header.chunk, header.chunks].map(|n| u8::try_from(n).expect("few"));
        Some([&[header.kind, header.opcode, chunk, chunks], frame.packet().body()].concat())
    };
    let piece = |frame: &[u8]| Some([&[u8::try_from(frame.len()).ok()?], frame].concat());
    examples::all()
        .into_iter()
        .filter_map(|example| {
            let bytes = match target {
                "frame" => Some(example.frame),
                "message" => control(&example.frame),
                _ => ControlFrame::new_checked(&example.frame).ok().and_then(|_| piece(&example.frame)),
            };
            bytes.map(|bytes| (format!("{}.bin", example.name), bytes))
        })
        .collect()
}

fn replay(target: &str, body: fn(&[u8])) {
    let folder = corpus(target);
    let seeds = seeds(target);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
        std::fs::create_dir_all(&folder).expect("folder");
        for (name, bytes) in &seeds {
            std::fs::write(folder.join(name), bytes).expect("seed is written");
        }
    }
    for (name, bytes) in &seeds {
        assert_eq!(
            &std::fs::read(folder.join(name)).unwrap_or_default(),
            bytes,
            "{target}/{name}; UPDATE_GOLDEN=1 writes it anew"
        );
    }
    for entry in std::fs::read_dir(folder).expect("corpus") {
        let bytes = std::fs::read(entry.expect("entry").path()).expect("a file");
        body(&bytes);
        // Every shorter one too: what a cable cuts off.
        (0..bytes.len()).for_each(|end| body(&bytes[..end]));
    }
}

#[test]
fn the_corpus_of_frames_holds() {
    replay("frame", frame);
}

#[test]
fn the_corpus_of_messages_holds() {
    replay("message", message);
}

#[test]
fn the_corpus_of_pieces_holds() {
    replay("pieces", pieces);
}

proptest! {
    #[test]
    fn random_bytes_hold(data: Vec<u8>, kind in 0_u8..4, opcode in 1_u8..17) {
        frame(&data);
        pieces(&data);
        message(&data);
        message(&[&[kind, opcode, 0, 1], &data[..]].concat());
    }
}
