//! Who dims what: splits each screen's asked light into what its cards apply and what the pixel path multiplies by, so that
//! brightness is applied exactly once and ports of different protocols on one screen match.

use ocp809_sender::ids::CabinetIndex;
use ocp809_sender::wall::{AppliedAt, ProtocolKind, Wall};
use ocp809_sender::wire::colorlight::{share_of_sync_level, sync_level_at_least};
use ocp809_sender::wire::ocp809::{BRIGHTNESS_FULL, GAIN_UNITY};

use crate::control::trim::brightest as brightest_of;

/// What the cards of a port apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardLevel {
    /// Linear brightness of the LATCH, 0 to 65535.
    pub brightness: u16,
    /// Gains of the LATCH, 32768 is 1.0.
    pub gains: [u16; 3],
}

/// Both halves of the split. The light of a cabinet of screen s on port p is `cards[p] * ports[p] * screens[s]` times its trim.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// What the cards of each port apply.
    pub cards: Vec<CardLevel>,
    /// What the pixel path applies on each port, 0.0 to 2.0.
    pub ports: Vec<f64>,
    /// What the pixel path applies on each screen: its share of the brightest screen, 0.0 to 1.0.
    pub screens: Vec<f64>,
    /// What the pixel path applies on each cabinet: its red, green and blue light against its screen's; empty where no
    /// cabinet is trimmed.
    pub trims: Vec<[f64; 3]>,
}

impl CardLevel {
    /// A card that shows what it is sent.
    pub const NEUTRAL: Self = Self { brightness: BRIGHTNESS_FULL, gains: [GAIN_UNITY; 3] };
}

impl Levels {
    /// The split for a wall whose screens were asked for these shares of full light (0.0 to 1.0, limits and fades included),
    /// and whose cabinets for these trims, within their screens' headroom; empty: none is trimmed.
    ///
    /// The cards of a port are as bright as its brightest cabinet: the pixel path only takes away.
    #[must_use]
    pub fn split(wall: &Wall, screens: &[f64], trims: Vec<[f64; 3]>) -> Self {
        let brightest = screens.iter().copied().fold(0.0, f64::max);
        let mut levels = Self {
            cards: Vec::with_capacity(wall.ports().len()),
            ports: Vec::with_capacity(wall.ports().len()),
            screens: screens.iter().map(|share| if brightest > 0.0 { share / brightest } else { 0.0 }).collect(),
            trims: Vec::new(),
        };
        for port in wall.ports() {
            let share_of = |&index: &CabinetIndex| {
                let share = screens.get(wall.cabinet(index)?.screen.index())?;
                Some((share * trims.get(index.index()).map_or(1.0, |trim| brightest_of(*trim))).min(1.0))
            };
            let fed = port.cascade.iter().filter_map(share_of);
            // Not below half of the brightest screen: the pixel path can at most double what is left.
            let share = fed.fold(brightest / 2.0, f64::max);
            let (card, applied) = match port.brightness_at {
                AppliedAt::Host => (CardLevel::NEUTRAL, 1.0),
                AppliedAt::Card => card_level(port.protocol, share),
            };
            levels.cards.push(card);
            levels.ports.push(if applied > 0.0 { brightest / applied } else { 1.0 });
        }
        levels.trims = trims;
        levels
    }
}

