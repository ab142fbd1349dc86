//! The plan of a wall for people who hang and cable it, as data: where cabinets lie, what feeds them, how the cable runs.
//! Whoever has pixels or vectors to draw with draws it.
//!
//! Screens stand below each other on one sheet, true to size: a unit is the distance of two LEDs on the finest screen.

use super::{Cabinet, Screen, Wall};
use crate::geometry::{PixelPoint, PixelRect, PixelSize};
use crate::ids::{CabinetIndex, PortIndex, ScreenIndex};

/// A screen whose pitch is coarser still is drawn this many times as large as the finest, so that sheets stay countable.
const MAX_RATIO: f64 = 16.0;

/// The side of the wall that one looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    /// As the audience sees it.
    #[default]
    Front,
    /// As those see it who cable it: left and right swapped.
    Back,
}

/// A wall on a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagram {
    /// The sheet, margins included.
    pub size: PixelSize,
    /// Free space around every screen; the strip above a screen can carry its name.
    pub margin: u32,
    /// Screens, in the wall's order.
    pub screens: Vec<ScreenBox>,
    /// Cabinets, in the wall's order.
    pub cabinets: Vec<CabinetBox>,
    /// One path per port that has cabinets.
    pub cables: Vec<CablePath>,
}

/// A screen's raster on the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScreenBox {
    /// The screen.
    pub screen: ScreenIndex,
    /// Its place on the sheet.
    pub rect: PixelRect,
}

/// A cabinet on the sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CabinetBox {
    /// The cabinet.
    pub cabinet: CabinetIndex,
    /// Its bounding box.
    pub rect: PixelRect,
    /// Its modules: what of the box has LEDs.
    pub modules: Vec<PixelRect>,
    /// The corner that is the top left one of the cabinet as it was built.
    pub top_left: PixelPoint,
    /// The port that feeds it, by which it is coloured.
    pub port: PortIndex,
    /// Place in the cascade, 0 nearest to the sender.
    pub place: u16,
}

/// The cable of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CablePath {
    /// The port.
    pub port: PortIndex,
    /// The middles of its cabinets in the order of the cascade.
    pub points: Vec<PixelPoint>,
    /// Whether a second cable comes back from the last cabinet.
    pub returns: bool,
}

impl Diagram {
    /// The wall as it is seen from one side.
    #[must_use]
    pub fn new(wall: &Wall, view: View) -> Self {
        let finest = wall.screens().iter().map(|s| s.pitch_mm).fold(f64::INFINITY, f64::min);
        let spread = |screen: &Screen| Spread { ratio: (screen.pitch_mm / finest).min(MAX_RATIO), x: 0, y: 0 };
        let sizes: Vec<PixelSize> = wall.screens().iter().map(|s| spread(s).size(s.size)).collect();
        let widest = sizes.iter().map(|s| s.width).max().unwrap_or(0);
        let margin = (sizes.iter().map(|s| s.width.max(s.height)).max().unwrap_or(0) / 24).max(8);
        let mut y = margin;
        let mut spreads = Vec::with_capacity(sizes.len());
        for (screen, size) in wall.screens().iter().zip(&sizes) {
            spreads.push(Spread { x: margin + (widest - size.width) / 2, y, ..spread(screen) });
            y += size.height + margin;
        }
        let mut diagram = Self {
            size: PixelSize::new(widest + 2 * margin, y),
            margin,
            screens: screen_boxes(wall, &spreads),
            cabinets: wall.cabinets().iter().zip(0..).filter_map(|(c, i)| cabinet_box(wall, c, i, &spreads)).collect(),
            cables: Vec::new(),
        };
        if view == View::Back {
            diagram.swap_sides();
        }
        diagram.cables = diagram.cables_of(wall);
        diagram
    }

    /// The cabinet at a point of the sheet, the one with an LED there first.
    #[must_use]
    pub fn cabinet_at(&self, point: PixelPoint) -> Option<&CabinetBox> {
        let lit = self.cabinets.iter().find(|c| c.modules.iter().any(|m| m.contains(point)));
        lit.or_else(|| self.cabinets.iter().find(|c| c.rect.contains(point)))
    }

    fn cables_of(&self, wall: &Wall) -> Vec<CablePath> {
        let middle = |index: &CabinetIndex| {
            let rect = self.cabinets.get(index.index())?.rect;
            Some(PixelPoint::new(rect.x + rect.width / 2, rect.y + rect.height / 2))
        };
        let ports = wall.ports().iter().zip(0_u16..).filter(|(port, _)| !port.cascade.is_empty());
        ports
            .map(|(port, index)| CablePath {
                port: PortIndex(index),
                points: port.cascade.iter().filter_map(middle).collect(),
                returns: port.redundant,
            })
            .collect()
    }

    fn swap_sides(&mut self) {
        let width = self.size.width;
        let swap = |rect: &mut PixelRect| rect.x = width - rect.x - rect.width;
        self.screens.iter_mut().for_each(|screen| swap(&mut screen.rect));
        for cabinet in &mut self.cabinets {
            swap(&mut cabinet.rect);
            cabinet.modules.iter_mut().for_each(swap);
            cabinet.top_left.x = width - cabinet.top_left.x;
        }
    }
}

fn screen_boxes(wall: &Wall, spreads: &[Spread]) -> Vec<ScreenBox> {
    let screens = wall.screens().iter().zip(spreads).zip(0_u16..);
    screens
        .map(|((screen, spread), index)| ScreenBox {
            screen: ScreenIndex(index),
            rect: spread.rect(PixelRect::new(0, 0, screen.size.width, screen.size.height)),
        })
        .collect()
}

