//! What the patterns show, pixel by pixel.

use ocp809_sender::geometry::{PixelRect, PixelSize};
use ocp809_sender::wall::Wall;
use ocp809_sender::wall::layout::{Grid, serpentine};
use proptest::prelude::*;

use super::catalog::PATTERNS;
use super::{Depth, Pattern, PatternError, Renderer, picture_size};

/// A picture as 16-bit codes, whatever depth it was drawn in.
struct Picture {
    width: usize,
    pixels: Vec<[u16; 3]>,
}

impl Picture {
    fn draw(text: &str, size: PixelSize, wall: Option<&Wall>, frame: u64) -> Self {
        let pattern: Pattern = text.parse().unwrap();
        let mut renderer = Renderer::new(&pattern, size, wall).unwrap();
        let mut bytes = vec![0xa5; renderer.frame_bytes()];
        renderer.render(frame, &mut bytes);
        let pixels = match renderer.depth() {
            Depth::Eight => bytes.as_chunks::<3>().0.iter().map(|rgb| rgb.map(|code| u16::from(code) * 257)).collect(),
            Depth::Sixteen => {
                let words: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|word| u16::from_le_bytes(*word)).collect();
                words.as_chunks::<3>().0.to_vec()
            }
        };
        Self { width: size.width as usize, pixels }
    }

    fn at(&self, x: usize, y: usize) -> [u16; 3] {
        self.pixels[y * self.width + x]
    }

    fn row(&self, y: usize) -> &[[u16; 3]] {
        &self.pixels[y * self.width..][..self.width]
    }

    fn share_of_white(&self) -> f64 {
        let lit = u32::try_from(self.pixels.iter().filter(|pixel| **pixel == [65535; 3]).count()).unwrap();
        f64::from(lit) / f64::from(u32::try_from(self.pixels.len()).unwrap())
    }
}

const SIZE: PixelSize = PixelSize::new(192, 96);

fn wall() -> Wall {
    Wall::from_spec(&serpentine(&Grid::new(3, 2, PixelSize::new(64, 48))).unwrap()).unwrap()
}

#[test]
fn flat_fields_have_the_code_of_their_level() {
    for (text, expected) in [
        ("black", [0, 0, 0]),
        ("white", [65535, 65535, 65535]),
        ("red", [65535, 0, 0]),
        ("cyan?level=20", [0, 13107, 13107]),
        ("magenta?20%", [13107, 0, 13107]),
        ("grey?level=0.01", [7, 7, 7]),
    ] {
        let picture = Picture::draw(text, SIZE, None, 0);
        assert!(picture.pixels.iter().all(|pixel| *pixel == expected), "{text}");
    }
}

#[test]
fn ramps_hold_both_ends_and_rise_evenly() {
    let picture = Picture::draw("ramp", SIZE, None, 0);
    let row = picture.row(95);
    assert_eq!((row[0], row[191]), ([0; 3], [65535; 3]), "ends");
    for pair in row.windows(2) {
        let step = i32::from(pair[1][0]) - i32::from(pair[0][0]);
        // 65535 / 191 = 343.1
        assert!((343..=344).contains(&step), "step of {step}");
    }
    let falling = Picture::draw("ramp?direction=vertical&color=green&from=50&to=10", SIZE, None, 0);
    assert_eq!((falling.at(7, 0), falling.at(7, 95)), ([0, 32768, 0], [0, 6554, 0]), "a green ramp downwards");
    let single = Picture::draw("ramp", PixelSize::new(1, 1), None, 0);
    assert_eq!(single.at(0, 0), [0; 3], "one pixel is the first");
}

#[test]
fn low_grey_has_equal_fields_in_equal_steps() {
    let picture = Picture::draw("low-grey?top=6&steps=16", SIZE, None, 0);
    let top = 3932_u32; // 6 % of 65535
    for (step, field) in (0..).zip(picture.row(3).chunks(12)) {
        let expected = u16::try_from((top * step * 2 + 15) / 30).unwrap();
        assert!(field.iter().all(|pixel| *pixel == [expected; 3]), "step {step}: {field:?}");
    }
}

