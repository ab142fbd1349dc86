//! The whole chain in real numbers, written from the standards and not from the product's tables.
//!
//! The model answers with the light that a pixel should give and with the link's transfer function, so that a code can be
//! judged by the light that it gives.

use ocp809_calibration::lut::Knee;
use ocp809_sender::ids::ModuleIndex;
use ocp809_sender::wall::Module;
use ocp809_shaders::format::{Chroma, PixelFormat};
use ocp809_shaders::frame::{ChromaSiting, InputTransfer, Range, YuvMatrix};
use ocp809_shaders::spec::{Correction, OutputTransfer};

use crate::scenario::Scenario;

pub(crate) type Rgb = [f64; 3];

/// A chain without rounding.
pub(crate) struct Model<'a> {
    pub(crate) own: &'a Scenario,
}

fn times(matrix: &[[f64; 3]; 3], v: Rgb) -> Rgb {
    core::array::from_fn(|row| matrix[row].iter().zip(v).map(|(m, v)| m * v).sum())
}

/// Signal to light per channel: IEC 61966-2-1, ITU-R BT.1886 (black 0), SMPTE ST 2084, ITU-R BT.2100 (scene light).
pub(crate) fn eotf(transfer: InputTransfer, peak: f64, v: f64) -> f64 {
    match transfer {
        InputTransfer::Linear => v,
        InputTransfer::Power(gamma) => v.powf(gamma),
        InputTransfer::Srgb => {
            if v <= 0.04045 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        }
        InputTransfer::Bt1886 => v.powf(2.4),
        InputTransfer::Pq => {
            let (m1, m2) = (2610.0 / 16384.0, 2523.0 / 4096.0 * 128.0);
            let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 4096.0 * 32.0, 2392.0 / 4096.0 * 32.0);
            let n = v.powf(1.0 / m2);
            10_000.0 * ((n - c1).max(0.0) / (c2 - c3 * n)).powf(1.0 / m1) / peak
        }
        InputTransfer::Hlg => {
            let a = 0.178_832_77_f64;
            let (b, c) = (1.0 - 4.0 * a, 0.5 - a * (4.0 * a).ln());
            if v <= 0.5 { v * v / 3.0 } else { (((v - c) / a).exp() + b) / 12.0 }
        }
    }
}

/// A pixel in light, with HLG's OOTF.
fn display(transfer: InputTransfer, peak: f64, signal: Rgb) -> Rgb {
    let light = signal.map(|v| eotf(transfer, peak, v));
    if transfer != InputTransfer::Hlg {
        return light.map(|l| l.min(32.0));
    }
    let ys = 0.2627 * light[0] + 0.678 * light[1] + 0.0593 * light[2];
    let gain = if ys > 0.0 { ys.powf(0.2 + 0.42 * (peak / 1_000.0).log10()) } else { 0.0 };
    light.map(|l| l * gain)
}

