//! A wall file from the cards that answer: what they know of themselves, laid out as a cable usually runs.

use std::collections::BTreeMap;

use thiserror::Error;

use super::FoundCard;
use crate::geometry::PixelSize;
use crate::ids::{CabinetId, CabinetModelId, ModuleModelId, PortId, ScreenId};
use crate::wall::spec::{
    Addressing, CabinetModelSpec, CabinetSpec, LinkSpec, LinkTransfer, ModuleModelSpec, ModulePlaceSpec, PortSpec, ScreenSpec,
    WALL_SCHEMA_VERSION, WallSpec,
};
use crate::wall::{AppliedAt, ColorOrder, ProtocolKind};
use crate::wire::ocp809::control::{DecodeLaw, Geometry, LinkDecode, ModulePlace, Setting};

/// Where nothing else is known: what most modules have.
const SCAN: u16 = 16;

/// The cards of one cable.
#[derive(Debug, Clone)]
pub struct FoundPort {
    /// What the port will be called.
    pub id: String,
    /// Its cards, nearest first.
    pub cards: Vec<FoundCard>,
}

/// How cards are laid out.
#[derive(Debug, Clone)]
pub struct AdoptOptions {
    /// The wall's name.
    pub name: String,
    /// Cabinets side by side; each port's cable goes there and back below the port before. `None`: a row per port.
    pub columns: Option<u32>,
    /// Size of a cabinet whose card does not know it.
    pub cabinet: Option<PixelSize>,
    /// Distance between two LEDs, in millimetres.
    pub pitch_mm: f64,
}

/// Why no wall file can be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AdoptError {
    /// Nobody answered.
    #[error("no card answers on {}: check power and cable, and ask with `ocp809 discover`", .interfaces.join(", "))]
    NoCards {
        /// Where cards were asked.
        interfaces: Vec<String>,
    },
    /// Cards that were never set up.
    #[error(
        "{} of {all} cards do not know their cabinet, the first is {first}: say its size in pixels, --cabinet 128x128", .bare
    )]
    Bare {
        /// How many.
        bare: usize,
        /// Of how many.
        all: usize,
        /// The first of them: serial number or place.
        first: String,
    },
}

/// What a cabinet is made of; equal ones share a model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cabinet {
    size: (u32, u32),
    modules: Vec<Module>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Module {
    size: (u32, u32),
    at: (u32, u32),
    rotation: u16,
    mirror: bool,
    scan: u16,
    gray_bits: u16,
}

/// The document of the cards' wall. It is a proposal: which cabinet hangs where, no card knows.
///
/// # Errors
/// [`AdoptError`].
pub fn adopt(ports: &[FoundPort], options: &AdoptOptions) -> Result<WallSpec, AdoptError> {
    let all: usize = ports.iter().map(|port| port.cards.len()).sum();
    if all == 0 {
        return Err(AdoptError::NoCards { interfaces: ports.iter().map(|port| port.id.clone()).collect() });
    }
    let cards = || ports.iter().flat_map(|port| &port.cards);
    let cabinets: Vec<Option<Cabinet>> = cards().map(|card| cabinet_of(card, options.cabinet)).collect();
    if let Some((first, _)) = cards().zip(&cabinets).find(|(_, cabinet)| cabinet.is_none()) {
        let bare = cabinets.iter().filter(|cabinet| cabinet.is_none()).count();
        let first = if first.serial.is_empty() { format!("at place {}", first.place) } else { first.serial.clone() };
        return Err(AdoptError::Bare { bare, all, first });
    }
    let cabinets: Vec<Cabinet> = cabinets.into_iter().flatten().collect();
    let mut draft = Draft::new(&cabinets, options);
    let mut kinds = cabinets.iter();
    for port in ports {
        draft.port(port, &mut kinds);
    }
    Ok(draft.finish(options))
}

