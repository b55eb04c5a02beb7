//! Tables of text, as people read them.

use std::io::stdout;

use unicode_width::UnicodeWidthStr;

/// Columns of a page that is no terminal.
const PAGE_COLUMNS: usize = 120;
/// Columns between two cells.
const GAP: &str = "  ";

/// A table with a head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grid {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// An empty table.
    pub(super) fn new(head: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Grid {
            head: head.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(row.into_iter().map(Into::into).collect());
    }

    /// The lines, indented by two. Columns of numbers stand to the right.
    pub(super) fn text(&self) -> String {
        let lines = || std::iter::once(&self.head).chain(&self.rows);
        let columns = lines().map(Vec::len).max().unwrap_or(0);
        let cell = |line: &Vec<String>, column: usize| line.get(column).cloned().unwrap_or_default();
        let widths = self.widths(columns);
        let right: Vec<bool> = (0..columns)
            .map(|column| {
                let cells = || self.rows.iter().map(|row| cell(row, column));
                cells().any(|cell| is_number(&cell))
                    && cells().all(|cell| cell.is_empty() || cell == "-" || is_number(&cell))
            })
            .collect();
        let mut text = String::new();
        for line in lines() {
            let mut shown = String::new();
            for (column, (width, right)) in widths.iter().zip(&right).enumerate() {
                let cell = cell(line, column);
                let pad = " ".repeat(width.saturating_sub(cell.width()));
                shown.push_str(GAP);
                shown.push_str(&if *right { pad + &cell } else { cell + &pad });
            }
            text.push_str(shown.trim_end());
            text.push('\n');
        }
        text
    }

    /// The same, standing up where it would be too wide to lie: a line a column, and as many rows side by side as fit.
    pub(super) fn fitted(&self, columns: usize) -> String {
        let width: usize = self
            .widths(self.head.len())
            .iter()
            .map(|width| width + GAP.len())
            .sum();
        if width <= columns {
            return self.text();
        }
        let mut text = String::new();
        let mut from = 0;
        while from < self.rows.len() {
            let mut grid = self.standing(from, from + 1);
            let mut to = from + 1;
            while to < self.rows.len() {
                let wider = self.standing(from, to + 1);
                let width: usize = wider
                    .widths(to - from + 2)
                    .iter()
                    .map(|width| width + GAP.len())
                    .sum();
                if width > columns {
                    break;
                }
                (grid, to) = (wider, to + 1);
            }
            if from > 0 {
                text.push('\n');
            }
            text.push_str(&grid.text());
            from = to;
        }
        text
    }

    fn standing(&self, from: usize, to: usize) -> Grid {
        let rows = self.rows.get(from..to).unwrap_or_default();
        let mut grid =
            Grid::new(std::iter::once(String::new()).chain((from..to).map(|row| format!("row {}", row + 1))));
        for (column, name) in self.head.iter().enumerate() {
            let cells = rows
                .iter()
                .map(|row| row.get(column).cloned().unwrap_or_default());
            grid.push(std::iter::once(name.clone()).chain(cells));
        }
        grid
    }

    fn widths(&self, columns: usize) -> Vec<usize> {
        let lines = || std::iter::once(&self.head).chain(&self.rows);
        let width = |column| {
            lines()
                .filter_map(|line| line.get(column))
                .map(|cell: &String| cell.as_str().width())
                .max()
        };
        (0..columns).map(|column| width(column).unwrap_or(0)).collect()
    }
}

/// Whether a cell is a number, maybe with a unit.
fn is_number(cell: &str) -> bool {
    let (digits, unit) = cell.split_once(' ').unwrap_or((cell, ""));
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    digits.starts_with(|char: char| char.is_ascii_digit())
        && digits
            .chars()
            .all(|char| char.is_ascii_digit() || matches!(char, ',' | '.'))
        && unit.len() <= 2
        && unit.chars().all(|char| char.is_ascii_alphabetic())
}

/// Columns of the terminal that stdout is, or of a page.
pub(super) fn page_columns() -> usize {
    let size = terminal_size::terminal_size_of(stdout());
    size.map_or(PAGE_COLUMNS, |(columns, _)| usize::from(columns.0))
}

/// A text on one line: control characters as pictures, and at most so many columns, with `…` for what is cut.
pub(super) fn one_line(text: &str, columns: usize) -> String {
    let mut line = String::new();
    let mut width = 0;
    for char in text.chars() {
        let shown = match char {
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(char))
                .unwrap_or('\u{fffd}')
                .to_string(),
            '\u{7f}' => '\u{2421}'.to_string(),
            // What a terminal could take for an order: C1 controls, and marks that turn the direction of writing.
            '\u{80}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => char.escape_unicode().to_string(),
            _ => char.to_string(),
        };
        width += shown.width();
        if width > columns {
            while line.width() + 1 > columns && line.pop().is_some() {}
            line.push('…');
            return line;
        }
        line.push_str(&shown);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let mut grid = Grid::new(["name", "rows"]);
        grid.push(["a", "1"]);
        grid.push(["日本", "1,000"]);
        assert_eq!(grid.text(), "  name   rows\n  a         1\n  日本  1,000\n");
    }

    #[test]
    fn wide_ones_stand_up() {
        let mut grid = Grid::new(["one", "two", "more", "last"]);
        for row in 0..3 {
            grid.push([
                format!("b{row:04}"),
                "xxxxx".to_owned(),
                "yyyyy".to_owned(),
                "zzzzz".to_owned(),
            ]);
        }
        let lines = [
            "        row 1  row 2",
            "  one   b0000  b0001",
            "  two   xxxxx  xxxxx",
            "  more  yyyyy  yyyyy",
            "  last  zzzzz  zzzzz",
            "",
            "        row 3",
            "  one   b0002",
            "  two   xxxxx",
            "  more  yyyyy",
            "  last  zzzzz",
            "",
        ];
        assert_eq!(grid.fitted(25), lines.join("\n"));
        // Even one that fits nowhere is shown.
        assert_eq!(grid.fitted(1).matches("row ").count(), 3);
        assert_eq!(grid.fitted(80), grid.text());
    }

    #[test]
    fn a_line_is_cut_and_cannot_command() {
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcde…");
        assert_eq!(one_line("日本語", 5), "日本…");
        assert_eq!(one_line("a\nb\u{1b}[0m\u{9b}", 40), "a␊b␛[0m\\u{9b}");
    }
}
