//! The machine: whether the sender gets its time, keeps its files, and finds the programs that sources use.

use std::fs;
use std::path::Path;

use ocp809_sender::transport::realtime::{CAP_SYS_NICE, has_capability, may_lock_memory};

use super::Finding;
use crate::config::Paths;

/// Real-time priority that the frame thread asks for.
const WANTED_PRIORITY: u32 = 50;

pub(super) fn findings(paths: &Paths) -> Vec<Finding> {
    let mut findings = vec![real_time(), locked_memory()];
    findings.extend(governor());
    findings.push(folder("state folder", &paths.state));
    findings.push(configuration(paths));
    findings.push(ffmpeg());
    findings
}

/// Whether the frame thread may have a real-time priority.
fn real_time() -> Finding {
    let subject = "real-time priority";
    let limit = fs::read_to_string("/proc/self/limits").ok().and_then(|limits| priority_limit(&limits));
    if has_capability(CAP_SYS_NICE) == Some(true) || limit.is_some_and(|limit| limit >= WANTED_PRIORITY) {
        return Finding::ok(subject, "frames leave on time even when this machine is busy");
    }
    let text = "not allowed: frames can be late when this machine is busy";
    Finding::advice(subject, text, raise_limit(&format!("rtprio {WANTED_PRIORITY}")))
}

/// Whether a running show's memory stays where it is.
fn locked_memory() -> Finding {
    let subject = "locked memory";
    match may_lock_memory() {
        Ok(()) => Finding::ok(subject, "no frame waits for a page that was moved to disk"),
        Err(reason) => {
            let text = format!("{reason}: frames can be late when this machine runs short of memory");
            Finding::advice(subject, text, raise_limit("memlock unlimited"))
        }
    }
}

/// How a limit of the user is raised.
fn raise_limit(limit: &str) -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "USER".to_owned());
    format!("echo '{user} - {limit}' | sudo tee -a /etc/security/limits.d/ocp809.conf, then log in again")
}

/// The soft limit in the kernel's list.
fn priority_limit(limits: &str) -> Option<u32> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max realtime priority"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u32::MAX),
        number => number.parse().ok(),
    }
}

/// Whether the processor slows down between frames; nothing where it cannot.
fn governor() -> Option<Finding> {
    let governor = fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").ok()?;
    Some(match governor.trim() {
        "powersave" => Finding::advice(
            "processor",
            "saves power, so that a frame after a pause takes longer",
            "sudo cpupower frequency-set -g performance",
        ),
        other => Finding::ok("processor", format!("governor {other}")),
    })
}

/// Whether files can be saved there.
fn folder(subject: &str, folder: &Path) -> Finding {
    let tried = fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder).map(drop));
    match tried {
        Ok(()) => Finding::ok(subject, folder.display().to_string()),
        Err(error) => Finding::fault(
            subject,
            format!("{} cannot be written: {error}", folder.display()),
            format!("sudo install -d -o \"$USER\" {}", folder.display()),
        ),
    }
}

/// The folder that people have to find: what they write into machine.toml counts for this host.
fn configuration(paths: &Paths) -> Finding {
    let found = folder("configuration folder", &paths.config);
    let is_there = if paths.machine().exists() { "is" } else { "would be" };
    Finding { text: format!("{}; machine.toml {is_there} in it", found.text), ..found }
}

/// Whether the program that most `cmd:` sources run is there.
fn ffmpeg() -> Finding {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("ffmpeg")).find(|file| file.is_file());
    match found {
        Some(file) => Finding::ok("ffmpeg", file.display().to_string()),
        None => Finding::advice("ffmpeg", "not found: cmd: sources cannot play video with it", "sudo apt install ffmpeg"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_list_of_limits_is_read() {
        let limits = |soft: &str| {
            format!("Limit  Soft  Hard  Units\nMax realtime priority     {soft}     99\nMax realtime timeout unlimited\n")
        };
        assert_eq!(priority_limit(&limits("0")), Some(0));
        assert_eq!(priority_limit(&limits("95")), Some(95));
        assert_eq!(priority_limit(&limits("unlimited")), Some(u32::MAX));
        assert_eq!(priority_limit("Max nice priority 0 0"), None);
    }
}
