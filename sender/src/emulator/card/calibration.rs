//! Calibration banks of a card: one acts, the one before is kept, and a bypass makes the card neutral (PROTOCOL.md 6).

use crate::wire::field::u16_at;

/// 1.0 as an S2.13 coefficient.
const UNITY_S2_13: i16 = 8192;

/// Bytes of a pixel's 3x3 matrix.
const MATRIX_LEN: usize = 18;

/// Bytes of a pixel's three gains.
const GAINS_LEN: usize = 6;

/// What corrects the pixels of one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Correction {
    /// Per pixel a 3x3 matrix of S2.13 (8192 is 1.0), row-major: out red from red, green, blue; then green; then blue.
    Matrices(Vec<[i16; 9]>),
    /// Per pixel a gain for red, green and blue, 32768 is 1.0.
    Gains(Vec<[u16; 3]>),
}

/// The corrections of a card, module by module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CalibrationBank {
    modules: Vec<Option<Correction>>,
}

/// Which bank acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// None: identity.
    Bypass,
    /// The newest.
    #[default]
    Active,
    /// The one before.
    Previous,
}

/// Two banks, of which one acts.
#[derive(Debug, Default)]
pub(super) struct Banks {
    newest: CalibrationBank,
    previous: CalibrationBank,
    selection: Selection,
}

impl Correction {
    /// Reads matrices as an upload carries them; `None` when the length fits no whole number of pixels.
    #[must_use]
    pub fn matrices(bytes: &[u8]) -> Option<Self> {
        let pixels = bytes.chunks_exact(MATRIX_LEN);
        let whole = pixels.remainder().is_empty();
        let matrix = |pixel: &[u8]| core::array::from_fn(|i| u16_at(pixel, i * 2).cast_signed());
        whole.then(|| Self::Matrices(pixels.map(matrix).collect()))
    }

    /// Reads gains as an upload carries them.
    #[must_use]
    pub fn gains(bytes: &[u8]) -> Option<Self> {
        let pixels = bytes.chunks_exact(GAINS_LEN);
        let whole = pixels.remainder().is_empty();
        whole.then(|| Self::Gains(pixels.map(|pixel| core::array::from_fn(|i| u16_at(pixel, i * 2))).collect()))
    }

    /// Corrects linear light of a pixel of the module.
    #[must_use]
    pub fn apply(&self, pixel: usize, light: [f32; 3]) -> [f32; 3] {
        match self {
            Self::Matrices(matrices) => matrices.get(pixel).map_or(light, |m| {
                let [r, g, b] = light;
                let [rr, rg, rb, gr, gg, gb, br, bg, bb] = m.map(|c| f32::from(c) / f32::from(UNITY_S2_13));
                [rr * r + rg * g + rb * b, gr * r + gg * g + gb * b, br * r + bg * g + bb * b]
            }),
            Self::Gains(gains) => gains.get(pixel).map_or(light, |gains| {
                let [r, g, b] = gains.map(|gain| f32::from(gain) / 32_768.0);
                let [lr, lg, lb] = light;
                [lr * r, lg * g, lb * b]
            }),
        }
    }

    /// Pixels that it corrects.
    #[must_use]
    pub fn pixels(&self) -> usize {
        match self {
            Self::Matrices(matrices) => matrices.len(),
            Self::Gains(gains) => gains.len(),
        }
    }
}

impl CalibrationBank {
    /// The correction of a module, by its position in the card.
    #[must_use]
    pub fn module(&self, position: usize) -> Option<&Correction> {
        self.modules.get(position).and_then(Option::as_ref)
    }

    /// Sets the correction of a module.
    pub fn set_module(&mut self, position: usize, correction: Option<Correction>) {
        if position >= self.modules.len() {
            self.modules.resize(position + 1, None);
        }
        if let Some(place) = self.modules.get_mut(position) {
            *place = correction;
        }
    }
}

impl Banks {
    /// The bank that acts.
    pub(super) const fn active(&self) -> Option<&CalibrationBank> {
        match self.selection {
            Selection::Bypass => None,
            Selection::Active => Some(&self.newest),
            Selection::Previous => Some(&self.previous),
        }
    }

    /// Makes a new bank from the newest one with another correction of one module, and lets it act.
    pub(super) fn commit(&mut self, position: usize, correction: Correction) {
        let mut next = self.newest.clone();
        next.set_module(position, Some(correction));
        self.previous = core::mem::replace(&mut self.newest, next);
        self.selection = Selection::Active;
    }

    /// Chooses the bank that acts.
    pub(super) const fn select(&mut self, selection: Selection) {
        self.selection = selection;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_mixes_channels_row_by_row() {
        let mut bytes = Vec::new();
        for coefficient in [0_i16, 8192, 0, 4096, 0, 0, 0, 0, -8192] {
            bytes.extend_from_slice(&coefficient.to_be_bytes());
        }
        let correction = Correction::matrices(&bytes).expect("one pixel");
        assert_eq!(
            correction.apply(0, [0.5, 0.25, 1.0]),
            [0.25, 0.25, -1.0],
            "red from green, green from half red, blue inverted"
        );
        assert_eq!(correction.apply(1, [0.5, 0.25, 1.0]), [0.5, 0.25, 1.0], "a pixel without a matrix is left alone");
        assert_eq!(Correction::matrices(&bytes[1..]), None, "part of a pixel");
    }

    #[test]
    fn a_commit_keeps_the_bank_before_and_a_bypass_is_neutral() {
        let mut banks = Banks::default();
        let gains = |gain| Correction::Gains(vec![[gain; 3]]);
        banks.commit(1, gains(1));
        banks.commit(1, gains(2));
        let active = |banks: &Banks| banks.active().and_then(|bank| bank.module(1).cloned());
        assert_eq!(active(&banks), Some(gains(2)), "the newest acts");
        banks.select(Selection::Previous);
        assert_eq!(active(&banks), Some(gains(1)), "the one before");
        banks.select(Selection::Bypass);
        assert_eq!(active(&banks), None, "neutral");
    }
}
