//! A screen's part of the plan: from code values to corrected light.

use std::sync::Arc;

use ocp809_calibration::color::transfer::{self, HlgOotf};
use ocp809_calibration::lut::fixed::{LIGHT_MAX, ONE, UNITY, quantise};
use ocp809_calibration::lut::{CorrectionMatrix, GainTable, Knee, LightTable, Lut3d, PackedMatrix};
use ocp809_sender::geometry::{PixelPoint, PixelRect, PixelSize};
use ocp809_sender::ids::ScreenIndex;

use super::scale::{SHRINK_LIMIT, Scale};
use crate::error::{Parameter, PlanError};
use crate::frame::{InputTransfer, SourceShape};
use crate::spec::{IDENTITY, ScreenPath};

/// Precomputed for one screen.
#[derive(Debug)]
pub(crate) struct ScreenPlan {
    /// Its raster.
    pub(crate) size: PixelSize,
    /// Top left source pixel.
    pub(crate) origin: PixelPoint,
    /// Filters, where the source rectangle has another size.
    pub(crate) scale: Option<Scale>,
    /// Table over code values.
    pub(crate) lut3d: Option<Arc<Lut3d>>,
    /// Code value to light.
    pub(crate) input: LightTable,
    /// HLG: gain by scene luminance.
    pub(crate) ootf: Option<GainTable>,
    /// Gamut and highlights; absent where nothing can leave 0 to 1.
    pub(crate) gamut: Option<Gamut>,
    /// Matrix of each pixel in raster order; empty where no module has one per pixel.
    pub(crate) pixels: Vec<PackedMatrix>,
}

/// Source RGB to wall RGB, highlights to white.
#[derive(Debug)]
pub(crate) struct Gamut {
    /// Linear light of the source's primaries to that of the wall's.
    pub(crate) matrix: CorrectionMatrix,
    /// Gain by the largest channel.
    pub(crate) knee: GainTable,
}

/// Refuses values outside of `low` to `high`, NaN included.
pub(crate) fn check(parameter: Parameter, value: f64, low: f64, high: f64) -> Result<(), PlanError> {
    if (low..=high).contains(&value) { Ok(()) } else { Err(PlanError::Range { parameter, value, low, high }) }
}

/// Light of a signal relative to the wall's white, for one channel.
pub(crate) fn light_of_signal(input: InputTransfer, peak_nits: f64, signal: f64) -> f64 {
    match input {
        InputTransfer::Linear => signal,
        InputTransfer::Power(gamma) => transfer::power_eotf(signal, gamma),
        InputTransfer::Srgb => transfer::srgb_eotf(signal),
        InputTransfer::Bt1886 => transfer::Bt1886::new(1.0, 0.0).eotf(signal),
        InputTransfer::Pq => transfer::pq_eotf(signal) / peak_nits,
        InputTransfer::Hlg => transfer::hlg_oetf_inverse(signal),
    }
}

/// Light of a grey signal relative to the wall's white: as [`light_of_signal`], with HLG's OOTF.
pub(crate) fn light_of_grey(input: InputTransfer, peak_nits: f64, signal: f64) -> f64 {
    let light = light_of_signal(input, peak_nits, signal);
    match input {
        InputTransfer::Hlg => HlgOotf::new(peak_nits).gain_nits(light) / peak_nits * light,
        InputTransfer::Linear | InputTransfer::Power(_) | InputTransfer::Srgb | InputTransfer::Bt1886 | InputTransfer::Pq => {
            light
        }
    }
}

impl ScreenPlan {
    /// The plan of a screen of `size`; pixel matrices are filled in by the caller.
    pub(crate) fn new(index: ScreenIndex, size: PixelSize, spec: &ScreenPath, source: &SourceShape) -> Result<Self, PlanError> {
        let input = spec.transfer.unwrap_or(source.color.transfer);
        Self::check(index, size, spec, source, input)?;
        let light = |signal: f64| light_of_signal(input, spec.peak_nits, signal);
        let bright = light(1.0) > 1.0;
        let matrix = CorrectionMatrix::from_f64(spec.gamut).map_err(|source| PlanError::Gamut { screen: index, source })?;
        let gamut = (bright || matrix != CorrectionMatrix::IDENTITY || spec.knee != Knee::HARD)
            .then(|| Gamut { matrix, knee: GainTable::knee(spec.knee) });
        let ootf = (input == InputTransfer::Hlg).then(|| {
            let ootf = HlgOotf::new(spec.peak_nits);
            GainTable::build(|ys| ootf.gain_nits(ys.min(1.0)) / spec.peak_nits)
        });
        Ok(Self {
            size,
            origin: PixelPoint::new(spec.crop.x, spec.crop.y),
            scale: Scale::new(spec.crop, size.width, size.height),
            lut3d: spec.lut3d.clone(),
            input: LightTable::build(light, if bright { LIGHT_MAX } else { ONE }),
            ootf,
            gamut,
            pixels: Vec::new(),
        })
    }

    fn check(
        screen: ScreenIndex,
        size: PixelSize,
        spec: &ScreenPath,
        source: &SourceShape,
        input: InputTransfer,
    ) -> Result<(), PlanError> {
        check(Parameter::PeakNits, spec.peak_nits, 10.0, 100_000.0)?;
        check(Parameter::KneeStart, spec.knee.start, 0.0, 1.0)?;
        check(Parameter::KneePeak, spec.knee.peak, 1.0, 32.0)?;
        if let InputTransfer::Power(gamma) = input {
            check(Parameter::Gamma, gamma, 1.0, 4.0)?;
        }
        let crop = spec.crop;
        let whole = PixelRect::new(0, 0, source.size.width, source.size.height);
        if crop.size().area() == 0 || !whole.contains_rect(crop) {
            return Err(PlanError::Crop { screen, crop, picture: source.size });
        }
        let ratio = crop.width.div_ceil(size.width.max(1)).max(crop.height.div_ceil(size.height.max(1)));
        if ratio > SHRINK_LIMIT {
            return Err(PlanError::Shrink { screen, ratio, limit: SHRINK_LIMIT });
        }
        Ok(())
    }

    /// Whether settings other than brightness and gains leave codes as they are.
    pub(crate) fn passes_codes(&self, spec: &ScreenPath) -> bool {
        self.scale.is_none() && self.lut3d.is_none() && spec.gamut == IDENTITY && spec.knee == Knee::HARD
    }
}

/// Levels of three channels as real numbers: the screen's brightness and gains times a module's own gains.
pub(crate) fn levels(spec: &ScreenPath, module: [f64; 3]) -> [f64; 3] {
    let [screen_red, screen_green, screen_blue] = spec.gains;
    let [red, green, blue] = module;
    [screen_red * red, screen_green * green, screen_blue * blue].map(|gain| gain * spec.brightness)
}

/// A level as the path multiplies it, 65536 = 1.0, at most 2.0.
pub(crate) fn quantise_level(level: f64) -> u32 {
    quantise(level * f64::from(UNITY), 2 * UNITY)
}
