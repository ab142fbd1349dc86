//! Which shared libraries are installed, without loading one: the folders and the cache that the dynamic loader uses.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::{MissingLibrary, NoDisplay};

const fn needs(file: &'static str, package: &'static str) -> MissingLibrary {
    MissingLibrary { file, package }
}

/// What a window on an X server loads.
pub(super) const X11: &[MissingLibrary] = &[
    needs("libX11.so.6", "libx11-6"),
    needs("libX11-xcb.so.1", "libx11-xcb1"),
    needs("libxcb.so.1", "libxcb1"),
    needs("libXcursor.so.1", "libxcursor1"),
    needs("libXi.so.6", "libxi6"),
    needs("libxkbcommon.so.0", "libxkbcommon0"),
    needs("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
];

/// What a window on a Wayland compositor loads.
pub(super) const WAYLAND: &[MissingLibrary] = &[
    needs("libwayland-client.so.0", "libwayland-client0"),
    needs("libwayland-egl.so.1", "libwayland-egl1"),
    needs("libxkbcommon.so.0", "libxkbcommon0"),
];

/// Bytes of an ELF header up to and with the machine; equal ones can be loaded into one process.
const ELF_IDENTITY: usize = 20;

/// Where the loader of glibc keeps its list.
const LOADER_CACHE: &str = "/etc/ld.so.cache";

/// Folders that loaders search without being told.
const DEFAULT_FOLDERS: [&str; 6] = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib", "/run/opengl-driver/lib"];

/// The libraries that the dynamic loader would find.
#[derive(Debug)]
pub(super) struct Installed {
    folders: Vec<PathBuf>,
    cache: Vec<u8>,
    machine: Option<[u8; ELF_IDENTITY]>,
}

impl Installed {
    /// The libraries of this system.
    pub(super) fn on_this_system() -> Self {
        let told = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&told).filter(|folder| folder.is_absolute()).collect();
        folders.extend(DEFAULT_FOLDERS.map(PathBuf::from));
        // Absent outside glibc; then the folders alone decide.
        let cache = std::fs::read(LOADER_CACHE).unwrap_or_default();
        Self { folders, cache, machine: identity(Path::new("/proc/self/exe")) }
    }

    /// The libraries of these folders alone.
    #[cfg(test)]
    pub(super) fn in_folders(folders: &[PathBuf]) -> Self {
        Self { folders: folders.to_vec(), cache: Vec::new(), machine: identity(Path::new("/proc/self/exe")) }
    }

    /// Checks that all of these are there.
    pub(super) fn require(&self, libraries: &[MissingLibrary]) -> Result<(), NoDisplay> {
        let missing: Vec<MissingLibrary> = libraries.iter().filter(|library| !self.has(library.file)).copied().collect();
        if missing.is_empty() { Ok(()) } else { Err(NoDisplay::MissingLibraries { missing }) }
    }

    fn has(&self, file: &str) -> bool {
        self.folders.iter().any(|folder| self.fits(&folder.join(file)))
            || self.cached(file).any(|path| self.fits(Path::new(OsStr::from_bytes(path))))
    }

    /// Paths of the cache that end in this file: it holds names and paths as text, each ended by a zero.
    fn cached(&self, file: &str) -> impl Iterator<Item = &[u8]> {
        let ending = format!("/{file}").into_bytes();
        self.cache.split(|&byte| byte == 0).filter(move |text| text.first() == Some(&b'/') && text.ends_with(&ending))
    }

    /// Whether the file can be loaded into this process: another word length or machine counts as missing.
    fn fits(&self, path: &Path) -> bool {
        match (identity(path), self.machine) {
            (Some(library), Some(machine)) => same_machine(&library, &machine),
            (found, _) => found.is_some(),
        }
    }
}

fn identity(path: &Path) -> Option<[u8; ELF_IDENTITY]> {
    let mut header = [0; ELF_IDENTITY];
    File::open(path).ok()?.read_exact(&mut header).ok()?;
    header.starts_with(b"\x7fELF").then_some(header)
}

/// Word length and byte order (bytes 4 and 5), and machine (bytes 18 and 19): ELF, "ELF Identification" and `e_machine`.
fn same_machine(a: &[u8; ELF_IDENTITY], b: &[u8; ELF_IDENTITY]) -> bool {
    a.get(4..6) == b.get(4..6) && a.get(18..20) == b.get(18..20)
}

/// Puts a file that looks like a library of this machine into a folder.
#[cfg(test)]
pub(super) fn install_for_test(folder: &Path, file: &str) {
    let header = identity(Path::new("/proc/self/exe")).expect("this process has a header");
    std::fs::write(folder.join(file), header).expect("a scratch file");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_another_machine_counts_as_missing() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        install_for_test(folder.path(), "libX11.so.6");
        let installed = Installed::in_folders(&[folder.path().to_owned()]);
        assert!(installed.has("libX11.so.6"), "the same machine");

        let mut header = identity(Path::new("/proc/self/exe")).expect("this process has a header");
        header[18] ^= 0xff;
        std::fs::write(folder.path().join("libX11.so.6"), header).expect("a scratch file");
        assert!(!installed.has("libX11.so.6"), "another machine");
    }

    #[test]
    fn the_loaders_cache_is_searched_by_whole_names() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        install_for_test(folder.path(), "libxkbcommon.so.0");
        let path = folder.path().join("libxkbcommon.so.0");
        let mut cache = b"glibc-ld.so.cache1.1\0libxkbcommon.so.0\0".to_vec();
        cache.extend_from_slice(path.as_os_str().as_bytes());
        cache.push(0);
        let installed = Installed { folders: Vec::new(), cache, machine: None };
        assert!(installed.has("libxkbcommon.so.0"), "its path is in the cache");
        assert!(!installed.has("common.so.0"), "an ending of a name is no name");
    }

    #[test]
    fn every_library_names_its_package() {
        for library in X11.iter().chain(WAYLAND) {
            assert!(library.package.starts_with("lib") && !library.package.contains(".so"), "{library:?}");
        }
    }
}
