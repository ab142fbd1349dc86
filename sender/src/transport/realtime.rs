//! The scheduling of threads that send: a real-time priority where it is allowed, and short timer slack everywhere.
#![expect(unsafe_code, reason = "std sets no scheduling policy and no timer slack")]

use std::io;

/// What the calling thread got.
#[derive(Debug)]
pub struct Scheduling {
    /// Real-time priority, or why not: a frame may then be late under load, which is counted.
    pub real_time: Result<(), io::Error>,
}

/// Makes the calling thread as punctual as it may be: `SCHED_FIFO` at `priority` (1 to 99) where `RLIMIT_RTPRIO` or
/// `CAP_SYS_NICE` allow it, and 1 ns of timer slack.
#[must_use]
pub fn make_punctual(priority: u8) -> Scheduling {
    // SAFETY: prctl with PR_SET_TIMERSLACK takes one integer and touches no memory.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_usize) };
    let parameters = libc::sched_param { sched_priority: i32::from(priority.clamp(1, 99)) };
    // SAFETY: 0 is the calling thread; `parameters` outlives the call.
    let set = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &raw const parameters) };
    Scheduling { real_time: if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) } }
}
