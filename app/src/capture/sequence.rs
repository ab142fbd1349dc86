//! Numbered picture files as a film: a folder, a path with `*` and `?`, or one with `%04d`.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ocp809_sender::time::Rational;

use super::color::ColorPolicy;
use super::error::SourceError;
use super::mailbox::Writer;
use super::still;
use super::stream::Ending;
use super::uri::AtEnd;

/// Extensions of picture files.
const EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "tif", "tiff"];

/// Shows the files once, or again and again.
pub(super) fn run(
    files: &Path,
    (rate, at_end): (Rational, AtEnd),
    color: ColorPolicy,
    writer: &mut Writer,
) -> Result<Ending, SourceError> {
    let pictures = find(files)?;
    writer.shared().set_rate(Some(rate));
    writer.set_rate(rate, writer.shared().wall_rate());
    let mut place = 0_u64;
    loop {
        let mut failure = None;
        let mut shown = 0_usize;
        for path in &pictures {
            match still::decode(path, color) {
                Ok((shape, data)) => {
                    if !writer.publish_owned(shape, data, rate.instant_ns(place), place == 0) {
                        return Ok(Ending::Unwanted);
                    }
                    writer.shared().set_live();
                    shown += 1;
                }
                // One broken picture leaves a gap of its length in the film.
                Err(error) => {
                    writer.shared().count_error(&error);
                    failure = Some(error);
                }
            }
            place += 1;
        }
        match failure {
            Some(error) if shown == 0 => return Err(error),
            _ if at_end == AtEnd::Hold => return Ok(Ending::Finished),
            _ => {}
        }
    }
}

/// The files in the order of their numbers.
fn find(files: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let (folder, pattern) = if files.is_dir() {
        (files, None)
    } else {
        let name = files.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        let pattern = NamePattern::parse(&name).ok_or_else(|| SourceError::SequencePattern { files: files.to_owned() })?;
        let folder = files.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        (folder, Some(pattern))
    };
    let open = |source| SourceError::Open { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(open)? {
        let path = entry.map_err(open)?.path();
        let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        let fits = pattern.as_ref().map_or_else(|| is_picture(&path), |pattern| pattern.matches(&name));
        if fits {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(SourceError::NoFiles { files: files.to_owned() });
    }
    found.sort_by(|a, b| by_number(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(found)
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().map(OsStr::to_string_lossy).unwrap_or_default().to_ascii_lowercase();
    EXTENSIONS.contains(&extension.as_str())
}

/// A file name with places for characters.
#[derive(Debug, PartialEq, Eq)]
enum NamePattern {
    /// `*` for any characters, `?` for one.
    Wild(Vec<char>),
    /// A number between two texts, with at least so many digits.
    Numbered { before: String, digits: usize, after: String },
}

impl NamePattern {
    /// `None` for two numbers, or a `%` that is none.
    fn parse(name: &str) -> Option<Self> {
        let Some((before, rest)) = name.split_once('%') else { return Some(Self::Wild(name.chars().collect())) };
        let (width, after) = rest.split_once('d')?;
        if after.contains('%') || !width.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = if width.is_empty() { 1 } else { width.parse().ok()? };
        Some(Self::Numbered { before: before.to_owned(), digits, after: after.to_owned() })
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Wild(pattern) => wild(pattern, &name.chars().collect::<Vec<_>>()),
            Self::Numbered { before, digits, after } => {
                let number = name.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(after.as_str()));
                number.is_some_and(|number| number.len() >= *digits && number.bytes().all(|byte| byte.is_ascii_digit()))
            }
        }
    }
}

/// Whether the name fits, in linear time per star: only the last star is ever stretched.
fn wild(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = name.get(place) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(expected) if *expected == '?' || expected == character => (at, place) = (at + 1, place + 1),
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    (at, place) = (after + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|&character| character == '*'))
}

/// Numbers within names count as numbers: 2 comes before 10.
fn by_number(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (text_a, text_b) = (leading(left, false), leading(right, false));
        let (rest_a, rest_b) = (left.get(text_a.len()..).unwrap_or(""), right.get(text_b.len()..).unwrap_or(""));
        let (number_a, number_b) = (leading(rest_a, true), leading(rest_b, true));
        let value = |digits: &str| digits.trim_start_matches('0').len();
        let order = text_a
            .cmp(text_b)
            .then_with(|| value(number_a).cmp(&value(number_b)))
            .then_with(|| number_a.trim_start_matches('0').cmp(number_b.trim_start_matches('0')));
        (left, right) = (rest_a.get(number_a.len()..).unwrap_or(""), rest_b.get(number_b.len()..).unwrap_or(""));
        if order.is_ne() || (left.is_empty() && right.is_empty()) {
            // Names that differ in zeros only still have an order.
            return order.then_with(|| a.cmp(b));
        }
    }
}

/// The digits, or the other characters, that a text begins with.
fn leading(text: &str, digits: bool) -> &str {
    let end = text.find(|character: char| character.is_ascii_digit() != digits).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(folder: &Path, pattern: &str) -> Vec<String> {
        let found = find(&folder.join(pattern)).unwrap();
        found.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn files_come_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["f10.png", "f2.png", "f1.PNG", "f3.jpg", "note.txt", "g%.png"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(names(folder.path(), ""), ["f1.PNG", "f2.png", "f3.jpg", "f10.png", "g%.png"]);
        assert_eq!(names(folder.path(), "f*.png"), ["f2.png", "f10.png"]);
        assert_eq!(names(folder.path(), "f?.png"), ["f2.png"]);
        assert_eq!(names(folder.path(), "f%d.png"), ["f2.png", "f10.png"]);
        assert_eq!(names(folder.path(), "f%02d.png"), ["f10.png"]);
        for (pattern, expected) in [("h*.png", "names no pictures"), ("f%d_%d.png", "more than one number pattern")] {
            let error = find(&folder.path().join(pattern)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_total(names in prop::collection::vec("[a-b0-2é]{0,6}", 3)) {
            let [a, b, c] = [&names[0], &names[1], &names[2]];
            prop_assert_eq!(by_number(a, b), by_number(b, a).reverse());
            prop_assert_eq!(by_number(a, b) == Ordering::Equal, a == b);
            if by_number(a, b).is_le() && by_number(b, c).is_le() {
                prop_assert!(by_number(a, c).is_le(), "{a} {b} {c}");
            }
        }

        #[test]
        fn a_star_fits_what_it_stands_for(before in "[ab]{0,4}", middle in "[ab*]{0,6}", after in "[ab]{1,4}") {
            let pattern = NamePattern::parse(&format!("{before}*{after}")).unwrap();
            let name = format!("{before}{middle}{after}");
            prop_assert!(pattern.matches(&name));
            let longer = format!("{name}c");
            prop_assert!(!pattern.matches(&longer), "{longer}");
        }
    }
}
