//! Where a host keeps what outlives a run: machine.toml, saved states, the control socket.
//!
//! `OCP809_CONFIG_DIR`, `OCP809_STATE_DIR` and `OCP809_SOCKET` move them, for services and tests.

use std::env;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// The folders of one user on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Holds machine.toml.
    pub config: PathBuf,
    /// Holds saved states.
    pub state: PathBuf,
    /// The control socket.
    pub socket: PathBuf,
}

impl Paths {
    /// The folders of this user.
    #[must_use]
    pub fn of_this_user() -> Self {
        // Without a home folder, as in a bare service, everything lies where services keep their state.
        let bare = || PathBuf::from("/var/lib/ocp809");
        let project = ProjectDirs::from("", "", "ocp809");
        let folder = |variable: &str, own: Option<&Path>| {
            let moved = env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
            moved.or_else(|| own.map(Path::to_owned)).unwrap_or_else(bare)
        };
        let config = folder("OCP809_CONFIG_DIR", project.as_ref().map(ProjectDirs::config_dir));
        let own_state = project.as_ref().map(|project| project.state_dir().unwrap_or(project.data_local_dir()));
        let state = folder("OCP809_STATE_DIR", own_state);
        let runtime = project.as_ref().and_then(ProjectDirs::runtime_dir).unwrap_or(&state);
        let socket = env::var_os("OCP809_SOCKET").map_or_else(|| runtime.join("control.sock"), PathBuf::from);
        Self { config, state, socket }
    }

    /// All below one folder, for tests.
    #[must_use]
    pub fn below(folder: &Path) -> Self {
        Self { config: folder.join("config"), state: folder.join("state"), socket: folder.join("control.sock") }
    }

    /// machine.toml.
    #[must_use]
    pub fn machine(&self) -> PathBuf {
        self.config.join("machine.toml")
    }

    /// The saved state of a show or wall: two files of one name in two folders have two states.
    #[must_use]
    pub fn state_of(&self, document: &Path) -> PathBuf {
        let full = document.canonicalize().unwrap_or_else(|_| document.to_owned());
        let stem: String = full.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let readable: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
        self.state.join(format!("{readable}-{:016x}.json", fnv1a(full.as_os_str().as_encoded_bytes())))
    }
}

/// FNV-1a, 64 bit: the same on every host and in every version, which the standard library's hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_published_vectors() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn equal_names_in_two_folders_have_two_states() {
        let paths = Paths::below(Path::new("/x"));
        let (a, b) = (paths.state_of(Path::new("/a/wall.toml")), paths.state_of(Path::new("/b/wall.toml")));
        assert_ne!(a, b);
        assert!(a.starts_with("/x/state") && a.to_string_lossy().contains("/wall-"), "{a:?}");
    }
}
