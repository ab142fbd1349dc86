//! Cascades: the cabinets of a port stand at the places 0, 1, 2 .. of its cable, each place once.

use std::collections::BTreeMap;

use super::Names;
use crate::ids::CabinetIndex;
use crate::wall::Port;
use crate::wall::limits::MAX_CASCADE;
use crate::wall::path::DocPath;
use crate::wall::problem::{Item, Problems, WallFault};
use crate::wall::spec::{CabinetSpec, WallSpec};

/// Orders the cabinets of each port. Cabinets take their place even where something else about them is wrong, so that a
/// wrong model is not also reported as a hole in the cascade.
pub(in crate::wall) fn resolve(spec: &WallSpec, names: &Names<'_>, ports: &mut [Port], problems: &mut Problems) {
    let mut places: Vec<BTreeMap<u16, usize>> = vec![BTreeMap::new(); ports.len()];
    for (position, cabinet) in spec.cabinets.iter().enumerate() {
        let Some(port) = names.ports.position(cabinet.port.as_str()) else { continue };
        let Some(taken) = places.get_mut(port) else { continue };
        match taken.get(&cabinet.place) {
            Some(&first) => problems
                .push(DocPath::entry("cabinet", position).key("place"), place_taken(cabinet, spec.cabinets.get(first), first)),
            None => {
                taken.insert(cabinet.place, position);
            }
        }
    }
    for (index, (port, taken)) in ports.iter_mut().zip(&places).enumerate() {
        check_length(index, taken.len(), problems);
        check_holes(port, taken, problems);
        port.cascade = taken.values().filter_map(|&position| u32::try_from(position).ok()).map(CabinetIndex).collect();
    }
}

fn place_taken(cabinet: &CabinetSpec, other: Option<&CabinetSpec>, first: usize) -> WallFault {
    WallFault::PlaceTaken {
        port: cabinet.port.clone(),
        place: cabinet.place,
        other: other.map(|c| c.id.clone()).unwrap_or_default(),
        first: DocPath::entry("cabinet", first).key("place"),
    }
}

fn check_length(port: usize, cards: usize, problems: &mut Problems) {
    if cards > MAX_CASCADE {
        let fault = WallFault::TooMany { item: Item::CascadedCard, found: cards as u64, limit: MAX_CASCADE as u64 };
        problems.push(DocPath::entry("port", port), fault);
    }
}

/// Reports runs of missing places at the cabinet after them.
fn check_holes(port: &Port, taken: &BTreeMap<u16, usize>, problems: &mut Problems) {
    let mut expected = 0_u16;
    for (&place, &position) in taken {
        if place > expected {
            let fault = WallFault::PlaceMissing { port: port.id.clone(), first: expected, last: place - 1 };
            problems.push(DocPath::entry("cabinet", position).key("place"), fault);
        }
        expected = place.saturating_add(1);
    }
}
