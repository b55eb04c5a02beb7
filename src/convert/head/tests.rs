//! What a first record is that has more fields than a part may have columns.

use super::*;
use crate::dialect::Declared;
use crate::plan::{Budget, Codec, Provenance};

#[test]
fn a_first_record_of_delimiters_is_not_made_into_as_many_names() {
    let mut plan = Plan {
        table: None,
        typing: Typing::Text,
        naming: Naming::Own,
        dialect: Default::default(),
        limits: Default::default(),
        budget: Budget::Count(0),
        rejects_bytes_max: 0,
        codec: Codec::None,
        provenance: Provenance::default(),
    };
    plan.limits.columns_max = 3;
    let text = format!("a{}\n1\n", ",".repeat(9));
    let mut window = Window::new(text.as_bytes(), 1 << 10);
    window.fill().unwrap();
    let most = std::cell::Cell::new(0);
    let fits = |first: &mut dyn ExactSizeIterator<Item = String>| {
        let mut made = 0;
        let fits = fits(&plan, &mut first.inspect(|_| made += 1));
        most.set(made.max(most.get()));
        fits
    };
    let layout = detect::detect(
        window.text(),
        true,
        &plan.dialect,
        None,
        plan.limits.columns_max,
        &fits,
    );
    assert_eq!(most.get(), 3);
    let found = first(&layout, &mut window, &plan, &mut 0).unwrap().unwrap();
    assert_eq!(
        (found.fields, found.names),
        (10, vec!["a".to_owned(), String::new(), String::new()])
    );
}

#[test]
fn fields_beyond_the_limit_are_counted_and_not_kept() {
    for json in [r#"{}"#, r#"{"quote": "'"}"#] {
        let declared = Declared::from_json(json).unwrap();
        let text = b"a,,,\n1,2\n";
        let layout = detect::detect(text, true, &declared, None, 3, &|_| false);
        for (fields_max, kept) in [(0, 0), (3, 3), (4, 4), (5, 4)] {
            let mut fields = vec![Field::new(0, 0, false, false)];
            let (step, found) = layout.splitter.record_of(text, true, fields_max, &mut fields);
            assert_eq!((step, found), (Ok(Step::Record { consumed: 5 }), 4), "{json}");
            assert_eq!(fields.len(), 1 + kept, "{json}");
            // Of what is no whole record, none; and those so far are counted.
            let (step, found) = layout.splitter.record_of(b"a,b", false, fields_max, &mut fields);
            assert_eq!((step, found), (Ok(Step::Incomplete), 1), "{json}");
            assert_eq!(fields.len(), 1 + kept, "{json}");
        }
    }
}
