//! What surrounds the rows of a Colorlight frame: brightness before them, sync after them, by the cards' firmware.

use super::batch::{Batch, Span};
use super::layout::span_mut;
use crate::wall::{ColorlightBrightnessLaw, ColorlightFirmware, ColorlightSpec};
use crate::wire::ocp809::{BRIGHTNESS_FULL, GAIN_UNITY, Latch};

pub(super) const ROW_HEADER_LEN: usize = 21;
const BRIGHTNESS_LEN: usize = 77;
const SYNC_LEN: usize = 112;
const STRIDE: usize = 128;

/// What a Colorlight card can do of an asked brightness, and what is left to the host.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColorlightDimming {
    /// The card's dimmer, rounded up to its next step: full is 255.
    pub brightness: u8,
    /// The card's gains for red, green and blue, rounded up likewise.
    pub gains: [u8; 3],
    /// What pixels are multiplied by, per channel, so that the light is what was asked.
    pub residual: [f64; 3],
}

impl ColorlightDimming {
    /// Splits a LATCH's brightness and gains between card and host.
    #[must_use]
    pub fn of(latch: &Latch) -> Self {
        if latch.flags.black_out || latch.brightness == 0 {
            return Self { brightness: 0, gains: [u8::MAX; 3], residual: [1.0; 3] };
        }
        let brightness = step_above(latch.brightness.into(), BRIGHTNESS_FULL.into());
        let gains = latch.gains.map(|gain| step_above(gain.into(), GAIN_UNITY.into()));
        let share = f64::from(latch.brightness) / f64::from(BRIGHTNESS_FULL) * 255.0 / f64::from(brightness);
        let mut residual = [0.0; 3];
        for ((residual, gain), step) in residual.iter_mut().zip(latch.gains).zip(gains) {
            let left = f64::from(gain) / f64::from(GAIN_UNITY) * 255.0 / f64::from(step.max(1));
            *residual = share * left;
        }
        Self { brightness, gains, residual }
    }

    /// The level of a 0x0A packet for this brightness.
    fn level(self, law: ColorlightBrightnessLaw) -> u8 {
        match law {
            ColorlightBrightnessLaw::Linear => self.brightness,
            // A float to u8 cast saturates; the value lies within 0..=255.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.0..=255.0")]
            ColorlightBrightnessLaw::Perceptual => (255.0 * (f64::from(self.brightness) / 255.0).powf(0.4)).round() as u8,
        }
    }
}

/// The smallest step of 255 that is not below `value` of `full`.
fn step_above(value: u32, full: u32) -> u8 {
    u8::try_from((value * 255).div_ceil(full)).unwrap_or(u8::MAX)
}

/// The packets around the rows of one port.
#[derive(Debug)]
pub(super) struct ColorlightLatch {
    brightness_packet: bool,
    law: ColorlightBrightnessLaw,
    repeats: usize,
    memory: [u8; 2 * STRIDE],
    opening: [Span; 2],
    closing: [Span; 2],
}

impl ColorlightLatch {
    pub(super) fn new(spec: &ColorlightSpec) -> Self {
        let repeats = match spec.firmware {
            ColorlightFirmware::UpTo12 => 1,
            ColorlightFirmware::From13 => 2,
        };
        // A repeat is the same bytes once more.
        Self {
            brightness_packet: spec.brightness_packet,
            law: spec.brightness_law,
            repeats,
            memory: [0; 2 * STRIDE],
            opening: [Span::new(0, BRIGHTNESS_LEN); 2],
            closing: [Span::new(STRIDE, SYNC_LEN); 2],
        }
    }

    /// The brightness packets.
    pub(super) fn opening(&mut self, latch: &Latch) -> Batch<'_> {
        if !self.brightness_packet {
            return Batch::default();
        }
        let level = ColorlightDimming::of(latch).level(self.law);
        write_brightness(span_mut(&mut self.memory, self.opening[0]), level);
        Batch::new(&self.memory, &self.opening).take(self.repeats)
    }

    /// The sync packets.
    pub(super) fn closing(&mut self, latch: &Latch) -> Batch<'_> {
        write_sync(span_mut(&mut self.memory, self.closing[0]), ColorlightDimming::of(latch));
        self.last()
    }

    /// The sync packets as they were written last.
    pub(super) fn last(&self) -> Batch<'_> {
        Batch::new(&self.memory, &self.closing).take(self.repeats)
    }
}

fn write_start(bytes: &mut [u8], kind: u8) {
    bytes.fill(0);
    crate::wire::field::put_bytes(bytes, 0, &[0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x22, 0x22, 0x33, 0x44, 0x55, 0x66, kind]);
}

pub(super) fn write_row_header(bytes: &mut [u8], row: u16, column: u16, pixels: u16) {
    let header = bytes.get_mut(..ROW_HEADER_LEN).unwrap_or_default();
    write_start(header, 0x55);
    crate::wire::field::put_u16(header, 13, row);
    crate::wire::field::put_u16(header, 15, column);
    crate::wire::field::put_u16(header, 17, pixels);
    crate::wire::field::put_bytes(header, 19, &[0x08, 0x88]);
}

fn write_brightness(bytes: &mut [u8], level: u8) {
    write_start(bytes, 0x0a);
    crate::wire::field::put_bytes(bytes, 13, &[level, level, level, 0xff]);
}

fn write_sync(bytes: &mut [u8], dimming: ColorlightDimming) {
    write_start(bytes, 0x01);
    crate::wire::field::put_u8(bytes, 13, 7);
    crate::wire::field::put_u8(bytes, 13 + 22, dimming.brightness);
    crate::wire::field::put_u8(bytes, 13 + 23, 5);
    crate::wire::field::put_bytes(bytes, 13 + 25, &dimming.gains);
}
