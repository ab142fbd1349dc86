//! Makes the document of a rectangular wall of equal cabinets: the start of most walls, and of most tests.

use super::limits::{MAX_CASCADE, MAX_PORTS};
use super::spec::{
    Addressing, AppliedAt, CabinetModelSpec, CabinetSpec, ColorOrder, LinkSpec, ModuleModelSpec, ModulePlaceSpec, PortSpec,
    ProtocolKind, ScreenSpec, WALL_SCHEMA_VERSION, WallSpec,
};
use crate::geometry::PixelSize;
use crate::ids::{CabinetId, CabinetModelId, ModuleModelId, PortId, ScreenId};

/// A rectangle of equal cabinets, each a rectangle of equal modules. Start from [`Grid::new`] and change fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The wall's name.
    pub name: String,
    /// Cabinets side by side.
    pub columns: u32,
    /// Cabinets on top of each other.
    pub rows: u32,
    /// Pixels of one module.
    pub module: PixelSize,
    /// Modules of one cabinet: columns and rows.
    pub modules: PixelSize,
    /// Ports, each with an equal share of the cabinets along the cable.
    pub ports: u16,
    /// What the ports speak.
    pub protocol: ProtocolKind,
    /// The ports' links.
    pub link: LinkSpec,
    /// Distance between two LEDs, in millimetres.
    pub pitch_mm: f64,
}

/// Why a layout is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A count or size is 0, or a product is larger than a raster can be.
    #[error(
        "{columns} x {rows} cabinets of {} x {} modules of {} x {} pixels make no raster: all must be at least 1, \
         and the whole less than 2^32 wide and high", .modules.width, .modules.height, .module.width, .module.height
    )]
    NoRaster {
        /// Cabinets side by side.
        columns: u32,
        /// Cabinets on top of each other.
        rows: u32,
        /// Modules per cabinet.
        modules: PixelSize,
        /// Pixels per module.
        module: PixelSize,
    },
    /// The cabinets cannot be spread over this many ports.
    #[error("{cabinets} cabinets cannot be spread over {ports} ports; choose {least} to {most} ports")]
    Ports {
        /// All cabinets.
        cabinets: u64,
        /// Ports asked for.
        ports: u16,
        /// Fewest ports for this many cabinets.
        least: u64,
        /// Most ports: one per cabinet.
        most: u64,
    },
}

/// The way of the cable from cabinet to cabinet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CableOrder {
    /// Row by row, each from left to right.
    Raster,
    /// Row by row, the first from left to right, the next back from right to left: the shortest cables.
    Serpentine,
    /// Column by column, the first downwards, the next back upwards.
    Column,
}

/// A wall that is cabled row by row, each from left to right.
///
/// # Errors
/// See [`build`].
pub fn raster(grid: &Grid) -> Result<WallSpec, LayoutError> {
    build(grid, CableOrder::Raster)
}

/// A wall that is cabled row by row, there and back.
///
/// # Errors
/// See [`build`].
pub fn serpentine(grid: &Grid) -> Result<WallSpec, LayoutError> {
    build(grid, CableOrder::Serpentine)
}

/// A wall that is cabled column by column, down and up.
///
/// # Errors
/// See [`build`].
pub fn column(grid: &Grid) -> Result<WallSpec, LayoutError> {
    build(grid, CableOrder::Column)
}

