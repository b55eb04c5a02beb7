//! Floating-point numbers.

use daymark::cells::{Misfit, double};
use proptest::prelude::*;

use super::{mutated, number_like};

#[test]
fn floating_point_numbers() {
    for (text, value) in [
        ("0", 0.0),
        ("12", 12.0),
        ("-0.5", -0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("+1.2E+3", 1200.0),
        ("1e-3", 0.001),
        ("0e999", 0.0),
        ("0.1", 0.1),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("123456.789000000", 123_456.789),
        ("inf", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
        ("5e-324", 5e-324),
    ] {
        assert_eq!(double(text.as_bytes()), Ok(value), "{text}");
    }
    assert!(double(b"-0").unwrap().is_sign_negative());
    assert!(double(b"NaN").unwrap().is_nan());
    for text in ["1e999", "-1e309", "1e-400"] {
        assert_eq!(double(text.as_bytes()), Err(Misfit::OutOfRange), "{text}");
    }
    for text in [
        "", ".", "-", "e5", "1e", "1e+", "1.2.3", " 1", "1 ", "0x1p3", "1,5", "-nan", "infinit", "1_0",
    ] {
        assert_eq!(double(text.as_bytes()), Err(Misfit::NotANumber), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn doubles_read_as_std_reads_them(text in mutated(number_like())) {
        let theirs = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<f64>().ok());
        match (double(&text), theirs) {
            (Ok(ours), Some(theirs)) => prop_assert_eq!(ours.to_bits(), theirs.to_bits()),
            (Err(Misfit::OutOfRange), Some(theirs)) => prop_assert!(theirs.is_infinite() || theirs == 0.0),
            (Err(Misfit::NotANumber), None) => {}
            (ours, theirs) => prop_assert!(false, "{:?} against {:?}", ours, theirs),
        }
    }

    #[test]
    fn every_double_is_read_back(value: f64) {
        prop_assume!(value.is_finite());
        prop_assert_eq!(double(value.to_string().as_bytes()).map(f64::to_bits), Ok(value.to_bits()));
        prop_assert_eq!(double(format!("{value:e}").as_bytes()).map(f64::to_bits), Ok(value.to_bits()));
    }
}
