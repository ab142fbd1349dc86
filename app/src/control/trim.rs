//! Trims: how much more or less light a cabinet gives than the rest of its screen, by its own trims and those of its
//! groups. They multiply, also where groups overlap, and never reach beyond the screen's limit.

use std::collections::BTreeMap;

use super::facts::{CabinetFacts, ScreenFacts};
use super::path::Target;
use super::state::ShowState;
use super::table::PropertyId;

/// The most that all trims of a cabinet come to together.
pub const MOST: f64 = 2.0;

/// The light of a cabinet that is as bright as its screen.
pub const NEUTRAL: [f64; 3] = [1.0; 3];

/// The channels that each property acts on.
const CHANNELS: [(PropertyId, [bool; 3]); 4] = [
    (PropertyId::TrimBrightness, [true; 3]),
    (PropertyId::TrimRed, [true, false, false]),
    (PropertyId::TrimGreen, [false, true, false]),
    (PropertyId::TrimBlue, [false, false, true]),
];

/// The trims that were asked for, by who has them; whoever has none is not listed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trims<'s> {
    groups: BTreeMap<&'s str, [f64; 3]>,
    cabinets: BTreeMap<&'s str, [f64; 3]>,
}

impl<'s> Trims<'s> {
    /// The trims of a state.
    #[must_use]
    pub fn of(state: &'s ShowState) -> Self {
        let mut trims = Self::default();
        for (path, value) in state.parts() {
            let Some(factor) = value.as_number().map(|percent| percent / 100.0) else { continue };
            let of_property = CHANNELS.iter().find(|(property, _)| *property == path.property);
            let Some((_, acts_on)) = of_property else { continue };
            let channels = acts_on.map(|acts| if acts { factor } else { 1.0 });
            let own = match &path.target {
                Target::Group(id) => trims.groups.entry(id),
                Target::Cabinet(id) => trims.cabinets.entry(id),
                Target::Wall | Target::Screen(_) | Target::Port(_) => continue,
            };
            let own = own.or_insert(NEUTRAL);
            *own = product(*own, channels);
        }
        trims
    }

    /// Whether nobody was trimmed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.cabinets.is_empty()
    }

    /// What was asked of a cabinet: its red, green and blue light against its screen's.
    #[must_use]
    pub fn asked(&self, cabinet: &CabinetFacts) -> [f64; 3] {
        let groups = cabinet.groups.iter().filter_map(|group| self.groups.get(group.as_str()));
        groups.chain(self.cabinets.get(cabinet.id.as_str())).fold(NEUTRAL, |all, own| product(all, *own))
    }

    /// What a cabinet gets: what was asked, made smaller as a whole where its brightest channel would go beyond `headroom`
    /// or [`MOST`], so that its colour stays.
    #[must_use]
    pub fn within(&self, cabinet: &CabinetFacts, headroom: f64) -> [f64; 3] {
        let asked = self.asked(cabinet);
        let (brightest, most) = (brightest(asked), headroom.min(MOST));
        if brightest > most { asked.map(|channel| channel * most / brightest) } else { asked }
    }
}

/// How much brighter than it is a screen may become, where its share of full light is `share` and may be `limit`.
#[must_use]
pub fn headroom(share: f64, limit: f64) -> f64 {
    if share > 0.0 { (limit / share).max(1.0) } else { MOST }
}

/// The headroom of a screen by its own limit.
#[must_use]
pub fn headroom_of(state: &ShowState, screen: &ScreenFacts) -> f64 {
    headroom(state.brightness(screen), screen.brightness_limit)
}

/// The largest of three channels.
#[must_use]
pub fn brightest(channels: [f64; 3]) -> f64 {
    channels.into_iter().fold(0.0, f64::max)
}

fn product(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    core::array::from_fn(|channel| a.get(channel).copied().unwrap_or(1.0) * b.get(channel).copied().unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use super::super::{PropertyPath, Value, WallFacts};
    use super::*;

    fn state(values: &[(&str, f64)]) -> ShowState {
        let mut state = ShowState::default();
        for (path, percent) in values {
            let path: PropertyPath = path.parse().unwrap();
            state.set(&path, Value::Number(*percent), &WallFacts::default());
        }
        state
    }

    fn cabinet() -> CabinetFacts {
        CabinetFacts { id: "A1".into(), screen: "main".into(), groups: vec!["left".into(), "top".into()] }
    }

    fn near(a: [f64; 3], b: [f64; 3]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn overlapping_groups_and_the_cabinet_multiply() {
        let state = state(&[
            ("group:left/trim.brightness", 90.0),
            ("group:top/trim.gain.red", 50.0),
            ("group:other/trim.brightness", 10.0),
            ("cabinet:A1/trim.brightness", 120.0),
            ("cabinet:A1/trim.gain.blue", 110.0),
        ]);
        let asked = Trims::of(&state).asked(&cabinet());
        assert!(near(asked, [0.9 * 0.5 * 1.2, 0.9 * 1.2, 0.9 * 1.2 * 1.1]), "{asked:?}");
    }

    #[test]
    fn headroom_dims_all_channels_alike() {
        let warm = state(&[("cabinet:A1/trim.brightness", 150.0), ("cabinet:A1/trim.gain.red", 80.0)]);
        let trims = Trims::of(&warm);
        assert!(near(trims.within(&cabinet(), 2.0), [1.2, 1.5, 1.5]), "fits");
        assert!(near(trims.within(&cabinet(), 1.2), [0.96, 1.2, 1.2]), "limited, its colour kept");
        let far = state(&[("group:left/trim.brightness", 200.0), ("group:top/trim.brightness", 200.0)]);
        assert!(near(Trims::of(&far).within(&cabinet(), 100.0), [MOST; 3]), "never beyond the most");
    }

    #[test]
    fn a_black_screen_has_room_and_one_at_its_limit_has_none() {
        assert!((headroom(0.0, 1.0) - MOST).abs() < 1e-12);
        assert!((headroom(0.8, 0.8) - 1.0).abs() < 1e-12);
        assert!((headroom(0.5, 0.8) - 1.6).abs() < 1e-12);
    }
}
