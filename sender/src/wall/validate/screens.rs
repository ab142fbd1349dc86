//! Screens: raster, pitch, source rectangle, brightness limit and chromaticities.

use super::numbers;
use crate::geometry::PixelRect;
use crate::wall::Screen;
use crate::wall::limits::{MAX_PIXELS, MAX_RASTER};
use crate::wall::path::DocPath;
use crate::wall::problem::{Problems, WallFault};
use crate::wall::spec::{PrimariesSpec, ScreenSpec, WallSpec};

/// All screens; their values are meaningful only where nothing was reported.
pub(in crate::wall) fn resolve(spec: &WallSpec, problems: &mut Problems) -> Vec<Screen> {
    spec.screens.iter().enumerate().map(|(i, screen)| resolve_one(screen, &DocPath::entry("screen", i), problems)).collect()
}

fn resolve_one(spec: &ScreenSpec, here: &DocPath, problems: &mut Problems) -> Screen {
    let at_size = here.key("size");
    if numbers::not_empty(at_size.clone(), spec.size, problems) && spec.size.area() > MAX_PIXELS {
        problems.push(at_size, WallFault::TooManyPixels { pixels: spec.size.area(), limit: MAX_PIXELS });
    }
    for (key, length) in [("width", spec.size.width), ("height", spec.size.height)] {
        if length > MAX_RASTER {
            numbers::range(here.key("size").key(key), f64::from(length), [1.0, f64::from(MAX_RASTER)], " pixels", problems);
        }
    }
    let source = spec.source.unwrap_or(PixelRect::new(0, 0, spec.size.width, spec.size.height));
    if spec.source.is_some() {
        check_source(source, &here.key("source"), problems);
    }
    numbers::range(here.key("pitch_mm"), spec.pitch_mm, [0.1, 1000.0], " mm", problems);
    numbers::range(here.key("brightness_limit_percent"), spec.brightness_limit_percent, [0.1, 100.0], " %", problems);
    if let Some(nits) = spec.peak_nits {
        numbers::range(here.key("peak_nits"), nits, [1.0, 100_000.0], " cd/m2", problems);
    }
    if let Some(primaries) = &spec.primaries {
        check_primaries(primaries, &here.key("primaries"), problems);
    }
    Screen {
        id: spec.id.clone(),
        size: spec.size,
        pitch_mm: spec.pitch_mm,
        source,
        brightness_limit: spec.brightness_limit_percent / 100.0,
        peak_nits: spec.peak_nits,
        primaries: spec.primaries,
    }
}

fn check_source(source: PixelRect, here: &DocPath, problems: &mut Problems) {
    numbers::not_empty(here.clone(), source.size(), problems);
    let most = f64::from(MAX_RASTER);
    for (key, start, length) in [("x", source.x, source.width), ("y", source.y, source.height)] {
        let end = f64::from(start) + f64::from(length);
        if end > most {
            numbers::range(here.key(key), end, [1.0, most], " pixels to its end", problems);
        }
    }
}

fn check_primaries(primaries: &PrimariesSpec, here: &DocPath, problems: &mut Problems) {
    let mut good = true;
    let PrimariesSpec { red, green, blue, white } = *primaries;
    for (key, [x, y]) in [("red", red), ("green", green), ("blue", blue), ("white", white)] {
        // NaN fails every comparison, so the condition is written as what must hold.
        let real = x > 0.0 && y > 0.0 && x + y <= 1.0;
        if !real {
            problems.push(here.key(key), WallFault::BadChromaticity { x, y });
            good = false;
        }
    }
    if good && !inside_triangle(white, [red, green, blue]) {
        problems.push(here.key("white"), WallFault::WhiteOutside { x: white[0], y: white[1] });
    }
}

/// Whether `p` lies strictly inside of the triangle; never for a triangle without area.
fn inside_triangle(p: [f64; 2], [a, b, c]: [[f64; 2]; 3]) -> bool {
    let side = |[ax, ay]: [f64; 2], [bx, by]: [f64; 2]| (bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax);
    let sides = [side(a, b), side(b, c), side(c, a)];
    sides.iter().all(|&s| s > 0.0) || sides.iter().all(|&s| s < 0.0)
}
