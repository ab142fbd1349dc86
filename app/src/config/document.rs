//! From text to a document's type, with every mistake found in one pass: of syntax, of keys, of types.
//!
//! serde stops at the first mistake. So each mistake is taken out of the parsed document and the rest is read again, until
//! it passes or nothing more can be taken out.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error as TomlError};

use super::place::Place;
use super::problem::{DocumentProblems, Problem};
use crate::control::nearest;

/// Problems that are listed; a file with more is not made better by reading them.
const MAX_LISTED: usize = 50;

/// A document with the places of its keys.
#[derive(Debug)]
pub struct Document<'t> {
    file: &'t str,
    text: &'t str,
    table: Spanned<DeTable<'t>>,
}

/// What a document says about its own version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaVersion {
    /// A version that this program reads.
    Known(u32),
    /// Written by a newer program.
    Newer(i64),
    /// Missing or no version.
    Unreadable,
}

impl<'t> Document<'t> {
    /// Reads the syntax.
    ///
    /// # Errors
    ///
    /// All mistakes of syntax.
    pub fn parse(file: &'t str, text: &'t str) -> Result<Self, DocumentProblems> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            return Ok(Self { file, text, table });
        }
        let unlisted = errors.len().saturating_sub(MAX_LISTED);
        let problem = |error: &TomlError| Problem {
            text: format!("this is not TOML: {}", error.message().replace('\n', ", ")),
            way_out: String::new(),
            key: String::new(),
            span: clamp(error.span().unwrap_or_default(), text),
            other: None,
        };
        Err(DocumentProblems::new(file, text, errors.iter().take(MAX_LISTED).map(problem).collect(), unlisted))
    }

    /// What the document says about its version, where `newest` is the newest that this program reads.
    #[must_use]
    pub fn schema_version(&self, newest: u32) -> SchemaVersion {
        let written = self.table.get_ref().get("schema_version").and_then(|value| value.get_ref().as_integer());
        let written = written.and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
        match written {
            Some(version) if version > i64::from(newest) => SchemaVersion::Newer(version),
            Some(version) => match u32::try_from(version) {
                Ok(known) if known > 0 => SchemaVersion::Known(known),
                _ => SchemaVersion::Unreadable,
            },
            None => SchemaVersion::Unreadable,
        }
    }

    /// Reads the document as its type.
    ///
    /// # Errors
    ///
    /// All keys and values that do not belong there.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DocumentProblems> {
        let mut rest = self.table.clone();
        let mut problems = Vec::new();
        let mut pruned = Vec::new();
        loop {
            match T::deserialize(toml::de::Deserializer::from(rest.clone())) {
                Ok(decoded) if problems.is_empty() => return Ok(decoded),
                Ok(_) => break,
                Err(error) => {
                    let span = error.span().unwrap_or_default();
                    // A key that was taken out because its value was wrong is not missing too.
                    if !pruned.contains(&span) || !error.message().starts_with("missing field") {
                        problems.push(self.problem(&error, &span));
                    }
                    match prune_table(&mut rest, &span) {
                        Some(table) if problems.len() < MAX_LISTED => pruned.push(table),
                        _ => break,
                    }
                }
            }
        }
        Err(self.problems(problems, 0))
    }

    /// Problems of this document that were found in what it means.
    #[must_use]
    pub fn problems(&self, problems: Vec<Problem>, unlisted: usize) -> DocumentProblems {
        DocumentProblems::new(self.file, self.text, problems, unlisted)
    }

    /// Whether the document has a key at its top level.
    pub(super) fn has_key(&self, key: &str) -> bool {
        self.table.get_ref().contains_key(key)
    }

    /// The text of a key at its top level, where it is one.
    pub(super) fn text_at(&self, key: &str) -> Option<&str> {
        self.table.get_ref().get(key)?.get_ref().as_str()
    }

    /// The bytes of a place.
    #[must_use]
    pub fn span(&self, place: &Place) -> Range<usize> {
        clamp(place.span_in(&self.table), self.text)
    }

    fn problem(&self, error: &TomlError, span: &Range<usize>) -> Problem {
        let (text, way_out) = in_our_words(error.message());
        Problem { text, way_out, key: String::new(), span: clamp(span.clone(), self.text), other: None }
    }
}

/// Keeps a span inside the text and not longer than its line, so that a report shows lines and not pages.
fn clamp(span: Range<usize>, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let line_end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let end = text.floor_char_boundary(span.end.clamp(start, line_end.max(start)));
    start..end
}

/// serde's words for a mistake, and the way out where they name candidates.
fn in_our_words(message: &str) -> (String, String) {
    let Some((wrong, expected)) = message.split_once(", expected ") else {
        return match message.strip_prefix("missing field ") {
            Some(key) => (format!("{key} is missing"), format!("write {} = ...", key.trim_matches('`'))),
            None => (message.replace('\n', ", "), String::new()),
        };
    };
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let (wrong_words, candidates) = (quoted(wrong), quoted(expected));
    let text = wrong
        .replace("unknown field", "there is no key")
        .replace("unknown variant", "there is no choice")
        .replace("invalid type:", "wrong kind of value:")
        .replace("invalid value:", "wrong value:");
    match (wrong_words.first(), candidates.is_empty()) {
        (Some(word), false) => {
            let meant = nearest(word, candidates.iter().map(String::as_str)).unwrap_or_default();
            (text, format!("did you mean `{meant}`? possible here: {}", candidates.join(", ")))
        }
        _ => (text, format!("write {expected}")),
    }
}

/// Takes the thing with this span out of the document; returns the span of the table that has lost a key, or of the list's
/// entry that is gone.
fn prune_table(table: &mut Spanned<DeTable<'_>>, wrong: &Range<usize>) -> Option<Range<usize>> {
    let own_span = table.span();
    prune_entries(table.get_mut(), &own_span, wrong)
}

fn prune_entries(table: &mut DeTable<'_>, own_span: &Range<usize>, wrong: &Range<usize>) -> Option<Range<usize>> {
    let guilty = table.iter().find(|(key, value)| key.span() == *wrong || value.span() == *wrong).map(|(key, _)| key.clone());
    if let Some(key) = guilty {
        table.remove(key.get_ref().as_ref());
        return Some(own_span.clone());
    }
    table.iter_mut().find_map(|(_, value)| prune_value(value, wrong))
}

fn prune_value(value: &mut Spanned<DeValue<'_>>, wrong: &Range<usize>) -> Option<Range<usize>> {
    let own_span = value.span();
    match value.get_mut() {
        DeValue::Table(table) => prune_entries(table, &own_span, wrong),
        DeValue::Array(entries) => match entries.iter().position(|entry| entry.span() == *wrong) {
            Some(guilty) => {
                let all = std::mem::replace(entries, std::iter::empty().collect());
                let kept = all.into_iter().enumerate().filter(|(index, _)| *index != guilty);
                *entries = kept.map(|(_, entry)| entry).collect();
                Some(wrong.clone())
            }
            None => entries.iter_mut().find_map(|entry| prune_value(entry, wrong)),
        },
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => None,
    }
}
