//! Older wall files become current ones: a chain of pure functions on untyped documents, one per version.
//!
//! A file of the current version is parsed straight from its text, so that problems keep their lines; only older ones come
//! through here. A change of the format appends one function to [`MIGRATIONS`] and one old file to the golden ones.

use serde_json::Value;

use super::spec::WALL_SCHEMA_VERSION;

/// Turns a document of one version into the next; what it does not understand it leaves for the parser to report.
pub type Migration = fn(Value) -> Value;

/// `MIGRATIONS[i]` turns version i + 1 into version i + 2.
pub const MIGRATIONS: [Migration; (WALL_SCHEMA_VERSION - FIRST_VERSION) as usize] = [];

/// The first version that was ever written.
const FIRST_VERSION: u32 = 1;

/// Why a document cannot be brought to the current version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrateError {
    /// There is no version.
    #[error("there is no `schema_version`; write `schema_version = {newest}` as the first line of a wall file")]
    NoVersion {
        /// The version to write.
        newest: u32,
    },
    /// The version is not a whole number from 1 on.
    #[error("`schema_version` is {found}, expected a whole number from 1 to {newest}")]
    BadVersion {
        /// What stands there.
        found: Value,
        /// The newest known version.
        newest: u32,
    },
    /// The document was written by a newer program.
    #[error("the wall file has version {found}, this program knows versions up to {newest}; open it with a newer program")]
    Newer {
        /// The document's version.
        found: u64,
        /// The newest known version.
        newest: u32,
    },
}

/// Brings a document to [`WALL_SCHEMA_VERSION`].
///
/// # Errors
/// When its version is missing, no number, or unknown.
pub fn to_current(document: Value) -> Result<Value, MigrateError> {
    migrate(document, &MIGRATIONS)
}

/// Whether a document has the current version, so that it can be parsed as it is.
///
/// # Errors
/// When its version is missing, no number, or unknown.
pub fn is_current(document: &Value) -> Result<bool, MigrateError> {
    version_of(document, WALL_SCHEMA_VERSION).map(|version| version == WALL_SCHEMA_VERSION)
}

fn version_of(document: &Value, newest: u32) -> Result<u32, MigrateError> {
    let found = document.get("schema_version").ok_or(MigrateError::NoVersion { newest })?;
    let bad = || MigrateError::BadVersion { found: found.clone(), newest };
    let version = found.as_u64().filter(|&version| version >= u64::from(FIRST_VERSION)).ok_or_else(bad)?;
    u32::try_from(version).ok().filter(|&version| version <= newest).ok_or(MigrateError::Newer { found: version, newest })
}

/// Applies the steps that the document's version has not had, and writes the new version.
fn migrate(document: Value, steps: &[Migration]) -> Result<Value, MigrateError> {
    let newest = FIRST_VERSION.saturating_add(u32::try_from(steps.len()).unwrap_or(u32::MAX));
    let version = version_of(&document, newest)?;
    let missing = steps.iter().skip((version - FIRST_VERSION) as usize);
    let mut current = missing.fold(document, |document, step| step(document));
    if let Some(written) = current.get_mut("schema_version") {
        *written = Value::from(newest);
    }
    Ok(current)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rename(mut document: Value, from: &str, to: &str) -> Value {
        if let Some(table) = document.as_object_mut()
            && let Some(value) = table.remove(from)
        {
            table.insert(to.to_owned(), value);
        }
        document
    }

    const STEPS: [Migration; 2] = [|d| rename(d, "title", "label"), |d| rename(d, "label", "name")];

    #[test]
    fn each_version_takes_the_steps_that_it_lacks() {
        for (version, key) in [(1, "title"), (2, "label"), (3, "name")] {
            let old = json!({ "schema_version": version, key: "stage" });
            let expected = json!({ "schema_version": 3, "name": "stage" });
            assert_eq!(migrate(old, &STEPS), Ok(expected), "from version {version}");
        }
    }

    #[test]
    fn unknown_versions_are_refused_with_words() {
        let refused = |document: Value| to_current(document).expect_err("refused").to_string();
        assert!(refused(json!({ "schema_version": 2 })).contains("version 2, this program knows versions up to 1"), "newer");
        assert!(refused(json!({ "schema_version": u64::MAX })).contains("open it with a newer program"), "much newer");
        assert!(refused(json!({ "name": "x" })).contains("write `schema_version = 1`"), "missing");
        for bad in [json!(0), json!(-1), json!(1.5), json!("1"), json!(null)] {
            assert!(refused(json!({ "schema_version": bad })).contains("whole number from 1 to 1"), "{bad}");
        }
        assert!(refused(json!([1, 2])).contains("there is no"), "no table at all");
    }

    #[test]
    fn a_current_document_is_left_as_it_is() {
        let document = json!({ "schema_version": 1, "name": "stage", "screen": [] });
        assert_eq!(is_current(&document), Ok(true), "version 1");
        assert_eq!(to_current(document.clone()), Ok(document), "unchanged");
    }
}
