//! Opening files: the three documents from disk to what they mean, and every way in which that can fail.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ocp809_sender::slice::{SliceError, SlicePlan};
use ocp809_sender::wall::migrate::to_current;
use ocp809_sender::wall::spec::WALL_SCHEMA_VERSION;
use ocp809_sender::wall::{Wall, WallProblems, WallSpec};
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::document::{Document, SchemaVersion};
use super::kind::{DocumentKind, expect_kind};
use super::machine::{MACHINE_SCHEMA_VERSION, MachineSpec};
use super::place::Place;
use super::problem::{DocumentProblems, Problem};
use super::show::{SHOW_SCHEMA_VERSION, ShowSpec};

/// Longest document in bytes; a wall of 65 536 cabinets needs a fifth of it.
pub const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

/// Why a file could not be opened.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not a document that people write.
    #[error("{} is longer than {limit} bytes: it cannot be a document of this program", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// Not text.
    #[error("{} is not UTF-8 text: byte {valid_up_to} begins no character", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// Bytes that are text.
        valid_up_to: usize,
    },
    /// Wrong in its content.
    #[error(transparent)]
    Problems(#[from] Box<DocumentProblems>),
    /// Of an older version, and not what that version allowed.
    #[error("{file} is a document of an older version and cannot be brought to the newest")]
    Migrate {
        /// The file.
        file: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The wall cannot be cut into packets.
    #[error("{} cannot be cut into packets", path.display())]
    Slice {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SliceError,
    },
}

/// A document with the file that it came from.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// The file; empty for one that exists in memory only.
    pub path: PathBuf,
    /// Its text, in which a save keeps comments.
    pub text: String,
    /// Its content.
    pub spec: T,
}

/// A wall with the file that it came from.
#[derive(Debug, Clone)]
pub struct LoadedWall {
    /// The document.
    pub document: Loaded<WallSpec>,
    /// What it means.
    pub wall: Wall,
    /// How it is cut into packets.
    pub plan: SlicePlan,
}

/// Opens wall.toml.
///
/// # Errors
///
/// When it cannot be read, or with everything that is wrong with it.
pub fn load_wall(path: &Path) -> Result<LoadedWall, LoadError> {
    let file = path.display().to_string();
    let text = current_text(&file, read(path)?)?;
    let (spec, wall) = resolve_wall(&file, &text)?;
    let plan = SlicePlan::build(&wall).map_err(|source| LoadError::Slice { path: path.to_owned(), source })?;
    Ok(LoadedWall { document: Loaded { path: path.to_owned(), text, spec }, wall, plan })
}

/// Understands the text of a wall.toml; `file` names it in reports.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn parse_wall(file: &str, text: &str) -> Result<(WallSpec, Wall), LoadError> {
    resolve_wall(file, &current_text(file, text.to_owned())?)
}

fn resolve_wall(file: &str, text: &str) -> Result<(WallSpec, Wall), LoadError> {
    let document = Document::parse(file, text).map_err(Box::new)?;
    let spec: WallSpec = document.decode().map_err(Box::new)?;
    let wall = Wall::from_spec(&spec).map_err(|found| Box::new(wall_problems(&document, &found)))?;
    Ok((spec, wall))
}

/// The text of a wall.toml in the newest version. One of that version is left as it is, so that its lines keep their
/// numbers and a save its comments; an older one is written anew.
fn current_text(file: &str, text: String) -> Result<String, LoadError> {
    let document = Document::parse(file, &text).map_err(Box::new)?;
    expect_kind(&document, DocumentKind::Wall)?;
    check_version(&document, WALL_SCHEMA_VERSION)?;
    if document.schema_version(WALL_SCHEMA_VERSION) == SchemaVersion::Known(WALL_SCHEMA_VERSION) {
        return Ok(text);
    }
    migrated(&text).map_err(|source| LoadError::Migrate { file: file.to_owned(), source })
}

fn migrated(text: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let older: serde_json::Value = toml::from_str(text)?;
    let newest = to_current(older)?;
    Ok(toml::to_string(&newest)?)
}

