//! From the fields of records to Arrow arrays, a column at a time.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    TimestampMillisecondArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::cells::{self, Misfit, TimestampReader};
use crate::records::Block;
use crate::split::Field;
use crate::split::general::General;
use crate::split::standard::Standard;
use crate::types::Type;

/// What undoes a field's doubled quotes or escapes.
#[derive(Clone, Copy, Debug)]
pub enum Undo<'a> {
    /// A first-class dialect's.
    Standard(&'a Standard),
    /// A declared dialect's.
    General(&'a General),
}

impl Undo<'_> {
    /// A field's text, undone.
    pub fn text(self, raw: &[u8], field: Field) -> Vec<u8> {
        let mut text = Vec::new();
        if field.is_dirty() {
            self.undo(raw, field.is_quoted(), &mut text);
        } else {
            text.extend_from_slice(raw);
        }
        text
    }

    /// Appends a dirty field's text, undone.
    fn undo(self, raw: &[u8], quoted: bool, out: &mut Vec<u8>) {
        match self {
            Undo::Standard(standard) => standard.undo(raw, out),
            Undo::General(general) => general.undo(raw, quoted, out),
        }
    }
}

/// Which fields are NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nulls {
    tokens: Vec<Vec<u8>>,
    longest: usize,
    quoted_tokens: bool,
    bare_empty: bool,
}

impl Nulls {
    /// Fields that are one of `tokens` are NULL when they stand bare, with `quoted_tokens` in quotes, too; they are
    /// compared as read, before anything is undone. With `bare_empty` a bare empty field is NULL in a text column.
    pub fn new(tokens: Vec<Vec<u8>>, quoted_tokens: bool, bare_empty: bool) -> Self {
        let longest = tokens.iter().map(Vec::len).max().unwrap_or(0);
        Nulls {
            tokens,
            longest,
            quoted_tokens,
            bare_empty,
        }
    }

    #[inline(always)]
    fn is_null(&self, field: Field, raw: &[u8], text: bool) -> bool {
        if raw.is_empty() {
            let null = if field.is_quoted() {
                !text
            } else {
                !text || self.bare_empty
            };
            return null || self.is_token(field, raw);
        }
        raw.len() <= self.longest && self.is_token(field, raw)
    }

    fn is_token(&self, field: Field, raw: &[u8]) -> bool {
        (self.quoted_tokens || !field.is_quoted()) && self.tokens.iter().any(|token| token == raw)
    }
}

/// A cell that does not fit its column's type: NULL in a row that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MisfitCell {
    /// Row of the block.
    pub row: usize,
    /// Column.
    pub column: usize,
    /// Why it does not fit.
    pub misfit: Misfit,
}

/// A field that is not of its block: a defect of ours, never of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a field lies outside its block")]
pub struct Stray;

/// Bytes of the memory that all columns may keep from one batch to the next, about. One long text in each of them, a record after
/// the other, would otherwise stay in memory many times.
const KEPT_BYTES_MAX: usize = 32 << 20;
/// What each may keep, however many they are.
const KEPT_BYTES_MIN: usize = 64 << 10;

/// Columns that grow until they are taken as a batch.
#[derive(Debug)]
pub struct Columns {
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    scratch: Vec<u8>,
}

#[derive(Debug)]
struct Column {
    ty: Type,
    values: Values,
    valid: Validity,
    /// The buffers of the batch last taken: free again once that is dropped.
    lent: Vec<Buffer>,
    /// Of the memory of a buffer that is free again, so much is kept.
    kept_bytes_max: usize,
}

#[derive(Debug)]
enum Values {
    Text { ends: Vec<i32>, bytes: Vec<u8> },
    Bigint(Vec<i64>),
    Double(Vec<f64>),
    Decimal(Vec<i128>),
    Boolean(Vec<bool>),
    Date(Vec<i32>),
    Timestamp(Vec<i64>, TimestampReader),
}

