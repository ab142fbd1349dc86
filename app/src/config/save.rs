//! Saving: whole or not at all, and with the comments that people wrote.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike, TomlError};

/// Why a file was not saved. What was there before is untouched.
#[derive(Debug, Error)]
pub enum SaveError {
    /// The system refused.
    #[error("cannot save {}: what was there before is untouched", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The value cannot be written as TOML.
    #[error("cannot be written as TOML")]
    Encode {
        /// What the writer said.
        #[from]
        source: toml::ser::Error,
    },
    /// The text that was loaded is no TOML.
    #[error("the text that was loaded is no TOML")]
    Parse {
        /// What the reader said.
        #[from]
        source: TomlError,
    },
    /// The value cannot be written as JSON.
    #[error("cannot be written as JSON")]
    Json {
        /// What the writer said.
        #[from]
        source: serde_json::Error,
    },
}

/// Replaces a file's content: afterwards it is the old or the new one, whatever happens in between.
///
/// A link is followed, the file's permissions stay, and missing folders are made.
///
/// # Errors
///
/// When the system refuses; the old content is then untouched.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<(), SaveError> {
    replace(path, content).map_err(|source| SaveError::Io { path: path.to_owned(), source })
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // The file behind a link, or the path itself where nothing is there yet.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".ocp809-").tempfile_in(folder)?;
    file.write_all(content)?;
    let permissions = fs::metadata(&target).map(|metadata| metadata.permissions());
    file.as_file().set_permissions(permissions.unwrap_or_else(|_| new_file_permissions()))?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    // The rename itself is on the disk once its folder is.
    File::open(folder)?.sync_all()
}

/// A file in the making beside the one that it is to become: a job that fails or is interrupted leaves nothing behind, and
/// what was there before stays.
#[derive(Debug)]
pub struct PartialFile {
    scratch: Option<tempfile::TempPath>,
    target: PathBuf,
}

impl PartialFile {
    /// Begins a file that is to become `target`. A pipe or a device is written itself.
    ///
    /// # Errors
    /// When nothing can be created in its folder.
    pub fn beside(target: &Path) -> io::Result<Self> {
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        if fs::metadata(&target).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            return Ok(Self { scratch: None, target });
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The system's own words for a folder that is not there.
        fs::metadata(folder)?;
        let scratch = tempfile::Builder::new().prefix(".ocp809-").permissions(new_file_permissions()).tempfile_in(folder);
        // The scratch file's name, which the library adds, is nobody's business.
        let file = scratch.map_err(|error| io::Error::from(error.kind()))?;
        Ok(Self { scratch: Some(file.into_temp_path()), target })
    }

    /// Where to write.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.scratch.as_deref().unwrap_or(&self.target)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When the system refuses; nothing is left then.
    pub fn keep(self) -> io::Result<()> {
        self.scratch.map_or(Ok(()), |scratch| scratch.persist(&self.target).map_err(|error| error.error))
    }
}

fn new_file_permissions() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o644)
}

/// A document as text, for a file that does not exist yet.
///
/// # Errors
///
/// When it cannot be written as TOML.
pub fn to_text(document: &impl Serialize) -> Result<String, SaveError> {
    Ok(editable(document)?.to_string())
}

/// The text of `new`, made from `text` whose meaning is `old`: only what differs is touched, so that comments, order and
/// spelling of the rest stay.
///
/// # Errors
///
/// When one of the two cannot be written as TOML, or the text is none.
pub fn edited(text: &str, old: &impl Serialize, new: &impl Serialize) -> Result<String, SaveError> {
    let mut document: DocumentMut = text.parse()?;
    let (old, new) = (editable(old)?, editable(new)?);
    merge_tables(document.as_table_mut(), old.as_table(), new.as_table());
    Ok(document.to_string())
}

/// A value as an editable document, with small tables on one line as people write them: `size = { width = 2, height = 1 }`.
fn editable(document: &impl Serialize) -> Result<DocumentMut, SaveError> {
    let mut editable: DocumentMut = toml::to_string(document)?.parse()?;
    shorten(editable.as_table_mut());
    Ok(editable)
}

/// Keys of a table that still reads well on one line.
const MAX_INLINE_KEYS: usize = 4;