/// Opens wall.toml without asking whether it is consistent: for repairing it.
///
/// # Errors
///
/// When it cannot be read, or with everything that is wrong with its keys.
pub fn load_wall_spec(path: &Path) -> Result<Loaded<WallSpec>, LoadError> {
    let file = path.display().to_string();
    let text = current_text(&file, read(path)?)?;
    let spec = Document::parse(&file, &text).and_then(|document| document.decode()).map_err(Box::new)?;
    Ok(Loaded { path: path.to_owned(), text, spec })
}

/// Opens show.toml.
///
/// # Errors
///
/// When it cannot be read, or with everything that is wrong with it.
pub fn load_show(path: &Path) -> Result<Loaded<ShowSpec>, LoadError> {
    let loaded: Loaded<ShowSpec> = load(path, DocumentKind::Show, SHOW_SCHEMA_VERSION)?;
    let file = path.display().to_string();
    let document = Document::parse(&file, &loaded.text).map_err(Box::new)?;
    let problems = loaded.spec.problems(&document);
    if problems.is_empty() { Ok(loaded) } else { Err(Box::new(document.problems(problems, 0)).into()) }
}

/// Opens machine.toml; one that does not exist is empty.
///
/// # Errors
///
/// When it cannot be read, or with everything that is wrong with it.
pub fn load_machine(path: &Path) -> Result<Loaded<MachineSpec>, LoadError> {
    match load::<MachineSpec>(path, DocumentKind::Machine, MACHINE_SCHEMA_VERSION) {
        Err(LoadError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(Loaded { path: path.to_owned(), text: String::new(), spec: MachineSpec::default() })
        }
        Ok(loaded) => {
            let file = path.display().to_string();
            let document = Document::parse(&file, &loaded.text).map_err(Box::new)?;
            let problems = loaded.spec.problems(&document);
            if problems.is_empty() { Ok(loaded) } else { Err(Box::new(document.problems(problems, 0)).into()) }
        }
        other => other,
    }
}

fn load<T: DeserializeOwned>(path: &Path, kind: DocumentKind, newest: u32) -> Result<Loaded<T>, LoadError> {
    let text = read(path)?;
    let file = path.display().to_string();
    let document = Document::parse(&file, &text).map_err(Box::new)?;
    expect_kind(&document, kind)?;
    check_version(&document, newest)?;
    let spec = document.decode().map_err(Box::new)?;
    Ok(Loaded { path: path.to_owned(), text, spec })
}

/// Whether this program reads the document's version; a newer one is the only problem that is worth naming then.
fn check_version(document: &Document<'_>, newest: u32) -> Result<(), Box<DocumentProblems>> {
    let text = match document.schema_version(newest) {
        SchemaVersion::Known(_) => return Ok(()),
        SchemaVersion::Newer(found) => format!("version {found} of this document, where this program reads up to {newest}"),
        SchemaVersion::Unreadable => "the document does not say which version of its schema it follows".to_owned(),
    };
    let place = Place::default().key("schema_version");
    let way_out = match document.schema_version(newest) {
        SchemaVersion::Newer(_) => "open it with the newer program that wrote it".to_owned(),
        SchemaVersion::Known(_) | SchemaVersion::Unreadable => format!("begin the file with schema_version = {newest}"),
    };
    let problem = Problem { text, way_out, key: place.to_string(), span: document.span(&place), other: None };
    Err(Box::new(document.problems(vec![problem], 0)))
}

fn wall_problems(document: &Document<'_>, found: &WallProblems) -> DocumentProblems {
    let problems = found.problems.iter().map(|problem| {
        let place = Place::from(&problem.place);
        Problem {
            text: problem.fault.to_string(),
            way_out: problem.fault.way_out(),
            key: place.to_string(),
            span: document.span(&place),
            other: problem.fault.other_place().map(|other| (document.span(&Place::from(other)), "and here")),
        }
    });
    document.problems(problems.collect(), found.unlisted)
}

pub(super) fn read(path: &Path) -> Result<String, LoadError> {
    let io_error = |source| LoadError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io_error)?;
    let mut bytes = Vec::new();
    file.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut bytes).map_err(io_error)?;
    if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
        return Err(LoadError::TooLong { path: path.to_owned(), limit: MAX_DOCUMENT_BYTES });
    }
    String::from_utf8(bytes)
        .map_err(|error| LoadError::NotText { path: path.to_owned(), valid_up_to: error.utf8_error().valid_up_to() })
}
