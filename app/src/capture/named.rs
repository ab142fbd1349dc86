//! Sources that a show knows by name, read once when the show is opened.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::uri::{SourceKind, SourceUri, UriError};

/// What each name stands for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NamedSources(Arc<BTreeMap<String, SourceUri>>);

impl NamedSources {
    /// Names and what they stand for. Files without a root lie below `folder`, where the document is that names them.
    ///
    /// # Errors
    /// [`UriError`] of the first that is no source.
    pub fn below<'a>(folder: &Path, sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, UriError> {
        let read = |(name, uri): (&str, &str)| Ok((name.to_owned(), uri.parse::<SourceUri>()?.below(folder)));
        sources.into_iter().map(read).collect::<Result<_, _>>().map(Arc::new).map(Self)
    }

    /// The names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The source that a text means: the named one, else the text is a source itself.
    ///
    /// # Errors
    /// [`UriError`] where it is neither.
    pub fn resolve(&self, text: &str) -> Result<SourceUri, UriError> {
        self.0.get(text).map_or_else(|| text.parse(), |uri| Ok(uri.clone()))
    }
}

impl SourceUri {
    /// The same source with its files below `folder`, where they have no root. Programs start where this one did.
    #[must_use]
    fn below(mut self, folder: &Path) -> Self {
        match &mut self.kind {
            SourceKind::Image(path) | SourceKind::Sequence { files: path, .. } | SourceKind::Stream { path, .. } => {
                *path = folder.join(&*path);
            }
            SourceKind::Pattern { .. } | SourceKind::StandardInput(_) | SourceKind::Command { .. } => {}
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> NamedSources {
        let written = [("logo", "image:logo.png"), ("film", "pipe:/films/a.y4m"), ("bars", "pattern:bars")];
        NamedSources::below(Path::new("/shows"), written).unwrap()
    }

    #[test]
    fn a_name_means_its_source_and_anything_else_itself() {
        assert_eq!(sources().resolve("bars"), "pattern:bars".parse());
        assert_eq!(sources().resolve("pattern:white"), "pattern:white".parse());
        assert!(matches!(sources().resolve("foo"), Err(UriError::Scheme { .. })));
        assert_eq!(sources().names().collect::<Vec<_>>(), ["bars", "film", "logo"]);
    }

    #[test]
    fn files_lie_beside_the_show() {
        assert_eq!(sources().resolve("logo").unwrap().kind, SourceKind::Image("/shows/logo.png".into()));
        let SourceKind::Stream { path, .. } = sources().resolve("film").unwrap().kind else { panic!("a stream") };
        assert_eq!(path, Path::new("/films/a.y4m"), "a path from the root stays");
    }
}