#[test]
fn grids_and_checkers_are_one_pixel_fine() {
    let grid = Picture::draw("grid?cell=16", PixelSize::new(40, 40), None, 0);
    for (x, y, lit) in [(0, 5, true), (15, 5, false), (16, 5, true), (17, 5, false), (39, 5, true), (5, 32, true), (5, 39, true)]
    {
        assert_eq!(grid.at(x, y) == [65535; 3], lit, "({x}, {y})");
    }
    let checker = Picture::draw("checker", PixelSize::new(5, 5), None, 0);
    for (x, y) in (0..5).flat_map(|y| (0..5).map(move |x| (x, y))) {
        assert_eq!(checker.at(x, y) == [65535; 3], (x + y) % 2 == 0, "({x}, {y})");
    }
    let coarse = Picture::draw("checker?cell=3", PixelSize::new(9, 9), None, 0);
    assert_eq!([coarse.at(2, 2), coarse.at(3, 2), coarse.at(3, 3)], [[65535; 3], [0; 3], [65535; 3]], "squares of three");
}

#[test]
fn bars_stand_where_the_standard_puts_them() {
    let bars = Picture::draw("bars", PixelSize::new(840, 120), None, 0);
    let on = 49151; // 75 % = 191.25 of 255, drawn in 16 bits
    let expected = [[on, on, on], [on, on, 0], [0, on, on], [0, on, 0], [on, 0, on], [on, 0, 0], [0, 0, on]];
    for (bar, codes) in expected.into_iter().enumerate() {
        assert_eq!([bars.at(bar * 120, 0), bars.at(bar * 120 + 119, 79)], [codes; 2], "upper bar {bar}");
        let blue_below = bars.at(bar * 120 + 60, 85)[2];
        assert!(blue_below == codes[2] || bar % 2 == 1, "reverse bar {bar} shares the blue of the bar above");
    }
    assert_eq!(bars.at(200, 110), [65535; 3], "white patch");
    assert_eq!([bars.at(605, 110), bars.at(645, 110), bars.at(685, 110)].map(|p| p[0] / 257), [0, 5, 10], "PLUGE");
}

#[test]
fn moving_bars_move_by_their_speed_and_come_back() {
    let at = |frame| Picture::draw("moving-bars?width=8&speed=3&color=red", SIZE, None, frame);
    let (first, second) = (at(0), at(1));
    assert_eq!(first.row(0)[..16].iter().map(|p| p[0] / 65535).sum::<u16>(), 8, "half of a period is lit");
    assert_eq!(first.row(0)[..180], second.row(0)[3..183], "moved by three");
    assert_eq!(at(16).pixels, first.pixels, "16 frames x 3 = three periods");
    assert_eq!(at(u64::MAX).row(0).len(), 192, "the last frame index overflows nothing");
}

#[test]
fn zone_plates_are_symmetric_and_end_at_one_pixel() {
    let size = PixelSize::new(256, 256);
    let plate = Picture::draw("zone-plate", size, None, 0);
    for (x, y) in [(0, 0), (3, 100), (77, 12)] {
        assert_eq!(plate.at(x, y), plate.at(255 - x, y), "left and right");
        assert_eq!(plate.at(x, y), plate.at(y, x), "square");
    }
    assert!(plate.at(128, 128)[0] > 65000, "white in the middle");
    let rises: Vec<bool> = plate.row(128)[240..254].windows(2).map(|pair| pair[1][0] > pair[0][0]).collect();
    assert!(rises.windows(2).all(|pair| pair[0] != pair[1]), "at the edge each pixel turns back: {rises:?}");
    let moved = Picture::draw("zone-plate?speed=50", size, None, 1);
    assert!(moved.at(128, 128)[0] < 500, "half a ring later the middle is black");
}

