//! Aligned columns.

use std::fmt;

/// Rows under a head. A column whose cells are all numbers (or `-`) is set to the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(head: &[&'static str]) -> Table {
        Table {
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. It has as many cells as the head.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        assert_eq!(N, self.head.len(), "a row has as many cells as the head");
        self.rows.push(cells.into());
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([self.head[column].chars().count()])
            .max()
            .unwrap_or(0)
    }

    fn is_numeric(&self, column: usize) -> bool {
        let number = |cell: &str| {
            cell == "-" || !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit())
        };
        !self.rows.is_empty() && self.rows.iter().all(|row| number(&row[column]))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<(usize, bool)> = (0..self.head.len())
            .map(|column| (self.width(column), self.is_numeric(column)))
            .collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let mut line = String::new();
            for (cell, &(width, right)) in cells.zip(&columns) {
                let gap = if line.is_empty() { "" } else { "  " };
                line += gap;
                line += &if right {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                };
            }
            line.truncate(line.trim_end().len());
            line
        };
        writeln!(f, "{}", line(&mut self.head.iter().copied()))?;
        for row in &self.rows {
            writeln!(f, "{}", line(&mut row.iter().map(String::as_str)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_left_numbers_right_no_trailing_blanks() {
        let mut table = Table::new(&["NAME", "PARTITIONS", "NOTE"]);
        table.row(["orders".to_owned(), "12".to_owned(), "é".to_owned()]);
        table.row(["x".to_owned(), "-".to_owned(), String::new()]);
        assert_eq!(
            table.to_string(),
            "NAME    PARTITIONS  NOTE\norders          12  é\nx                -\n"
        );
    }

    #[test]
    fn an_empty_table_is_its_head() {
        assert_eq!(Table::new(&["A", "B"]).to_string(), "A  B\n");
    }
}
