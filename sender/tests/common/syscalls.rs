//! How many system calls this thread makes, as the kernel counts them: the tracepoint `raw_syscalls:sys_enter`.
#![expect(unsafe_code, reason = "std has no performance counters")]

use std::ffi::CString;
use std::fs::{File, read_to_string};
use std::io::{Error, Read};
use std::os::fd::FromRawFd;
use std::os::unix::ffi::OsStrExt;

/// `PERF_TYPE_TRACEPOINT`, and the size of the first `perf_event_attr`, of `perf_event.h`.
const TRACEPOINT: u64 = 2;
const ATTRIBUTES: usize = 64;

/// A counter of this thread's system calls.
pub(crate) struct SystemCalls(File);

impl SystemCalls {
    /// Counts from now on.
    pub(crate) fn count() -> Result<Self, String> {
        let number: u64 = tracepoint()?;
        let mut attributes = [0_u64; ATTRIBUTES / 8];
        attributes[0] = TRACEPOINT | (ATTRIBUTES as u64) << 32;
        attributes[1] = number;
        let (this_thread, any_processor, no_group, close_on_exec) = (0, -1, -1, 8);
        // SAFETY: the attributes say their own size and outlive the call.
        let counter = unsafe {
            libc::syscall(libc::SYS_perf_event_open, attributes.as_ptr(), this_thread, any_processor, no_group, close_on_exec)
        };
        let counter = i32::try_from(counter).unwrap_or(-1);
        if counter < 0 {
            return Err(format!("a counter of system calls ({})", Error::last_os_error()));
        }
        // SAFETY: the descriptor is open and owned by nobody else.
        Ok(Self(unsafe { File::from_raw_fd(counter) }))
    }

    /// How many calls `work` makes.
    pub(crate) fn of(&mut self, work: impl FnOnce()) -> u64 {
        let before = self.read();
        work();
        // Reading is a call itself.
        self.read() - before - 1
    }

    fn read(&mut self) -> u64 {
        let mut value = [0; 8];
        self.0.read_exact(&mut value).expect("a counter can be read");
        u64::from_ne_bytes(value)
    }
}

/// The tracepoint's number, from a file system that is mounted for this thread alone.
fn tracepoint() -> Result<u64, String> {
    let folder = tempfile::tempdir().expect("a folder");
    // SAFETY: only the calling thread gets a view of the mounts of its own.
    let unshared = unsafe { libc::unshare(libc::CLONE_FS | libc::CLONE_NEWNS) };
    let (kind, root) = (c"tracefs".as_ptr(), c"/".as_ptr());
    let target = CString::new(folder.path().as_os_str().as_bytes()).expect("no zero in it");
    // SAFETY: the texts outlive the call. Nothing that is mounted here is seen elsewhere.
    let private = unsafe { libc::mount(kind, root, std::ptr::null(), libc::MS_REC | libc::MS_PRIVATE, std::ptr::null()) };
    // SAFETY: as above.
    let mounted = unsafe { libc::mount(kind, target.as_ptr(), kind, 0, std::ptr::null()) };
    if (unshared, private, mounted) != (0, 0, 0) {
        return Err(format!("a mounted tracefs ({})", Error::last_os_error()));
    }
    let number = read_to_string(folder.path().join("events/raw_syscalls/sys_enter/id"));
    // SAFETY: this is what was mounted.
    unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
    number.ok().and_then(|number| number.trim().parse().ok()).ok_or_else(|| String::from("the kernel's raw_syscalls tracepoint"))
}