/// What a card says about its cabinet; the fallback is one module of that size.
fn cabinet_of(card: &FoundCard, fallback: Option<PixelSize>) -> Option<Cabinet> {
    let single = |size: (u32, u32)| Cabinet {
        size,
        modules: vec![Module { size, at: (0, 0), rotation: 0, mirror: false, scan: SCAN, gray_bits: 16 }],
    };
    let known = |size: &(u16, u16)| size.0 > 0 && size.1 > 0;
    if let Some((width, height)) = card.size.filter(known) {
        return Some(single((width.into(), height.into())));
    }
    configured(&card.settings).or_else(|| fallback.map(|size| single((size.width, size.height))))
}

fn configured(settings: &[Setting]) -> Option<Cabinet> {
    let (mut size, mut modules, mut scan, mut gray_bits) = (None, None, SCAN, 16);
    for setting in settings {
        if let Setting::Geometry(Geometry { width, height }) = setting {
            size = Some((u32::from(*width), u32::from(*height)));
        } else if let Setting::ModuleMap(map) = setting {
            modules = Some(&map.modules);
        } else if let Setting::Scan(set) = setting {
            scan = set.phases;
        } else if let Setting::GrayBits(set) = setting {
            gray_bits = u16::from(set.bits);
        }
    }
    let module = |place: &ModulePlace| Module {
        size: (place.width.into(), place.height.into()),
        at: (place.x.into(), place.y.into()),
        rotation: place.orientation.rotation.degrees(),
        mirror: place.orientation.mirror,
        scan,
        gray_bits,
    };
    let modules: Vec<Module> = modules?.iter().map(module).collect();
    size.filter(|size| size.0 > 0 && size.1 > 0 && !modules.is_empty()).map(|size| Cabinet { size, modules })
}

/// A document in the making.
struct Draft {
    /// Every cabinet gets a cell of this size.
    cell: (u32, u32),
    columns: u32,
    rows: u32,
    models: BTreeMap<Cabinet, CabinetModelId>,
    ports: Vec<PortSpec>,
    cabinets: Vec<CabinetSpec>,
}

impl Draft {
    fn new(cabinets: &[Cabinet], options: &AdoptOptions) -> Self {
        let widest = cabinets.iter().map(|cabinet| cabinet.size.0).max().unwrap_or(1);
        let highest = cabinets.iter().map(|cabinet| cabinet.size.1).max().unwrap_or(1);
        let mut models = BTreeMap::new();
        for cabinet in cabinets {
            let next = CabinetModelId(format!("cabinet-{}", models.len() + 1));
            models.entry(cabinet.clone()).or_insert(next);
        }
        let columns = options.columns.unwrap_or(u32::MAX).max(1);
        Self { cell: (widest, highest), columns, rows: 0, models, ports: Vec::new(), cabinets: Vec::new() }
    }

    /// Adds a port and its cabinets, there and back below what is there.
    fn port<'a>(&mut self, port: &FoundPort, kinds: &mut impl Iterator<Item = &'a Cabinet>) {
        let Some(first) = port.cards.first() else { return };
        let id = port_name(&port.id);
        self.ports.push(port_spec(&id, first));
        for (index, (card, kind)) in (0..).zip(port.cards.iter().zip(kinds)) {
            let (row, along): (u32, u32) = (index / self.columns, index % self.columns);
            let column = if row.is_multiple_of(2) { along } else { self.columns - 1 - along };
            self.cabinets.push(CabinetSpec {
                id: CabinetId(format!("{id}-{}", index + 1)),
                serial: Some(card.serial.clone()).filter(|serial| !serial.is_empty()),
                asset_label: None,
                model: self.models.get(kind).cloned().unwrap_or_default(),
                screen: ScreenId("screen".to_owned()),
                x: column.saturating_mul(self.cell.0),
                y: (self.rows + row).saturating_mul(self.cell.1),
                rotation: 0,
                mirror: false,
                port: PortId(id.clone()),
                place: card.place.into(),
                groups: Vec::new(),
            });
        }
        let count = u32::try_from(port.cards.len()).unwrap_or(u32::MAX);
        self.rows += count.div_ceil(self.columns);
    }

    fn finish(self, options: &AdoptOptions) -> WallSpec {
        let right = self.cabinets.iter().map(|cabinet| cabinet.x.saturating_add(self.cell.0)).max().unwrap_or(1);
        let size = PixelSize::new(right, self.rows.saturating_mul(self.cell.1));
        let mut module_models: Vec<ModuleModelSpec> = Vec::new();
        let cabinet_models = self.models.iter().map(|(cabinet, id)| CabinetModelSpec {
            id: id.clone(),
            size: PixelSize::new(cabinet.size.0, cabinet.size.1),
            modules: cabinet.modules.iter().map(|module| module_place(module, &mut module_models)).collect(),
        });
        let mut cabinet_models: Vec<CabinetModelSpec> = cabinet_models.collect();
        cabinet_models.sort_by(|a, b| a.id.cmp(&b.id));
        WallSpec {
            schema_version: WALL_SCHEMA_VERSION,
            name: options.name.clone(),
            screens: vec![ScreenSpec {
                id: ScreenId("screen".to_owned()),
                size,
                pitch_mm: options.pitch_mm,
                source: None,
                brightness_limit_percent: 100.0,
                peak_nits: None,
                primaries: None,
            }],
            module_models,
            cabinet_models,
            ports: self.ports,
            cabinets: self.cabinets,
            groups: Vec::new(),
        }
    }
}

