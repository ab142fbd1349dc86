//! No two modules of a screen share a pixel. Bounding boxes of cabinets may overlap: irregular cabinets interlock.
//!
//! A sweep from top to bottom keeps the modules that cross the current row, ordered by column: n log n on every wall.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};

use super::cabinets::Placed;
use crate::geometry::PixelRect;
use crate::wall::limits::MAX_PROBLEMS;
use crate::wall::path::DocPath;
use crate::wall::problem::{Problems, WallFault};
use crate::wall::{Cabinet, Module};

/// Pairs of overlapping modules after which the search ends: the document is wrong enough.
const MAX_PAIRS: usize = 16_384;

/// Reports each pair of cabinets that share pixels, once.
pub(in crate::wall) fn check(placed: &Placed, screens: usize, problems: &mut Problems) {
    let mut by_screen: Vec<Vec<&Module>> = vec![Vec::new(); screens];
    for module in &placed.modules {
        if let Some(list) = by_screen.get_mut(module.screen.index()) {
            list.push(module);
        }
    }
    for mut modules in by_screen {
        modules.sort_by_key(|m| (m.rect.y, m.rect.x));
        let mut sweep = Sweep::default();
        for module in modules {
            sweep.pass(module);
            if sweep.pairs >= MAX_PAIRS || sweep.found.len() >= MAX_PROBLEMS {
                break;
            }
        }
        for overlap in sweep.found {
            report(placed, &overlap, problems);
        }
    }
}

/// Two cabinets by their positions in the document, the earlier first, and a rectangle that both cover.
struct Overlap {
    pair: (usize, usize),
    at: PixelRect,
}

#[derive(Default)]
struct Sweep<'a> {
    /// Modules that cross the current row, by first column and a number that tells equal columns apart.
    active: BTreeMap<(u32, usize), &'a Module>,
    /// First row after each active module, with its key.
    ends: BinaryHeap<Reverse<(u64, (u32, usize))>>,
    passed: usize,
    pairs: usize,
    seen: HashSet<(usize, usize)>,
    found: Vec<Overlap>,
}

impl<'a> Sweep<'a> {
    fn pass(&mut self, module: &'a Module) {
        while let Some(&Reverse((end, key))) = self.ends.peek() {
            if end > u64::from(module.rect.y) {
                break;
            }
            self.ends.pop();
            self.active.remove(&key);
        }
        // All active modules cross this row, so two of them that share a column overlap and were counted: at most `pairs`
        // modules can stand between this one and another that reaches into it from the left.
        let here = (module.rect.x, 0);
        let left = self.active.range(..here).rev().take(self.pairs + 1);
        let inside = self.active.range(here..).take_while(|((x, _), _)| u64::from(*x) < module.rect.right());
        let hits: Vec<(PixelRect, usize)> = left
            .chain(inside)
            .filter_map(|(_, other)| Some((module.rect.intersection(other.rect)?, other.cabinet.index())))
            .collect();
        for (at, other) in hits {
            let (a, b) = (other.min(module.cabinet.index()), other.max(module.cabinet.index()));
            self.pairs += 1;
            if self.seen.insert((a, b)) {
                self.found.push(Overlap { pair: (a, b), at });
            }
        }
        let key = (module.rect.x, self.passed);
        self.passed += 1;
        self.active.insert(key, module);
        self.ends.push(Reverse((module.rect.bottom(), key)));
    }
}

fn report(placed: &Placed, overlap: &Overlap, problems: &mut Problems) {
    let find = |position: usize| -> Option<&Cabinet> {
        let at = placed.cabinets.binary_search_by_key(&position, |(p, _)| *p).ok()?;
        placed.cabinets.get(at).map(|(_, cabinet)| cabinet)
    };
    let (first, second) = overlap.pair;
    let (Some(other), Some(cabinet)) = (find(first), find(second)) else { return };
    let fault = WallFault::CabinetsOverlap {
        cabinet: cabinet.id.clone(),
        other: other.id.clone(),
        other_place: DocPath::entry("cabinet", first),
        at: overlap.at,
    };
    problems.push(DocPath::entry("cabinet", second), fault);
}
