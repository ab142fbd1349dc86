//! Finding the bytes of a key: a walk along keys and indices through a parsed document that remembers where everything stood.

use std::fmt;
use std::ops::Range;

use ocp809_sender::wall::DocPath;
use ocp809_sender::wall::path::Step as WallStep;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A place in a document, such as `cabinet[3].x`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place(Vec<Step>);

/// One step of a [`Place`].
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Place {
    /// The value of `key` below this place.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.0.push(Step::Key(key.to_owned()));
        self
    }

    /// Position `index` of the list at this place.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Step::Index(index));
        self
    }

    /// The place that `below` is, seen from this one.
    #[must_use]
    pub fn joined(&self, below: &Self) -> Self {
        Self(self.0.iter().chain(&below.0).cloned().collect())
    }

    /// The bytes of this place: of the value, or of the nearest thing around it that was written.
    #[must_use]
    pub fn span_in(&self, document: &Spanned<DeTable<'_>>) -> Range<usize> {
        let Some((Step::Key(first), rest)) = self.0.split_first() else { return 0..0 };
        let Some(mut value) = document.get_ref().get(first.as_str()) else { return 0..0 };
        for step in rest {
            let next = match step {
                Step::Key(key) => value.get_ref().get(key.as_str()),
                Step::Index(index) => value.get_ref().get(*index),
            };
            match next {
                Some(next) => value = next,
                None => break,
            }
        }
        shown_span(value)
    }
}

/// A list of tables is as long as its tables: its first header says enough.
fn shown_span(value: &Spanned<DeValue<'_>>) -> Range<usize> {
    let first = value.get_ref().as_array().and_then(|entries| entries.iter().next());
    first.filter(|entry| entry.get_ref().is_table()).map_or(value.span(), Spanned::span)
}

impl From<&DocPath> for Place {
    fn from(path: &DocPath) -> Self {
        let step = |step: &WallStep| match step {
            WallStep::Key(key) => Step::Key((*key).to_owned()),
            WallStep::Index(index) => Step::Index(*index),
        };
        Self(path.steps().iter().map(step).collect())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(position, step)| match step {
            Step::Key(key) if position == 0 => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}
