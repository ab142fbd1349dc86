//! Draws the plan of a wall for `wall show`: cabinets with their names, ports by colour, and the way of the cables.
//!
//! What lies where is [`Diagram`]'s; here it only gets pixels. Colours are those of Okabe and Ito (2008), which people with
//! any colour vision tell apart; ports also carry their numbers, so that nothing hangs on colour alone.

mod canvas;

use canvas::{Canvas, Pen, Point};
use image::{Rgb, RgbImage};
use ocp809_calibration::pattern::font::GLYPH_HEIGHT;
use ocp809_sender::geometry::{PixelPoint, PixelRect};
use ocp809_sender::ids::PortIndex;
use ocp809_sender::wall::Wall;
pub use ocp809_sender::wall::diagram::View;
use ocp809_sender::wall::diagram::{CabinetBox, CablePath, Diagram};

/// One colour per port, repeating after eight.
const PORT_COLORS: [Rgb<u8>; 8] = [
    Rgb([0x56, 0xb4, 0xe9]),
    Rgb([0xe6, 0x9f, 0x00]),
    Rgb([0x00, 0x9e, 0x73]),
    Rgb([0xcc, 0x79, 0xa7]),
    Rgb([0xf0, 0xe4, 0x42]),
    Rgb([0xd5, 0x5e, 0x00]),
    Rgb([0x00, 0x72, 0xb2]),
    Rgb([0x99, 0x99, 0x99]),
];
const PAPER: Rgb<u8> = Rgb([0xff, 0xff, 0xff]);
const INK: Rgb<u8> = Rgb([0x10, 0x10, 0x10]);
const RASTER: Rgb<u8> = Rgb([0xe4, 0xe4, 0xe4]);

/// Longest side of a picture, in pixels: 8192 x 8192 take 200 MB.
const MAX_SIDE: f64 = 8192.0;
/// Shortest useful longest side.
const MIN_SIDE: f64 = 256.0;
/// Picture pixels per font pixel of the title and the legend.
const TITLE_SCALE: u32 = 2;
/// Picture rows of a line of the legend.
const LINE: u32 = 20;

/// The scale at which the longer side of the plan takes about `pixels` pixels.
#[must_use]
pub fn scale_for(wall: &Wall, pixels: u32) -> f64 {
    f64::from(pixels) / longest(&Diagram::new(wall, View::Front))
}

/// The plan of a wall as seen from one side, `scale` picture pixels per LED of the finest screen. The scale is brought to
/// where the longer side of the plan has between 256 and 8192 pixels.
#[must_use]
pub fn draw(wall: &Wall, view: View, scale: f64) -> RgbImage {
    let diagram = Diagram::new(wall, view);
    let wanted = if scale.is_finite() { scale } else { 1.0 };
    let scale = (wanted.max(0.0) * longest(&diagram)).clamp(MIN_SIDE, MAX_SIDE) / longest(&diagram);
    let legend = legend(wall);
    let to_picture = Transform { scale, top: LINE };
    let plan = to_picture.rect(PixelRect::new(0, 0, diagram.size.width, diagram.size.height));
    let legend_top = plan.y + plan.height;
    let lines = u32::try_from(legend.len()).unwrap_or(0).min(300);
    let width = legend.iter().map(LegendLine::width).max().unwrap_or(0).min(plan.width * 2).max(plan.width);
    let mut canvas = Canvas::new(width, legend_top + lines * LINE + LINE / 2, PAPER);
    let sheet = Sheet { wall, diagram: &diagram, to_picture };
    sheet.title(&mut canvas, view);
    sheet.screens(&mut canvas);
    diagram.cabinets.iter().for_each(|cabinet| sheet.cabinet(&mut canvas, cabinet));
    diagram.cables.iter().for_each(|cable| sheet.cable(&mut canvas, cable));
    for (line, y) in legend.iter().zip((legend_top..).step_by(LINE as usize)).take(lines as usize) {
        line.draw(&mut canvas, y);
    }
    canvas.into_image()
}

fn longest(diagram: &Diagram) -> f64 {
    f64::from(diagram.size.width.max(diagram.size.height).max(1))
}

