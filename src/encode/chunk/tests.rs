use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use proptest::prelude::*;

use bytes::Bytes;
use parquet::basic::PageType;

use super::*;
use crate::encode::Encoder;
use crate::plan::Codec;

type Text = Option<Vec<u8>>;
type Long = Option<i64>;
/// Page type, encoding, count.
type Kind = (PageType, Encoding, i32);

const PLAIN: (PageType, Encoding) = (PageType::DATA_PAGE, Encoding::PLAIN);
const INDEXED: (PageType, Encoding) = (PageType::DATA_PAGE, Encoding::RLE_DICTIONARY);
const DICTIONARY: Kind = (PageType::DICTIONARY_PAGE, Encoding::PLAIN, 1);

/// What a file has of its only column: in each row group the pages of each kind, and the statistics.
#[derive(Debug, PartialEq)]
struct Read<V> {
    values: Vec<V>,
    kinds: Vec<Vec<Kind>>,
    statistics: Vec<Option<Statistics>>,
}

fn encoded(column: DataType, batches: impl IntoIterator<Item = ArrayRef>, codec: Codec) -> Bytes {
    let columns = Arc::new(Schema::new(vec![Field::new("column", column, true)]));
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, columns, codec);
    for values in batches {
        let arrays = Schema::new(vec![Field::new("column", values.data_type().clone(), true)]);
        encoder
            .write(&RecordBatch::try_new(Arc::new(arrays), vec![values]).unwrap())
            .unwrap();
    }
    encoder.finish(Vec::new()).unwrap();
    drop(encoder);
    file.into()
}

fn read<V>(file: Bytes, values: impl Fn(ArrayRef) -> Vec<V>) -> Read<V> {
    let options = ArrowReaderOptions::new().with_encoding_stats_as_mask(false);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap();
    let groups = reader.metadata().row_groups();
    let kinds = groups.iter().map(|group| {
        let stats = group.column(0).page_encoding_stats().unwrap();
        let kinds = stats
            .iter()
            .map(|stats| (stats.page_type, stats.encoding, stats.count));
        kinds.collect()
    });
    let (kinds, statistics) = (
        kinds.collect(),
        groups
            .iter()
            .map(|group| group.column(0).statistics().cloned())
            .collect(),
    );
    let batches = reader.build().unwrap();
    Read {
        values: batches
            .flat_map(|batch| values(batch.unwrap().column(0).clone()))
            .collect(),
        kinds,
        statistics,
    }
}

fn written(batches: &[Vec<Text>], codec: Codec) -> Read<Text> {
    let arrays = batches
        .iter()
        .map(|batch| Arc::new(BinaryArray::from_iter(batch)) as ArrayRef);
    read(encoded(DataType::Utf8, arrays, codec), |column| {
        let texts = column.as_string::<i32>().iter();
        texts
            .map(|text| text.map(|text| text.as_bytes().to_vec()))
            .collect()
    })
}

fn written_longs(batches: &[Vec<Long>], codec: Codec) -> Read<Long> {
    let arrays = batches
        .iter()
        .map(|batch| Arc::new(Int64Array::from_iter(batch)) as ArrayRef);
    read(encoded(DataType::Int64, arrays, codec), |column| {
        column.as_primitive::<Int64Type>().iter().collect()
    })
}

fn of((page_type, encoding): (PageType, Encoding), count: i32) -> Kind {
    (page_type, encoding, count)
}

/// Values none of which repeats, so that there is no dictionary.
fn distinct(rows: usize, value_bytes: usize, missing: impl Fn(usize) -> bool) -> Vec<Option<Vec<u8>>> {
    (0..rows)
        .map(|row| (!missing(row)).then(|| format!("{row:0value_bytes$}").into_bytes()))
        .collect()
}

