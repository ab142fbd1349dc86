//! A network device whose other end is this process: it takes a few frames, and no more until they are read.
#![expect(unsafe_code, reason = "std makes no network devices")]

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// `TUNSETIFF` of `if_tun.h`.
const SET_NAME: libc::c_ulong = 0x4004_54ca;

/// `IFF_TAP | IFF_NO_PI`: Ethernet frames as they are.
const PLAIN_FRAMES: i16 = 0x0002 | 0x1000;

/// Whether this system has such devices.
pub(crate) fn taps() -> Result<(), String> {
    if Path::new("/dev/net/tun").exists() { Ok(()) } else { Err(String::from("/dev/net/tun")) }
}

/// The end in this process.
pub(crate) struct Tap(File);

impl Tap {
    /// Makes a device of this name in this thread's namespace. It is down.
    pub(crate) fn make(name: &str) -> Self {
        let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun");
        let file = file.expect("it was looked for");
        // SAFETY: all-zero bytes are a valid ifreq.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (target, &byte) in request.ifr_name.iter_mut().zip(name.as_bytes()) {
            *target = byte.cast_signed();
        }
        request.ifr_ifru.ifru_flags = PLAIN_FRAMES;
        // SAFETY: the request outlives the call.
        let made = unsafe { libc::ioctl(file.as_raw_fd(), SET_NAME, &raw mut request) };
        assert_eq!(made, 0, "made: {}", io::Error::last_os_error());
        Self(file)
    }

    /// The next frame of this Ethernet type that was sent to the device; the system sends its own as well.
    pub(crate) fn next(&mut self, ether_type: [u8; 2]) -> Option<Vec<u8>> {
        let mut frame = vec![0; 16_384];
        loop {
            let length = self.0.read(&mut frame).ok()?;
            if frame.get(12..14).is_some_and(|found| found == ether_type) {
                frame.truncate(length);
                return Some(frame);
            }
        }
    }
}
