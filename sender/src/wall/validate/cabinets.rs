//! Cabinets: references resolved, the rectangle on the screen, and every module where it hangs.

use super::models::{Model, ModelModule};
use super::{Names, numbers};
use crate::geometry::{Orientation, PixelPoint, PixelRect};
use crate::ids::{CabinetIndex, PortIndex, ScreenIndex};
use crate::wall::limits::{MAX_MODULE_ROWS, MAX_MODULES, MAX_PIXELS};
use crate::wall::path::DocPath;
use crate::wall::problem::{Item, Problems, WallFault};
use crate::wall::spec::{CabinetSpec, ModuleModelSpec, WallSpec};
use crate::wall::{Cabinet, Module};

/// Cabinets that resolved, with their positions in the document, and all their modules.
#[derive(Default)]
pub(in crate::wall) struct Placed {
    pub(in crate::wall) cabinets: Vec<(usize, Cabinet)>,
    pub(in crate::wall) modules: Vec<Module>,
    /// LED pixels so far.
    pixels: u64,
    /// Rows of modules so far.
    module_rows: u64,
}

/// Resolves all cabinets; those with problems are left out, and nothing is kept beyond a wall's limits.
pub(in crate::wall) fn resolve(spec: &WallSpec, names: &Names<'_>, models: &[Option<Model>], problems: &mut Problems) -> Placed {
    let mut placed = Placed::default();
    for (position, cabinet) in spec.cabinets.iter().enumerate() {
        let here = DocPath::entry("cabinet", position);
        let Some((resolved, model)) = resolve_one(spec, names, models, (position, cabinet), problems) else { continue };
        if let Some(fault) = placed.too_large_with(model) {
            problems.push(here, fault);
            break;
        }
        placed.add(position, resolved, model, &spec.module_models);
    }
    placed
}

fn resolve_one<'m>(
    spec: &WallSpec,
    names: &Names<'_>,
    models: &'m [Option<Model>],
    (position, cabinet): (usize, &CabinetSpec),
    problems: &mut Problems,
) -> Option<(Cabinet, &'m Model)> {
    let here = DocPath::entry("cabinet", position);
    let screen = names.screens.find(cabinet.screen.as_str(), || here.key("screen"), problems);
    let port = names.ports.find(cabinet.port.as_str(), || here.key("port"), problems);
    let model = names.cabinet_models.find(cabinet.model.as_str(), || here.key("model"), problems);
    let rotation = numbers::rotation(here.key("rotation"), cabinet.rotation, problems);
    for (i, group) in cabinet.groups.iter().enumerate() {
        names.groups.find(group.as_str(), || here.key("groups").index(i), problems);
    }
    let (screen, port, rotation) = (screen?, port?, rotation?);
    let model = models.get(model?)?.as_ref()?;
    let orientation = Orientation { mirror: cabinet.mirror, rotation };
    let size = orientation.placed_size(model.size);
    let rect = PixelRect::new(cabinet.x, cabinet.y, size.width, size.height);
    let on = spec.screens.get(screen)?;
    if rect.right() > u64::from(on.size.width) || rect.bottom() > u64::from(on.size.height) {
        let (right, bottom) = (rect.right(), rect.bottom());
        let key = if rect.right() > u64::from(on.size.width) { "x" } else { "y" };
        problems.push(here.key(key), WallFault::CabinetOutside { screen: on.id.clone(), right, bottom, size: on.size });
        return None;
    }
    let resolved = Cabinet {
        id: cabinet.id.clone(),
        serial: cabinet.serial.clone(),
        asset_label: cabinet.asset_label.clone(),
        model: cabinet.model.to_string(),
        screen: ScreenIndex(u16::try_from(screen).ok()?),
        rect,
        orientation,
        port: PortIndex(u16::try_from(port).ok()?),
        place: cabinet.place,
        canvas_origin: PixelPoint::default(),
        modules: 0..0,
        memory_pixels: u32::try_from(model.pixels).ok()?,
        groups: cabinet.groups.clone(),
    };
    Some((resolved, model))
}

impl Placed {
    /// What one more cabinet of this model would break.
    fn too_large_with(&self, model: &Model) -> Option<WallFault> {
        let pixels = self.pixels + model.pixels;
        if pixels > MAX_PIXELS {
            return Some(WallFault::TooManyPixels { pixels, limit: MAX_PIXELS });
        }
        let modules = self.modules.len() as u64 + model.modules.len() as u64;
        let rows = self.module_rows + model.module_rows;
        [(Item::Module, modules, MAX_MODULES), (Item::ModuleRow, rows, MAX_MODULE_ROWS)]
            .into_iter()
            .find(|(_, found, limit)| found > limit)
            .map(|(item, found, limit)| WallFault::TooMany { item, found, limit })
    }

    #[expect(clippy::cast_possible_truncation, reason = "modules, positions and pixels are limited far below 32 bits")]
    fn add(&mut self, position: usize, mut cabinet: Cabinet, model: &Model, kinds: &[ModuleModelSpec]) {
        let start = self.modules.len() as u32;
        let mut memory_offset = 0;
        for (place, module) in model.modules.iter().enumerate() {
            let Some(kind) = kinds.get(module.model) else { continue };
            self.modules.push(Module {
                cabinet: CabinetIndex(position as u32),
                screen: cabinet.screen,
                position: place as u16,
                model: kind.id.to_string(),
                size: kind.size,
                in_cabinet: module.rect,
                orientation: module.orientation.inside(cabinet.orientation),
                rect: on_screen(&cabinet, model, module),
                memory_offset,
                color_order: kind.color_order,
                scan: kind.scan,
                data_groups: kind.data_groups,
                gray_bits: kind.gray_bits,
            });
            memory_offset += kind.size.area() as u32;
        }
        cabinet.modules = start..self.modules.len() as u32;
        self.pixels += model.pixels;
        self.module_rows += model.module_rows;
        self.cabinets.push((position, cabinet));
    }
}

/// The rectangle that a module covers on the screen: two opposite corners, turned with the cabinet.
fn on_screen(cabinet: &Cabinet, model: &Model, module: &ModelModule) -> PixelRect {
    let inner = module.rect;
    let corner = |x, y| cabinet.orientation.place(PixelPoint::new(x, y), model.size);
    let a = corner(inner.x, inner.y);
    let b = corner(inner.x + inner.width - 1, inner.y + inner.height - 1);
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    PixelRect::new(cabinet.rect.x + x, cabinet.rect.y + y, a.x.max(b.x) - x + 1, a.y.max(b.y) - y + 1)
}
