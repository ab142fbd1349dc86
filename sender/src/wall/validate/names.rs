//! Names of things: well formed, unique, and found again by those who refer to them.

use std::collections::HashMap;

use crate::ids::{CabinetModelId, GroupId, ModuleModelId, PortId, ScreenId};
use crate::wall::limits::MAX_ID_CHARS;
use crate::wall::path::DocPath;
use crate::wall::problem::{Item, Problems, WallFault};
use crate::wall::spec::WallSpec;

/// Names listed as a way out.
const SUGGESTIONS: usize = 8;

/// Positions of things by name; a name that was given twice means the first.
pub(in crate::wall) struct Index<'a> {
    item: Item,
    positions: HashMap<&'a str, usize>,
    order: Vec<&'a str>,
}

impl<'a> Index<'a> {
    fn new(item: Item, ids: impl Iterator<Item = &'a str>, problems: &mut Problems) -> Self {
        let mut index = Self { item, positions: HashMap::new(), order: Vec::new() };
        for (position, id) in ids.enumerate() {
            let place = DocPath::entry(item.list(), position).key("id");
            if !is_name(id) {
                problems.push(place.clone(), WallFault::BadId { id: shortened(id) });
            }
            if let Some(&first) = index.positions.get(id) {
                let first = DocPath::entry(item.list(), first);
                problems.push(place, WallFault::Duplicate { item, name: shortened(id), first });
            } else {
                index.positions.insert(id, position);
                index.order.push(id);
            }
        }
        index
    }

    /// The position of `id`.
    pub(in crate::wall) fn position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// The position of `id`; reports at `place` when nothing has this name.
    pub(in crate::wall) fn find(&self, id: &str, place: impl FnOnce() -> DocPath, problems: &mut Problems) -> Option<usize> {
        let found = self.position(id);
        if found.is_none() {
            let known = self.order.iter().take(SUGGESTIONS).map(|&name| shortened(name)).collect();
            problems.push(place(), WallFault::Unknown { item: self.item, name: shortened(id), known });
        }
        found
    }
}

/// All names of a document.
pub(in crate::wall) struct Names<'a> {
    pub(in crate::wall) screens: Index<'a>,
    pub(in crate::wall) module_models: Index<'a>,
    pub(in crate::wall) cabinet_models: Index<'a>,
    pub(in crate::wall) ports: Index<'a>,
    pub(in crate::wall) groups: Index<'a>,
}

impl<'a> Names<'a> {
    /// Indexes the document and reports bad and repeated names, serial numbers and labels.
    pub(in crate::wall) fn of(spec: &'a WallSpec, problems: &mut Problems) -> Self {
        Index::new(Item::Cabinet, spec.cabinets.iter().map(|c| c.id.as_str()), problems);
        check_marks(spec, problems);
        Self {
            screens: Index::new(Item::Screen, spec.screens.iter().map(|s| ScreenId::as_str(&s.id)), problems),
            module_models: Index::new(
                Item::ModuleModel,
                spec.module_models.iter().map(|m| ModuleModelId::as_str(&m.id)),
                problems,
            ),
            cabinet_models: Index::new(
                Item::CabinetModel,
                spec.cabinet_models.iter().map(|m| CabinetModelId::as_str(&m.id)),
                problems,
            ),
            ports: Index::new(Item::Port, spec.ports.iter().map(|p| PortId::as_str(&p.id)), problems),
            groups: Index::new(Item::Group, spec.groups.iter().map(|g| GroupId::as_str(&g.id)), problems),
        }
    }
}

/// Serial numbers and asset labels tell cards apart, so each may occur once.
fn check_marks(spec: &WallSpec, problems: &mut Problems) {
    let mut seen: HashMap<(Item, &str), usize> = HashMap::new();
    for (position, cabinet) in spec.cabinets.iter().enumerate() {
        let here = DocPath::entry("cabinet", position);
        if let Some(serial) = cabinet.serial.as_deref().filter(|s| !is_serial(s)) {
            problems.push(here.key("serial"), WallFault::BadSerial { serial: shortened(serial) });
        }
        let marks = [(Item::Serial, "serial", &cabinet.serial), (Item::AssetLabel, "asset_label", &cabinet.asset_label)];
        for (item, key, mark) in marks {
            let Some(mark) = mark.as_deref() else { continue };
            let first = *seen.entry((item, mark)).or_insert(position);
            if first != position {
                let first = DocPath::entry("cabinet", first).key(key);
                problems.push(here.key(key), WallFault::Duplicate { item, name: shortened(mark), first });
            }
        }
    }
}

/// Whether `id` can stand in a property path and on a command line.
fn is_name(id: &str) -> bool {
    let length = id.chars().take(MAX_ID_CHARS + 1).count();
    (1..=MAX_ID_CHARS).contains(&length) && id.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// Whether a card can have this serial number: the protocol carries 16 bytes, padded with zeros.
fn is_serial(serial: &str) -> bool {
    (1..=16).contains(&serial.len()) && serial.bytes().all(|b| b.is_ascii_graphic())
}

/// The text, cut to a length that a message can carry.
fn shortened(text: &str) -> String {
    text.chars().take(MAX_ID_CHARS).collect()
}