/// Where a module hangs; its model is added where it is new.
fn module_place(module: &Module, models: &mut Vec<ModuleModelSpec>) -> ModulePlaceSpec {
    let size = PixelSize::new(module.size.0, module.size.1);
    let is_same = |model: &&ModuleModelSpec| (model.size, model.scan, model.gray_bits) == (size, module.scan, module.gray_bits);
    let known = models.iter().find(is_same).map(|model| model.id.clone());
    let id = known.unwrap_or_else(|| {
        let id = ModuleModelId(format!("module-{}", models.len() + 1));
        models.push(ModuleModelSpec {
            id: id.clone(),
            size,
            scan: module.scan,
            data_groups: 1,
            color_order: ColorOrder::default(),
            gray_bits: module.gray_bits,
        });
        id
    });
    ModulePlaceSpec {
        model: id,
        x: module.at.0,
        y: module.at.1,
        rotation: module.rotation,
        mirror: module.mirror,
        columns: 1,
        rows: 1,
    }
}

/// A name that a wall file takes: an interface may be called `eth0.5`.
fn port_name(interface: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    interface.chars().map(letter).collect()
}

fn port_spec(id: &str, first: &FoundCard) -> PortSpec {
    let decode =
        first.settings.iter().find_map(|setting| if let Setting::LinkDecode(decode) = setting { Some(decode) } else { None });
    PortSpec {
        id: PortId(id.to_owned()),
        protocol: first.protocol,
        link: link_spec(decode),
        addressing: if first.protocol == ProtocolKind::Colorlight { Addressing::Canvas } else { Addressing::Id },
        redundant: false,
        brightness_at: AppliedAt::Card,
        calibration_at: AppliedAt::Host,
        colorlight: None,
    }
}

