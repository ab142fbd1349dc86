//! Scaling and cropping in linear light: a tent filter per axis, widened when shrinking, with integer weights.
//!
//! Weights are never negative and sum to exactly 65536, so that flat areas keep their light to the last bit and no edge
//! rings. Rows are filtered first; both passes round to the nearest unit of light.

use ocp809_sender::geometry::PixelRect;

/// Weights of an output pixel sum to this.
pub(crate) const WEIGHT_SUM: u32 = 1 << 16;

/// Largest ratio by which an axis can be shrunk.
pub(crate) const SHRINK_LIMIT: u32 = 32;

/// The filter of one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Axis {
    /// Source pixels per output pixel.
    pub(crate) taps: u32,
    /// First source pixel of each output pixel; taps outside of the source repeat its edge.
    pub(crate) first: Vec<i32>,
    /// `taps` weights per output pixel.
    pub(crate) weights: Vec<u32>,
    /// Source pixels.
    pub(crate) source: u32,
}

/// The filters of both axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scale {
    /// Along rows.
    pub(crate) x: Axis,
    /// Along columns.
    pub(crate) y: Axis,
}

impl Scale {
    /// From a source rectangle to a screen; `None` where nothing has to be scaled.
    pub(crate) fn new(source: PixelRect, width: u32, height: u32) -> Option<Self> {
        (source.width != width || source.height != height)
            .then(|| Self { x: Axis::new(source.width, width), y: Axis::new(source.height, height) })
    }
}

impl Axis {
    /// A filter from `source` pixels to `count` pixels.
    pub(crate) fn new(source: u32, count: u32) -> Self {
        let ratio = f64::from(source) / f64::from(count.max(1));
        let reach = ratio.max(1.0);
        // A tent of this reach covers at most this many whole numbers.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 2 * SHRINK_LIMIT + 1")]
        let taps = if source == count { 1 } else { (2.0 * reach).ceil() as u32 };
        let mut axis = Self { taps, first: Vec::new(), weights: Vec::new(), source };
        for index in 0..count {
            let center = (f64::from(index) + 0.5) * ratio - 0.5;
            #[expect(clippy::cast_possible_truncation, reason = "within the source by construction")]
            let first = if taps == 1 { center.round() as i32 } else { (center - reach).floor() as i32 + 1 };
            axis.first.push(first);
            axis.push_weights(first, center, reach);
        }
        axis
    }

    /// Appends the quantised weights of one output pixel. What rounding leaves over goes to the largest weight.
    fn push_weights(&mut self, first: i32, center: f64, reach: f64) {
        let tent = |tap: i32| (1.0 - (f64::from(first + tap) - center).abs() / reach).max(0.0);
        let taps = 0..self.taps.cast_signed();
        let total: f64 = taps.clone().map(tent).sum();
        let start = self.weights.len();
        for tap in taps {
            let share = if total > 0.0 { tent(tap) / total } else { 1.0 };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 65536")]
            self.weights.push((share * f64::from(WEIGHT_SUM)).round() as u32);
        }
        let own = self.weights.get_mut(start..).unwrap_or_default();
        let sum: u32 = own.iter().sum();
        if let Some(largest) = own.iter_mut().max() {
            *largest = (*largest + WEIGHT_SUM).saturating_sub(sum);
        }
    }

    /// Source pixels and weights of output pixel `index`.
    pub(crate) fn of(&self, index: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        let first = self.first.get(index).copied().unwrap_or(0);
        let taps = self.taps as usize;
        let weights = self.weights.get(index * taps..(index + 1) * taps).unwrap_or_default();
        let last = self.source.saturating_sub(1).cast_signed();
        (first..).zip(weights).map(move |(at, &weight)| (at.clamp(0, last).cast_unsigned(), weight))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_a_whole_and_reach_every_source_pixel() {
        for source in [1, 2, 3, 7, 64, 100, 1_920] {
            for count in [1, 2, 3, 5, 64, 99, 101, 1_280] {
                if source > count * SHRINK_LIMIT {
                    continue;
                }
                let axis = Axis::new(source, count);
                let mut touched = vec![false; source as usize];
                for index in 0..count as usize {
                    assert_eq!(axis.of(index).map(|(_, w)| w).sum::<u32>(), WEIGHT_SUM, "{source} to {count} at {index}");
                    axis.of(index).filter(|&(_, w)| w > 0).for_each(|(at, _)| touched[at as usize] = true);
                }
                assert!(touched.iter().all(|&t| t), "{source} to {count} leaves a source pixel out");
            }
        }
    }

    #[test]
    fn an_equal_axis_is_the_identity() {
        let axis = Axis::new(9, 9);
        for index in 0..9_usize {
            assert!(axis.of(index).eq([(u32::try_from(index).unwrap(), WEIGHT_SUM)]), "pixel {index}");
        }
    }
}