impl Columns {
    /// No rows yet of columns of these types.
    pub fn new(types: impl IntoIterator<Item = Type>) -> Self {
        let types: Vec<Type> = types.into_iter().collect();
        let kept_bytes_max = (KEPT_BYTES_MAX / types.len().max(1)).max(KEPT_BYTES_MIN);
        let columns = types
            .into_iter()
            .map(|ty| Column::new(ty, kept_bytes_max))
            .collect();
        Columns {
            columns,
            rows: 0,
            bytes: 0,
            scratch: Vec::new(),
        }
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes the values so far take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Reads all rows of a block. What does not fit goes to `misfits`, ordered by column, then row.
    pub fn read(
        &mut self,
        block: &Block<'_>,
        undo: Undo<'_>,
        nulls: &Nulls,
        misfits: &mut Vec<MisfitCell>,
    ) -> Result<(), Stray> {
        let width = self.columns.len().max(1);
        for (at, column) in self.columns.iter_mut().enumerate() {
            let fields = Stepped {
                fields: &block.rows.fields,
                at,
                width,
            };
            let from = misfits.len();
            column.read(block, fields, undo, nulls, &mut self.scratch, misfits)?;
            misfits.iter_mut().skip(from).for_each(|cell| cell.column = at);
        }
        let rows = block.row_count();
        self.rows += rows;
        self.bytes = self.columns.iter().map(|column| column.values.bytes()).sum();
        Ok(())
    }

    /// The columns of the batches: text as bytes, for it was found to be UTF-8 before it was split, and an array of
    /// strings would look at each byte of it again.
    pub fn batches(schema: &Schema) -> SchemaRef {
        let fields = schema.fields().iter().map(|field| match field.data_type() {
            DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Binary)),
            _ => field.clone(),
        });
        Arc::new(Schema::new(fields.collect::<Fields>()))
    }

    /// Takes all rows as a batch of columns as `batches` says.
    pub fn take(&mut self, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        self.rows = 0;
        self.bytes = 0;
        let arrays: Result<Vec<ArrayRef>, ArrowError> = self.columns.iter_mut().map(Column::take).collect();
        RecordBatch::try_new(schema.clone(), arrays?)
    }
}

impl Values {
    fn new(ty: Type) -> Self {
        match ty {
            Type::String | Type::Json => Values::Text {
                ends: vec![0],
                bytes: Vec::new(),
            },
            Type::Bigint => Values::Bigint(Vec::new()),
            Type::Double => Values::Double(Vec::new()),
            Type::Decimal { .. } => Values::Decimal(Vec::new()),
            Type::Boolean => Values::Boolean(Vec::new()),
            Type::Date => Values::Date(Vec::new()),
            Type::Timestamp => Values::Timestamp(Vec::new(), TimestampReader::default()),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Values::Text { ends, bytes } => bytes.len() + ends.len() * 4,
            Values::Bigint(values) | Values::Timestamp(values, _) => values.len() * 8,
            Values::Double(values) => values.len() * 8,
            Values::Decimal(values) => values.len() * 16,
            Values::Boolean(values) => values.len(),
            Values::Date(values) => values.len() * 4,
        }
    }
}

impl Column {
    fn new(ty: Type, kept_bytes_max: usize) -> Self {
        Column {
            kept_bytes_max,
            ty,
            values: Values::new(ty),
            valid: Validity::default(),
            lent: Vec::new(),
        }
    }

    /// Memory of the batch last taken, if nobody holds it any more.
    fn reclaim<T: arrow::datatypes::ArrowNativeType>(&mut self) -> Vec<T> {
        let buffer = self.lent.pop().and_then(|buffer| buffer.into_vec::<T>().ok());
        let mut memory = buffer.unwrap_or_default();
        memory.clear();
        memory.shrink_to(self.kept_bytes_max / size_of::<T>().max(1));
        memory
    }

