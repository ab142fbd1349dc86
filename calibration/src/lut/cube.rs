//! Reading .cube files (Adobe, "Cube LUT Specification", version 1.0): 3D tables over code values.

use thiserror::Error;

use super::lut3d::{Lut3d, SIDES};

/// Why a .cube file cannot be used; lines count from 1.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CubeError {
    /// A line is neither a keyword nor three numbers.
    #[error("line {line}: expected three numbers or a keyword of a .cube file")]
    Syntax {
        /// The line.
        line: usize,
    },
    /// A one-dimensional table.
    #[error("line {line}: this is a 1D table; export it as a 3D table (LUT_3D_SIZE)")]
    OneDimensional {
        /// The line.
        line: usize,
    },
    /// The size is missing, repeated, or out of range.
    #[error("line {line}: expected one LUT_3D_SIZE of {} to {} in front of the colours", SIDES.start(), SIDES.end())]
    Size {
        /// The line.
        line: usize,
    },
    /// The domain is not 0 to 1.
    #[error("line {line}: the domain must be 0 to 1; tables over scene light are not supported")]
    Domain {
        /// The line.
        line: usize,
    },
    /// Too few or too many colours.
    #[error("a table of side {side} has {expected} colours, the file has {found}")]
    Count {
        /// Points per side.
        side: u32,
        /// Colours that it needs.
        expected: usize,
        /// Colours in the file.
        found: usize,
    },
}

/// Exactly three finite numbers.
fn triple(words: &[&str]) -> Option<[f64; 3]> {
    let [r, g, b] = words else { return None };
    let number = |word: &str| word.parse::<f64>().ok().filter(|value| value.is_finite());
    Some([number(r)?, number(g)?, number(b)?])
}

/// Whether a line says that the domain begins at 0 or ends at 1, which is what the pixel path assumes.
fn is_unit_range(words: &[&str]) -> bool {
    let all = |words: &[&str], expected: f64| triple(words).is_some_and(|rgb| rgb.iter().all(|v| (v - expected).abs() < 1e-9));
    match words {
        ["DOMAIN_MIN", rest @ ..] => all(rest, 0.0),
        ["DOMAIN_MAX", rest @ ..] => all(rest, 1.0),
        ["LUT_3D_INPUT_RANGE", low, high] => all(&[*low; 3], 0.0) && all(&[*high; 3], 1.0),
        _ => false,
    }
}

impl Lut3d {
    /// Reads the text of a .cube file. Colours outside of 0 to 1 are clipped.
    ///
    /// # Errors
    /// [`CubeError`] with the line that cannot be used.
    pub fn from_cube(text: &str) -> Result<Self, CubeError> {
        let mut side = None;
        let mut entries: Vec<[u16; 3]> = Vec::new();
        for (index, content) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = index + 1;
            let words: Vec<&str> = content.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') || *first == "TITLE" => {}
                rest if is_unit_range(rest) => {}
                ["LUT_1D_SIZE", ..] => return Err(CubeError::OneDimensional { line }),
                ["LUT_3D_SIZE", number] => {
                    let points = number.parse().ok().filter(|n| SIDES.contains(n) && side.is_none() && entries.is_empty());
                    side = Some(points.ok_or(CubeError::Size { line })?);
                }
                ["DOMAIN_MIN" | "DOMAIN_MAX" | "LUT_3D_INPUT_RANGE", ..] => return Err(CubeError::Domain { line }),
                numbers => {
                    let color = triple(numbers).ok_or(CubeError::Syntax { line })?;
                    let points: u32 = side.ok_or(CubeError::Size { line })?;
                    let expected = (points * points * points) as usize;
                    if entries.len() == expected {
                        return Err(CubeError::Count { side: points, expected, found: expected + 1 });
                    }
                    entries.push(color.map(code));
                }
            }
        }
        let side = side.ok_or(CubeError::Size { line: text.lines().count().max(1) })?;
        let (expected, found) = ((side * side * side) as usize, entries.len());
        Self::new(side, entries).ok_or(CubeError::Count { side, expected, found })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u16")]
fn code(value: f64) -> u16 {
    (value * 65_535.0).round().clamp(0.0, 65_535.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "# made by hand\nTITLE \"x\"\nLUT_3D_SIZE 2\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 1.0 1.0 1.0\n\n";
    const BODY: &str = "0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1.5 1 -0.2\n";

    #[test]
    fn red_changes_fastest_and_colours_are_clipped() {
        let lut = Lut3d::from_cube(&format!("{HEAD}{BODY}")).unwrap();
        assert_eq!(lut.entries()[1], [65_535, 0, 0], "the second colour is red");
        assert_eq!(lut.entries()[7], [65_535, 65_535, 0], "the last is clipped");
    }

    #[test]
    fn problems_are_named_with_their_lines() {
        let read = |text: &str| Lut3d::from_cube(text).unwrap_err();
        assert_eq!(read("LUT_1D_SIZE 4"), CubeError::OneDimensional { line: 1 }, "1D");
        assert_eq!(read("LUT_3D_SIZE 400"), CubeError::Size { line: 1 }, "400");
        assert_eq!(read("0 0 0"), CubeError::Size { line: 1 }, "no size");
        assert_eq!(read(""), CubeError::Size { line: 1 }, "nothing");
        assert_eq!(read("LUT_3D_SIZE 2\nDOMAIN_MAX 2 2 2"), CubeError::Domain { line: 2 }, "domain");
        assert_eq!(read("LUT_3D_SIZE 2\n0 zero 0"), CubeError::Syntax { line: 2 }, "a word");
        assert_eq!(read("LUT_3D_SIZE 2\n0 inf 0"), CubeError::Syntax { line: 2 }, "infinity");
        assert_eq!(read("LUT_3D_SIZE 2\n0 0 0"), CubeError::Count { side: 2, expected: 8, found: 1 }, "cut off");
        assert_eq!(read(&format!("{HEAD}{BODY}0 0 0")), CubeError::Count { side: 2, expected: 8, found: 9 }, "too long");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(LUT_3D_SIZE 2\n)?[0-9eE+. \\-A-Z_\n]{0,200}") {
            let _outcome = Lut3d::from_cube(&text);
        }
    }
}
