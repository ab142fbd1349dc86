//! Network namespaces for tests: a unique one each, gone when it is dropped, also after a panic.
#![expect(unsafe_code, reason = "std does not enter namespaces")]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use ocp809_sender::transport::Interface;
use ocp809_sender::transport::interface::find_by_name;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A network namespace. The thread that makes it lives in it; other threads enter it.
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes a namespace and moves the calling thread into it for good: a test has a thread of its own.
    pub(crate) fn enter_new() -> Self {
        let name = format!("ocp809-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        ip(&["netns", "add", &name]);
        let namespace = Self { name };
        namespace.enter();
        namespace
    }

    /// Moves the calling thread into the namespace.
    pub(crate) fn enter(&self) {
        let file = File::open(format!("/run/netns/{}", self.name)).expect("the namespace has a file");
        // SAFETY: the descriptor is open; only the calling thread is moved.
        let moved = unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) };
        assert_eq!(moved, 0, "setns: {}", std::io::Error::last_os_error());
    }

    /// Runs `ip` inside.
    pub(crate) fn ip(&self, arguments: &[&str]) {
        ip(&[&["-n", &self.name], arguments].concat());
    }

    /// A command that runs inside.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// A cable between two new interfaces, which are up. No IPv6, so that nobody talks by himself.
    pub(crate) fn cable(&self, near: &str, far: &str) -> (Interface, Interface) {
        self.ip(&["link", "add", near, "type", "veth", "peer", "name", far]);
        for name in [near, far] {
            self.ip(&["link", "set", name, "addrgenmode", "none"]);
            self.ip(&["link", "set", name, "up"]);
        }
        let find = |name| find_by_name(name).expect("the interface is there");
        (find(near), find(far))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A leftover would be harmless, and a panic while panicking is not.
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("`ip` runs");
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
