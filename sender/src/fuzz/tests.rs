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
                "cards" => turns(&example.frame),
                "message" => control(&example.frame),
                _ => ControlFrame::new_checked(&example.frame).ok().and_then(|_| piece(&example.frame)),
            };
            bytes.map(|bytes| (format!("{}.bin", example.name), bytes))
        })
        .collect()
}

/// An example in its envelope, to each port and end.
fn turns(frame: &[u8]) -> Option<Vec<u8>> {
    let envelope = match frame.get(12..14)? {
        [0x88, 0xb5] => 1,
        _ => 2,
    };
    let packet = frame.get(14..)?;
    let length = u16::try_from(packet.len()).ok()?.to_be_bytes();
    let turn = |how: u8| [&[how | envelope, length[0], length[1]], packet].concat();
    Some([0x70, 0x78, 0x74, 0x7c].into_iter().flat_map(turn).collect())
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
    // A conversation costs a wall of cards: fewer of its cuts are tried.
    let step = if target == "cards" { 23 } else { 1 };
    for entry in std::fs::read_dir(folder).expect("corpus") {
        let bytes = std::fs::read(entry.expect("entry").path()).expect("a file");
        body(&bytes);
        // Shorter ones too: what a cable cuts off.
        (0..bytes.len()).step_by(step).for_each(|end| body(&bytes[..end]));
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

#[test]
fn the_corpus_of_cards_holds() {
    replay("cards", cards);
}

#[test]
fn all_examples_in_one_conversation_hold() {
    let all: Vec<u8> = seeds("cards").into_iter().flat_map(|(_, bytes)| bytes).collect();
    cards(&all);
}

/// Pieces as senders write them, with some bytes wrong.
fn conversation() -> impl Strategy<Value = Vec<u8>> {
    let frames: Vec<Vec<u8>> = examples::all().into_iter().map(|example| example.frame).collect();
    let piece = (prop::sample::select(frames), any::<u8>(), prop::collection::vec((any::<u16>(), any::<u8>()), 0..3));
    let written = piece.prop_map(|(frame, how, wrong)| {
        let mut packet = frame[14..].to_vec();
        for (at, byte) in wrong {
            let at = usize::from(at) % packet.len();
            packet[at] = byte;
        }
        let length = u16::try_from(packet.len()).expect("short").to_be_bytes();
        let envelope = if frame[13] == 0xb5 { 1 } else { 2 };
        [&[how & 0xfc | envelope, length[0], length[1]], &packet[..]].concat()
    });
    prop::collection::vec(written, 1..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn conversations_with_wrong_bytes_hold(data in conversation(), noise: Vec<u8>) {
        cards(&data);
        cards(&noise);
    }

    #[test]
    fn random_bytes_hold(data: Vec<u8>, kind in 0_u8..4, opcode in 1_u8..17) {
        frame(&data);
        pieces(&data);
        message(&data);
        message(&[&[kind, opcode, 0, 1], &data[..]].concat());
    }
}