/// The other codec's chunks are the `parquet` crate's: what is read is to be the same.
fn same_as_the_crates<V: Clone + std::fmt::Debug + PartialEq>(
    batches: &[Vec<V>],
    written: impl Fn(&[Vec<V>], Codec) -> Read<V>,
) -> Result<(), TestCaseError> {
    let own = written(batches, Codec::Zstd(1));
    prop_assert_eq!(&own.values, &batches.concat());
    let reference = written(batches, Codec::None);
    prop_assert_eq!(own.values, reference.values);
    for ((own, reference), kinds) in own.statistics.iter().zip(&reference.statistics).zip(&own.kinds) {
        // Of texts that outgrew their dictionary nothing is told: they are long or many, and bounds of them serve nobody.
        let outgrew = kinds
            .iter()
            .any(|(page, encoding, _)| (*page, *encoding) == PLAIN);
        prop_assert!(own == reference || (own.is_none() && outgrew), "{:?}", own);
    }
    prop_assert_eq!(own.statistics.len(), reference.statistics.len());
    let has_dictionary = |kinds: &[Vec<Kind>]| {
        kinds
            .iter()
            .map(|kinds| kinds.contains(&DICTIONARY))
            .collect::<Vec<_>>()
    };
    prop_assert_eq!(has_dictionary(&own.kinds), has_dictionary(&reference.kinds));
    Ok(())
}

