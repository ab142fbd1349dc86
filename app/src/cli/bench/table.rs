//! Columns for people: words to the left, figures to the right.

use std::fmt::Display;

/// Lines of cells under a heading.
pub(super) struct Table {
    /// Columns from the left that hold words.
    words: usize,
    lines: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns, of which the first `words` hold words.
    pub(super) fn new(words: usize, heading: &[&str]) -> Self {
        Self { words, lines: vec![heading.iter().map(|&cell| cell.to_owned()).collect()] }
    }

    /// Adds a line; it has as many cells as the heading.
    pub(super) fn line(&mut self, cells: &[&dyn Display]) {
        self.lines.push(cells.iter().map(ToString::to_string).collect());
    }

    /// The whole table, each line ended.
    pub(super) fn text(&self) -> String {
        let columns = self.lines.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for line in &self.lines {
            let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if column < self.words { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            text.extend(["  ", line.trim_end(), "\n"]);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_figures_right() {
        let mut table = Table::new(1, &["what", "ms"]);
        table.line(&[&"a", &1.5]);
        table.line(&[&"länger", &100]);
        assert_eq!(table.text(), "  what     ms\n  a       1.5\n  länger  100\n");
    }
}
