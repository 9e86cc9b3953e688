//! Parses comma-separated cells strictly. A payment that is missing in the statement counts as failed, so an unclosed
//! quote must not hide rows.

use super::StatementError;

/// A row of the file; `number` is the line number in editors and spreadsheets.
pub(super) struct Row {
    pub(super) number: usize,
    pub(super) cells: Vec<String>,
}

impl Row {
    /// Returns the cell without surrounding space. A missing cell is empty.
    pub(super) fn cell(&self, at: usize) -> &str {
        self.cells.get(at).map_or("", |cell| cell.trim())
    }
}

/// # Errors
/// [`StatementError`] for a quote that is not closed in its row, and for text after a closing quote.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, StatementError> {
    let lines = text.split('\n').zip(1..);
    let lines = lines.map(|(line, number)| (line.strip_suffix('\r').unwrap_or(line), number));
    lines
        .filter(|(line, _)| !line.trim().is_empty())
        .map(|(line, number)| Ok(Row { number, cells: cells(line, number)? }))
        .collect()
}

fn cells(line: &str, row: usize) -> Result<Vec<String>, StatementError> {
    let mut cells = vec![];
    let mut rest = line;
    loop {
        let column = cells.len().saturating_add(1);
        let wrong = |why| StatementError { row, column: format!("column {column}"), why };
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => closed(quoted).ok_or_else(|| wrong("the quote is not closed"))?,
            None => {
                let (cell, _) = rest.split_once(',').unwrap_or((rest, ""));
                (cell.to_owned(), rest.get(cell.len()..).unwrap_or_default())
            }
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(cells),
            None => return Err(wrong("there is text after the closing quote")),
        }
    }
}

/// Returns the text up to the closing quote, where two quotes mean one, and the rest.
fn closed(quoted: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"')?;
        cell.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                cell.push('"');
                rest = more;
            }
            None => return Some((cell, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Vec<String>>, StatementError> {
        rows(text).map(|rows| rows.into_iter().map(|row| row.cells).collect())
    }

    #[test]
    fn cells_are_read_as_spreadsheets_write_them() {
        let text = "a,\"b,c\",\"d \"\"e\"\"\",\r\n\n12\" pipe,,\"\"\n";
        assert_eq!(
            read(text).unwrap(),
            [vec!["a", "b,c", "d \"e\"", ""], vec!["12\" pipe", "", ""]]
        );
    }

    #[test]
    fn a_quote_that_is_not_closed_is_named_and_swallows_nothing() {
        for (text, row, column, why) in [
            ("a,b\nc,\"d\ne,f\n", 2, "column 2", "the quote is not closed"),
            ("\"a\nb,\"1,0\"\n", 1, "column 1", "the quote is not closed"),
            ("a,\"b\"c\n", 1, "column 2", "there is text after the closing quote"),
        ] {
            let wrong = StatementError { row, column: column.to_owned(), why };
            assert_eq!(read(text), Err(wrong), "{text}");
        }
    }
}