/// Makes the document: one screen, cabinets named by row letter and column number (A1 at the top left).
///
/// # Errors
/// When a count is 0 or the ports cannot hold the cabinets. The document can still break a limit of
/// [`super::Wall::from_spec`].
pub fn build(grid: &Grid, order: CableOrder) -> Result<WallSpec, LayoutError> {
    let (cabinet, screen) = grid.sizes()?;
    let cabinets = u64::from(grid.columns) * u64::from(grid.rows);
    let least = cabinets.div_ceil(MAX_CASCADE as u64).max(1);
    let most = cabinets.min(MAX_PORTS as u64);
    if !(least..=most).contains(&u64::from(grid.ports)) {
        return Err(LayoutError::Ports { cabinets, ports: grid.ports, least, most });
    }
    Ok(WallSpec {
        schema_version: WALL_SCHEMA_VERSION,
        name: grid.name.clone(),
        screens: vec![grid.screen(screen)],
        module_models: vec![grid.module_model()],
        cabinet_models: vec![grid.cabinet_model(cabinet)],
        ports: (1..=grid.ports).map(|number| grid.port(number)).collect(),
        cabinets: grid.cabinets(cabinet, order, cabinets),
        groups: Vec::new(),
    })
}

impl Grid {
    /// `columns` x `rows` cabinets of one module each on one OCP-809 port at the default link.
    #[must_use]
    pub fn new(columns: u32, rows: u32, module: PixelSize) -> Self {
        Self {
            name: format!("{columns} x {rows} cabinets"),
            columns,
            rows,
            module,
            modules: PixelSize::new(1, 1),
            ports: 1,
            protocol: ProtocolKind::Ocp809,
            link: LinkSpec::default(),
            pitch_mm: 2.6,
        }
    }

    /// The sizes of a cabinet and of the screen.
    fn sizes(&self) -> Result<(PixelSize, PixelSize), LayoutError> {
        let error = LayoutError::NoRaster { columns: self.columns, rows: self.rows, modules: self.modules, module: self.module };
        let times = |size: PixelSize, columns: u32, rows: u32| {
            let product = PixelSize::new(size.width.checked_mul(columns)?, size.height.checked_mul(rows)?);
            (product.area() > 0).then_some(product)
        };
        let cabinet = times(self.module, self.modules.width, self.modules.height);
        let screen = cabinet.and_then(|cabinet| times(cabinet, self.columns, self.rows));
        cabinet.zip(screen).ok_or(error)
    }

    fn screen(&self, size: PixelSize) -> ScreenSpec {
        ScreenSpec {
            id: ScreenId::from("main"),
            size,
            pitch_mm: self.pitch_mm,
            source: None,
            brightness_limit_percent: 100.0,
            peak_nits: None,
            primaries: None,
        }
    }

    fn module_model(&self) -> ModuleModelSpec {
        ModuleModelSpec {
            id: ModuleModelId::from("module"),
            size: self.module,
            scan: u16::try_from(self.module.height).unwrap_or(16).min(16),
            data_groups: 1,
            color_order: ColorOrder::Rgb,
            gray_bits: 16,
        }
    }

    fn cabinet_model(&self, size: PixelSize) -> CabinetModelSpec {
        let grid = ModulePlaceSpec {
            model: ModuleModelId::from("module"),
            x: 0,
            y: 0,
            rotation: 0,
            mirror: false,
            columns: self.modules.width,
            rows: self.modules.height,
        };
        CabinetModelSpec { id: CabinetModelId::from("cabinet"), size, modules: vec![grid] }
    }

    fn port(&self, number: u16) -> PortSpec {
        PortSpec {
            id: port_id(u64::from(number)),
            protocol: self.protocol,
            link: self.link.clone(),
            addressing: Addressing::Id,
            redundant: false,
            brightness_at: AppliedAt::Card,
            calibration_at: AppliedAt::Host,
            colorlight: None,
        }
    }

