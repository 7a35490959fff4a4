//! Reads a file of products as people really have them: with or without a byte order mark, in UTF-8, UTF-16 or
//! Windows-1252, with commas, semicolons or tabs, with any line ends. Pure.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::columns::{Columns, heading};
use crate::catalog::slugs;

pub const MOST_BYTES: usize = 64 * 1024 * 1024;
const MOST_ROWS: u32 = 500_000;
const MOST_COLUMNS: usize = 250;
const MOST_CELL_BYTES: usize = 200_000;

/// A row as it is staged: its number as a spreadsheet shows it (the headings are row 1), and its cells that are not blank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub n: u32,
    pub cells: BTreeMap<String, String>,
    /// Why the row cannot be read, and where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<(String, String)>,
}

/// What is wrong with one row: its number, the heading of the column, a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowFault {
    pub row: u32,
    pub field: String,
    pub message: String,
}

/// A row and the slug of the product it belongs to, or why it belongs to none.
pub(super) type Placed = Result<(String, Row), RowFault>;

pub(super) struct File<'a> {
    pub columns: Columns,
    reader: csv::Reader<&'a [u8]>,
    record: csv::StringRecord,
    width: usize,
    row: u32,
}

/// The file as text.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let wide = |from: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(move |pair| from([pair[0], pair[1]]));
        char::decode_utf16(units).collect::<Result<String, _>>().map(Cow::Owned).map_err(|_| "the file is not valid UTF-16".to_owned())
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(String::from_utf8_lossy(rest)),
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => {
            Ok(std::str::from_utf8(bytes)
                .map_or_else(|_| Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()), Cow::Borrowed))
        }
    }
}

/// What spreadsheets on Windows write. Bytes 0x80 to 0x9F differ from Latin-1; five of them are undefined and stay as they
/// are (<https://encoding.spec.whatwg.org/#windows-1252>).
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•',
        '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The separator that stands most often between the headings.
fn separator(text: &str) -> u8 {
    let first = text.split(['\r', '\n']).next().unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(b',', 0_u32), (b';', 0), (b'\t', 0)];
    for byte in first.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| !quoted && *separator == byte) {
            *count += 1;
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| separator)
}

impl<'a> File<'a> {
    /// # Errors
    /// A sentence: the file has no headings, lacks a column, or is too wide.
    pub(super) fn open(text: &'a str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator(text)).from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        let found = reader.read_record(&mut record).map_err(|error| error.to_string())?;
        if !found || record.iter().all(|heading| heading.trim().is_empty()) {
            return Err("the file is empty".into());
        }
        if record.len() > MOST_COLUMNS {
            return Err(format!("the file has more than {MOST_COLUMNS} columns"));
        }
        let columns = Columns::of_headings(record.iter())?;
        Ok(Self { columns, reader, width: record.len(), record, row: 1 })
    }

    /// The next row that is not blank.
    ///
    /// # Errors
    /// A sentence, when the file has too many rows.
    pub(super) fn next(&mut self) -> Result<Option<Placed>, String> {
        loop {
            match self.reader.read_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => return Err(error.to_string()),
            }
            self.row += 1;
            if self.row > MOST_ROWS {
                return Err(format!("the file has more than {MOST_ROWS} rows"));
            }
            if self.record.iter().any(|cell| !cell.trim().is_empty()) {
                return Ok(Some(self.place()));
            }
        }
    }

    fn place(&self) -> Placed {
        let mut row = Row { n: self.row, cells: BTreeMap::new(), fault: None };
        if self.record.iter().skip(self.width).any(|cell| !cell.trim().is_empty()) {
            row.fault = Some(("row".into(), "has more cells than the file has headings; a quote may be missing".into()));
        }
        for (key, at) in self.columns.places() {
            let Some(cell) = self.record.get(at).map(str::trim).filter(|cell| !cell.is_empty()) else { continue };
            if cell.len() > MOST_CELL_BYTES {
                row.fault = Some((heading(key).to_owned(), "is far too long; a quote may not be closed".into()));
            } else if cell.contains('\0') {
                row.fault = Some((heading(key).to_owned(), "must not contain NUL characters".into()));
            } else {
                row.cells.insert(key.to_owned(), cell.to_owned());
            }
        }
        let refused = |message: &str| RowFault { row: self.row, field: heading("handle").to_owned(), message: message.to_owned() };
        let handle = row.cells.remove("handle").ok_or_else(|| refused("must not be empty"))?;
        let slug = slugs::of(&handle).ok_or_else(|| refused("must have a letter or a digit"))?;
        Ok((slug, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> Vec<Placed> {
        let text = decode(bytes).unwrap();
        let mut file = File::open(&text).unwrap();
        std::iter::from_fn(|| file.next().unwrap()).collect()
    }

    fn titles(bytes: &[u8]) -> Vec<(String, String)> {
        rows(bytes).into_iter().map(|row| row.unwrap()).map(|(slug, row)| (slug, row.cells["title"].clone())).collect()
    }

    #[test]
    fn one_file_in_every_dress() {
        let plain = "Handle,Title,Variant Price\ncafe,\"Café, \"\"crème\"\"\",1\n";
        let semicolons = "Handle;Title;Variant Price\r\ncafe;\"Café, \"\"crème\"\"\";1\r\n";
        let latin = [b"Handle,Title,Variant Price\rcafe,\"Caf\xe9, \"\"cr\xe8me\"\"\",1\r".as_slice()].concat();
        let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(plain.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let dresses: [Vec<u8>; 6] = [
            plain.into(),
            format!("\u{feff}{plain}").into(),
            semicolons.into(),
            plain.replace(',', "\t").replace("Café\t", "Café,").into(),
            latin,
            wide,
        ];
        for dress in dresses {
            assert_eq!(titles(&dress), [("cafe".to_owned(), "Café, \"crème\"".to_owned())], "{:?}", String::from_utf8_lossy(&dress));
        }
        assert_eq!(decode(b"\x80 \x99").unwrap(), "€ ™");
    }

    #[test]
    fn a_bad_row_spoils_no_other() {
        let file = b"Handle,Title,Variant Price\n,No handle,1\n!!,Nothing,1\na,A\0,1\nb,B,1,surplus\n\n , ,\nc,C,1\n";
        let rows = rows(file);
        let faults: Vec<_> = rows
            .iter()
            .map(|row| match row {
                Err(fault) => Some((fault.row, fault.field.as_str())),
                Ok((_, row)) => row.fault.as_ref().map(|(field, _)| (row.n, field.as_str())),
            })
            .collect();
        assert_eq!(faults, [Some((2, "Handle")), Some((3, "Handle")), Some((4, "Title")), Some((5, "row")), None]);
    }

    #[test]
    fn a_file_that_cannot_be_read_says_why() {
        let refused = |file: &str| File::open(file).err();
        assert_eq!(refused("").as_deref(), Some("the file is empty"));
        assert_eq!(refused("Title;Price\n").as_deref(), Some("the file has no column Handle"));
        let wide = vec!["x"; 1_000_000].join(",");
        assert!(refused(&wide).unwrap().contains("250 columns"));
    }
}
