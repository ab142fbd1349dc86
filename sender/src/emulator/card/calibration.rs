//! Calibration of a card: the bank that the last commit made, the one before, and which of them acts (PROTOCOL.md 13).

use sha2::{Digest, Sha256};

use crate::wire::field::u16_at;
use crate::wire::ocp809::control::{BankChoice, BankReport, BankSelect, CalibrationKind, UploadReport};

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

/// A correction with the hash of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored {
    correction: Correction,
    kind: CalibrationKind,
    sha256: [u8; 32],
}

/// The corrections of all modules, by their position in the card.
type Bank = Vec<Option<Stored>>;

/// The two banks of a card. They survive a power cycle.
#[derive(Debug, Clone)]
pub struct Calibration {
    active: Bank,
    previous: Bank,
    acting: BankChoice,
}

impl Default for Calibration {
    /// Two empty banks.
    fn default() -> Self {
        Self { active: Bank::new(), previous: Bank::new(), acting: BankChoice::Active }
    }
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
}

impl Calibration {
    /// What corrects a module, by its position in the card; `None`: nothing does.
    #[must_use]
    pub fn module(&self, position: usize) -> Option<&Correction> {
        let bank = match self.acting {
            BankChoice::Bypass => return None,
            BankChoice::Active => &self.active,
            BankChoice::Previous => &self.previous,
        };
        stored(bank, position).map(|stored| &stored.correction)
    }

    /// Makes a new active bank of the active one, with other coefficients for the modules from `first` on, whose bytes are
    /// given one after the other, and lets it act. `None` when the bytes are no coefficients of this kind.
    pub(super) fn commit<'a>(
        &mut self,
        first: usize,
        kind: CalibrationKind,
        modules: impl IntoIterator<Item = &'a [u8]>,
    ) -> Option<()> {
        let mut next = self.active.clone();
        for (position, bytes) in (first..).zip(modules) {
            let (correction, sha256) = (Correction::parse(kind, bytes)?, Sha256::digest(bytes).into());
            if position >= next.len() {
                next.resize(position + 1, None);
            }
            *next.get_mut(position)? = Some(Stored { correction, kind, sha256 });
        }
        self.previous = core::mem::replace(&mut self.active, next);
        self.acting = BankChoice::Active;
        Some(())
    }

    /// Chooses the bank that acts.
    pub(super) const fn select(&mut self, choice: BankChoice) {
        self.acting = choice;
    }

    /// What the banks hold for each of `modules` modules.
    #[must_use]
    pub fn report(&self, modules: usize) -> UploadReport {
        let kind = |stored: Option<&Stored>| stored.map_or(CalibrationKind::None, |stored| stored.kind);
        let sha256 = |stored: Option<&Stored>| stored.map_or([0; 32], |stored| stored.sha256);
        let module = |(position, module)| {
            let (active, previous) = (stored(&self.active, position), stored(&self.previous, position));
            BankReport {
                module,
                active_kind: kind(active),
                active_sha256: sha256(active),
                previous_kind: kind(previous),
                previous_sha256: sha256(previous),
            }
        };
        let banks = (0..modules).zip(0..=u16::MAX).map(module).collect();
        UploadReport { acting: BankSelect { choice: self.acting }, banks }
    }
}

fn stored(bank: &Bank, position: usize) -> Option<&Stored> {
    bank.get(position).and_then(Option::as_ref)
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
        let gains = |gain: u8| [[gain; 2]; 3].concat();
        let mut commit = |first, modules: &[u8]| {
            let bytes: Vec<_> = modules.iter().map(|&gain| gains(gain)).collect();
            calibration.commit(first, CalibrationKind::Gains, bytes.iter().map(Vec::as_slice)).expect("whole pixels");
        };
        commit(0, &[1, 2]);
        commit(1, &[3]);
        let acting = |calibration: &Calibration| [0, 1, 2].map(|module| calibration.module(module).cloned());
        let of = |gain| Correction::parse(CalibrationKind::Gains, &gains(gain));
        assert_eq!(acting(&calibration), [of(1), of(3), None], "module 1 was replaced");
        calibration.select(BankChoice::Previous);
        assert_eq!(acting(&calibration), [of(1), of(2), None], "the bank before");
        let report = calibration.report(3);
        let kinds: Vec<_> = report.banks.iter().map(|bank| bank.active_kind).collect();
        assert_eq!(kinds, [CalibrationKind::Gains, CalibrationKind::Gains, CalibrationKind::None], "what there is");
        assert_ne!(report.banks[1].active_sha256, report.banks[1].previous_sha256, "and which");
        calibration.select(BankChoice::Bypass);
        assert_eq!(acting(&calibration), [None, None, None], "neutral");
        assert_eq!(calibration.commit(0, CalibrationKind::Gains, [&[0_u8; 7][..]]), None, "part of a pixel");
    }
}