impl Model<'_> {
    /// A sample of plane or component `component` (R, G, B or Y, Cb, Cr), as stored.
    fn sample(&self, component: usize, x: usize, y: usize) -> f64 {
        let (width, height) = (self.own.shape.size.width as usize, self.own.shape.size.height as usize);
        let byte = |at: usize| f64::from(self.own.data[at]);
        let word = |at: usize| byte(at) + 256.0 * byte(at + 1);
        match self.own.shape.format {
            PixelFormat::Rgba8 => byte((y * width + x) * 4 + component),
            PixelFormat::Bgra8 => byte((y * width + x) * 4 + 2 - component),
            PixelFormat::Rgb24 => byte((y * width + x) * 3 + component),
            PixelFormat::Bgr24 => byte((y * width + x) * 3 + 2 - component),
            PixelFormat::Rgb48 => word(((y * width + x) * 3 + component) * 2),
            PixelFormat::Uyvy => byte(y * width.div_ceil(2) * 4 + [2 * x + 1, 4 * x, 4 * x + 2][component]),
            PixelFormat::Yuyv => byte(y * width.div_ceil(2) * 4 + [2 * x, 4 * x + 1, 4 * x + 3][component]),
            PixelFormat::Nv12 if component == 0 => byte(y * width + x),
            PixelFormat::Nv12 => byte(width * height + y * width.div_ceil(2) * 2 + 2 * x + component - 1),
            PixelFormat::P010 if component == 0 => (word((y * width + x) * 2) / 64.0).floor(),
            PixelFormat::P010 => (word(2 * (width * height + y * width.div_ceil(2) * 2 + 2 * x + component - 1)) / 64.0).floor(),
            PixelFormat::Gray(_) => self.planar(y * width + x),
            PixelFormat::Planar(chroma, _) => {
                let (w, h) = shared(chroma);
                let (cw, ch) = (width.div_ceil(w), height.div_ceil(h));
                match component {
                    0 => self.planar(y * width + x),
                    1 => self.planar(width * height + y * cw + x),
                    _ => self.planar(width * height + cw * ch + y * cw + x),
                }
            }
        }
    }

    fn planar(&self, index: usize) -> f64 {
        let bits = self.bits();
        if bits == 8 {
            return f64::from(self.own.data[index]);
        }
        let word = u16::from_le_bytes([self.own.data[2 * index], self.own.data[2 * index + 1]]);
        f64::from(word).min((1_u32 << bits) as f64 - 1.0)
    }

    fn bits(&self) -> u32 {
        match self.own.shape.format {
            PixelFormat::Planar(_, bits) | PixelFormat::Gray(bits) => bits.get(),
            PixelFormat::P010 => 10,
            PixelFormat::Rgb48 => 16,
            _ => 8,
        }
    }

    /// A chroma sample where the luma pixel lies: bilinear between the nearest sites.
    fn chroma(&self, component: usize, x: usize, y: usize) -> f64 {
        let chroma = match self.own.shape.format {
            PixelFormat::Uyvy | PixelFormat::Yuyv => Chroma::C422,
            PixelFormat::Nv12 | PixelFormat::P010 => Chroma::C420,
            PixelFormat::Planar(chroma, _) => chroma,
            _ => unreachable!("RGB has no chroma"),
        };
        let (w, h) = shared(chroma);
        let centered = self.own.shape.color.siting == ChromaSiting::Center && w == 2;
        let offset = |count: usize, centered: bool| if centered { (count as f64 - 1.0) / 2.0 } else { 0.0 };
        let at = [(x as f64 - offset(w, centered)) / w as f64, (y as f64 - offset(h, true)) / h as f64];
        let size = self.own.shape.size;
        let last = [(size.width as usize).div_ceil(w) - 1, (size.height as usize).div_ceil(h) - 1];
        let get = |i: f64, j: f64| {
            let clamp = |v: f64, last: usize| v.clamp(0.0, last as f64) as usize;
            self.sample(component, clamp(i, last[0]), clamp(j, last[1]))
        };
        let (i, j) = (at[0].floor(), at[1].floor());
        let (u, v) = (at[0] - i, at[1] - j);
        let row = |j: f64| get(i, j) * (1.0 - u) + get(i + 1.0, j) * u;
        row(j) * (1.0 - v) + row(j + 1.0) * v
    }

    /// The signal of a source pixel, 0 to 1.
    pub(crate) fn signal(&self, x: usize, y: usize) -> Rgb {
        let bits = self.bits();
        let full = (1_u32 << bits) as f64 - 1.0;
        let step = (1_u32 << (bits - 8)) as f64;
        let limited = self.own.shape.color.range == Range::Limited;
        let luma = |v: f64| if limited { (v / step - 16.0) / 219.0 } else { v / full };
        let difference = |v: f64| if limited { (v / step - 128.0) / 224.0 } else { (v - 128.0 * step) / full };
        let rgb = match self.own.shape.format {
            PixelFormat::Rgba8 | PixelFormat::Bgra8 | PixelFormat::Rgb24 | PixelFormat::Bgr24 | PixelFormat::Rgb48 => {
                [0, 1, 2].map(|component| luma(self.sample(component, x, y)))
            }
            PixelFormat::Gray(_) => [luma(self.sample(0, x, y)); 3],
            _ => {
                let (kr, kb) = match self.own.shape.color.matrix {
                    YuvMatrix::Bt601 => (0.299, 0.114),
                    YuvMatrix::Bt709 => (0.2126, 0.0722),
                    YuvMatrix::Bt2020 => (0.2627, 0.0593),
                };
                let (l, cb, cr) =
                    (luma(self.sample(0, x, y)), difference(self.chroma(1, x, y)), difference(self.chroma(2, x, y)));
                let (r, b) = (l + 2.0 * (1.0 - kr) * cr, l + 2.0 * (1.0 - kb) * cb);
                [r, (l - kr * r - kb * b) / (1.0 - kr - kb), b]
            }
        };
        rgb.map(|v| v.clamp(0.0, 1.0))
    }

    fn light_of_source(&self, screen: usize, x: usize, y: usize) -> Rgb {
        let spec = &self.own.spec.screens[screen];
        let mut signal = self.signal(spec.crop.x as usize + x, spec.crop.y as usize + y);
        if let Some(lut) = &spec.lut3d {
            // The table itself has tests of its own; here it only has to stand in the right place.
            signal = lut.apply(signal.map(|v| (v * 65_535.0).round() as u16)).map(|code| f64::from(code) / 65_535.0);
        }
        display(spec.transfer.unwrap_or(self.own.shape.color.transfer), spec.peak_nits, signal)
    }

    /// A tent as wide as the ratio, at least two source pixels.
    fn scaled(&self, screen: usize, x: usize, y: usize) -> Rgb {
        let crop = self.own.spec.screens[screen].crop;
        let size = self.own.rig.wall.screens()[screen].size;
        let taps = |at: usize, source: u32, count: u32| -> Vec<(usize, f64)> {
            if source == count {
                return vec![(at, 1.0)];
            }
            let ratio = f64::from(source) / f64::from(count);
            let center = (at as f64 + 0.5) * ratio - 0.5;
            let reach = ratio.max(1.0);
            let (low, high) = ((center - reach).ceil() as i64, (center + reach).floor() as i64);
            let all: Vec<_> = (low..=high).map(|t| (t, (1.0 - (t as f64 - center).abs() / reach).max(0.0))).collect();
            let sum: f64 = all.iter().map(|(_, weight)| weight).sum();
            all.into_iter().map(|(t, weight)| (t.clamp(0, i64::from(source) - 1) as usize, weight / sum)).collect()
        };
        let mut sum = [0.0; 3];
        for (row, wy) in taps(y, crop.height, size.height) {
            for (column, wx) in taps(x, crop.width, size.width) {
                let light = self.light_of_source(screen, column, row);
                (0..3).for_each(|c| sum[c] += light[c] * wx * wy);
            }
        }
        sum
    }

    /// The level of a module, without the channels' gains.
    pub(crate) fn level(&self, index: ModuleIndex, screen: usize, port: usize) -> f64 {
        let own = self.own.spec.modules.get(index.index()).map_or(1.0, |own| own.level);
        self.own.spec.screens[screen].brightness * self.own.spec.ports[port].level * own
    }

    /// The light that a pixel of a module should give, 0 to 1 of white, as the link would show it without steps.
    pub(crate) fn light(&self, index: ModuleIndex, module: &Module, port: usize, x: usize, y: usize) -> Rgb {
        let screen = module.screen.index();
        let spec = &self.own.spec.screens[screen];
        // Matrices are settings of S2.13 precision, and taken as such.
        let gamut = spec.gamut.map(|row| row.map(|value| (value * 8_192.0).round() / 8_192.0));
        let mapped = times(&gamut, self.scaled(screen, x, y)).map(|l| l.clamp(0.0, 32.0));
        let largest = mapped.into_iter().fold(0.0, f64::max);
        let shown = knee(spec.knee, largest);
        let light = if largest > 0.0 { mapped.map(|l| (l * shown / largest).min(1.0)) } else { mapped };
        let own = self.own.spec.modules.get(index.index());
        let level = self.level(index, screen, port);
        let gains = own.map_or([1.0; 3], |own| own.gains);
        let leveled: Rgb = core::array::from_fn(|c| light[c] * level * spec.gains[c] * gains[c]);
        let corrected = match own.map_or(&Correction::None, |own| &own.correction) {
            Correction::None => leveled,
            Correction::Module(matrix) => times(&real(matrix.coefficients()), leveled),
            Correction::Pixels(pixels) => {
                let at = (y - module.rect.y as usize) * module.rect.width as usize + x - module.rect.x as usize;
                times(&real(&pixels.base().coefficients(pixels.packed()[at])), leveled)
            }
        };
        let corrected = corrected.map(|l| l.clamp(0.0, 1.0));
        let Some(loss) = &self.own.spec.ports[port].loss else { return corrected };
        let shares = own.map_or([0.0; 3], |own| own.low_grey);
        core::array::from_fn(|c| {
            // A module's share scales what the loss adds to the signal.
            let (signal, asked) = (
                self.link_inverse(screen, port, corrected[c]),
                self.link_inverse(screen, port, (corrected[c] * (1.0 + loss.share(corrected[c]))).min(1.0)),
            );
            self.link(screen, port, (signal + shares[c] * (asked - signal)).clamp(0.0, 1.0)).min(1.0)
        })
    }

    /// The signal that a link shows as `light`.
    fn link_inverse(&self, screen: usize, port: usize, light: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.link(screen, port, middle) <= light { low = middle } else { high = middle }
        }
        low
    }

    /// The light of a link's code, given as a signal of 0 to 1.
    pub(crate) fn link(&self, screen: usize, port: usize, signal: f64) -> f64 {
        let spec = &self.own.spec.screens[screen];
        match self.own.spec.ports[port].transfer {
            OutputTransfer::Linear => signal,
            OutputTransfer::Power(gamma) => signal.powf(gamma),
            OutputTransfer::Srgb => eotf(InputTransfer::Srgb, 1.0, signal),
            OutputTransfer::Source => {
                display(spec.transfer.unwrap_or(self.own.shape.color.transfer), spec.peak_nits, [signal; 3])[0]
            }
        }
    }
}

fn real(coefficients: &[i16; 9]) -> [[f64; 3]; 3] {
    core::array::from_fn(|row| core::array::from_fn(|column| f64::from(coefficients[row * 3 + column]) / 8_192.0))
}

/// Identity up to the start, then Reinhard's extended operator on what remains of the range.
fn knee(knee: Knee, light: f64) -> f64 {
    let room = 1.0 - knee.start;
    if light <= knee.start || room <= 0.0 || knee.peak <= 1.0 {
        return light.min(1.0);
    }
    let (over, white) = ((light - knee.start) / room, (knee.peak - knee.start) / room);
    if over >= white { 1.0 } else { knee.start + room * over * (1.0 + over / white.powi(2)) / (1.0 + over) }
}

/// Columns and rows that share a chroma sample.
fn shared(chroma: Chroma) -> (usize, usize) {
    match chroma {
        Chroma::C420 => (2, 2),
        Chroma::C422 => (2, 1),
        Chroma::C444 => (1, 1),
        Chroma::C411 => (4, 1),
        Chroma::C440 => (1, 2),
    }
}