    /// Lends a column's memory to a batch.
    fn lend<T: arrow::datatypes::ArrowNativeType>(&mut self, values: Vec<T>) -> ScalarBuffer<T> {
        let buffer = Buffer::from_vec(values);
        self.lent.push(buffer.clone());
        ScalarBuffer::from(buffer)
    }

    fn read(
        &mut self,
        block: &Block<'_>,
        fields: impl Iterator<Item = Field>,
        undo: Undo<'_>,
        nulls: &Nulls,
        scratch: &mut Vec<u8>,
        misfits: &mut Vec<MisfitCell>,
    ) -> Result<(), Stray> {
        let mut each = Cells {
            block,
            undo,
            nulls,
            scratch,
            misfits,
            valid: &mut self.valid,
        };
        match (&mut self.values, self.ty) {
            (Values::Text { ends, bytes }, _) => each.text(fields, ends, bytes),
            (Values::Bigint(values), _) => each.typed(fields, values, 0, cells::bigint),
            (Values::Double(values), _) => each.typed(fields, values, 0.0, cells::double),
            (Values::Decimal(values), Type::Decimal { precision, scale }) => {
                each.typed(fields, values, 0, |text| cells::decimal(text, precision, scale))
            }
            (Values::Decimal(_), _) => Err(Stray),
            (Values::Boolean(values), _) => each.typed(fields, values, false, cells::boolean),
            (Values::Date(values), _) => each.typed(fields, values, 0, cells::date),
            (Values::Timestamp(values, reader), _) => each.typed(fields, values, 0, |text| reader.read(text)),
        }
    }

    fn take(&mut self) -> Result<ArrayRef, ArrowError> {
        let nulls = self.valid.take();
        let next = self.reclaimed();
        Ok(match (std::mem::replace(&mut self.values, next), self.ty) {
            (Values::Text { ends, bytes }, _) => {
                let ends = OffsetBuffer::new(self.lend(ends));
                let bytes = self.lend(bytes).into_inner();
                Arc::new(BinaryArray::try_new(ends, bytes, nulls)?)
            }
            (Values::Bigint(values), _) => Arc::new(Int64Array::try_new(self.lend(values), nulls)?),
            (Values::Double(values), _) => Arc::new(Float64Array::try_new(self.lend(values), nulls)?),
            (Values::Decimal(values), Type::Decimal { precision, scale }) => {
                let array = Decimal128Array::try_new(self.lend(values), nulls)?;
                Arc::new(array.with_precision_and_scale(precision, scale)?)
            }
            (Values::Decimal(_), _) => {
                return Err(ArrowError::SchemaError("a decimal column of another type".into()));
            }
            (Values::Boolean(values), _) => Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls)),
            (Values::Date(values), _) => Arc::new(Date32Array::try_new(self.lend(values), nulls)?),
            (Values::Timestamp(values, _), _) => {
                let array = TimestampMillisecondArray::try_new(self.lend(values), nulls)?;
                Arc::new(array.with_timezone("UTC"))
            }
        })
    }

    /// Values like the present ones, empty, in the memory of the batch before.
    fn reclaimed(&mut self) -> Values {
        match self.ty {
            Type::String | Type::Json => {
                let bytes = self.reclaim();
                let mut ends: Vec<i32> = self.reclaim();
                ends.push(0);
                Values::Text { ends, bytes }
            }
            Type::Bigint => Values::Bigint(self.reclaim()),
            Type::Double => Values::Double(self.reclaim()),
            Type::Decimal { .. } => Values::Decimal(self.reclaim()),
            Type::Boolean => Values::Boolean(Vec::new()),
            Type::Date => Values::Date(self.reclaim()),
            Type::Timestamp => Values::Timestamp(self.reclaim(), TimestampReader::default()),
        }
    }
}

/// The fields of one column.
struct Stepped<'f> {
    fields: &'f [Field],
    at: usize,
    width: usize,
}

