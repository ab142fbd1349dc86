//! The scheduling of threads that send: a real-time priority and locked memory where they are allowed, and short timer slack
//! everywhere.
#![expect(unsafe_code, reason = "std sets no scheduling policy and no timer slack, and locks no memory")]

use std::{fs, io};

/// Bit of `CAP_NET_RAW` in a capability set (linux/capability.h).
pub const CAP_NET_RAW: u32 = 13;
/// Bit of `CAP_IPC_LOCK`.
pub const CAP_IPC_LOCK: u32 = 14;
/// Bit of `CAP_SYS_NICE`.
pub const CAP_SYS_NICE: u32 = 23;

/// What the calling thread got.
#[derive(Debug)]
pub struct Scheduling {
    /// Real-time priority, or why not: a frame may then be late under load, which is counted.
    pub real_time: Result<(), io::Error>,
}

/// Why the memory of this process can be paged out.
#[derive(Debug, thiserror::Error)]
pub enum MemoryNotLocked {
    /// The limit would turn a later allocation into a failure.
    #[error("this process may lock {bytes} bytes at most, and needs `memlock unlimited` or the capability CAP_IPC_LOCK")]
    Limited {
        /// The soft limit `RLIMIT_MEMLOCK`.
        bytes: u64,
    },
    /// The system refuses.
    #[error("the system locks no memory")]
    System(#[from] io::Error),
}

/// Makes the calling thread as punctual as it may be: `SCHED_FIFO` at `priority` (1 to 99) where `RLIMIT_RTPRIO` or
/// `CAP_SYS_NICE` allow it, and 1 ns of timer slack.
#[must_use]
pub fn make_punctual(priority: u8) -> Scheduling {
    shorten_timer_slack();
    let parameters = libc::sched_param { sched_priority: i32::from(priority.clamp(1, 99)) };
    // SAFETY: 0 is the calling thread; `parameters` outlives the call.
    let set = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &raw const parameters) };
    Scheduling { real_time: if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) } }
}

/// Lets sleeps of the calling thread end when they should instead of up to 50 us later. Every thread may.
pub fn shorten_timer_slack() {
    // SAFETY: prctl with PR_SET_TIMERSLACK takes one integer and touches no memory.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_usize) };
}

/// Keeps every page that this process touches, now or later, in memory: a frame must not wait for a disk. Pages that nobody
/// touches take no memory for it.
///
/// # Errors
/// [`MemoryNotLocked`]; nothing is locked then.
pub fn lock_memory() -> Result<(), MemoryNotLocked> {
    may_lock_memory()?;
    // SAFETY: flags only; pages stay where they are.
    let locked = unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT) };
    if locked == 0 { Ok(()) } else { Err(io::Error::last_os_error().into()) }
}

/// Whether this process may lock all its memory. Within a limit it locks none: what is locked as it comes would make
/// allocations fail beyond it.
///
/// # Errors
/// [`MemoryNotLocked`].
pub fn may_lock_memory() -> Result<(), MemoryNotLocked> {
    match lock_limit()? {
        bytes if bytes != libc::RLIM_INFINITY && has_capability(CAP_IPC_LOCK) != Some(true) => {
            Err(MemoryNotLocked::Limited { bytes })
        }
        _ => Ok(()),
    }
}

/// Bytes of memory that this process may lock; [`libc::RLIM_INFINITY`] for all.
fn lock_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer leads to a limit that outlives the call.
    let read = unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
    if read == 0 { Ok(limit.rlim_cur) } else { Err(io::Error::last_os_error()) }
}

/// Whether this process has the capability of this number in effect; `None` where the system does not tell.
#[must_use]
pub fn has_capability(bit: u32) -> Option<bool> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    let set = u64::from_str_radix(line.trim(), 16).ok()?;
    Some(set.checked_shr(bit)? & 1 == 1)
}
