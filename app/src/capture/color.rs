//! What the codes of a source mean: what it declares, what the user insists on, and what holds where neither says so.

use ocp809_sender::geometry::PixelSize;
use ocp809_shaders::format::ColorModel;
use ocp809_shaders::frame::{ChromaSiting, InputTransfer, Range, SignalColor, SignalPrimaries, YuvMatrix};
use ocp809_shaders::{PixelFormat, SourceShape};

/// Pictures up to this height are taken for standard definition, which is coded by BT.601.
const TALLEST_SD: u32 = 576;

/// What somebody says about the codes; `None` where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ColorHints {
    /// Black and white codes.
    pub range: Option<Range>,
    /// Luma equations.
    pub matrix: Option<YuvMatrix>,
    /// Where chroma samples lie.
    pub siting: Option<ChromaSiting>,
    /// Code value to light.
    pub transfer: Option<InputTransfer>,
    /// Chromaticities.
    pub primaries: Option<SignalPrimaries>,
}

/// How the codes of a source are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ColorPolicy {
    /// What is taken instead of anything that the source declares.
    pub overrides: ColorHints,
    /// The transfer function of a source that declares none.
    pub default_transfer: InputTransfer,
}

impl ColorPolicy {
    /// The shape of pictures of this format and size whose source declares `declared`.
    ///
    /// Defaults: YUV and grey video is limited range and RGB full; BT.601 up to 576 rows, BT.709 above; chroma left;
    /// BT.709 primaries.
    #[must_use]
    pub fn shape(&self, format: PixelFormat, size: PixelSize, declared: ColorHints) -> SourceShape {
        let (forced, model) = (self.overrides, format.descriptor().model);
        let usual_range = if model == ColorModel::Rgb { Range::Full } else { Range::Limited };
        let usual_matrix = if size.height <= TALLEST_SD { YuvMatrix::Bt601 } else { YuvMatrix::Bt709 };
        let color = SignalColor {
            range: forced.range.or(declared.range).unwrap_or(usual_range),
            matrix: forced.matrix.or(declared.matrix).unwrap_or(usual_matrix),
            siting: forced.siting.or(declared.siting).unwrap_or_default(),
            transfer: forced.transfer.or(declared.transfer).unwrap_or(self.default_transfer),
            primaries: forced.primaries.or(declared.primaries).unwrap_or_default(),
        };
        SourceShape { format, size, color }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_shaders::format::{Chroma, SampleBits};

    const I420: PixelFormat = PixelFormat::Planar(Chroma::C420, SampleBits::EIGHT);
    const HD: PixelSize = PixelSize::new(1920, 1080);

    #[test]
    fn defaults_follow_format_and_size() {
        let policy = ColorPolicy { default_transfer: InputTransfer::Power(2.4), ..ColorPolicy::default() };
        let hd = policy.shape(I420, HD, ColorHints::default()).color;
        assert_eq!((hd.range, hd.matrix, hd.transfer), (Range::Limited, YuvMatrix::Bt709, InputTransfer::Power(2.4)));
        let sd = policy.shape(I420, PixelSize::new(720, 576), ColorHints::default()).color;
        assert_eq!(sd.matrix, YuvMatrix::Bt601, "576 rows");
        let rgb = policy.shape(PixelFormat::Rgb24, HD, ColorHints::default()).color;
        assert_eq!(rgb.range, Range::Full, "RGB");
    }

    #[test]
    fn the_user_overrules_the_source_and_the_source_the_default() {
        let declared = ColorHints { range: Some(Range::Full), matrix: Some(YuvMatrix::Bt2020), ..ColorHints::default() };
        let overrides = ColorHints { range: Some(Range::Limited), ..ColorHints::default() };
        let color = ColorPolicy { overrides, ..ColorPolicy::default() }.shape(I420, HD, declared).color;
        assert_eq!((color.range, color.matrix), (Range::Limited, YuvMatrix::Bt2020));
    }
}
