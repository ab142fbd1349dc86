//! What is wrong with a document, as a report that shows the lines: all problems at once, each with its place and way out.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;

/// Everything that is wrong with one file.
#[derive(Debug, Clone)]
pub struct DocumentProblems {
    file: String,
    text: String,
    problems: Vec<Problem>,
    unlisted: usize,
}

/// One problem of a file.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What is wrong.
    pub text: String,
    /// The way out; empty where the text says it all.
    pub way_out: String,
    /// The key, as `cabinet[3].x`; empty where there is none.
    pub key: String,
    /// Bytes of the file that are wrong.
    pub span: Range<usize>,
    /// Bytes that take part, and what they are.
    pub other: Option<(Range<usize>, &'static str)>,
}

/// One problem as machines read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemReport {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its column, from 1, in characters.
    pub column: usize,
    /// The key; empty where there is none.
    pub key: String,
    /// What is wrong.
    pub text: String,
    /// The way out.
    pub help: String,
}

impl DocumentProblems {
    /// The problems of a file, in the order of its lines.
    #[must_use]
    pub fn new(file: &str, text: &str, mut problems: Vec<Problem>, unlisted: usize) -> Self {
        problems.sort_by_key(|problem| problem.span.start);
        Self { file: file.to_owned(), text: text.to_owned(), problems, unlisted }
    }

    /// The problems.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems as machines read them.
    #[must_use]
    pub fn reports(&self) -> Vec<ProblemReport> {
        let report = |problem: &Problem| {
            let (line, column) = line_and_column(&self.text, problem.span.start);
            ProblemReport {
                file: self.file.clone(),
                line,
                column,
                key: problem.key.clone(),
                text: problem.text.clone(),
                help: problem.way_out.clone(),
            }
        };
        self.problems.iter().map(report).collect()
    }

    /// Each problem with its lines, ready for a terminal.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<ProblemDiagnostic> {
        let source = NamedSource::new(&self.file, self.text.clone());
        self.problems.iter().map(|problem| ProblemDiagnostic { problem: problem.clone(), source: source.clone() }).collect()
    }

    /// Problems beyond those that are listed.
    #[must_use]
    pub const fn unlisted(&self) -> usize {
        self.unlisted
    }
}

/// Line and column of a byte, from 1.
fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(byte)];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

impl fmt::Display for DocumentProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len() + self.unlisted;
        write!(f, "{} has {count} {}", self.file, if count == 1 { "problem" } else { "problems" })
    }
}

impl std::error::Error for DocumentProblems {}

/// One problem with the file that it is in.
#[derive(Debug)]
pub struct ProblemDiagnostic {
    problem: Problem,
    source: NamedSource<String>,
}

impl fmt::Display for ProblemDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.problem.key.is_empty() {
            write!(f, "{}: ", self.problem.key)?;
        }
        f.write_str(&self.problem.text)
    }
}

impl std::error::Error for ProblemDiagnostic {}

impl Diagnostic for ProblemDiagnostic {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.problem.way_out.is_empty()).then(|| Box::new(&self.problem.way_out) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let here = LabeledSpan::new_primary_with_span(Some("here".to_owned()), self.problem.span.clone());
        let other =
            self.problem.other.iter().map(|(span, label)| LabeledSpan::new_with_span(Some((*label).to_owned()), span.clone()));
        Some(Box::new(std::iter::once(here).chain(other)))
    }
}
