//! The site key: where machine.toml says that it lies, how it is read, and how a new one is made. Nothing here ever shows it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ocp809_sender::session::Protection;
use ocp809_sender::wire::ocp809::auth::{KEY_LEN, Key, SiteKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::Document;
use super::load::{LoadError, Loaded};
use super::machine::MachineSpec;
use super::place::Place;
use super::problem::Problem;

/// Hexadecimal digits of a key.
const DIGITS: usize = 2 * KEY_LEN;

/// Rights of everybody but a file's owner.
const OTHERS: u32 = 0o077;

/// The key that this site's cards know its senders by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteKeySpec {
    /// Its id on the cards, 1 to 65535.
    pub id: u16,
    /// The file that holds it: 64 hexadecimal digits on one line, readable by its owner alone. Relative to this document.
    pub file: PathBuf,
    /// Whether cards that have the key show nothing that is not signed with it.
    #[serde(default)]
    pub lock_cards: bool,
}

/// What is wrong with a key file.
#[derive(Debug)]
struct Fault {
    text: String,
    way_out: String,
}

/// The site's key as machine.toml names it; `None` where it names none.
///
/// # Errors
/// With the line of machine.toml, when the file is not there, holds no key, or can be read by others than its owner.
pub fn load_site_key(machine: &Loaded<MachineSpec>) -> Result<Option<Protection>, LoadError> {
    let Some(spec) = &machine.spec.site_key else { return Ok(None) };
    let path = machine.path.parent().unwrap_or(Path::new("")).join(&spec.file);
    match read_key(&path) {
        Ok(key) => Ok(Some(Protection { key: SiteKey { id: spec.id, key }, locks_cards: spec.lock_cards })),
        Err(fault) => Err(blamed(machine, fault)),
    }
}

/// A fault of the key file as a problem of machine.toml.
fn blamed(machine: &Loaded<MachineSpec>, fault: Fault) -> LoadError {
    let file = machine.path.display().to_string();
    let document = match Document::parse(&file, &machine.text) {
        Ok(document) => document,
        Err(problems) => return Box::new(problems).into(),
    };
    let place = Place::default().key("site_key").key("file");
    let Fault { text, way_out } = fault;
    let problem = Problem { text, way_out, key: place.to_string(), span: document.span(&place), other: None };
    Box::new(document.problems(vec![problem], 0)).into()
}

fn read_key(path: &Path) -> Result<Key, Fault> {
    let shown = path.display();
    let unreadable = |source: io::Error| Fault {
        text: format!("the site key {shown} cannot be read: {source}"),
        way_out: format!("name the file that holds it, or make a new key: ocp809 generate site-key {shown}"),
    };
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & OTHERS != 0 {
        let text = format!("the site key {shown} can be read by others than its owner");
        return Err(Fault { text, way_out: format!("chmod 600 {shown}") });
    }
    let mut bytes = Vec::new();
    // A file that is longer than a key and a line end is none.
    file.take(DIGITS as u64 + 3).read_to_end(&mut bytes).map_err(unreadable)?;
    parse_key(&bytes).map_err(|reason| Fault {
        text: format!("{shown} holds no site key: {reason}"),
        way_out: format!("it is one line of {DIGITS} hexadecimal digits, as `ocp809 generate site-key FILE` writes it"),
    })
}

/// Reads a key; what is wrong with it says nothing of what it is.
fn parse_key(bytes: &[u8]) -> Result<Key, String> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if let Some(place) = line.iter().take(DIGITS).position(|byte| !byte.is_ascii_hexdigit()) {
        return Err(format!("character {} is no hexadecimal digit", place + 1));
    }
    if line.len() != DIGITS {
        let size = if line.len() > DIGITS { format!("more than {DIGITS}") } else { line.len().to_string() };
        return Err(format!("it has {size} characters"));
    }
    let mut key = [0; KEY_LEN];
    for (byte, digits) in key.iter_mut().zip(line.chunks(2)) {
        let digits = str::from_utf8(digits).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).map_err(|error| error.to_string())?;
    }
    if Key::new(key) == Key::NONE {
        return Err("it is all zeros, a key that everybody has".to_owned());
    }
    Ok(Key::new(key))
}

/// A key as its file holds it.
fn line_of(key: &[u8; KEY_LEN]) -> String {
    let digits = key.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).chain(['\n']).collect()
}

