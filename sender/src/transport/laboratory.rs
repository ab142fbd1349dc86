//! What measurements need of the kernel: processor time, a count of system calls, and a network of their own.
#![expect(unsafe_code, reason = "std reads no processor time, counts no system calls and leaves no network")]

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::FromRawFd;

/// Where the kernel says by which number its entry into system calls is counted.
const ENTRY_EVENT: &str = "events/raw_syscalls/sys_enter/id";

/// Places where that tree may be mounted.
const TRACING: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// Processor time of the calling thread in nanoseconds, the kernel's work for it included: what others do to the machine
/// does not count.
#[must_use]
pub fn thread_time_ns() -> u64 {
    processor_time_ns(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Processor time of all threads of this process in nanoseconds.
#[must_use]
pub fn process_time_ns() -> u64 {
    processor_time_ns(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn processor_time_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer leads to a timespec that outlives the call. Every thread and process has these clocks.
    let read = unsafe { libc::clock_gettime(clock, &raw mut time) };
    if read == 0 { time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs() } else { 0 }
}

/// Moves the calling thread, and those that it starts from now on, into a new network that has no interface but a loopback.
/// It is gone with the last thread and socket in it, however they end. Needs `CAP_SYS_ADMIN`.
///
/// # Errors
/// The system's answer; [`io::ErrorKind::PermissionDenied`] without the capability.
pub fn enter_own_network() -> io::Result<()> {
    // SAFETY: unshare takes a number; only the calling thread is moved.
    let moved = unsafe { libc::unshare(libc::CLONE_NEWNET) };
    if moved == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The kernel's own count of the calling thread's system calls.
#[derive(Debug)]
pub struct SystemCalls {
    counter: File,
    before: u64,
}

/// `struct perf_event_attr` of `linux/perf_event.h` in its first size (`PERF_ATTR_SIZE_VER0`).
#[repr(C)]
#[derive(Default)]
struct EventAttributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_type: u32,
    breakpoint_address: u64,
}

impl SystemCalls {
    /// Begins to count. Needs `CAP_PERFMON` and the kernel's tracing tree, which root has on usual systems.
    ///
    /// # Errors
    /// The system's answer.
    pub fn begin() -> io::Result<Self> {
        const TRACEPOINT: u32 = 2;
        const VERSION_0_BYTES: u32 = 64;
        const CLOSED_ON_EXEC: libc::c_ulong = 8;
        let attributes =
            EventAttributes { kind: TRACEPOINT, size: VERSION_0_BYTES, config: entry_event()?, ..Default::default() };
        let (own_thread, any_processor, no_group) = (0, -1, -1);
        // SAFETY: the attributes have the size that they name and outlive the call; the other arguments are numbers.
        let opened = unsafe {
            libc::syscall(libc::SYS_perf_event_open, &raw const attributes, own_thread, any_processor, no_group, CLOSED_ON_EXEC)
        };
        let descriptor = i32::try_from(opened).ok().filter(|&descriptor| descriptor >= 0).ok_or_else(io::Error::last_os_error)?;
        // SAFETY: the descriptor was just opened and belongs to nobody else.
        let mut counter = unsafe { File::from_raw_fd(descriptor) };
        let before = read_count(&mut counter)?;
        Ok(Self { counter, before })
    }

    /// System calls of the calling thread since the last call of this, or the beginning; those of counting not among them.
    ///
    /// # Errors
    /// The system's answer.
    pub fn count(&mut self) -> io::Result<u64> {
        let now = read_count(&mut self.counter)?;
        // Reading is a call too, and counted as it begins.
        let since = now.saturating_sub(self.before).saturating_sub(1);
        self.before = now;
        Ok(since)
    }
}

fn read_count(counter: &mut File) -> io::Result<u64> {
    let mut count = [0; 8];
    counter.read_exact(&mut count)?;
    Ok(u64::from_ne_bytes(count))
}

fn entry_event() -> io::Result<u64> {
    let mut refused = io::Error::from(io::ErrorKind::NotFound);
    for tree in TRACING {
        match fs::read_to_string(format!("{tree}/{ENTRY_EVENT}")) {
            Ok(number) => return number.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData)),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn processor_time_passes_with_work_and_stands_still_in_sleep() {
        let begun = thread_time_ns();
        std::thread::sleep(Duration::from_millis(30));
        let slept = thread_time_ns() - begun;
        assert!(slept < 15_000_000, "asleep: {slept} ns");
        let mut value = 1_u64;
        while thread_time_ns() - begun < slept + 5_000_000 {
            value = std::hint::black_box(value.wrapping_mul(3));
        }
        assert!(process_time_ns() >= 5_000_000, "the process has at least this thread's");
    }

    #[test]
    fn system_calls_are_counted_one_by_one() {
        let Ok(mut calls) = SystemCalls::begin() else { return skipped("a tracing tree and CAP_PERFMON (root)") };
        let mut file = File::open("/dev/zero").expect("every system has it");
        let _opening = calls.count().expect("counts");
        assert_eq!(calls.count().expect("counts"), 0, "its own calls are left out");
        for _ in 0..7 {
            file.read_exact(&mut [0; 16]).expect("zeros");
        }
        assert_eq!(calls.count().expect("counts"), 7, "seven reads");
    }

    #[test]
    fn a_network_of_its_own_has_a_loopback_only_and_others_keep_theirs() {
        let interfaces = || {
            let lines = fs::read_to_string("/proc/thread-self/net/dev").expect("the kernel lists them");
            lines.lines().skip(2).filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())).collect::<Vec<_>>()
        };
        let before = interfaces();
        let inside = std::thread::scope(|scope| {
            let thread = scope.spawn(|| enter_own_network().map(|()| interfaces()));
            thread.join().expect("no panic")
        });
        let Ok(inside) = inside else { return skipped("root (network namespaces)") };
        assert_eq!(inside, ["lo"], "nothing of the host");
        assert_eq!(interfaces(), before, "this thread stayed");
    }

    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn skipped(what: &str) {
        assert!(std::env::var_os("OCP809_CI").is_none_or(|value| value != "1"), "CI must provide: {what}");
        eprintln!("SKIPPED: {what}");
    }
}
