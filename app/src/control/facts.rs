//! What control needs to know about a wall and its show: names to check values against, limits that bind every client, and
//! peaks that turn nit into shares.

use ocp809_sender::wall::{Cabinet, Wall};

/// The names and limits of a wall.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WallFacts {
    /// Screens in the wall's order.
    pub screens: Vec<ScreenFacts>,
    /// Ids of groups.
    pub groups: Vec<String>,
    /// Ids of ports.
    pub ports: Vec<String>,
    /// Cabinets in the wall's order.
    pub cabinets: Vec<CabinetFacts>,
    /// Names of the show's sources.
    pub sources: Vec<String>,
    /// Whether the cards are virtual, so that faults may be injected.
    pub is_virtual: bool,
    /// Whether this host has a site key, which can be installed in cards.
    pub has_site_key: bool,
}

/// What control needs to know about a cabinet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CabinetFacts {
    /// Its id.
    pub id: String,
    /// Id of its screen.
    pub screen: String,
    /// Ids of its groups.
    pub groups: Vec<String>,
}

/// What control needs to know about a screen.
#[derive(Debug, Clone, PartialEq)]
pub struct ScreenFacts {
    /// Its id.
    pub id: String,
    /// Brightness that no client can exceed, 0.0 to 1.0.
    pub brightness_limit: f64,
    /// Luminance of full white in cd/m2, where known.
    pub peak_nits: Option<f64>,
}

impl WallFacts {
    /// The facts of a wall without a show.
    #[must_use]
    pub fn of(wall: &Wall, is_virtual: bool) -> Self {
        let mut groups: Vec<String> =
            wall.cabinets().iter().flat_map(|cabinet| &cabinet.groups).map(ToString::to_string).collect();
        groups.sort();
        groups.dedup();
        Self {
            screens: wall
                .screens()
                .iter()
                .map(|screen| ScreenFacts {
                    id: screen.id.to_string(),
                    brightness_limit: screen.brightness_limit,
                    peak_nits: screen.peak_nits,
                })
                .collect(),
            groups,
            ports: wall.ports().iter().map(|port| port.id.to_string()).collect(),
            cabinets: wall.cabinets().iter().map(|cabinet| cabinet_facts(wall, cabinet)).collect(),
            sources: Vec::new(),
            is_virtual,
            has_site_key: false,
        }
    }

    /// The cabinet of this id.
    #[must_use]
    pub fn cabinet(&self, id: &str) -> Option<&CabinetFacts> {
        self.cabinets.iter().find(|cabinet| cabinet.id == id)
    }

    /// The screen of this id.
    #[must_use]
    pub fn screen(&self, id: &str) -> Option<&ScreenFacts> {
        self.screens.iter().find(|screen| screen.id == id)
    }
}

fn cabinet_facts(wall: &Wall, cabinet: &Cabinet) -> CabinetFacts {
    // A group is a set: whoever is listed in it twice is in it once.
    let mut groups: Vec<String> = cabinet.groups.iter().map(ToString::to_string).collect();
    groups.sort();
    groups.dedup();
    let screen = wall.screen(cabinet.screen).map(|screen| screen.id.to_string()).unwrap_or_default();
    CabinetFacts { id: cabinet.id.to_string(), screen, groups }
}
