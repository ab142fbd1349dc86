//! What happens when a source ends or fails: it is tried again, ever more slowly, until nobody wants it any more.

use std::time::Duration;

use super::error::SourceError;
use super::mailbox::Writer;
use super::stream::Ending;
use crate::control::status::SourceState;

/// First wait after a failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// A source that ends well is not started again before this much has passed since its start.
const SHORTEST_RUN: Duration = Duration::from_millis(500);

/// What follows an end and a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    /// Start again after the last picture.
    pub(super) repeats: bool,
    /// Try again after a failure.
    pub(super) retries: bool,
}

/// Runs a source as often as the policy wants.
pub(super) fn keep_running(policy: Policy, writer: &mut Writer, mut run: impl FnMut(&mut Writer) -> Result<Ending, SourceError>) {
    let mut wait = FIRST_WAIT;
    loop {
        let (started, before) = (writer.shared().clock().now(), writer.shared().pictures());
        let result = run(writer);
        // A source that was ended from outside fails in one way or another; that is no failure.
        if writer.mailbox().pause(Duration::ZERO) {
            return;
        }
        if writer.shared().pictures() > before {
            wait = FIRST_WAIT;
        }
        let pause = match result {
            Ok(Ending::Unwanted) => return,
            Ok(Ending::Finished) if policy.repeats => {
                writer.shared().set_state(SourceState::Ended);
                let ran = Duration::from_nanos(writer.shared().clock().now().since(started));
                SHORTEST_RUN.saturating_sub(ran)
            }
            Ok(Ending::Finished) => {
                writer.shared().set_state(SourceState::Still);
                return;
            }
            Err(error) => {
                writer.shared().fail(error);
                if !policy.retries {
                    return;
                }
                let pause = wait;
                wait = (wait * 2).min(LONGEST_WAIT);
                pause
            }
        };
        if writer.mailbox().pause(pause) {
            return;
        }
    }
}
