use super::*;

fn bytes_of(column: &mut Column) -> &mut Vec<u8> {
    match &mut column.values {
        Values::Text { bytes, .. } => bytes,
        other => panic!("{other:?}"),
    }
}

/// One long text in each column, a record after the other, would otherwise stay in memory many times.
#[test]
fn memory_is_used_again_but_for_that_of_a_long_text() {
    let mut column = Column::new(Type::String, KEPT_BYTES_MIN);
    for (bytes, kept) in [(10_000, true), (6 << 20, false), (10_000, true)] {
        bytes_of(&mut column).resize(bytes, b'a');
        drop(column.take().unwrap());
        drop(column.take().unwrap());
        let capacity = bytes_of(&mut column).capacity();
        assert!(capacity <= KEPT_BYTES_MIN, "{capacity}");
        assert_eq!(capacity >= bytes, kept, "{bytes} {capacity}");
    }
}
