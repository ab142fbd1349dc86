//! A document becomes a wall: parts are resolved one after the other, all their problems are gathered, and only a document
//! without any yields a [`Wall`].

use super::limits::{MAX_PORTS, MAX_SCREENS};
use super::path::DocPath;
use super::problem::{Item, Problems, WallFault, WallProblems};
use super::spec::{WALL_SCHEMA_VERSION, WallSpec};
use super::{Wall, validate};

impl Wall {
    /// Resolves a document.
    ///
    /// Whether a port's load fits its link is no question of the document, because it depends on the frame rate: see
    /// [`crate::slice::budget`].
    ///
    /// # Errors
    /// Everything that is wrong with the document, at once.
    pub fn from_spec(spec: &WallSpec) -> Result<Self, WallProblems> {
        let mut problems = Problems::default();
        check_lists(spec, &mut problems);
        let names = validate::Names::of(spec, &mut problems);
        let screens = validate::screens(spec, &mut problems);
        let models = validate::models(spec, &names, &mut problems);
        let mut ports = validate::ports(spec, &mut problems);
        let mut placed = validate::cabinets(spec, &names, &models, &mut problems);
        validate::overlaps(&placed, screens.len(), &mut problems);
        validate::cascades(spec, &names, &mut ports, &mut problems);
        validate::canvases(&mut ports, &screens, &mut placed, &mut problems);
        validate::packets(&ports, &placed, &mut problems);
        let cabinets = placed.cabinets.into_iter().map(|(_, cabinet)| cabinet).collect();
        problems.finish(Self { name: spec.name.clone(), screens, ports, cabinets, modules: placed.modules })
    }
}

fn check_lists(spec: &WallSpec, problems: &mut Problems) {
    if spec.schema_version != WALL_SCHEMA_VERSION {
        let fault = WallFault::SchemaVersion { found: spec.schema_version, newest: WALL_SCHEMA_VERSION };
        problems.push(DocPath::root().key("schema_version"), fault);
    }
    let lists = [
        (Item::Screen, spec.screens.len(), MAX_SCREENS),
        (Item::Port, spec.ports.len(), MAX_PORTS),
        (Item::Cabinet, spec.cabinets.len(), usize::MAX),
    ];
    for (item, found, limit) in lists {
        let place = DocPath::root().key(item.list());
        if found == 0 {
            problems.push(place, WallFault::None { item });
        } else if found > limit {
            problems.push(place, WallFault::TooMany { item, found: found as u64, limit: limit as u64 });
        }
    }
}
