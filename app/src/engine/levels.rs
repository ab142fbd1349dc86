//! Who dims what: splits each screen's asked light into what its cards apply and what the pixel path multiplies by, so that
//! brightness is applied exactly once and ports of different protocols on one screen match.

use ocp809_sender::wall::{AppliedAt, ProtocolKind, Wall};
use ocp809_sender::wire::ocp809::{BRIGHTNESS_FULL, GAIN_UNITY};

/// Levels of the light that Colorlight receivers distinguish above black.
const COLORLIGHT_STEPS: f64 = 255.0;

/// The light that a screen was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenLevel {
    /// Share of full light, 0.0 to 1.0, limits and fades included.
    pub brightness: f64,
    /// Shares of red, green and blue, 0.0 to 1.0.
    pub gains: [f64; 3],
}

/// What the cards of a port apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardLevel {
    /// Linear brightness of the LATCH, 0 to 65535.
    pub brightness: u16,
    /// Gains of the LATCH, 32768 is 1.0.
    pub gains: [u16; 3],
}

/// Both halves of the split.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// Per port, in the wall's order.
    pub cards: Vec<CardLevel>,
    /// Per port and screen (`port * screens + screen`): what the pixel path multiplies red, green and blue by, 0.0 to 1.0.
    pub host: Vec<[f64; 3]>,
    screens: usize,
}

impl CardLevel {
    /// A card that shows what it is sent.
    pub const NEUTRAL: Self = Self { brightness: BRIGHTNESS_FULL, gains: [GAIN_UNITY; 3] };
}

impl Levels {
    /// The split for a wall whose screens were asked for `screens`, in the wall's order.
    #[must_use]
    pub fn split(wall: &Wall, screens: &[ScreenLevel]) -> Self {
        let mut levels = Self { cards: Vec::new(), host: Vec::new(), screens: screens.len() };
        for (index, port) in wall.ports().iter().enumerate() {
            let fed: Vec<usize> = (0..screens.len())
                .filter(|&s| wall.cascade(port).any(|cabinet| cabinet.port.index() == index && cabinet.screen.index() == s))
                .collect();
            let share = match port.brightness_at {
                AppliedAt::Host => 1.0,
                AppliedAt::Card => fed.iter().filter_map(|&s| screens.get(s)).map(|l| l.brightness).fold(0.0, f64::max),
            };
            let card = card_level(port.protocol, share);
            levels.cards.push(card);
            let applied = f64::from(card.brightness) / f64::from(BRIGHTNESS_FULL);
            levels.host.extend(screens.iter().map(|screen| host_level(screen, applied)));
        }
        levels
    }

    /// What the pixel path multiplies a screen's light by on a port.
    #[must_use]
    pub fn host(&self, port: usize, screen: usize) -> [f64; 3] {
        self.host.get(port * self.screens + screen).copied().unwrap_or([1.0; 3])
    }
}

/// The card's level for a share of light: exact in 16 bit, or rounded up to the next step of a Colorlight receiver, so that
/// the pixel path only ever has to take light away.
fn card_level(protocol: ProtocolKind, share: f64) -> CardLevel {
    let full = f64::from(BRIGHTNESS_FULL);
    let level = match protocol {
        ProtocolKind::Ocp809 => (share * full).ceil(),
        ProtocolKind::Colorlight => ((share * COLORLIGHT_STEPS).ceil() / COLORLIGHT_STEPS * full).round(),
    };
    CardLevel { brightness: to_u16(level), ..CardLevel::NEUTRAL }
}

/// What is left for the pixel path once the card applied its part.
fn host_level(screen: &ScreenLevel, applied: f64) -> [f64; 3] {
    let rest = if applied > 0.0 { (screen.brightness / applied).min(1.0) } else { 0.0 };
    screen.gains.map(|gain| gain * rest)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u16 before the cast")]
fn to_u16(value: f64) -> u16 {
    value.clamp(0.0, f64::from(u16::MAX)) as u16
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use ocp809_sender::geometry::PixelSize;
    use ocp809_sender::wall::layout::{Grid, serpentine};

    fn wall(edit: impl Fn(&mut ocp809_sender::wall::WallSpec)) -> Wall {
        let mut spec = serpentine(&Grid::new(2, 1, PixelSize::new(16, 16))).unwrap();
        edit(&mut spec);
        Wall::from_spec(&spec).unwrap()
    }

    fn light(levels: &Levels, port: usize, channel: usize) -> f64 {
        f64::from(levels.cards[port].brightness) / 65535.0 * levels.host(port, 0)[channel]
    }

    #[test]
    fn card_and_host_together_make_exactly_the_asked_light() {
        let asked = ScreenLevel { brightness: 0.357, gains: [1.0, 0.5, 0.25] };
        for protocol in [ProtocolKind::Ocp809, ProtocolKind::Colorlight] {
            let wall = wall(|spec| spec.ports[0].protocol = protocol);
            let levels = Levels::split(&wall, &[asked]);
            for (channel, gain) in asked.gains.into_iter().enumerate() {
                let made = light(&levels, 0, channel);
                assert!((made - 0.357 * gain).abs() < 1e-12, "{protocol:?}: {made} of channel {channel}");
            }
            assert!(levels.host(0, 0)[0] > 0.98, "the card does the coarse part");
        }
    }

    #[test]
    fn a_port_that_dims_in_the_host_leaves_its_cards_neutral() {
        let wall = wall(|spec| spec.ports[0].brightness_at = AppliedAt::Host);
        let levels = Levels::split(&wall, &[ScreenLevel { brightness: 0.2, gains: [1.0; 3] }]);
        assert_eq!(levels.cards, [CardLevel::NEUTRAL], "neutral");
        assert!((levels.host(0, 0)[0] - 0.2).abs() < 1e-12, "the host does it all");
    }

    #[test]
    fn black_is_black_whoever_applies_it() {
        for at in [AppliedAt::Card, AppliedAt::Host] {
            let wall = wall(|spec| spec.ports[0].brightness_at = at);
            let levels = Levels::split(&wall, &[ScreenLevel { brightness: 0.0, gains: [1.0; 3] }]);
            assert!(light(&levels, 0, 0).abs() < f64::EPSILON, "{at:?}");
        }
    }
}