/// The colour of a port, and one that can be read on it.
fn port_colors(port: PortIndex) -> (Rgb<u8>, Rgb<u8>) {
    let fill = PORT_COLORS.get(port.index() % PORT_COLORS.len()).copied().unwrap_or(PAPER);
    let [red, green, blue] = fill.0.map(u32::from);
    // Luma of ITU-R BT.709 in thousandths; the palette's darkest two want white.
    let ink = if 213 * red + 715 * green + 72 * blue < 100_000 { PAPER } else { INK };
    (fill, ink)
}

/// Coordinates of the diagram in pixels of the picture.
#[derive(Debug, Clone, Copy)]
struct Transform {
    scale: f64,
    /// Rows above the plan.
    top: u32,
}

impl Transform {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the plan has at most 8192 pixels; `as` saturates"
    )]
    fn length(self, units: u32) -> u32 {
        (f64::from(units) * self.scale).round() as u32
    }

    fn point(self, point: PixelPoint) -> Point {
        Point::at(self.length(point.x), self.length(point.y) + self.top)
    }

    /// Edges are rounded, not sizes, so that neighbours still touch.
    fn rect(self, rect: PixelRect) -> PixelRect {
        let (left, top) = (self.length(rect.x), self.length(rect.y));
        let (right, bottom) = (self.length(rect.x + rect.width), self.length(rect.y + rect.height));
        PixelRect::new(left, top + self.top, right - left, bottom - top)
    }
}

/// What is drawn, and where.
struct Sheet<'a> {
    wall: &'a Wall,
    diagram: &'a Diagram,
    to_picture: Transform,
}

impl Sheet<'_> {
    fn title(&self, canvas: &mut Canvas, view: View) {
        let side = match view {
            View::Front => "front",
            View::Back => "back",
        };
        canvas.text(&format!("{} - seen from the {side}", self.wall.name()), Point::at(8, 6), TITLE_SCALE, INK);
    }

    fn screens(&self, canvas: &mut Canvas) {
        let strip = self.to_picture.length(self.diagram.margin);
        for (drawn, screen) in self.diagram.screens.iter().zip(self.wall.screens()) {
            let rect = self.to_picture.rect(drawn.rect);
            canvas.fill(rect, RASTER);
            let name = format!("{}: {} x {}, {} mm", screen.id, screen.size.width, screen.size.height, screen.pitch_mm);
            let height = strip.min(GLYPH_HEIGHT * TITLE_SCALE);
            let above = PixelRect { y: rect.y.saturating_sub(strip.midpoint(height)), height, ..rect };
            canvas.text_in(&name, above, INK);
        }
    }

    fn cabinet(&self, canvas: &mut Canvas, drawn: &CabinetBox) {
        let Some(cabinet) = self.wall.cabinet(drawn.cabinet) else { return };
        let (fill, ink) = port_colors(drawn.port);
        let rect = self.to_picture.rect(drawn.rect);
        let modules: Vec<PixelRect> = drawn.modules.iter().map(|module| self.to_picture.rect(*module)).collect();
        for &module in &modules {
            canvas.fill(module, fill);
            if module.width.min(module.height) >= 12 {
                canvas.outline(module, Pen { color: mixed(fill, ink), width: 1 });
            }
        }
        let short = rect.width.min(rect.height);
        canvas.outline(rect, Pen { color: INK, width: (short / 40).clamp(1, 4) });
        self.top_left_mark(canvas, drawn, rect, ink);
        // Cables run through the middles, across and down: the name stands above and left of them, the number below and right.
        let upper = PixelRect { width: rect.width / 2, height: rect.height / 3, ..rect };
        let lower = PixelRect { x: rect.x + rect.width - upper.width, y: rect.y + rect.height - upper.height, ..upper };
        let number = format!("{}.{}", drawn.port.index() + 1, u32::from(drawn.place) + 1);
        let name_at = own_area(upper, &modules, lower);
        canvas.text_in(cabinet.id.as_str(), inset(name_at, 7), ink);
        canvas.text_in(&number, inset(own_area(lower, &modules, name_at), 5), ink);
    }

    /// A triangle in the corner that is the top left one of the cabinet as it was built.
    fn top_left_mark(&self, canvas: &mut Canvas, drawn: &CabinetBox, rect: PixelRect, ink: Rgb<u8>) {
        let side = i32::try_from(rect.width.min(rect.height) / 8).unwrap_or(0);
        let corner = self.to_picture.point(drawn.top_left);
        let last = Point::at(rect.x + rect.width.saturating_sub(1), rect.y + rect.height.saturating_sub(1));
        let corner = Point { x: corner.x.min(last.x), y: corner.y.min(last.y) };
        let middle = Point::middle_of(rect);
        let along = Point { x: corner.x + side * (middle.x - corner.x).signum(), y: corner.y };
        let down = Point { x: corner.x, y: corner.y + side * (middle.y - corner.y).signum() };
        canvas.triangle([corner, along, down], ink);
    }

    fn cable(&self, canvas: &mut Canvas, cable: &CablePath) {
        let points: Vec<Point> = cable.points.iter().map(|&point| self.to_picture.point(point)).collect();
        let boxes = self.diagram.cabinets.iter().filter(|c| c.port == cable.port);
        let short = boxes.map(|c| self.to_picture.length(c.rect.width.min(c.rect.height))).min().unwrap_or(0);
        let width = (short / 20).clamp(1, 12);
        // A light edge keeps the cable visible on every colour.
        for pen in [Pen { color: PAPER, width: width + 2 }, Pen { color: INK, width }] {
            points.windows(2).for_each(|pair| canvas.line(pair, pen));
        }
        for pair in points.windows(2) {
            canvas.arrow(pair, width * 2 + 2, PAPER, INK);
        }
        // A full dot where the cable comes from the sender, an empty one where a loop comes back.
        let mut dot = |at: Option<&Point>, inner: Rgb<u8>| {
            if let Some(&at) = at {
                canvas.disc(at, width * 2 + 1, PAPER);
                canvas.disc(at, width * 2, INK);
                canvas.disc(at, width, inner);
            }
        };
        dot(points.first(), INK);
        dot(points.last().filter(|_| cable.returns && points.len() > 1), PAPER);
    }
}