    /// Cabinets along the cable, cut into equal shares for the ports: the first ones get one more where it does not divide.
    fn cabinets(&self, size: PixelSize, order: CableOrder, count: u64) -> Vec<CabinetSpec> {
        let ports = u64::from(self.ports);
        let (share, extra) = (count / ports, count % ports);
        // Cabinets on the ports that carry one more.
        let larger = extra * (share + 1);
        let spot = |step: u64| {
            if step < larger {
                (step / (share + 1), step % (share + 1))
            } else {
                (extra + (step - larger) / share, (step - larger) % share)
            }
        };
        (0..count)
            .map(|step| {
                let (column, row) = self.stop(step, order);
                let (port, place) = spot(step);
                CabinetSpec {
                    id: CabinetId(format!("{}{}", row_letters(row), column + 1)),
                    serial: None,
                    asset_label: None,
                    model: CabinetModelId::from("cabinet"),
                    screen: ScreenId::from("main"),
                    x: column * size.width,
                    y: row * size.height,
                    rotation: 0,
                    mirror: false,
                    port: port_id(port + 1),
                    place: u16::try_from(place).unwrap_or(u16::MAX),
                    groups: Vec::new(),
                }
            })
            .collect()
    }

    /// Column and row of the cabinet that the cable reaches after `step` others.
    #[expect(clippy::cast_possible_truncation, reason = "remainders and quotients of 32-bit counts")]
    fn stop(&self, step: u64, order: CableOrder) -> (u32, u32) {
        let (columns, rows) = (u64::from(self.columns), u64::from(self.rows));
        let back = |at: u64, length: u64, line: u64| if line % 2 == 1 { length - 1 - at } else { at };
        let (column, row) = match order {
            CableOrder::Raster => (step % columns, step / columns),
            CableOrder::Serpentine => (back(step % columns, columns, step / columns), step / columns),
            CableOrder::Column => (step / rows, back(step % rows, rows, step / rows)),
        };
        (column as u32, row as u32)
    }
}

fn port_id(number: u64) -> PortId {
    PortId(format!("port-{number}"))
}

/// A, B .. Z, AA, AB ..: rows as drawings of stages name them.
fn row_letters(row: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(row) + 1;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wall::Wall;

    fn cable(order: CableOrder, ports: u16) -> Vec<String> {
        let grid = Grid { ports, ..Grid::new(3, 2, PixelSize::new(8, 4)) };
        let wall = Wall::from_spec(&build(&grid, order).expect("possible")).expect("consistent");
        wall.ports().iter().map(|port| wall.cascade(port).map(|c| c.id.to_string()).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn the_cable_takes_the_way_that_its_name_says() {
        assert_eq!(cable(CableOrder::Raster, 1), ["A1 A2 A3 B1 B2 B3"], "each row from the left");
        assert_eq!(cable(CableOrder::Serpentine, 1), ["A1 A2 A3 B3 B2 B1"], "there and back");
        assert_eq!(cable(CableOrder::Column, 1), ["A1 B1 B2 A2 A3 B3"], "down and up");
        assert_eq!(cable(CableOrder::Serpentine, 4), ["A1 A2", "A3 B3", "B2", "B1"], "shares differ by one at most");
    }

    #[test]
    fn rows_are_named_as_on_drawings() {
        let names: Vec<_> = [0, 25, 26, 701, 702].into_iter().map(row_letters).collect();
        assert_eq!(names, ["A", "Z", "AA", "ZZ", "AAA"], "letters without a zero");
    }

    #[test]
    fn impossible_layouts_are_refused_before_anything_is_allocated() {
        let grid = Grid::new(u32::MAX, u32::MAX, PixelSize::new(1, 1));
        let cabinets = u64::from(u32::MAX) * u64::from(u32::MAX);
        let error = raster(&grid).expect_err("too many");
        assert!(matches!(error, LayoutError::Ports { cabinets: c, .. } if c == cabinets), "{error}");
        for grid in [Grid::new(0, 1, PixelSize::new(1, 1)), Grid::new(2, 1, PixelSize::new(u32::MAX, 1))] {
            assert!(matches!(column(&grid), Err(LayoutError::NoRaster { .. })), "{grid:?}");
        }
        let grid = Grid { ports: 7, ..Grid::new(3, 2, PixelSize::new(1, 1)) };
        assert!(matches!(serpentine(&grid), Err(LayoutError::Ports { most: 6, .. })), "more ports than cabinets");
    }
}
