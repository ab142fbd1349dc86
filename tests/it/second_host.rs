//! A second media server on the cable of the first one: a switch between both and the wall.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::stage::{Stage, ip};

/// Another host on the same cable, with files of its own.
pub(crate) struct SecondHost {
    namespace: String,
    running: Option<Child>,
}

impl SecondHost {
    /// Puts a switch between the sender, a second host and the wall.
    pub(crate) fn on_a_switch(stage: &Stage) -> Self {
        let namespace = format!("second{}", std::process::id());
        ip(&["netns", "add", &namespace]);
        let switch = stage.middle.as_str();
        ip(&["-n", switch, "link", "add", "switch", "type", "bridge", "mcast_snooping", "0"]);
        ip(&["-n", switch, "link", "set", "switch", "addrgenmode", "none", "up"]);
        for (place, name, port) in
            [(stage.server.as_str(), "send", "p1"), (&namespace, "send", "p2"), (&stage.wall, "cards", "p3")]
        {
            ip(&["link", "add", name, "netns", place, "type", "veth", "peer", "name", port, "netns", switch]);
            ip(&["-n", place, "link", "set", name, "addrgenmode", "none", "up"]);
            ip(&["-n", switch, "link", "set", port, "master", "switch"]);
            ip(&["-n", switch, "link", "set", port, "addrgenmode", "none", "up"]);
        }
        Self { namespace, running: None }
    }

    fn command(&self, stage: &Stage, arguments: &[&str]) -> Command {
        let mut command = stage.command(&self.namespace, arguments);
        let own = |name: &str| stage.path(&format!("second-{name}"));
        command.env("OCP809_CONFIG_DIR", own("config")).env("OCP809_STATE_DIR", own("state")).env("OCP809_SOCKET", own("socket"));
        command
    }

    pub(crate) fn start(&mut self, stage: &Stage, arguments: &[&str]) {
        let child = self.command(stage, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.running = Some(child.expect("the program starts"));
    }

    pub(crate) fn run(&self, stage: &Stage, arguments: &[&str]) -> Output {
        self.command(stage, arguments).output().expect("the program runs")
    }

    pub(crate) fn wait_for(&self, stage: &Stage, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = None;
        for _ in 0..200 {
            last = serde_json::from_slice(&self.run(stage, &["status", "--json"]).stdout).ok().or(last);
            if let Some(status) = last.as_ref().filter(|status| wanted(status)) {
                return status.clone();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        unreachable!("{what} never came: {last:#?}")
    }
}

impl Drop for SecondHost {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            // It may have ended already.
            let _ended = child.kill();
            let _reaped = child.wait();
        }
        let _gone = Command::new("ip").args(["netns", "del", &self.namespace]).status();
    }
}