/// The wanted area; where its middle is no LED of the cabinet (another cabinet's may be there), a module that keeps clear of
/// the other label.
fn own_area(wanted: PixelRect, modules: &[PixelRect], other: PixelRect) -> PixelRect {
    let middle = PixelPoint::new(wanted.x + wanted.width / 2, wanted.y + wanted.height / 2);
    if modules.iter().any(|module| module.contains(middle)) {
        return wanted;
    }
    modules.iter().find(|module| module.intersection(other).is_none()).copied().unwrap_or(wanted)
}

/// The rectangle without `1 / part` of its height and width on each side.
fn inset(rect: PixelRect, part: u32) -> PixelRect {
    let (across, down) = (rect.width / part, rect.height / part);
    PixelRect::new(rect.x + across, rect.y + down, rect.width - 2 * across, rect.height - 2 * down)
}

/// The colour in the middle of two.
fn mixed(a: Rgb<u8>, b: Rgb<u8>) -> Rgb<u8> {
    let [red, green, blue] = a.0;
    let [other_red, other_green, other_blue] = b.0;
    Rgb([red.midpoint(other_red), green.midpoint(other_green), blue.midpoint(other_blue)])
}

/// A line of the legend: what a port's colour and number stand for.
struct LegendLine {
    port: PortIndex,
    text: String,
}

fn legend(wall: &Wall) -> Vec<LegendLine> {
    let ports = wall.ports().iter().zip(0_u16..);
    ports
        .map(|(port, index)| {
            let pixels: u64 = wall.cascade(port).map(|cabinet| u64::from(cabinet.memory_pixels)).sum();
            let redundant = if port.redundant { ", loop" } else { "" };
            let (number, cards) = (index + 1, port.cascade.len());
            let text = format!("{number}.1 to {number}.{cards}: port {}, {pixels} pixels{redundant}", port.id);
            LegendLine { port: PortIndex(index), text }
        })
        .collect()
}

impl LegendLine {
    /// Columns up to the end of the text, and a margin.
    fn width(&self) -> u32 {
        40 + canvas::text_width(&self.text, TITLE_SCALE)
    }

