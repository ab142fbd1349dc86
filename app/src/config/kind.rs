//! What a TOML document is: told by the keys that only one of the documents has, so that a command that takes a wall or a
//! show needs no other word, and a document in the wrong place is named instead of picked to pieces.

use core::fmt;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::load::{LoadError, LoadedWall, load_show, load_wall, read};
use super::place::Place;
use super::problem::{DocumentProblems, Problem};
use super::show::ShowSpec;

/// The documents of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// wall.toml
    Wall,
    /// show.toml
    Show,
    /// machine.toml
    Machine,
}

/// Keys that only a wall has.
const OF_WALL: [&str; 5] = ["screen", "module_model", "cabinet_model", "cabinet", "group"];

/// Keys that only a show has.
const OF_SHOW: [&str; 4] = ["wall", "settings", "source", "preset"];

/// Keys that only a machine has.
const OF_MACHINE: [&str; 3] = ["gpu", "interface", "site_key"];

impl DocumentKind {
    /// What a document is; `None` where none of its keys tells.
    #[must_use]
    pub fn of(document: &Document<'_>) -> Option<Self> {
        let has = |keys: &[&str]| keys.iter().any(|key| document.has_key(key));
        [(Self::Wall, &OF_WALL[..]), (Self::Show, &OF_SHOW), (Self::Machine, &OF_MACHINE)]
            .into_iter()
            .find_map(|(kind, keys)| has(keys).then_some(kind))
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wall => "wall.toml",
            Self::Show => "show.toml",
            Self::Machine => "machine.toml",
        })
    }
}

/// A wall, and the show that was opened with it.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The wall.
    pub wall: LoadedWall,
    /// The show; of nothing but the wall where a wall.toml was opened.
    pub show: ShowSpec,
}

/// Opens a wall.toml, or a show.toml with its wall.
///
/// # Errors
///
/// When it is neither, cannot be read, or with everything that is wrong with it.
pub fn open_wall_or_show(path: &Path) -> Result<Opened, LoadError> {
    let file = path.display().to_string();
    let text = read(path)?;
    let document = Document::parse(&file, &text).map_err(Box::new)?;
    match DocumentKind::of(&document) {
        Some(DocumentKind::Wall) => Ok(Opened { wall: load_wall(path)?, show: ShowSpec::of_wall(&file) }),
        Some(DocumentKind::Show) => {
            let show = load_show(path)?.spec;
            let wall = load_wall(&beside(path, &show.wall)).map_err(|error| blamed(&document, error))?;
            Ok(Opened { wall, show })
        }
        Some(kind @ DocumentKind::Machine) => Err(wrong(&document, &format!("this is a {kind}"))),
        None => Err(wrong(&document, "this is neither a wall.toml nor a show.toml")),
    }
}

/// A file that a document names, relative to where the document lies.
fn beside(document: &Path, named: &str) -> PathBuf {
    document.parent().unwrap_or(Path::new("")).join(named)
}

/// A wall that is not there is a mistake of the show.
fn blamed(show: &Document<'_>, error: LoadError) -> LoadError {
    let LoadError::Io { path, source } = error else { return error };
    let place = Place::default().key("wall");
    let text = format!("its wall {} cannot be read: {source}", path.display());
    let way_out = "name a wall.toml, relative to this file".to_owned();
    let problem = Problem { text, way_out, key: place.to_string(), span: show.span(&place), other: None };
    Box::new(show.problems(vec![problem], 0)).into()
}

fn wrong(document: &Document<'_>, text: &str) -> LoadError {
    let way_out = "a wall has [[screen]], [[port]] and [[cabinet]]: `ocp809 wall new` makes one; a show begins with \
                   schema_version = 1 and names its wall: wall = \"stage.toml\"";
    Box::new(problem_of(document, text.to_owned(), way_out.to_owned())).into()
}

/// Refuses a document that is evidently another one than was wanted.
pub(super) fn expect_kind(document: &Document<'_>, wanted: DocumentKind) -> Result<(), Box<DocumentProblems>> {
    match DocumentKind::of(document) {
        Some(found) if found != wanted => {
            let way_out = match (found, document.text_at("wall")) {
                (DocumentKind::Show, Some(wall)) => format!("its wall is {wall:?}: name that file"),
                _ => format!("name a {wanted}"),
            };
            Err(Box::new(problem_of(document, format!("this is a {found}, where a {wanted} is wanted"), way_out)))
        }
        Some(_) | None => Ok(()),
    }
}

fn problem_of(document: &Document<'_>, text: String, way_out: String) -> DocumentProblems {
    let problem = Problem { text, way_out, key: String::new(), span: document.span(&Place::default()), other: None };
    document.problems(vec![problem], 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> LoadError {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("document.toml");
        std::fs::write(&file, text).unwrap();
        open_wall_or_show(&file).expect_err("is refused")
    }

    fn said(text: &str) -> String {
        let LoadError::Problems(found) = open(text) else { panic!("is understood") };
        let line = |r: &super::super::ProblemReport| format!("{}: {} {}", r.line, r.text, r.help);
        found.reports().iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn kinds_are_told_by_keys_and_not_by_lines() {
        let kind = |text: &str| DocumentKind::of(&Document::parse("x", text).unwrap());
        assert_eq!(kind("schema_version = 1\n\"wall\" = 'w.toml'"), Some(DocumentKind::Show));
        assert_eq!(kind("# wall = 1\nname = '''\nwall = 2'''\n[[screen]]"), Some(DocumentKind::Wall));
        assert_eq!(kind("screen = []\nwall = 'x'"), Some(DocumentKind::Wall), "a wall with a key too many");
        assert_eq!(kind("gpu = 'cpu'"), Some(DocumentKind::Machine));
        assert_eq!(kind("name = 'x'"), None);
    }

    #[test]
    fn what_is_neither_is_told_so_with_both_ways_out() {
        for text in ["", "name = 'x'", "[package]\nname = 'x'"] {
            let said = said(text);
            assert!(said.contains("neither a wall.toml nor a show.toml") && said.contains("ocp809 wall new"), "{said}");
        }
        assert!(said("schema_version = 1\ngpu = 'cpu'").contains("this is a machine.toml"), "a machine");
    }

    #[test]
    fn a_missing_wall_is_shown_in_its_show() {
        let said = said("schema_version = 1\nwall = 'gone.toml'");
        assert!(said.starts_with("2: ") && said.contains("gone.toml cannot be read") && said.contains("relative"), "{said}");
    }

    #[test]
    fn a_show_where_a_wall_is_wanted_names_its_wall() {
        let text = "schema_version = 1\nwall = 'stage.toml'";
        let document = Document::parse("x", text).unwrap();
        let problems = expect_kind(&document, DocumentKind::Wall).expect_err("is a show");
        assert!(problems.reports()[0].help.contains("stage.toml"), "{problems:?}");
    }
}