/// Batches of rows, each of which has a value or none: a number below `values`.
fn batches(values: u64) -> impl Strategy<Value = Vec<Vec<Option<u64>>>> {
    let batch = (1usize..3000, 1u64..9, 1u64..9, any::<u64>()).prop_map(move |(rows, every, stay, seed)| {
        let rows = (0..rows as u64).map(|row| {
            let value = ((row / stay) ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 7;
            (row % every >= every / 3).then_some(value % values)
        });
        rows.collect()
    });
    proptest::collection::vec(batch, 1..6)
}

fn map<V>(batches: Vec<Vec<Option<u64>>>, value: impl Fn(u64) -> V) -> Vec<Vec<Option<V>>> {
    let rows = |batch: Vec<Option<u64>>| batch.into_iter().map(|row| row.map(&value)).collect();
    batches.into_iter().map(rows).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn texts_that_repeat_or_not_are_read(
        batches in prop_oneof![batches(3), batches(700), batches(u64::MAX)],
        bytes in prop_oneof![0usize..9, 0usize..150],
        filler in prop_oneof![Just("x"), Just("\u{7f}"), Just("é"), Just("\u{10ffff}")],
    ) {
        let text = |value: u64| {
            let filler = filler.repeat(bytes);
            // Long ones differ before or behind where statistics are cut.
            if value.is_multiple_of(2) { format!("{value}{filler}") } else { format!("{filler}{value}") }
        };
        same_as_the_crates(&map(batches, |value| text(value).into_bytes()), written)?;
    }

    #[test]
    fn whole_numbers_that_repeat_or_not_are_read(
        batches in prop_oneof![batches(1), batches(700), batches(u64::MAX)],
        from in any::<i64>(),
    ) {
        same_as_the_crates(&map(batches, |value| from.wrapping_add_unsigned(value)), written_longs)?;
    }
}

#[test]
fn whole_numbers_fill_pages_to_their_end() {
    let every: Vec<Long> = (0..200_000).map(Some).collect();
    let some = (0..150_000).map(|row| (row % 5 > 0).then_some(-row)).collect();
    let none = vec![None; PAGE_ROWS_MAX + 3];
    let batches = [every[..7].to_vec(), every, some, none];
    let read = written_longs(&batches, Codec::Zstd(1));
    assert_eq!(read.values, batches.concat());
    let missing = 30_000 + PAGE_ROWS_MAX as u64 + 3;
    let expected = Statistics::int64(Some(-149_999), Some(199_999), None, Some(missing), false);
    assert_eq!(read.statistics, [Some(expected)]);
    let rows: usize = batches.iter().map(Vec::len).sum();
    let pages = i32::try_from(rows.div_ceil(PAGE_ROWS_MAX)).unwrap();
    assert_eq!(read.kinds, [[of(PLAIN, pages)]]);
}

#[test]
fn a_whole_number_column_without_a_value_has_no_range() {
    let none = [vec![None; 5]];
    same_as_the_crates(&none, written_longs).unwrap();
    let statistics = written_longs(&none, Codec::Zstd(1)).statistics;
    let [Some(Statistics::Int64(statistics))] = statistics.as_slice() else {
        panic!("{statistics:?}")
    };
    assert_eq!(
        (
            statistics.min_opt(),
            statistics.max_opt(),
            statistics.null_count_opt()
        ),
        (None, None, Some(5))
    );
}

#[test]
fn a_dictionary_without_room_is_followed_by_plain_pages() {
    let repeated: Vec<Long> = (0..9000).map(|row| (row % 7 > 0).then_some(row % 10)).collect();
    let distinct: Vec<Long> = (0..300_000).map(|row| (row % 1000 > 0).then_some(-row)).collect();
    let batches = [repeated, distinct];
    same_as_the_crates(&batches, written_longs).unwrap();
    let read = written_longs(&batches, Codec::Zstd(1));
    // 1 MiB of dictionary is 131,072 numbers; 10 are of the first batch, and of the second each thousandth is missing.
    let indexed_rows = 9000 + (131_072 - 10) * 1000 / 999;
    let indexed = i32::try_from(indexed_rows / PAGE_ROWS_MAX + 1).unwrap();
    let plain = batches.concat().len() - indexed_rows;
    let plain = i32::try_from(plain.div_ceil(PAGE_ROWS_MAX)).unwrap();
    assert_eq!(read.kinds, [[DICTIONARY, of(INDEXED, indexed), of(PLAIN, plain)]]);

    let texts = |batch: &Vec<Long>| {
        let text = |value: i64| format!("{value:0>40}").into_bytes();
        batch.iter().map(|value| value.map(text)).collect::<Vec<Text>>()
    };
    let batches: Vec<_> = batches.iter().map(texts).collect();
    let read = written(&batches, Codec::Zstd(1));
    assert_eq!(read.values, batches.concat());
    assert_eq!(
        read.statistics,
        [None],
        "of texts without a dictionary nothing is told"
    );
    assert_eq!(read.kinds[0][0], DICTIONARY);
    assert_eq!(read.kinds[0].len(), 3);
}

/// The first batch tells that there is a dictionary; a later row group may have nothing to put into it.
#[test]
fn a_dictionary_may_have_no_values() {
    let repeated: Vec<Long> = vec![Some(5); 100];
    let none = vec![None; (1 << 20) - 1];
    let batches = [repeated, none.clone(), none];
    same_as_the_crates(&batches, written_longs).unwrap();
    let read = written_longs(&batches, Codec::Zstd(1));
    assert_eq!(read.kinds.len(), 3);
    let texts = batches.map(|batch| {
        batch
            .iter()
            .map(|value| value.map(|_| b"five".to_vec()))
            .collect()
    });
    same_as_the_crates(&texts, written).unwrap();
}

/// Cells that are longer than a dictionary, a page, or both.
#[test]
fn a_text_may_be_longer_than_a_dictionary() {
    let long = Some(vec![b'x'; (1 << 20) + 1]);
    let short = vec![Some(b"y".to_vec()); 10];
    let batches = [short.clone(), vec![long.clone(), None, long], short];
    let read = written(&batches, Codec::Zstd(1));
    assert_eq!(read.values, batches.concat());
    assert_eq!(read.kinds, [[DICTIONARY, of(INDEXED, 1), of(PLAIN, 3)]]);
}

#[test]
fn times_are_written_as_the_whole_numbers_they_are() {
    for step in [0, 1001] {
        let times: Vec<i64> = (0..10_000).map(|row| 1_700_000_000_000 + row * step).collect();
        let array = TimestampMillisecondArray::from(times.clone()).with_timezone("UTC");
        let column = array.data_type().clone();
        let file = encoded(column, [Arc::new(array) as ArrayRef], Codec::Zstd(1));
        let read = read(file, |column| {
            column
                .as_primitive::<TimestampMillisecondType>()
                .values()
                .to_vec()
        });
        assert_eq!(read.values, times);
        assert_eq!(read.kinds[0].contains(&DICTIONARY), step == 0);
    }
}

#[test]
fn a_page_ends_at_its_rows_and_at_its_bytes() {
    let half_missing = distinct(2 * PAGE_ROWS_MAX + 1, 6, |row| row % 2 == 0);
    let read = written(std::slice::from_ref(&half_missing), Codec::Zstd(1));
    assert_eq!(
        (read.values, read.kinds),
        (half_missing, vec![vec![of(PLAIN, 3)]])
    );

    let long = distinct(1 + (512 << 10) / 1004, 1000, |_| false);
    let read = written(&[long.clone(), long.clone()], Codec::Zstd(1));
    assert_eq!(
        (read.values, read.kinds),
        ([long.clone(), long].concat(), vec![vec![of(PLAIN, 2)]])
    );
}

#[test]
fn rows_without_a_value_take_pages_too() {
    let first = distinct(3, 5, |_| false);
    let missing = vec![None; 2 * PAGE_ROWS_MAX + 5];
    let last = distinct(PAGE_ROWS_MAX, 5, |row| row % 3 == 1);
    let batches = [first, missing, last];
    let read = written(&batches, Codec::Zstd(1));
    assert_eq!(
        (read.values, read.kinds),
        (batches.concat(), vec![vec![of(PLAIN, 4)]])
    );
}

/// Some thousand columns have a page and little else each.
#[test]
fn many_columns_make_no_small_row_groups() {
    let fields: Vec<Field> = (0..3_000)
        .map(|column| Field::new(format!("c{column}"), DataType::Int64, true))
        .collect();
    let columns = Arc::new(Schema::new(fields));
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, columns.clone(), Codec::Zstd(1));
    let rows: Vec<i64> = (0..50).map(|row| row * row * 7_919).collect();
    for batch in 0..8 {
        let values: Arc<Int64Array> = Arc::new(rows.iter().map(|row| Some(row + batch)).collect());
        let arrays: Vec<ArrayRef> = (0..3_000).map(|_| values.clone() as ArrayRef).collect();
        encoder
            .write(&RecordBatch::try_new(columns.clone(), arrays).unwrap())
            .unwrap();
    }
    encoder.finish(Vec::new()).unwrap();
    drop(encoder);
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 1);
}

