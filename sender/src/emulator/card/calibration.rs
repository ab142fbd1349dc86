//! Calibration of a card: each module has the bank that acts and the one before, and a bypass that makes it neutral
//! (PROTOCOL.md 6).

use crate::wire::field::u16_at;
use crate::wire::ocp809::control::{BankChoice, BankReport, BankState, CalibrationKind, MODULE_ALL};

/// 1.0 as an S2.13 coefficient.
const UNITY_S2_13: i16 = 8192;

/// Bytes of a pixel's 3x3 matrix.
pub(super) const MATRIX_LEN: usize = 18;

/// Bytes of a pixel's three gains.
pub(super) const GAINS_LEN: usize = 6;

/// What corrects the pixels of one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Correction {
    /// Per pixel a 3x3 matrix of S2.13 (8192 is 1.0), row-major: out red from red, green, blue; then green; then blue.
    Matrices(Vec<[i16; 9]>),
    /// Per pixel a gain for red, green and blue, 32768 is 1.0.
    Gains(Vec<[u16; 3]>),
}

/// A correction with the hash that it was uploaded under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bank {
    /// What it does.
    pub(super) correction: Correction,
    /// SHA-256 of its bytes.
    pub(super) sha256: [u8; 32],
}

/// The banks of one module.
#[derive(Debug, Clone, Default)]
struct ModuleBanks {
    active: Option<Bank>,
    previous: Option<Bank>,
    bypassed: bool,
}

/// The banks of a card. They survive a power cycle.
#[derive(Debug, Clone, Default)]
pub struct Calibration {
    modules: Vec<ModuleBanks>,
}

impl Correction {
    /// Reads coefficients as an upload carries them; `None` when the length fits no whole number of pixels, or a virtual
    /// card has no use for the kind.
    pub(super) fn parse(kind: CalibrationKind, bytes: &[u8]) -> Option<Self> {
        let size = Self::bytes_per_pixel(kind)?;
        let pixels = bytes.chunks_exact(size);
        if !pixels.remainder().is_empty() {
            return None;
        }
        Some(if kind == CalibrationKind::Matrix {
            Self::Matrices(pixels.map(|pixel| core::array::from_fn(|i| u16_at(pixel, i * 2).cast_signed())).collect())
        } else {
            Self::Gains(pixels.map(|pixel| core::array::from_fn(|i| u16_at(pixel, i * 2))).collect())
        })
    }

    /// Bytes that a pixel takes in an upload of this kind.
    pub(super) const fn bytes_per_pixel(kind: CalibrationKind) -> Option<usize> {
        match kind {
            CalibrationKind::Matrix => Some(MATRIX_LEN),
            CalibrationKind::Gains => Some(GAINS_LEN),
            CalibrationKind::None | CalibrationKind::LowGray => None,
        }
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

    const fn kind(&self) -> CalibrationKind {
        match self {
            Self::Matrices(_) => CalibrationKind::Matrix,
            Self::Gains(_) => CalibrationKind::Gains,
        }
    }
}

impl Calibration {
    /// What corrects a module, by its position in the card; `None`: nothing does.
    #[must_use]
    pub fn module(&self, position: usize) -> Option<&Correction> {
        let banks = self.modules.get(position).filter(|banks| !banks.bypassed)?;
        banks.active.as_ref().map(|bank| &bank.correction)
    }

    /// Lets a new bank act on a module; the one that acted is kept.
    pub(super) fn commit(&mut self, position: usize, bank: Bank) {
        let Some(banks) = self.banks(position) else { return };
        banks.previous = banks.active.replace(bank);
        banks.bypassed = false;
    }

    /// Chooses what corrects a module, or all `modules` of the card.
    pub(super) fn select(&mut self, module: u16, choice: BankChoice, modules: usize) {
        let all = 0..modules;
        let one = usize::from(module)..usize::from(module) + 1;
        for position in if module == MODULE_ALL { all } else { one } {
            let Some(banks) = self.banks(position) else { continue };
            banks.bypassed = choice == BankChoice::Bypass;
            if choice == BankChoice::Previous {
                core::mem::swap(&mut banks.active, &mut banks.previous);
            }
        }
    }

    /// What a module has.
    pub(super) fn report(&self, position: u16) -> BankReport {
        let none = ModuleBanks::default();
        let banks = self.modules.get(usize::from(position)).unwrap_or(&none);
        let kind = |bank: &Option<Bank>| bank.as_ref().map_or(CalibrationKind::None, |bank| bank.correction.kind());
        let sha256 = |bank: &Option<Bank>| bank.as_ref().map_or([0; 32], |bank| bank.sha256);
        let acts = banks.active.is_some() && !banks.bypassed;
        BankReport {
            module: position,
            state: if acts { BankState::Active } else { BankState::Bypass },
            active_kind: kind(&banks.active),
            active_sha256: sha256(&banks.active),
            previous_kind: kind(&banks.previous),
            previous_sha256: sha256(&banks.previous),
        }
    }

    fn banks(&mut self, position: usize) -> Option<&mut ModuleBanks> {
        if position >= usize::from(MODULE_ALL) {
            return None;
        }
        if position >= self.modules.len() {
            self.modules.resize_with(position + 1, ModuleBanks::default);
        }
        self.modules.get_mut(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: [f32; 3], b: [f32; 3]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6)
    }

    #[test]
    fn a_matrix_mixes_channels_row_by_row() {
        let mut bytes = Vec::new();
        for coefficient in [0_i16, 8192, 0, 4096, 0, 0, 0, 0, -8192] {
            bytes.extend_from_slice(&coefficient.to_be_bytes());
        }
        let correction = Correction::parse(CalibrationKind::Matrix, &bytes).expect("one pixel");
        let light = [0.5, 0.25, 1.0];
        assert!(close(correction.apply(0, light), [0.25, 0.25, -1.0]), "red from green, green from half red, blue inverted");
        assert!(close(correction.apply(1, light), light), "a pixel without a matrix is left alone");
        assert_eq!(Correction::parse(CalibrationKind::Matrix, &bytes[1..]), None, "part of a pixel");
        let gains = Correction::parse(CalibrationKind::Gains, &[0x80, 0, 0x40, 0, 0xff, 0xff]).expect("one pixel");
        assert!(close(gains.apply(0, [1.0; 3]), [1.0, 0.5, 65_535.0 / 32_768.0]), "three gains");
    }

    #[test]
    fn a_commit_keeps_the_bank_before_and_a_bypass_is_neutral() {
        let mut calibration = Calibration::default();
        let bank = |gain: u8| Bank { correction: Correction::Gains(vec![[gain.into(); 3]]), sha256: [gain; 32] };
        calibration.commit(1, bank(1));
        calibration.commit(1, bank(2));
        let active = |calibration: &Calibration| calibration.module(1).cloned();
        assert_eq!(active(&calibration), Some(bank(2).correction), "the newest acts");
        calibration.select(1, BankChoice::Previous, 4);
        assert_eq!(active(&calibration), Some(bank(1).correction), "the one before");
        assert_eq!(
            (calibration.report(1).active_sha256, calibration.report(1).previous_sha256),
            ([1; 32], [2; 32]),
            "changed places"
        );
        calibration.select(MODULE_ALL, BankChoice::Bypass, 4);
        assert_eq!((active(&calibration), calibration.report(1).state), (None, BankState::Bypass), "neutral");
        calibration.select(1, BankChoice::Active, 4);
        assert_eq!(active(&calibration), Some(bank(1).correction), "and back");
        assert_eq!(calibration.report(3).active_kind, CalibrationKind::None, "an empty module");
    }
}
