//! Older versions of documents, brought to the newest one step at a time.
//!
//! A step is a pure function on the parsed document, kept for ever, with a golden file of its version. Version 1 is the
//! first, so there is no step yet; the machinery is what a second version needs on its first day.

use ocp809_sender::wall::spec::WALL_SCHEMA_VERSION;
use toml_edit::DocumentMut;

use super::document::{Document, SchemaVersion};
use super::load::{LoadError, check_version};

/// Brings a document from the version of its position (from 1) to the next.
type Step = fn(&mut DocumentMut);

/// Steps of wall.toml: entry 0 goes from version 1 to 2.
const WALL_STEPS: &[Step] = &[];

/// The text of a wall.toml in the newest version, and whether anything had to be done for it.
///
/// # Errors
///
/// When the text is no TOML, or of a version that this program does not know.
pub fn wall(file: &str, text: &str) -> Result<(bool, String), LoadError> {
    migrated(file, text, WALL_SCHEMA_VERSION, WALL_STEPS)
}

fn migrated(file: &str, text: &str, newest: u32, steps: &[Step]) -> Result<(bool, String), LoadError> {
    let document = Document::parse(file, text).map_err(Box::new)?;
    check_version(&document, newest)?;
    let SchemaVersion::Known(version) = document.schema_version(newest) else { return Ok((false, text.to_owned())) };
    let missing = steps.get(version as usize - 1..).unwrap_or_default();
    match text.parse::<DocumentMut>() {
        Ok(mut editable) if !missing.is_empty() => {
            missing.iter().for_each(|step| step(&mut editable));
            editable["schema_version"] = toml_edit::value(i64::from(newest));
            Ok((true, editable.to_string()))
        }
        _ => Ok((false, text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_run_one_after_the_other_from_the_documents_version_on_and_keep_comments() {
        let steps: &[Step] = &[
            |d| d["trace"] = toml_edit::value("one"),
            |d| {
                let trace = format!("{} two", d.get("trace").and_then(toml_edit::Item::as_str).unwrap_or_default());
                d["trace"] = toml_edit::value(trace);
            },
        ];
        let run = |text: &str| migrated("old.toml", text, 3, steps).expect("is migrated");
        assert_eq!(run("# kept\nschema_version = 1\n"), (true, "# kept\nschema_version = 3\ntrace = \"one two\"\n".into()));
        assert_eq!(run("schema_version = 2\n"), (true, "schema_version = 3\ntrace = \" two\"\n".into()));
        assert_eq!(run("schema_version = 3\n"), (false, "schema_version = 3\n".into()));
        for refused in ["schema_version = 4", "schema_version = 0", "schema_version = \"1\"", ""] {
            assert!(migrated("old.toml", refused, 3, steps).is_err(), "{refused:?}");
        }
    }
}