#[test]
fn cabinets_are_framed_named_and_marked() {
    let wall = wall();
    assert_eq!(picture_size(&wall), SIZE, "3 x 2 cabinets of 64 x 48");
    let picture = Picture::draw("cabinets", SIZE, Some(&wall), 0);
    for cabinet in wall.cabinets() {
        let PixelRect { x, y, width, height } = cabinet.rect;
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = (left + width as usize - 1, top + height as usize - 1);
        for (column, row) in [(left, top), (right, top), (left, bottom), (right, bottom), (left, top + 9), (right, top + 9)] {
            assert_eq!(picture.at(column, row), [65535; 3], "frame of {} at ({column}, {row})", cabinet.id);
        }
        assert_eq!(picture.at(left + 3, top + 3), [65535; 3], "mark of {}", cabinet.id);
        assert_ne!(picture.at(right - 3, top + 3), [65535; 3], "no mark in the other corner of {}", cabinet.id);
    }
    let ink_of = |column: usize| {
        let cells = (5..30).flat_map(|y| (10..54).map(move |x| (x, y)));
        cells.map(|(x, y)| picture.at(column * 64 + x, y) == [65535; 3]).collect::<Vec<bool>>()
    };
    assert_ne!(ink_of(0), ink_of(1), "two names");
    assert!(ink_of(0).iter().filter(|&&lit| lit).count() > 100, "the name is large");
}

#[test]
fn ports_number_their_cascade() {
    let wall = wall();
    let picture = Picture::draw("ports", SIZE, Some(&wall), 0);
    assert_eq!(picture.at(2, 2), picture.at(66, 2), "one port, one colour");
    let pattern: Pattern = "ports".parse().unwrap();
    assert!(pattern.needs_wall(), "said beforehand");
    assert_eq!(Renderer::new(&pattern, SIZE, None).map(|_| ()), Err(PatternError::NeedsWall), "and refused");
}

#[test]
fn a_focus_chart_is_half_white_and_knows_cabinets() {
    let whole = Picture::draw("focus", SIZE, None, 0);
    assert!((0.1..0.6).contains(&whole.share_of_white()), "{}", whole.share_of_white());
    let each = Picture::draw("focus", SIZE, Some(&wall()), 0);
    assert_eq!(each.row(7)[..64], each.row(7)[64..128], "the same in each cabinet");
    assert_ne!(each.pixels, whole.pixels, "with a wall one in each cabinet");
}

#[test]
fn sizes_that_cannot_be_drawn_are_refused() {
    let pattern: Pattern = "white".parse().unwrap();
    for (width, height) in [(0, 1), (1, 0), (16_385, 1), (1, u32::MAX)] {
        let refused = Renderer::new(&pattern, PixelSize::new(width, height), None).map(|_| ());
        assert_eq!(refused, Err(PatternError::Size { width, height, largest: 16_384 }), "{width}x{height}");
    }
}

proptest! {
    #[test]
    fn every_pattern_fills_every_picture_and_repeats_itself(
        info in prop::sample::select(PATTERNS.to_vec()),
        width in 1_u32..90,
        height in 1_u32..70,
        frame in any::<u64>(),
    ) {
        let (size, wall) = (PixelSize::new(width, height), wall());
        let pattern: Pattern = info.name.parse().unwrap();
        let mut renderer = Renderer::new(&pattern, size, Some(&wall)).unwrap();
        let mut pictures = [vec![0x00; renderer.frame_bytes()], vec![0xff; renderer.frame_bytes()]];
        for picture in &mut pictures {
            renderer.render(frame, picture);
        }
        prop_assert_eq!(&pictures[0], &pictures[1], "{}: every byte is written, and always the same", info.name);
        if !pattern.is_animated() {
            renderer.render(frame.wrapping_add(1), &mut pictures[0]);
            prop_assert_eq!(&pictures[0], &pictures[1], "{} stands still", info.name);
        }
        // A buffer that is too short is filled as far as whole rows go.
        let short = pictures[0].len() / 2;
        renderer.render(frame, &mut pictures[0][..short]);
    }
}