fn cabinet_box(wall: &Wall, cabinet: &Cabinet, index: u32, spreads: &[Spread]) -> Option<CabinetBox> {
    let spread = spreads.get(cabinet.screen.index())?;
    let rect = spread.rect(cabinet.rect);
    // On a raster of 2 x 2 every corner is a pixel.
    let corner = cabinet.orientation.place(PixelPoint::new(0, 0), PixelSize::new(2, 2));
    Some(CabinetBox {
        cabinet: CabinetIndex(index),
        rect,
        modules: wall.modules_of(cabinet).iter().map(|module| spread.rect(module.rect)).collect(),
        top_left: PixelPoint::new(rect.x + corner.x * rect.width, rect.y + corner.y * rect.height),
        port: cabinet.port,
        place: cabinet.place,
    })
}

/// How a screen's raster is spread on the sheet.
#[derive(Debug, Clone, Copy)]
struct Spread {
    ratio: f64,
    x: u32,
    y: u32,
}

impl Spread {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rasters and ratios are positive and limited; `as` saturates"
    )]
    fn scaled(self, length: u32) -> u32 {
        (f64::from(length) * self.ratio).round() as u32
    }

    fn size(self, size: PixelSize) -> PixelSize {
        PixelSize::new(self.scaled(size.width), self.scaled(size.height))
    }

    /// Edges are rounded, not sizes, so that neighbours still touch.
    fn rect(self, rect: PixelRect) -> PixelRect {
        let (left, top) = (self.scaled(rect.x), self.scaled(rect.y));
        let (right, bottom) = (self.scaled(rect.x + rect.width), self.scaled(rect.y + rect.height));
        PixelRect::new(self.x + left, self.y + top, right - left, bottom - top)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wall::arbitrary::walls;
    use crate::wall::layout::{Grid, serpentine};

    fn wall() -> Wall {
        let mut spec = serpentine(&Grid::new(3, 2, PixelSize::new(64, 32))).unwrap();
        spec.ports[0].redundant = true;
        spec.cabinets.iter_mut().find(|c| c.id.as_str() == "B1").unwrap().rotation = 180;
        Wall::from_spec(&spec).unwrap()
    }

    #[test]
    fn the_front_is_the_audiences_and_the_back_swaps_sides() {
        let (front, back) = (Diagram::new(&wall(), View::Front), Diagram::new(&wall(), View::Back));
        // 192 x 64 LEDs and a margin of 8 all around.
        assert_eq!((front.size, front.margin, back.size), (PixelSize::new(208, 80), 8, front.size), "the sheet");
        assert_eq!(front.cabinets[0].rect, PixelRect::new(8, 8, 64, 32), "A1 at the left");
        assert_eq!(back.cabinets[0].rect, PixelRect::new(136, 8, 64, 32), "and from behind at the right");
        let path = |diagram: &Diagram| diagram.cables[0].points.iter().map(|p| (p.x, p.y)).collect::<Vec<_>>();
        assert_eq!(path(&front), [(40, 24), (104, 24), (168, 24), (168, 56), (104, 56), (40, 56)], "there and back");
        assert_eq!(path(&back), [(168, 24), (104, 24), (40, 24), (40, 56), (104, 56), (168, 56)], "seen from behind");
        assert!(front.cables[0].returns, "a loop comes back");
        let upside_down = front.cabinets.iter().find(|c| c.rect.y == 40 && c.rect.x == 8).unwrap();
        assert_eq!(upside_down.top_left, PixelPoint::new(72, 72), "its top left corner is at the bottom right");
        assert_eq!(front.cabinet_at(PixelPoint::new(9, 9)).map(|c| c.cabinet), Some(CabinetIndex(0)), "A1");
        assert_eq!(front.cabinet_at(PixelPoint::new(1, 1)), None, "the margin");
    }

    #[test]
    fn screens_of_different_pitch_are_drawn_true_to_size() {
        let mut spec = serpentine(&Grid::new(2, 1, PixelSize::new(100, 100))).unwrap();
        let mut side = spec.screens[0].clone();
        (side.id, side.pitch_mm) = ("side".into(), 2.0 * side.pitch_mm);
        spec.screens.push(side);
        spec.cabinets[1].screen = "side".into();
        let diagram = Diagram::new(&Wall::from_spec(&spec).unwrap(), View::Front);
        let [main, side] = diagram.screens.as_slice() else { panic!("two screens") };
        assert_eq!((main.rect.width, side.rect.width), (200, 400), "twice the pitch, twice the size");
        assert!(side.rect.y >= main.rect.y + main.rect.height + diagram.margin, "below each other");
    }

    proptest! {
        #[test]
        fn everything_lies_on_its_screen_and_modules_stay_apart(spec in walls(), back: bool) {
            let wall = Wall::from_spec(&spec).unwrap();
            let diagram = Diagram::new(&wall, if back { View::Back } else { View::Front });
            let sheet = PixelRect::new(0, 0, diagram.size.width, diagram.size.height);
            let mut modules = Vec::new();
            for (drawn, cabinet) in diagram.cabinets.iter().zip(wall.cabinets()) {
                let screen = diagram.screens[cabinet.screen.index()].rect;
                prop_assert!(screen.contains_rect(drawn.rect) && sheet.contains_rect(screen), "on its screen");
                prop_assert!(drawn.modules.iter().all(|m| drawn.rect.contains_rect(*m)), "modules in their cabinet");
                modules.extend(drawn.modules.iter().copied());
            }
            for (i, a) in modules.iter().enumerate() {
                prop_assert!(modules.iter().skip(i + 1).all(|b| a.intersection(*b).is_none()), "no two modules share a place");
            }
            let stops: usize = diagram.cables.iter().map(|cable| cable.points.len()).sum();
            prop_assert_eq!(stops, wall.cabinets().len(), "each cabinet is on one cable");
        }
    }
}