impl Iterator for Stepped<'_> {
    type Item = Field;

    #[inline(always)]
    fn next(&mut self) -> Option<Field> {
        let field = self.fields.get(self.at).copied();
        self.at += self.width;
        field
    }
}

/// Reads the cells of one column of one block.
struct Cells<'a> {
    block: &'a Block<'a>,
    undo: Undo<'a>,
    nulls: &'a Nulls,
    scratch: &'a mut Vec<u8>,
    misfits: &'a mut Vec<MisfitCell>,
    valid: &'a mut Validity,
}

impl Cells<'_> {
    fn text(
        &mut self,
        fields: impl Iterator<Item = Field>,
        ends: &mut Vec<i32>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Stray> {
        for field in fields {
            let raw = self.block.raw(field).ok_or(Stray)?;
            if self.nulls.is_null(field, raw, true) {
                self.valid.push(false);
            } else {
                self.valid.push(true);
                if field.is_dirty() {
                    self.undo.undo(raw, field.is_quoted(), bytes);
                } else {
                    append(bytes, self.block.text, field.start(), raw);
                }
            }
            // A batch is taken long before its text reaches 2 GiB: a record has a limit, and a batch has one.
            ends.push(i32::try_from(bytes.len()).map_err(|_| Stray)?);
        }
        Ok(())
    }

    fn typed<T: Copy>(
        &mut self,
        fields: impl Iterator<Item = Field>,
        values: &mut Vec<T>,
        null: T,
        mut parse: impl FnMut(&[u8]) -> Result<T, Misfit>,
    ) -> Result<(), Stray> {
        for (row, field) in fields.enumerate() {
            let raw = self.block.raw(field).ok_or(Stray)?;
            if self.nulls.is_null(field, raw, false) {
                self.valid.push(false);
                values.push(null);
                continue;
            }
            let parsed = if field.is_dirty() {
                self.scratch.clear();
                self.undo.undo(raw, field.is_quoted(), self.scratch);
                parse(self.scratch)
            } else {
                parse(raw)
            };
            match parsed {
                Ok(value) => {
                    self.valid.push(true);
                    values.push(value);
                }
                Err(misfit) => {
                    self.valid.push(false);
                    values.push(null);
                    self.misfits.push(MisfitCell {
                        row,
                        column: 0,
                        misfit,
                    });
                }
            }
        }
        Ok(())
    }
}

/// Appends `raw`, which starts at `start` of `text`. A short one goes as 16 bytes of which the rest is cut off again: that
/// is a load and a store instead of a call.
#[inline(always)]
fn append(bytes: &mut Vec<u8>, text: &[u8], start: usize, raw: &[u8]) {
    match text.get(start..).and_then(|rest| rest.first_chunk::<16>()) {
        Some(chunk) if raw.len() <= 16 => {
            let end = bytes.len() + raw.len();
            bytes.extend_from_slice(chunk);
            bytes.truncate(end);
        }
        _ => bytes.extend_from_slice(raw),
    }
}

/// Which rows have no value.
#[derive(Debug, Default)]
struct Validity {
    length: usize,
    nulls: Vec<usize>,
}

impl Validity {
    #[inline(always)]
    fn push(&mut self, valid: bool) {
        if !valid {
            self.nulls.push(self.length);
        }
        self.length += 1;
    }

    fn take(&mut self) -> Option<NullBuffer> {
        let length = std::mem::take(&mut self.length);
        if self.nulls.is_empty() {
            return None;
        }
        let mut words = vec![u64::MAX; length.div_ceil(64)];
        for row in self.nulls.drain(..) {
            if let Some(word) = words.get_mut(row / 64) {
                *word &= !(1 << (row % 64));
            }
        }
        Some(NullBuffer::new(BooleanBuffer::new(
            Buffer::from_vec(words),
            0,
            length,
        )))
    }
}

#[cfg(test)]
mod tests;
