//! A network for one measurement: null devices and cables that nobody else sees, gone when it ends.

use std::io;
use std::process::Command;
use std::thread;

use ocp809_sender::transport::Interface;
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::laboratory::enter_own_network;

use super::BenchError;

/// The network that the calling thread and the threads that it starts live in.
pub(super) struct Network {
    /// Made by [`Network::within`] alone.
    _inside: (),
}

impl Network {
    /// Does `work` on a thread that lives in a new network.
    ///
    /// # Errors
    /// [`BenchError::Missing`] where this user may not make one.
    pub(super) fn within<T: Send>(work: impl FnOnce(&Self) -> Result<T, BenchError> + Send) -> Result<T, BenchError> {
        let inside = move || {
            enter_own_network().map_err(|error| refused(&error))?;
            work(&Self { _inside: () })
        };
        thread::scope(|scope| {
            let thread =
                thread::Builder::new().name("bench".to_owned()).spawn_scoped(scope, inside).map_err(BenchError::Thread)?;
            thread.join().unwrap_or_else(|_| Err(BenchError::unmade("the measuring thread panicked")))
        })
    }

    /// A device that drops every frame that it is given, and is up.
    pub(super) fn null_device(&self, name: &str, mtu: u32) -> Result<Interface, BenchError> {
        self.ip(&["link", "add", name, "type", "ifb"])?;
        self.switch_on(name, mtu)
    }

    /// A cable between two new interfaces, which are up. No IPv6, so that nobody talks by himself.
    pub(super) fn cable(&self, near: &str, far: &str, mtu: u32) -> Result<(Interface, Interface), BenchError> {
        self.ip(&["link", "add", "name", near, "type", "veth", "peer", "name", far])?;
        self.switch_on(near, mtu)?;
        self.switch_on(far, mtu)?;
        // Only now has either of them carrier.
        Ok((find_by_name(near)?, find_by_name(far)?))
    }

    fn switch_on(&self, name: &str, mtu: u32) -> Result<Interface, BenchError> {
        self.ip(&["link", "set", "dev", name, "mtu", &mtu.to_string(), "addrgenmode", "none"])?;
        self.ip(&["link", "set", "dev", name, "up"])?;
        Ok(find_by_name(name)?)
    }

    #[expect(clippy::unused_self, reason = "only whoever lives in a network may change it")]
    fn ip(&self, arguments: &[&str]) -> Result<(), BenchError> {
        let words = arguments.join(" ");
        let output = Command::new("ip").args(arguments).output().map_err(|error| {
            let is_absent = error.kind() == io::ErrorKind::NotFound;
            let way_out = if is_absent { "; sudo apt-get install iproute2" } else { "" };
            BenchError::Missing(format!("ip {words}: {error}{way_out}"))
        })?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(BenchError::Missing(format!("ip {words}: {}", said.trim())))
    }
}

fn refused(error: &io::Error) -> BenchError {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return BenchError::Missing("a network of its own needs root: sudo ocp809 bench".to_owned());
    }
    BenchError::Missing(format!("a network of its own: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_the_way_out() {
        let denied = refused(&io::ErrorKind::PermissionDenied.into());
        assert!(denied.to_string().ends_with("sudo ocp809 bench"), "{denied}");
        assert!(matches!(refused(&io::ErrorKind::Unsupported.into()), BenchError::Missing(_)));
    }
}
