//! From corrected light to codes: ports and screens that are set alike share one encoder.

use std::sync::Arc;

use ocp809_calibration::color::transfer;
use ocp809_calibration::lut::{ByteTable, LossCurve, LossTable, OutputTable};

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
    /// Any other transfer function of a link of 8 bits, with the low-grey loss of its modules.
    Bytes(ByteTable),
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
    /// Low-grey loss of its modules, where the law does not hold it.
    pub(crate) loss: Option<LossTable>,
    /// Frames of the dither; 0 rounds to the nearest code.
    pub(crate) period: u32,
}

/// The encoders of a plan. A place that was given away keeps its encoder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Encoders(Vec<(Key, Arc<Encoder>)>);

/// All that an encoder depends on.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    bits: u32,
    transfer: OutputTransfer,
    dither: Option<DitherPeriod>,
    loss: Option<Arc<LossCurve>>,
    input: InputTransfer,
    peak_nits: f64,
    pass: bool,
}

impl Encoders {
    /// The encoder at `place`.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> Option<&Encoder> {
        self.0.get(place).map(|(_, encoder)| &**encoder)
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether every place that both have holds the same encoder.
    pub(crate) fn begin_like(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|((_, own), (_, other))| Arc::ptr_eq(own, other))
    }

    /// All of them, in the order of their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Encoder> {
        self.0.iter().map(|(_, encoder)| &**encoder)
    }

    /// The place of the encoder of a port for sources of the transfer function `input`, made on first need. Codes that may
    /// pass do so where the port asks for them.
    pub(crate) fn place_of(
        &mut self,
        bits: u32,
        port: &PortPath,
        input: InputTransfer,
        peak_nits: f64,
        may_pass: bool,
    ) -> Result<usize, PlanError> {
        let pass = may_pass && port.transfer == OutputTransfer::Source && port.loss.is_none() && port.dither.is_none();
        let (transfer, dither, loss) = (port.transfer, port.dither, port.loss.clone());
        let key = Key { bits, transfer, dither, loss, input, peak_nits, pass };
        if let Some(known) = self.0.iter().position(|(own, _)| *own == key) {
            return Ok(known);
        }
        let encoder = Encoder::new(bits, port, input, peak_nits, pass)?;
        self.0.push((key, Arc::new(encoder)));
        Ok(self.0.len() - 1)
    }
}

impl Encoder {
    /// The encoder of a port that shows sources of the given transfer function.
    fn new(bits: u32, port: &PortPath, input: InputTransfer, peak_nits: f64, pass: bool) -> Result<Self, PlanError> {
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
        } else if bits == 8 {
            Law::Bytes(ByteTable::build(light, port.loss.as_deref()))
        } else {
            Law::Table(OutputTable::build(bits, light))
        };
        let is_apart = matches!(law, Law::Linear | Law::Table(_));
        let loss = port.loss.as_deref().filter(|_| is_apart).map(|curve| LossTable::build(bits, light, curve));
        let period = if pass { 0 } else { port.dither.map_or(0, DitherPeriod::frames) };
        Ok(Self { bits, law, loss, period })
    }

    /// Whether modules differ by their low-grey loss.
    pub(crate) fn has_loss(&self) -> bool {
        match &self.law {
            Law::Bytes(table) => table.loss().is_some(),
            Law::Pass | Law::Linear | Law::Table(_) => self.loss.is_some(),
        }
    }
}
