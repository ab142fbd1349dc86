//! What surrounds the rows of a Colorlight frame: brightness before them, sync after them, by the cards' firmware; and
//! which part of a brightness the cards can show at all.

use super::batch::{Batch, Span};
use super::layout::span_mut;
use crate::wall::{ColorlightBrightnessLaw, ColorlightSpec};
use crate::wire::colorlight::{
    BRIGHTNESS_LEN, BrightnessRepr, SYNC_LEN, Sequence, SyncRepr, default_gap_us, packet_level, share_of_sync_level,
    sync_level_at_least,
};
use crate::wire::ocp809::{BRIGHTNESS_FULL, GAIN_UNITY, Latch};

/// Bytes from the brightness packet to the sync packet in their memory.
const STRIDE: usize = 128;

/// Most copies of a packet that a firmware wants.
const COPIES: usize = 2;

/// What a Colorlight card can do of an asked brightness, and what is left to the host.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColorlightDimming {
    /// The card's dimmer, rounded up to its next step: 255 is full.
    pub brightness: u8,
    /// The card's gains for red, green and blue, rounded up likewise.
    pub gains: [u8; 3],
    /// What pixels are multiplied by, per channel, so that the light is what was asked; above 1.0 for gains above 1.0.
    pub residual: [f64; 3],
}

impl ColorlightDimming {
    /// Splits a LATCH's brightness and gains between card and host.
    #[must_use]
    pub fn of(latch: &Latch) -> Self {
        if latch.flags.black_out || latch.brightness == 0 {
            return Self { brightness: 0, gains: [u8::MAX; 3], residual: [1.0; 3] };
        }
        let brightness = sync_level_at_least(latch.brightness);
        let dimmed = f64::from(latch.brightness) / f64::from(share_of_sync_level(brightness));
        let gains = latch.gains.map(gain_at_least);
        let mut residual = [dimmed; 3];
        for ((residual, asked), step) in residual.iter_mut().zip(latch.gains).zip(gains) {
            *residual *= f64::from(asked) / f64::from(GAIN_UNITY) * 255.0 / f64::from(step.max(1));
        }
        Self { brightness, gains, residual }
    }
}

/// The smallest gain byte (255 is 1.0) that is not below a LATCH's gain; 255 for gains above 1.0.
fn gain_at_least(gain: u16) -> u8 {
    sync_level_at_least(
        u16::try_from(u32::from(gain.min(GAIN_UNITY)) * u32::from(BRIGHTNESS_FULL) / u32::from(GAIN_UNITY))
            .unwrap_or(BRIGHTNESS_FULL),
    )
}

/// The packets around the rows of one port.
#[derive(Debug)]
pub(super) struct ColorlightLatch {
    brightness_packet: bool,
    law: ColorlightBrightnessLaw,
    gap_us: Option<u32>,
    sequence: Sequence,
    memory: [u8; 2 * STRIDE],
    opening: [Span; COPIES],
    closing: [Span; COPIES],
}

impl ColorlightLatch {
    pub(super) fn new(spec: &ColorlightSpec) -> Self {
        // A repeat is the same bytes once more.
        Self {
            brightness_packet: spec.brightness_packet,
            law: spec.brightness_law,
            gap_us: spec.gap_us,
            sequence: Sequence::of(spec.firmware),
            memory: [0; 2 * STRIDE],
            opening: [Span::new(0, BRIGHTNESS_LEN); COPIES],
            closing: [Span::new(STRIDE, SYNC_LEN); COPIES],
        }
    }

    /// The brightness packets.
    pub(super) fn opening(&mut self, latch: &Latch) -> Batch<'_> {
        if !self.brightness_packet {
            return Batch::default();
        }
        // Both laws start from the step that the sync packet can say, so that the two packets agree.
        let share = share_of_sync_level(ColorlightDimming::of(latch).brightness);
        if let Some(packet) = self.memory.first_chunk_mut() {
            BrightnessRepr::gray(packet_level(self.law, share)).emit(packet);
        }
        Batch::new(&self.memory, &self.opening).take(self.sequence.brightness_copies.into())
    }

    /// The sync packets.
    pub(super) fn closing(&mut self, latch: &Latch) -> Batch<'_> {
        let ColorlightDimming { brightness, gains, .. } = ColorlightDimming::of(latch);
        if let Some(packet) = span_mut(&mut self.memory, Span::new(STRIDE, SYNC_LEN)).first_chunk_mut() {
            SyncRepr::new(brightness, gains).emit(packet);
        }
        self.last()
    }

    /// The sync packets as they were written last.
    pub(super) fn last(&self) -> Batch<'_> {
        Batch::new(&self.memory, &self.closing).take(self.sequence.sync_copies.into())
    }

    /// Pause between the last row and the sync packet at a frame period, in nanoseconds.
    pub(super) fn gap_ns(&self, period_ns: u64) -> u64 {
        u64::from(self.gap_us.unwrap_or_else(|| default_gap_us(period_ns))) * 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ocp809::{EPOCH_WITHOUT_CARDS, LatchFlags};
    use proptest::prelude::*;

    fn latch(brightness: u16, gains: [u16; 3]) -> Latch {
        Latch { brightness, gains, ..Latch::neutral(EPOCH_WITHOUT_CARDS) }
    }

    #[test]
    fn black_out_and_full_brightness_leave_nothing_to_the_host() {
        let full = ColorlightDimming::of(&latch(0xffff, [0x8000; 3]));
        assert_eq!(full, ColorlightDimming { brightness: 255, gains: [255; 3], residual: [1.0; 3] }, "full");
        let flags = LatchFlags { black_out: true, ..LatchFlags::default() };
        let black = ColorlightDimming::of(&Latch { flags, ..latch(0xffff, [0x8000; 3]) });
        assert_eq!((black.brightness, black.residual), (0, [1.0; 3]), "the card is dark");
    }

    proptest! {
        #[test]
        fn card_and_host_together_show_what_was_asked(brightness in 1..=u16::MAX, gains in any::<[u16; 3]>()) {
            let dimming = ColorlightDimming::of(&latch(brightness, gains));
            for ((&step, asked), residual) in dimming.gains.iter().zip(gains).zip(dimming.residual) {
                let asked = f64::from(brightness) / 65_535.0 * f64::from(asked) / 32_768.0;
                let shown = f64::from(dimming.brightness) / 255.0 * f64::from(step) / 255.0 * residual;
                prop_assert!((shown - asked).abs() < 1e-9, "{shown} for {asked}");
            }
            if gains.iter().all(|&gain| gain <= 0x8000) {
                prop_assert!(dimming.residual.iter().all(|&residual| residual <= 1.0 + 1e-4), "{:?}", dimming.residual);
            }
        }
    }
}