/// The link as the cards decode it; a table is nothing that a wall file prescribes.
fn link_spec(decode: Option<&LinkDecode>) -> LinkSpec {
    let link = LinkSpec::default();
    match decode.map(|decode| (decode.law, decode.gamma_milli)) {
        Some((DecodeLaw::Linear, _)) => LinkSpec { transfer: LinkTransfer::Linear, ..link },
        Some((DecodeLaw::Srgb, _)) => LinkSpec { transfer: LinkTransfer::Srgb, ..link },
        Some((DecodeLaw::Power, gamma_milli)) => LinkSpec { gamma: f64::from(gamma_milli) / 1_000.0, ..link },
        Some((DecodeLaw::Table, _)) | None => link,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::wall_settings;
    use crate::wall::layout::{Grid, serpentine};
    use crate::wall::{Wall, arbitrary};
    use proptest::prelude::*;

    fn options(columns: Option<u32>) -> AdoptOptions {
        AdoptOptions { name: "found".to_owned(), columns, cabinet: None, pitch_mm: 2.6 }
    }

    fn card(place: u8, serial: &str, settings: Vec<Setting>) -> FoundCard {
        FoundCard {
            place,
            protocol: ProtocolKind::Ocp809,
            serial: serial.to_owned(),
            model: "m".to_owned(),
            firmware: "1.0.0".to_owned(),
            id: 0,
            size: None,
            settings,
            master: None,
        }
    }

    fn found(wall: &Wall) -> Vec<FoundPort> {
        let ports = wall.ports().iter().map(|port| FoundPort {
            id: port.id.to_string(),
            cards: wall
                .cascade(port)
                .map(|cabinet| {
                    let place = u8::try_from(cabinet.place).unwrap();
                    card(place, &format!("{}-{place}", port.id), wall_settings(wall, port, cabinet))
                })
                .collect(),
        });
        ports.collect()
    }

    #[test]
    fn the_cards_of_a_serpentine_wall_make_the_same_wall() {
        let mut grid = Grid::new(4, 3, PixelSize::new(32, 16));
        grid.modules = PixelSize::new(2, 2);
        let wall = Wall::from_spec(&serpentine(&grid).unwrap()).unwrap();
        let again = Wall::from_spec(&adopt(&found(&wall), &options(Some(4))).unwrap()).unwrap();
        assert_eq!(again.screens()[0].size, wall.screens()[0].size, "the same raster");
        let rects = |wall: &Wall| wall.cascade(&wall.ports()[0]).map(|cabinet| cabinet.rect).collect::<Vec<_>>();
        assert_eq!(rects(&again), rects(&wall), "every cabinet in its place along the cable");
        assert_eq!(again.modules().len(), wall.modules().len(), "with its modules");
        assert_eq!(again.cabinets()[0].serial.as_deref(), Some("port-1-0"), "and its card");
    }

    #[test]
    fn bare_cards_and_empty_cables_are_named() {
        let port = |cards| FoundPort { id: "send".to_owned(), cards };
        let error = adopt(&[port(Vec::new())], &options(None)).unwrap_err();
        assert!(error.to_string().contains("send"), "{error}");
        let bare = [port(vec![card(0, "S1", Vec::new()), card(1, "S2", Vec::new())])];
        let error = adopt(&bare, &options(None)).unwrap_err();
        assert_eq!(error, AdoptError::Bare { bare: 2, all: 2, first: "S1".to_owned() }, "the first of them");
        let sized = AdoptOptions { cabinet: Some(PixelSize::new(128, 64)), ..options(None) };
        let wall = Wall::from_spec(&adopt(&bare, &sized).unwrap()).unwrap();
        assert_eq!(wall.screens()[0].size, PixelSize::new(256, 64), "with a size, side by side");
    }

    proptest! {
        /// Whatever cards know of themselves, the file that comes out is a wall, and its cards need no other settings.
        #[test]
        fn what_cards_know_makes_a_wall(spec in arbitrary::walls(), columns in proptest::option::of(1..5_u32)) {
            let wall = Wall::from_spec(&spec).unwrap();
            let ours = |port: &FoundPort| wall.ports().iter().any(|p| {
                p.id.as_str() == port.id && p.protocol == ProtocolKind::Ocp809 && p.addressing == Addressing::Id
            });
            let ports: Vec<FoundPort> = found(&wall).into_iter().filter(ours).collect();
            prop_assume!(ports.iter().any(|port| !port.cards.is_empty()));
            let again = Wall::from_spec(&adopt(&ports, &options(columns)).unwrap());
            let again = again.unwrap_or_else(|problems| panic!("{problems}"));
            for (port, found) in again.ports().iter().zip(ports.iter().filter(|port| !port.cards.is_empty())) {
                for (cabinet, card) in again.cascade(port).zip(&found.cards) {
                    let map = |settings: &[Setting]| settings.iter().find(|s| matches!(s, Setting::ModuleMap(_))).cloned();
                    prop_assert_eq!(map(&wall_settings(&again, port, cabinet)), map(&card.settings), "the same modules");
                }
            }
        }
    }
}