fn shorten(table: &mut Table) {
    for (_, item) in table.iter_mut() {
        match item {
            Item::ArrayOfTables(list) => list.iter_mut().for_each(shorten),
            Item::Table(inner) if inner.len() <= MAX_INLINE_KEYS && inner.iter().all(|(_, item)| item.is_value()) => {
                item.make_value();
            }
            Item::Table(inner) => shorten(inner),
            Item::Value(_) | Item::None => {}
        }
    }
}

fn merge_tables(document: &mut dyn TableLike, old: &dyn TableLike, new: &dyn TableLike) {
    for (key, _) in old.iter().filter(|(key, _)| !new.contains_key(key)) {
        document.remove(key);
    }
    for (key, wanted) in new.iter() {
        let before = old.get(key).unwrap_or(&Item::None);
        if !same(before, wanted) {
            merge_item(document, key, before, wanted);
        }
    }
}

fn merge_item(document: &mut dyn TableLike, key: &str, old: &Item, new: &Item) {
    let empty = Table::new();
    match (document.get_mut(key), new) {
        (Some(Item::ArrayOfTables(here)), Item::ArrayOfTables(wanted)) => {
            let before = old.as_array_of_tables().cloned().unwrap_or_default();
            if !merge_lists(here, &before, wanted) {
                *here = wanted.clone();
            }
        }
        (Some(here), _) if here.is_table_like() && new.is_table_like() => {
            let before = old.as_table_like().unwrap_or(&empty);
            if let (Some(here), Some(wanted)) = (here.as_table_like_mut(), new.as_table_like()) {
                merge_tables(here, before, wanted);
            }
        }
        (Some(Item::Value(here)), Item::Value(wanted)) => {
            let decor = here.decor().clone();
            *here = wanted.clone();
            *here.decor_mut() = decor;
        }
        _ => {
            document.insert(key, new.clone());
        }
    }
}

/// Brings a list to its wanted entries; entries are known by their id, else by position. False when the order has changed:
/// then the places of comments mean nothing any more.
fn merge_lists(document: &mut ArrayOfTables, old: &ArrayOfTables, new: &ArrayOfTables) -> bool {
    let names = |list: &ArrayOfTables| list.iter().enumerate().map(|(index, table)| name(table, index)).collect::<Vec<_>>();
    let (old_names, new_names) = (names(old), names(new));
    if names(document) != old_names || !keeps_order(&old_names, &new_names) {
        return false;
    }
    for position in (0..old_names.len()).rev().filter(|&position| !new_names.contains(&old_names[position])) {
        document.remove(position);
    }
    let kept: Vec<_> = old_names.iter().filter(|name| new_names.contains(name)).collect();
    for (wanted, wanted_name) in new.iter().zip(&new_names) {
        let before = old_names.iter().position(|name| name == wanted_name).and_then(|position| old.get(position));
        let here = kept.iter().position(|name| *name == wanted_name).and_then(|position| document.get_mut(position));
        match (here, before) {
            (Some(here), Some(before)) => merge_tables(here, before, wanted),
            _ => document.push(wanted.clone()),
        }
    }
    true
}

/// What an entry of a list is known by.
fn name(table: &Table, index: usize) -> String {
    let id = ["id", "number"].into_iter().find_map(|key| table.get(key));
    id.map_or_else(|| format!("#{index}"), |id| id.to_string().trim().to_owned())
}

/// Whether the entries that stay keep their order, and new ones come last.
fn keeps_order(old: &[String], new: &[String]) -> bool {
    let mut kept = old.iter().filter(|name| new.contains(name));
    let mut appended = new.iter().skip_while(|name| kept.next() == Some(*name));
    appended.all(|name| !old.contains(name))
}

/// Whether two items mean the same, however they are spelled.
fn same(a: &Item, b: &Item) -> bool {
    match (a.as_table_like(), b.as_table_like(), a.as_array_of_tables(), b.as_array_of_tables()) {
        (Some(a), Some(b), _, _) => same_tables(a, b),
        (_, _, Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same_tables(a, b)),
        (None, None, None, None) => a.to_string().trim() == b.to_string().trim(),
        _ => false,
    }
}

fn same_tables(a: &dyn TableLike, b: &dyn TableLike) -> bool {
    a.iter().count() == b.iter().count() && a.iter().all(|(key, item)| b.get(key).is_some_and(|other| same(item, other)))
}