    fn draw(&self, canvas: &mut Canvas, y: u32) {
        let swatch = PixelRect::new(8, y, 16, 16);
        canvas.fill(swatch, port_colors(self.port).0);
        canvas.outline(swatch, Pen { color: INK, width: 1 });
        canvas.text(&self.text, Point::at(32, y + 1), TITLE_SCALE, INK);
    }
}

#[cfg(test)]
mod tests {
    use ocp809_sender::geometry::PixelSize;
    use ocp809_sender::wall::WallSpec;
    use ocp809_sender::wall::layout::{Grid, serpentine};

    use super::*;

    /// Two ports of two cabinets each: A1 A2 on the first, B2 B1 on the second.
    fn wall() -> Wall {
        let grid = Grid { modules: PixelSize::new(2, 1), ports: 2, ..Grid::new(2, 2, PixelSize::new(64, 128)) };
        Wall::from_spec(&serpentine(&grid).unwrap()).unwrap()
    }

    fn sample(name: &str) -> Wall {
        let path = format!("{}/../assets/walls/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let spec: WallSpec = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Wall::from_spec(&spec).unwrap()
    }

    fn count(image: &RgbImage, color: Rgb<u8>) -> usize {
        image.pixels().filter(|&&pixel| pixel == color).count()
    }

    #[test]
    fn each_port_has_its_colour_and_the_rest_is_paper() {
        let image = draw(&wall(), View::Front, 2.0);
        let (first, second) = (count(&image, PORT_COLORS[0]), count(&image, PORT_COLORS[1]));
        // Two cabinets of 256 x 256 picture pixels each, less lines and letters.
        for found in [first, second] {
            assert!((100_000..131_072).contains(&found), "{found} pixels of a port's colour");
        }
        assert_eq!(count(&image, PORT_COLORS[2]), 0, "no third port");
        assert_eq!(image.get_pixel(image.width() - 1, image.height() / 2), &PAPER, "the margin");
    }

    #[test]
    fn holes_show_the_raster_of_the_screen() {
        let image = draw(&sample("irregular"), View::Front, 1.0);
        let whole = draw(&sample("demo"), View::Front, 1.0);
        assert!(count(&image, RASTER) > 15_000, "the holes of the irregular wall");
        assert_eq!(count(&whole, RASTER), 0, "the demo wall has none");
    }

    #[test]
    fn the_back_swaps_sides_but_letters_stay_readable() {
        let mut spec = serpentine(&Grid { ports: 2, ..Grid::new(2, 1, PixelSize::new(200, 200)) }).unwrap();
        spec.name = "W".to_owned();
        let wall = Wall::from_spec(&spec).unwrap();
        let (front, back) = (draw(&wall, View::Front, 1.0), draw(&wall, View::Back, 1.0));
        let left = |image: &RgbImage| *image.get_pixel(image.width().min(432) / 4, LINE + 16 + 60);
        assert_eq!((left(&front), left(&back)), (PORT_COLORS[0], PORT_COLORS[1]), "the first port is at the left of the front");
        let mirrored = image::imageops::flip_horizontal(&front);
        assert!(mirrored != back, "a mirror image would have mirrored letters");
    }

    #[test]
    fn any_scale_gives_a_picture_of_bounded_size() {
        for scale in [0.0, -1.0, 1e-9, 1e12, f64::NAN, f64::INFINITY] {
            let image = draw(&wall(), View::Front, scale);
            let longest = image.width().max(image.height());
            assert!((256..=8192 + 2 * LINE + 400).contains(&longest), "{scale} gives {longest} pixels");
        }
        let image = draw(&wall(), View::Back, scale_for(&wall(), 1000));
        assert!((1000..1100).contains(&image.height()), "{} rows", image.height());
    }

    #[test]
    fn every_sample_wall_can_be_drawn() {
        for name in ["demo", "full-hd", "irregular", "pass-through", "two-pitches", "two-protocols"] {
            let wall = sample(name);
            let image = draw(&wall, View::Front, scale_for(&wall, 900));
            let used = (0..wall.ports().len()).filter(|&port| count(&image, PORT_COLORS[port]) > 1000).count();
            assert_eq!(used, wall.ports().len(), "{name} shows all its ports");
        }
    }
}
