//! Code values to light and light to values; twin of `wgsl/shared/transfer.wgsl`.
//!
//! Rounding: scene luminance and HLG's gain round down, each product by itself. A linear value rounds down; a table's
//! value does so between its entries; the low-grey loss rounds to the nearest step of a value and the sum is clipped.

use ocp809_calibration::lut::fixed::{LIGHT_MAX, ONE, mul16};
use ocp809_calibration::lut::output::VALUE_BITS;

use crate::plan::{Encoder, Law, ScreenPlan};

/// Weights of scene luminance (ITU-R BT.2100: 0.2627, 0.6780, 0.0593), which sum to 65536.
pub(crate) const LUMINANCE: [u32; 3] = [17_216, 44_433, 3_887];

/// Light of code values.
pub(crate) fn light(screen: &ScreenPlan, codes: [u16; 3]) -> [u32; 3] {
    let codes = screen.lut3d.as_deref().map_or(codes, |lut| lut.apply(codes));
    let light = codes.map(|code| screen.input.light(code));
    let Some(ootf) = &screen.ootf else { return light };
    let [r, g, b] = light;
    let [wr, wg, wb] = LUMINANCE;
    let gain = ootf.gain(mul16(r, wr) + mul16(g, wg) + mul16(b, wb));
    light.map(|channel| mul16(channel, gain))
}

/// The largest code.
pub(crate) const fn top(bits: u32) -> u32 {
    (1 << bits) - 1
}

/// Light in proportion to the code: `light * top / ONE` with the fraction's bits, rounded down.
pub(crate) fn linear(light: u32, bits: u32) -> u32 {
    let shift = 26 - (VALUE_BITS - bits);
    let value = (u64::from(light.min(ONE)) * u64::from(top(bits))) >> shift;
    u32::try_from(value).unwrap_or(0)
}

/// The value (code and fraction) of corrected light on a module with the low-grey share `scalar`.
pub(crate) fn value(encoder: &Encoder, light: u32, scalar: i16) -> u32 {
    let value = match &encoder.law {
        Law::Linear => linear(light, encoder.bits),
        Law::Table(table) => table.value(light),
        Law::Bytes(table) => return table.value(light, scalar),
        Law::Pass => 0,
    };
    let Some(loss) = &encoder.loss else { return value };
    let limit = (top(encoder.bits) << (VALUE_BITS - encoder.bits)).cast_signed();
    (value.cast_signed() + loss.extra(light, scalar)).clamp(0, limit).cast_unsigned()
}

/// A code value of the source as a code of the link: `code * top / 65535` to the nearest.
pub(crate) fn pass(code: u16, bits: u32) -> u16 {
    let code = (u32::from(code) * top(bits) + 32_767) / 65_535;
    u16::try_from(code).unwrap_or(u16::MAX)
}

const _: () = assert!(ONE <= LIGHT_MAX, "white fits");
