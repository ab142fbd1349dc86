//! Models: kinds of module, and kinds of cabinet with their modules expanded from grids.

use super::Names;
use super::numbers;
use crate::geometry::{Orientation, PixelRect, PixelSize};
use crate::wall::limits::{MAX_MODULES_PER_CABINET, MAX_PIXELS};
use crate::wall::path::DocPath;
use crate::wall::problem::{Item, Problems, WallFault};
use crate::wall::spec::{CabinetModelSpec, ModuleModelSpec, ModulePlaceSpec, WallSpec};

/// A cabinet model with every module in its place.
pub(in crate::wall) struct Model {
    /// The cabinet's bounding size.
    pub(in crate::wall) size: PixelSize,
    /// Modules in the order of the card's memory.
    pub(in crate::wall) modules: Vec<ModelModule>,
    /// LED pixels.
    pub(in crate::wall) pixels: u64,
    /// Rows of all modules, in their own orientation.
    pub(in crate::wall) module_rows: u64,
}

/// A module in its cabinet's own orientation.
pub(in crate::wall) struct ModelModule {
    /// Position in the document's list of module models.
    pub(in crate::wall) model: usize,
    /// The rectangle that it covers.
    pub(in crate::wall) rect: PixelRect,
    /// How it hangs.
    pub(in crate::wall) orientation: Orientation,
}

/// All cabinet models; `None` where something was reported.
pub(in crate::wall) fn resolve(spec: &WallSpec, names: &Names<'_>, problems: &mut Problems) -> Vec<Option<Model>> {
    let good: Vec<bool> = spec
        .module_models
        .iter()
        .enumerate()
        .map(|(i, model)| check_module_model(model, &DocPath::entry("module_model", i), problems))
        .collect();
    let resolver = Resolver { spec, names, good: &good };
    let entries = spec.cabinet_models.iter().enumerate();
    entries.map(|(i, model)| resolver.cabinet_model(model, &DocPath::entry("cabinet_model", i), problems)).collect()
}

fn check_module_model(model: &ModuleModelSpec, here: &DocPath, problems: &mut Problems) -> bool {
    numbers::range(here.key("scan"), f64::from(model.scan), [1.0, 256.0], "", problems);
    numbers::range(here.key("data_groups"), f64::from(model.data_groups), [1.0, 256.0], "", problems);
    numbers::range(here.key("gray_bits"), f64::from(model.gray_bits), [1.0, 32.0], " bits", problems);
    let at_size = here.key("size");
    if !numbers::not_empty(at_size.clone(), model.size, problems) {
        return false;
    }
    let fits = model.size.area() <= MAX_PIXELS;
    if !fits {
        problems.push(at_size, WallFault::TooManyPixels { pixels: model.size.area(), limit: MAX_PIXELS });
    }
    fits
}

struct Resolver<'a> {
    spec: &'a WallSpec,
    names: &'a Names<'a>,
    good: &'a [bool],
}

impl Resolver<'_> {
    fn cabinet_model(&self, model: &CabinetModelSpec, here: &DocPath, problems: &mut Problems) -> Option<Model> {
        let mut good = numbers::not_empty(here.key("size"), model.size, problems);
        if model.modules.is_empty() {
            problems.push(here.clone(), WallFault::None { item: Item::Module });
            good = false;
        }
        // Each module with the entry that placed it.
        let mut modules: Vec<(usize, ModelModule)> = Vec::new();
        for (entry, place) in model.modules.iter().enumerate() {
            let at = here.key("module").index(entry);
            let Some(grid) = self.grid(model.size, place, &at, problems) else {
                good = false;
                continue;
            };
            let total = modules.len() as u64 + u64::from(place.columns) * u64::from(place.rows);
            if total > MAX_MODULES_PER_CABINET {
                problems.push(at, WallFault::TooMany { item: Item::Module, found: total, limit: MAX_MODULES_PER_CABINET });
                return None;
            }
            modules.extend(grid.expand(place).map(|module| (entry, module)));
        }
        good &= check_overlap(&modules, here, problems);
        let modules: Vec<ModelModule> = modules.into_iter().map(|(_, module)| module).collect();
        let pixels = modules.iter().map(|m| m.rect.size().area()).sum();
        let module_rows = modules.iter().filter_map(|m| self.spec.module_models.get(m.model)).map(|m| u64::from(m.size.height));
        let module_rows = module_rows.sum();
        good.then_some(Model { size: model.size, modules, pixels, module_rows })
    }

    /// Checks one entry without expanding it.
    fn grid(&self, cabinet: PixelSize, place: &ModulePlaceSpec, at: &DocPath, problems: &mut Problems) -> Option<Grid> {
        let model = self.names.module_models.find(place.model.as_str(), || at.key("model"), problems);
        let rotation = numbers::rotation(at.key("rotation"), place.rotation, problems);
        let counted = numbers::not_empty(at.clone(), PixelSize::new(place.columns, place.rows), problems);
        let model = model.filter(|&m| self.good.get(m).copied().unwrap_or(false))?;
        let (rotation, size) = (rotation.filter(|_| counted)?, self.spec.module_models.get(model)?.size);
        let orientation = Orientation { mirror: place.mirror, rotation };
        let placed = orientation.placed_size(size);
        let right = u64::from(place.x) + u64::from(placed.width) * u64::from(place.columns);
        let bottom = u64::from(place.y) + u64::from(placed.height) * u64::from(place.rows);
        if right > u64::from(cabinet.width) || bottom > u64::from(cabinet.height) {
            problems.push(at.clone(), WallFault::ModuleOutside { right, bottom, cabinet });
            return None;
        }
        Some(Grid { model, placed, orientation })
    }
}

/// Equal modules side by side, known to lie inside of their cabinet.
struct Grid {
    model: usize,
    placed: PixelSize,
    orientation: Orientation,
}

impl Grid {
    /// The modules, row by row. Inside of a cabinet no coordinate overflows.
    fn expand(&self, place: &ModulePlaceSpec) -> impl Iterator<Item = ModelModule> {
        let PixelSize { width, height } = self.placed;
        (0..place.rows).flat_map(move |row| {
            (0..place.columns).map(move |column| ModelModule {
                model: self.model,
                rect: PixelRect::new(place.x + column * width, place.y + row * height, width, height),
                orientation: self.orientation,
            })
        })
    }
}

/// Reports each pair of entries whose modules share pixels, once.
fn check_overlap(modules: &[(usize, ModelModule)], here: &DocPath, problems: &mut Problems) -> bool {
    let mut by_row: Vec<&(usize, ModelModule)> = modules.iter().collect();
    by_row.sort_by_key(|(_, module)| module.rect.y);
    let mut reported = std::collections::HashSet::new();
    for (i, (first, a)) in by_row.iter().enumerate() {
        let below = by_row.iter().skip(i + 1);
        for (second, b) in below.take_while(|(_, b)| u64::from(b.rect.y) < a.rect.bottom()) {
            let pair = (*first.min(second), *first.max(second));
            if let Some(at) = a.rect.intersection(b.rect).filter(|_| reported.insert(pair)) {
                let entry = |i| here.key("module").index(i);
                problems.push(entry(pair.1), WallFault::ModulesOverlap { other: entry(pair.0), at });
            }
        }
    }
    reported.is_empty()
}