/// Makes a new key of the system's randomness, readable by its owner alone. It is there whole or not at all, and never in the
/// place of another file. Missing folders are made.
///
/// # Errors
/// When the system refuses; [`io::ErrorKind::AlreadyExists`] when there is a file of this name.
pub fn generate_site_key(path: &Path) -> io::Result<()> {
    let mut key = [0; KEY_LEN];
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    let line = line_of(&key);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let owner_only = std::fs::Permissions::from_mode(0o600);
    let mut file = tempfile::Builder::new().prefix(".ocp809-").permissions(owner_only).tempfile_in(folder)?;
    file.write_all(line.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    // The name itself is on the disk once its folder is.
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_machine;

    /// What is wrong with a machine.toml whose key file has this content and these rights.
    fn said(content: &[u8], mode: u32) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("site.key");
        std::fs::write(&file, content).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
        said_of(folder.path(), "id = 1\nfile = 'site.key'\n").expect_err("is refused")
    }

    fn said_of(folder: &Path, table: &str) -> Result<Option<Protection>, String> {
        let file = folder.join("machine.toml");
        std::fs::write(&file, format!("schema_version = 1\n[site_key]\n{table}")).expect("written");
        let loaded = load_machine(&file).and_then(|machine| load_site_key(&machine));
        loaded.map_err(|error| {
            let LoadError::Problems(found) = error else { panic!("{error}") };
            let line = |report: &crate::config::ProblemReport| {
                format!("{} {}: {}; {}", report.line, report.key, report.text, report.help)
            };
            found.reports().iter().map(line).collect::<Vec<_>>().join("\n")
        })
    }

    #[test]
    fn a_generated_key_is_read_back_and_shown_nowhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, other) = (folder.path().join("site.key"), folder.path().join("other.key"));
        generate_site_key(&file).expect("made");
        generate_site_key(&other).expect("made");
        let mode = std::fs::metadata(&file).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "its owner's alone");
        let text = std::fs::read_to_string(&file).expect("text");
        assert_ne!(text, std::fs::read_to_string(&other).expect("text"), "each is another one");
        let found = said_of(folder.path(), "id = 7\nfile = 'site.key'\nlock_cards = true\n").expect("loads").expect("a key");
        assert_eq!((found.key.id, found.locks_cards), (7, true), "as it was asked for");
        assert_eq!(found.key.key.secret()[..], hex(text.trim()), "these digits");
        let shown = format!("{found:?}");
        assert!(!shown.contains(text.trim()) && shown.contains("secret"), "{shown}");
        let again = generate_site_key(&file).expect_err("is there");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists, "{again}");
        assert_eq!(std::fs::read_to_string(&file).expect("text"), text, "a key is never replaced");
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 3, "nothing half-written is left");
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex")).collect()
    }

    #[test]
    fn mistakes_of_a_key_file_are_shown_in_machine_toml_with_the_way_out() {
        let key = "0123456789abcdef".repeat(4);
        let missing = said_of(tempfile::tempdir().expect("a folder").path(), "id = 1\nfile = 'gone.key'\n").expect_err("gone");
        assert!(missing.starts_with("4 site_key.file: the site key "), "{missing}");
        assert!(missing.contains("gone.key cannot be read: ") && missing.contains("ocp809 generate site-key "), "{missing}");
        for mode in [0o640, 0o604, 0o644, 0o660] {
            let open = said(key.as_bytes(), mode);
            assert!(open.contains("by others than its owner; chmod 600 /"), "{mode:o}: {open}");
        }
        let wrong = |content: &str| said(content.as_bytes(), 0o600);
        assert!(wrong("").contains("it has 0 characters"), "empty");
        assert!(wrong(&key[..63]).contains("it has 63 characters"), "{}", wrong(&key[..63]));
        assert!(wrong(&format!("{key}{key}")).contains("more than 64 characters"), "too long");
        assert!(wrong(&format!("{key}\n{key}\n")).contains("more than 64 characters"), "two of them");
        assert!(wrong(&key.replacen('5', "x", 1)).contains("character 6 is no hexadecimal digit"), "a letter");
        assert!(wrong(&"0".repeat(64)).contains("everybody has"), "key 0");
        assert!(!wrong(&key[..63]).contains(&key[..8]), "what it holds is not shown");
    }

    #[test]
    fn an_id_of_a_key_is_a_number_from_1() {
        let folder = tempfile::tempdir().expect("a folder");
        let zero = said_of(folder.path(), "id = 0\nfile = 'site.key'\n").expect_err("is refused");
        assert!(zero.starts_with("3 site_key.id: ") && zero.contains("1 to 65535"), "{zero}");
        let large = said_of(folder.path(), "id = 65536\nfile = 'site.key'\n").expect_err("is refused");
        assert!(large.starts_with("3 "), "{large}");
        let misspelt = said_of(folder.path(), "id = 1\nfile = 'site.key'\nlock_card = true\n").expect_err("is refused");
        assert!(misspelt.contains("did you mean `lock_cards`"), "{misspelt}");
    }
}
