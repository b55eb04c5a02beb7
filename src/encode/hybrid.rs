//! A dictionary's indices as runs of one value and as packed bits.
//!
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#run-length-encoding--bit-packing-hybrid-rle--3>

/// Values that are packed together.
const GROUP: usize = 8;

/// Appends `indices`, each of which fits into `width` bits (at most 32).
pub(super) fn append(indices: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut rest = indices;
    let mut packed = 0;
    while let Some(&index) = rest.get(packed) {
        let same = rest
            .iter()
            .skip(packed)
            .take_while(|&&other| other == index)
            .count();
        // Only whole groups stand before a run.
        let missing = packed.next_multiple_of(GROUP) - packed;
        if same < missing + GROUP {
            packed += same;
            continue;
        }
        let (groups, run) = rest.split_at(packed + missing);
        append_packed(groups, width, out);
        let (run, behind) = run.split_at(same - missing);
        append_run(index, run.len(), width, out);
        (rest, packed) = (behind, 0);
    }
    append_packed(rest, width, out);
}

/// One value many times.
fn append_run(index: u32, times: usize, width: u32, out: &mut Vec<u8>) {
    append_varint((times as u64) << 1, out);
    out.extend(index.to_le_bytes().iter().take(width.div_ceil(8) as usize));
}

/// Groups of eight values, the last one filled up with zeros.
fn append_packed(indices: &[u32], width: u32, out: &mut Vec<u8>) {
    if indices.is_empty() {
        return;
    }
    let groups = indices.len().div_ceil(GROUP);
    append_varint((groups as u64) << 1 | 1, out);
    let (mut bits, mut held) = (0u64, 0);
    let filling = groups * GROUP - indices.len();
    for &index in indices.iter().chain(std::iter::repeat_n(&0, filling)) {
        bits |= u64::from(index) << held;
        held += width;
        if held >= u32::BITS {
            let [a, b, c, d, ..] = bits.to_le_bytes();
            out.extend_from_slice(&[a, b, c, d]);
            bits >>= u32::BITS;
            held -= u32::BITS;
        }
    }
    out.extend(bits.to_le_bytes().iter().take(held.div_ceil(8) as usize));
}

fn append_varint(mut number: u64, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads `count` values by the format's description, a bit at a time.
    fn read(bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
        let (mut values, mut at) = (Vec::new(), 0);
        while values.len() < count {
            let (mut header, mut shift) = (0u64, 0);
            loop {
                header |= u64::from(bytes[at] & 0x7f) << shift;
                shift += 7;
                at += 1;
                if bytes[at - 1] & 0x80 == 0 {
                    break;
                }
            }
            let number = usize::try_from(header >> 1).unwrap();
            if header & 1 == 0 {
                let mut index = [0; 4];
                let value_bytes = width.div_ceil(8) as usize;
                index[..value_bytes].copy_from_slice(&bytes[at..at + value_bytes]);
                at += value_bytes;
                values.extend(std::iter::repeat_n(u32::from_le_bytes(index), number));
            } else {
                let bit = |bit: usize| u32::from(bytes[at + bit / 8] >> (bit % 8) & 1);
                let width = width as usize;
                values.extend((0..number * 8).map(|value| {
                    (0..width)
                        .map(|place| bit(value * width + place) << place)
                        .sum::<u32>()
                }));
                at += number * width;
            }
        }
        assert_eq!(at, bytes.len());
        values.truncate(count);
        values
    }

    proptest! {
        #[test]
        fn what_is_appended_is_read(
            width in 1u32..=32,
            runs in proptest::collection::vec((any::<u32>(), prop_oneof![1usize..4, 5usize..40, 100usize..9000]), 0..30),
        ) {
            let indices: Vec<u32> = runs
                .iter()
                .flat_map(|&(index, times)| std::iter::repeat_n(index >> (32 - width), times))
                .collect();
            let mut bytes = Vec::new();
            append(&indices, width, &mut bytes);
            prop_assert_eq!(read(&bytes, width, indices.len()), indices);
        }
    }

    #[test]
    fn a_run_takes_no_more_than_its_value() {
        let mut bytes = Vec::new();
        append(&[5; 100], 3, &mut bytes);
        assert_eq!(bytes, [200, 1, 5]);
        bytes.clear();
        append(&[0, 1, 2, 3, 4, 5, 6, 7], 3, &mut bytes);
        // The example of the format's description.
        assert_eq!(bytes, [3, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
    }
}