/// The card's level for a share of light, and the share that it counts as. 16 bits are finer than anybody asks, so that
/// the pixel path stays out of it; a Colorlight receiver's 255 steps are rounded up, and the pixel path takes the rest away.
fn card_level(protocol: ProtocolKind, share: f64) -> (CardLevel, f64) {
    let full = f64::from(BRIGHTNESS_FULL);
    match protocol {
        ProtocolKind::Ocp809 => (CardLevel { brightness: to_u16((share * full).round()), ..CardLevel::NEUTRAL }, share),
        ProtocolKind::Colorlight => {
            let asked = to_u16((share * full).ceil());
            let level = if asked == 0 { 0 } else { share_of_sync_level(sync_level_at_least(asked)) };
            (CardLevel { brightness: level, ..CardLevel::NEUTRAL }, f64::from(level) / full)
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u16 before the cast")]
fn to_u16(value: f64) -> u16 {
    value.clamp(0.0, f64::from(u16::MAX)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::geometry::PixelSize;
    use ocp809_sender::wall::layout::{Grid, serpentine};

    fn wall(edit: impl Fn(&mut ocp809_sender::wall::WallSpec)) -> Wall {
        let mut spec = serpentine(&Grid::new(2, 1, PixelSize::new(16, 16))).unwrap();
        edit(&mut spec);
        Wall::from_spec(&spec).unwrap()
    }

    fn light(levels: &Levels, port: usize, screen: usize) -> f64 {
        f64::from(levels.cards[port].brightness) / 65535.0 * levels.ports[port] * levels.screens[screen]
    }

    #[test]
    fn card_and_host_together_make_the_asked_light() {
        for (protocol, exact) in [(ProtocolKind::Ocp809, 0.5 / 65535.0), (ProtocolKind::Colorlight, 1e-12)] {
            let wall = wall(|spec| spec.ports[0].protocol = protocol);
            for permille in 0..=1000 {
                let asked = f64::from(permille) / 1000.0;
                let levels = Levels::split(&wall, &[asked], Vec::new());
                assert!((light(&levels, 0, 0) - asked).abs() <= exact, "{protocol:?} at {permille} permille");
                assert!(levels.ports[0] <= 1.0, "the pixel path only takes away");
            }
        }
    }

    #[test]
    fn screens_of_different_brightness_share_a_wall() {
        let wall = wall(|spec| {
            let right = ocp809_sender::wall::spec::ScreenSpec { id: "right".into(), ..spec.screens[0].clone() };
            spec.screens.push(right);
            spec.cabinets[1].screen = "right".into();
        });
        for asked in [[1.0, 0.1], [0.05, 0.9], [0.0, 0.3]] {
            let levels = Levels::split(&wall, &asked, Vec::new());
            for (screen, share) in asked.into_iter().enumerate() {
                assert!((light(&levels, 0, screen) - share).abs() < 1e-5, "{asked:?}, screen {screen}");
            }
            assert!(levels.ports[0] <= 2.0, "within what the pixel path can do");
        }
    }

    #[test]
    fn a_port_that_dims_in_the_host_leaves_its_cards_neutral() {
        let wall = wall(|spec| spec.ports[0].brightness_at = AppliedAt::Host);
        let levels = Levels::split(&wall, &[0.2], Vec::new());
        assert_eq!(levels.cards, [CardLevel::NEUTRAL], "neutral");
        assert!((levels.ports[0] - 0.2).abs() < 1e-12, "the host does it all");
    }

    #[test]
    fn black_is_black_whoever_applies_it() {
        for at in [AppliedAt::Card, AppliedAt::Host] {
            let wall = wall(|spec| spec.ports[0].brightness_at = at);
            assert!(light(&Levels::split(&wall, &[0.0], Vec::new()), 0, 0).abs() < f64::EPSILON, "{at:?}");
        }
    }

    #[test]
    fn a_cabinet_above_its_screen_raises_the_cards_and_lowers_the_rest() {
        for protocol in [ProtocolKind::Ocp809, ProtocolKind::Colorlight] {
            let wall = wall(|spec| spec.ports[0].protocol = protocol);
            let trims = [[1.5, 1.2, 1.5], [0.9; 3]];
            let levels = Levels::split(&wall, &[0.4], trims.to_vec());
            for (cabinet, trim) in trims.into_iter().enumerate() {
                for (channel, factor) in trim.into_iter().enumerate() {
                    let host = levels.ports[0] * levels.screens[0] * levels.trims[cabinet][channel];
                    assert!(host <= 1.0 + 1e-9, "{protocol:?}: white is not clipped: {host}");
                    let light = f64::from(levels.cards[0].brightness) / 65535.0 * host;
                    assert!((light - 0.4 * factor).abs() < 1e-5, "{protocol:?}, cabinet {cabinet}, channel {channel}");
                }
            }
        }
    }
}
