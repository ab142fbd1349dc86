//! Test patterns use a fifth of the light unless they are asked for in full. That limit belongs to the picture on the wall: while
//! another source is opened, or cannot be, the pattern is still there, and so is its limit.

use super::frame_loop::FrameRecord;

/// How bright the picture on the wall may be, as a share.
pub(super) struct Limit {
    share: f64,
    /// The source whose picture was sent last, by its number.
    shown: u64,
}

impl Default for Limit {
    fn default() -> Self {
        Self { share: 1.0, shown: 0 }
    }
}

impl Limit {
    /// A frame was sent.
    pub(super) fn sent(&mut self, record: &FrameRecord) {
        if !record.is_unplanned && !record.is_failed {
            self.shown = record.picture;
        }
    }

    /// What holds now; `newest` is the limit of source number `opened`, once that has a picture.
    pub(super) fn with(&mut self, newest: Option<f64>, opened: u64) -> f64 {
        let is_there = self.shown == opened;
        self.share = newest.map_or(self.share, |newest| if is_there { newest } else { newest.min(self.share) });
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::output::WallFrame;
    use ocp809_sender::time::Tai;

    fn frame(picture: u64, is_unplanned: bool) -> FrameRecord {
        FrameRecord {
            number: 0,
            due: Tai(0),
            is_new: true,
            skipped: 0,
            missed: 0,
            wall: WallFrame::default(),
            latency_us: None,
            late_ns: 0,
            picture,
            is_unplanned,
            is_failed: false,
        }
    }

    #[test]
    fn a_patterns_limit_stays_until_another_picture_is_on_the_wall() {
        let same = |limit: f64, expected: f64| (limit - expected).abs() < f64::EPSILON;
        let mut limit = Limit::default();
        assert!(same(limit.with(None, 0), 1.0), "nothing is there");
        assert!(same(limit.with(Some(0.2), 1), 0.2), "a pattern is dimmed before it comes");
        limit.sent(&frame(1, false));
        assert!(same(limit.with(Some(0.2), 1), 0.2), "and while it is there");
        assert!(same(limit.with(None, 2), 0.2), "another source is being opened");
        assert!(same(limit.with(Some(1.0), 2), 0.2), "its shape is known");
        limit.sent(&frame(2, true));
        assert!(same(limit.with(Some(1.0), 2), 0.2), "its picture does not fit the plan yet: the pattern was sent again");
        limit.sent(&frame(2, false));
        assert!(same(limit.with(Some(1.0), 2), 1.0), "now it is on the wall");
        assert!(same(limit.with(Some(0.2), 3), 0.2), "back to a pattern");
    }
}
