//! From corrected light to codes: one encoder for each port and screen that meet.

use ocp809_calibration::color::transfer;
use ocp809_calibration::lut::{LossTable, OutputTable};

use super::screen::{check, light_of_grey};
use crate::error::{Parameter, PlanError};
use crate::frame::InputTransfer;
use crate::spec::{DitherPeriod, OutputTransfer, PortPath};

/// How light, or a code value, becomes a value: a code and a fraction.
#[derive(Debug)]
pub(crate) enum Law {
    /// Code values of the source pass; no light is computed.
    Pass,
    /// Light is proportional to the code.
    Linear,
    /// Any other transfer function.
    Table(OutputTable),
}

/// A way from light to codes.
#[derive(Debug)]
pub(crate) struct Encoder {
    /// Bits of a code.
    pub(crate) bits: u32,
    /// Light to value.
    pub(crate) law: Law,
    /// Low-grey loss of its modules.
    pub(crate) loss: Option<LossTable>,
    /// Frames of the dither; 0 rounds to the nearest code.
    pub(crate) period: u32,
}

impl Encoder {
    /// The encoder of a port that shows sources of the given transfer function.
    pub(crate) fn new(bits: u32, port: &PortPath, input: InputTransfer, peak_nits: f64, pass: bool) -> Result<Self, PlanError> {
        check(Parameter::Level, port.level, 0.0, 2.0)?;
        if let OutputTransfer::Power(gamma) = port.transfer {
            check(Parameter::Gamma, gamma, 1.0, 4.0)?;
        }
        let light = |signal: f64| match port.transfer {
            OutputTransfer::Source => light_of_grey(input, peak_nits, signal),
            OutputTransfer::Linear => signal,
            OutputTransfer::Power(gamma) => transfer::power_eotf(signal, gamma),
            OutputTransfer::Srgb => transfer::srgb_eotf(signal),
        };
        let linear = match port.transfer {
            OutputTransfer::Linear => true,
            OutputTransfer::Power(gamma) => gamma <= 1.0,
            OutputTransfer::Source => input == InputTransfer::Linear || input == InputTransfer::Power(1.0),
            OutputTransfer::Srgb => false,
        };
        let law = if pass {
            Law::Pass
        } else if linear {
            Law::Linear
        } else {
            Law::Table(OutputTable::build(bits, light))
        };
        let loss = port.loss.as_deref().filter(|_| !pass).map(|curve| LossTable::build(bits, light, curve));
        let period = if pass { 0 } else { port.dither.map_or(0, DitherPeriod::frames) };
        Ok(Self { bits, law, loss, period })
    }
}
