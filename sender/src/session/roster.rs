//! What a wall's cards report about themselves: STATS come once per second unasked.

use super::key::KeyState;
use crate::time::Nanos;
use crate::wire::ocp809::control::Stats;

/// One card of the wall as it last reported itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RosterCard {
    /// When it was heard last.
    pub heard: Option<Nanos>,
    /// It answers.
    pub is_found: bool,
    /// It has its id and the wall's settings.
    pub is_ready: bool,
    /// Uploads of coefficients that are not done.
    pub uploads: usize,
    /// Serial number, once known.
    pub serial: String,
    /// Whether it has this site's key.
    pub key: KeyState,
    /// Its newest counters and health.
    pub stats: Option<Stats>,
}
