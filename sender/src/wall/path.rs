//! Where in a document something stands, as keys and indices, so that whoever read the file can point at its line.

use core::fmt;

/// One step of a [`DocPath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A key of a table.
    Key(&'static str),
    /// A position in a list, from 0.
    Index(usize),
}

/// A place in a document, such as `cabinet[3].x` or `port[0].link.mtu`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct DocPath(Vec<Step>);

impl DocPath {
    /// The whole document.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Entry `index` of the list `list` at the document's top.
    #[must_use]
    pub fn entry(list: &'static str, index: usize) -> Self {
        Self(vec![Step::Key(list), Step::Index(index)])
    }

    /// The value of `key` below this place.
    #[must_use]
    pub fn key(&self, key: &'static str) -> Self {
        self.with(Step::Key(key))
    }

    /// Position `index` of the list at this place.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    /// The steps from the document's top.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for DocPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("document");
        }
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if i == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_the_document() {
        let path = DocPath::entry("cabinet_model", 1).key("module").index(2).key("columns");
        assert_eq!(path.to_string(), "cabinet_model[1].module[2].columns", "nested lists");
        assert_eq!(DocPath::root().key("schema_version").to_string(), "schema_version", "top key");
        assert_eq!(DocPath::root().to_string(), "document", "nothing more exact is known");
    }
}