#[test]
fn a_page_keeps_no_memory_of_a_value_that_is_far_larger() {
    let field = parquet::schema::types::Type::primitive_type_builder("column", Type::BYTE_ARRAY)
        .build()
        .unwrap();
    let path = parquet::schema::types::ColumnPath::from("column");
    let column = parquet::schema::types::ColumnDescriptor::new(Arc::new(field), 1, 0, path);
    let mut zstd = Zstd::new(parquet::basic::ZstdLevel::try_new(1).unwrap()).unwrap();
    let mut chunk = ColumnChunk::new(Arc::new(column), 1 << 10, None);
    let values = BinaryArray::from_iter([Some(vec![b'a'; 6 << 20])]);
    chunk.write(&values, &mut zstd).unwrap();
    assert!(chunk.page.bytes.capacity() <= 4 * (ROOM_BYTES + (1 << 10)));
}

/// A chunk goes on in the next row group: with its memory, and with nothing of what was in it.
#[test]
fn each_row_group_has_its_own_values_dictionary_and_range() {
    let group = crate::encode::GROUP_ROWS_MAX;
    let repeated: Vec<Long> = (0..10_000).map(|row| Some(row % 3)).collect();
    let same = vec![Some(7); group - repeated.len()];
    let rows = i64::try_from(group).unwrap();
    let distinct: Vec<Long> = (0..rows)
        .map(|row| (row % 9 > 0).then_some(100 + row * row))
        .collect();
    let none = vec![None; 5];
    let batches = [repeated, same, distinct, none];
    let read = written_longs(&batches, Codec::Zstd(1));
    assert_eq!(read.values, batches.concat());
    let last = rows - 1;
    let missing = (group as u64).div_ceil(9);
    let ranges = read.statistics.iter().map(|statistics| match statistics {
        Some(Statistics::Int64(longs)) => (
            longs.min_opt().copied(),
            longs.max_opt().copied(),
            longs.null_count_opt(),
        ),
        other => panic!("{other:?}"),
    });
    let expected = [
        (Some(0), Some(7), Some(0)),
        (Some(101), Some(100 + last * last), Some(missing)),
        (None, None, Some(5)),
    ];
    assert_eq!(ranges.collect::<Vec<_>>(), expected);
    same_as_the_crates(&batches, written_longs).unwrap();
}
