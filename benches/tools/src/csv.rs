//! One CSV record: quotes where they are needed, NULL as nothing, the empty text as `""`.

use crate::values::{push_number, push_timestamp};

/// A record while it is written.
#[derive(Default)]
pub struct Row {
    line: Vec<u8>,
    /// The field that [`Row::put`] ends.
    pub field: Vec<u8>,
    fields: usize,
}

impl Row {
    fn separate(&mut self) {
        if self.fields > 0 {
            self.line.push(b',');
        }
        self.fields += 1;
    }

    pub fn null(&mut self) {
        self.separate();
    }

    /// Writes `self.field` as a text.
    pub fn put(&mut self) {
        self.separate();
        let needs_quotes = |b: &u8| matches!(b, b',' | b'"' | b'\n' | b'\r');
        if self.field.is_empty() || self.field.iter().any(needs_quotes) {
            self.line.push(b'"');
            for &byte in &self.field {
                if byte == b'"' {
                    self.line.push(b'"');
                }
                self.line.push(byte);
            }
            self.line.push(b'"');
        } else {
            self.line.extend_from_slice(&self.field);
        }
        self.field.clear();
    }

    pub fn text(&mut self, text: &str) {
        self.field.extend_from_slice(text.as_bytes());
        self.put();
    }

    pub fn number(&mut self, value: u64) {
        self.separate();
        push_number(&mut self.line, value);
    }

    pub fn time(&mut self, ms: u64) {
        self.separate();
        push_timestamp(&mut self.line, ms);
    }

    /// Ends the record and adds it to `out`.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        self.line.push(b'\n');
        out.extend_from_slice(&self.line);
        self.line.clear();
        self.fields = 0;
    }
}
