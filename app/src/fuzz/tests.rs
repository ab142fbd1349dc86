//! Replays the sample walls with parts cut off, exchanged and driven to extremes.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::wall;

/// Numbers at and beyond the ends of what a key may hold, and things that are none.
const EXTREMES: [&str; 9] = ["0", "1", "-1", "65535", "65536", "4294967295", "1e300", "nan", "\"x\""];

fn samples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/walls");
    let files = fs::read_dir(folder).expect("is there").map(|entry| entry.expect("is listed").path());
    let walls = files.filter(|file| file.extension().is_some_and(|extension| extension == "toml"));
    let mut texts: Vec<String> = walls.map(|file| fs::read_to_string(file).expect("reads")).collect();
    texts.sort_by_key(String::len);
    texts
}

/// The places of the numbers of a text.
fn numbers(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in text.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        match found.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}

#[test]
fn samples_hold_and_so_do_their_pieces() {
    for text in samples() {
        wall(text.as_bytes());
        (0..text.len()).step_by(text.len() / 60 + 1).for_each(|end| wall(&text.as_bytes()[..end]));
        for (line, _) in text.lines().enumerate().step_by(text.lines().count() / 60 + 1) {
            let without: Vec<_> = text.lines().enumerate().filter(|(n, _)| *n != line).map(|(_, line)| line).collect();
            let twice: Vec<_> =
                text.lines().enumerate().flat_map(|(n, own)| std::iter::repeat_n(own, 1 + usize::from(n == line))).collect();
            wall(without.join("\n").as_bytes());
            wall(twice.join("\n").as_bytes());
        }
    }
}

#[test]
fn every_number_of_a_wall_may_be_extreme() {
    let text = samples().into_iter().next().expect("there are samples");
    for place in numbers(&text) {
        for extreme in EXTREMES {
            wall([&text[..place.start], extreme, &text[place.end..]].concat().as_bytes());
        }
    }
}

proptest! {
    #[test]
    fn random_changes_hold(
        sample in 0_usize..64,
        changes in prop::collection::vec((any::<usize>(), 0..EXTREMES.len()), 1..6),
        noise in ".{0,80}",
    ) {
        let samples = samples();
        let mut text = samples[sample % samples.len().min(3)].clone();
        for (place, extreme) in changes {
            let numbers = numbers(&text);
            let place = numbers[place % numbers.len()].clone();
            text.replace_range(place, EXTREMES[extreme]);
        }
        wall(text.as_bytes());
        wall(noise.as_bytes());
    }
}
