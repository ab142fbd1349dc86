//! Ranges of single numbers.

use crate::geometry::{PixelSize, Rotation};
use crate::wall::limits::ROTATIONS;
use crate::wall::path::DocPath;
use crate::wall::problem::{Problems, WallFault};

/// Reports a number outside `least..=most`, or one that is none at all.
pub(super) fn range(place: DocPath, found: f64, [least, most]: [f64; 2], unit: &'static str, problems: &mut Problems) {
    if !(least..=most).contains(&found) {
        problems.push(place, WallFault::OutOfRange { found, least, most, unit });
    }
}

/// Reports a number that is none of those allowed; whether it is one.
pub(super) fn one_of(place: DocPath, found: u32, allowed: &'static [u32], problems: &mut Problems) -> bool {
    let known = allowed.contains(&found);
    if !known {
        problems.push(place, WallFault::NotOneOf { found, allowed });
    }
    known
}

/// The rotation by `degrees`; reports anything but quarter turns.
pub(super) fn rotation(place: DocPath, degrees: u16, problems: &mut Problems) -> Option<Rotation> {
    let rotation = Rotation::from_degrees(degrees);
    if rotation.is_none() {
        problems.push(place, WallFault::NotOneOf { found: u32::from(degrees), allowed: &ROTATIONS });
    }
    rotation
}

/// Reports an empty size; whether it is not.
pub(super) fn not_empty(place: DocPath, size: PixelSize, problems: &mut Problems) -> bool {
    let good = size.width > 0 && size.height > 0;
    if !good {
        problems.push(place, WallFault::ZeroSize { width: size.width, height: size.height });
    }
    good
}
