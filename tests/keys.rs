//! Keys: from a source key to table, day and stem, to the output keys, and back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use daymark::keys::{Kind, Layout, LayoutError, PREFIX_BYTES_MAX, PartKey, Place, STEM_BYTES_MAX, Skip};
use daymark::part::{Identity, PartId, Profile};
use proptest::prelude::*;

fn layout() -> Layout {
    let landing = Place::new("daymark-landing", "hubspot").unwrap();
    Layout::new(landing, Place::new("daymark-landing", "curated/").unwrap()).unwrap()
}

fn id() -> PartId {
    let identity = Identity {
        bucket: "b".into(),
        key: "k".into(),
        etag: "e".into(),
    };
    PartId::of(&identity, &Profile::of("p"))
}

/// `table date stem`, or the reason.
fn read(layout: &Layout, key: &str) -> String {
    match layout.source(key) {
        Ok(PartKey { table, date, stem }) => format!("{table} {date} {stem}"),
        Err(skip) => format!("{skip:?}"),
    }
}

fn check(layout: &Layout, cases: &[(&str, &str)]) {
    for (key, expected) in cases {
        assert_eq!(read(layout, key), *expected, "{key}");
    }
}

#[test]
fn source_keys() {
    check(
        &layout(),
        &[
            (
                "hubspot/2026-11-23/OBJECTS/data_0_1_0.csv.gz",
                "objects 2026-11-23 data_0_1_0",
            ),
            // The same table, day and file in other spellings are other parts.
            (
                "hubspot/2026-11-23/objects/data_0_1_0.csv.gz",
                "objects 2026-11-23 2026-11-23--objects--data_0_1_0.csv.gz",
            ),
            (
                "hubspot/20261123/OBJECTS/data_0_1_0.csv.gz",
                "objects 2026-11-23 20261123--OBJECTS--data_0_1_0.csv.gz",
            ),
            (
                "hubspot/2026/11/23/OBJECTS/a.gz",
                "objects 2026-11-23 2026--11--23--OBJECTS--a.gz",
            ),
            (
                "hubspot/dt=2026/11/23T04:05:06Z/OBJECTS/a.gz",
                "objects 2026-11-23 dt_x3D2026--11--23T04_x3A05_x3A06Z--OBJECTS--a.gz",
            ),
            (
                "hubspot/dt=2026-11-23/OBJECTS/a.gz",
                "objects 2026-11-23 dt_x3D2026-11-23--OBJECTS--a.gz",
            ),
            (
                "hubspot/2026-11-23/OBJECTS/a.csv",
                "objects 2026-11-23 2026-11-23--OBJECTS--a.csv",
            ),
            (
                "hubspot/2026-11-23/OBJECTS/a",
                "objects 2026-11-23 2026-11-23--OBJECTS--a",
            ),
            // Folders between and below.
            (
                "hubspot/acc 42/2026-11-23/x/OBJECTS/y/a.gz",
                "objects 2026-11-23 acc_x2042--2026-11-23--x--OBJECTS--y--a.gz",
            ),
            (
                "hubspot/2026/11/23/04/Teams/a.gz",
                "teams 2026-11-23 2026--11--23--04--Teams--a.gz",
            ),
            (
                "hubspot/2026-11-23/04/FOO/a.gz",
                "foo 2026-11-23 2026-11-23--04--FOO--a.gz",
            ),
            (
                "hubspot/2026-11-23/OBJECTS_CONTACTS/a.gz",
                "objects_contacts 2026-11-23 2026-11-23--OBJECTS_CONTACTS--a.gz",
            ),
            (
                "hubspot/2026-11-23/x/EVENTS_E_V2/a.csv.gz",
                "events_e_v2 2026-11-23 2026-11-23--x--EVENTS_E_V2--a.csv.gz",
            ),
            (
                "hubspot/OBJECTS/2026-11-23/a.gz",
                "objects 2026-11-23 OBJECTS--2026-11-23--a.gz",
            ),
            (
                "hubspot/OBJECTS/2026-11-23/TEAMS/a.gz",
                "teams 2026-11-23 OBJECTS--2026-11-23--TEAMS--a.gz",
            ),
            // Odd but legal.
            (
                "hubspot//2026-11-23//OBJECTS/a.gz",
                "objects 2026-11-23 x-----2026-11-23----OBJECTS--a.gz",
            ),
            (
                "hubspot/2026-11-23/../OBJECTS/a b+c%=é.gz",
                "objects 2026-11-23 2026-11-23--..--OBJECTS--a_x20b_x2Bc_x25_x3D_xC3_xA9.gz",
            ),
            (
                "hubspot/2026-11-23/OBJECTS/-_x--a.csv.gz",
                "objects 2026-11-23 2026-11-23--OBJECTS--_x2D_x5Fx_x2D_x2Da.csv.gz",
            ),
            ("hubspot/2026-11-23/OBJECTS/.csv.gz", "Hidden"),
        ],
    );
}

#[test]
fn every_hubspot_table_is_known_above_the_day() {
    for table in [
        "ASSOCIATIONS",
        "ASSOCIATION_DEFINITIONS",
        "EVENTS_E_VISITED_PAGE",
        "LISTS",
        "LIST_MEMBERSHIPS",
        "OBJECTS",
        "OBJECT_AND_EVENT_TYPE_DEFINITIONS",
        "OBJECT_PROPERTIES",
        "OBJECT_PROPERTIES_HISTORY",
        "OBJECT_WITH_OBJECT_PROPERTIES",
        "OWNERS",
        "OWNER_TEAM",
        "PIPELINES",
        "PIPELINE_STAGES",
        "PROPERTY_DEFINITIONS",
        "TEAMS",
    ] {
        let part = layout()
            .source(&format!("hubspot/{table}/2026-11-23/a.gz"))
            .unwrap();
        assert_eq!(part.table, table.to_lowercase());
        let part = layout()
            .source(&format!("hubspot/2026-11-23/{table}/data_0_0_0.csv.gz"))
            .unwrap();
        assert_eq!(part.stem, "data_0_0_0");
    }
}

#[test]
fn what_is_skipped() {
    check(
        &layout(),
        &[
            ("other/2026-11-23/OBJECTS/a.gz", "OutsideLanding"),
            ("hubspot", "OutsideLanding"),
            ("hubspot2/2026-11-23/OBJECTS/a.gz", "OutsideLanding"),
            ("curated/table=objects/date=2026-11-23/a.parquet", "Curated"),
            ("hubspot/", "Folder"),
            ("hubspot/2026-11-23/OBJECTS/", "Folder"),
            ("hubspot/2026-11-23/OBJECTS_$folder$", "Folder"),
            ("hubspot/2026-11-23/OBJECTS/_SUCCESS", "Hidden"),
            ("hubspot/2026-11-23/OBJECTS/.part.crc", "Hidden"),
            ("hubspot/OBJECTS/a.gz", "NoDay"),
            ("hubspot/2026-11-31/OBJECTS/a.gz", "NoDay"),
            ("hubspot/OBJECTS/2026-11-23.csv.gz", "NoDay"),
            ("hubspot/2026-11-23/a.gz", "NoTable"),
            ("hubspot/2026-11-23/04/a.gz", "NoTable"),
            ("hubspot/x/2026-11-23/a.gz", "NoTable"),
        ],
    );
    let layout = layout();
    let key = "hubspot/2026-11-23/OBJECTS/a.gz";
    assert_eq!(layout.source_in("elsewhere", key), Err(Skip::OtherBucket));
    assert_eq!(layout.source_in("daymark-landing", key), layout.source(key));
    assert_eq!(
        layout.source_in("daymark-landing", "curated/x"),
        Err(Skip::Curated)
    );
}

#[test]
fn a_pattern_replaces_the_spellings() {
    let by = |pattern: &str| layout().with_day_pattern(pattern).unwrap();
    check(
        &by("(?<date>[0-9]{4}_[0-9]{2}_[0-9]{2})-full"),
        &[
            (
                "hubspot/2026_11_23-full/FOO/a.gz",
                "foo 2026-11-23 2026_11_23-full--FOO--a.gz",
            ),
            (
                "hubspot/2026_13_23-full/2026_11_23-full/FOO/a",
                "foo 2026-11-23 2026_13_23-full--2026_11_23-full--FOO--a",
            ),
            ("hubspot/2026-11-23/OBJECTS/a.gz", "NoDay"),
        ],
    );
    check(
        &by("(?<day>[0-9]{2})/(?<month>[0-9]{2})/(?<year>[0-9]{4})/"),
        &[(
            "hubspot/23/11/2026/FOO/a.gz",
            "foo 2026-11-23 23--11--2026--FOO--a.gz",
        )],
    );
    // A day in the file's name: the table is then known, and above.
    check(
        &by("_(?<date>[0-9]{8})[.]"),
        &[(
            "hubspot/TEAMS/a_20261123.gz",
            "teams 2026-11-23 TEAMS--a_20261123.gz",
        )],
    );
    assert!(matches!(
        layout().with_day_pattern("(").unwrap_err(),
        LayoutError::Pattern { .. }
    ));
    assert!(matches!(
        layout().with_day_pattern("(?<year>x)").unwrap_err(),
        LayoutError::Groups(_)
    ));
    let layout = layout().with_tables(["Foo"]);
    check(
        &layout,
        &[(
            "hubspot/2026-11-23/x/FOO/a.csv.gz",
            "foo 2026-11-23 2026-11-23--x--FOO--a.csv.gz",
        )],
    );
}

#[test]
fn places() {
    let place = |url: &str| Place::parse(url).unwrap();
    assert_eq!(place("s3://b/a/c").prefix(), "a/c/");
    assert_eq!(place("s3://b").to_string(), "s3://b/");
    for (landing, curated, apart) in [
        ("s3://b/hubspot", "s3://b/curated", true),
        ("s3://b/hubspot", "s3://b/hubspot2", true),
        ("s3://b", "s3://c", true),
        ("s3://b/a", "s3://b/a", false),
        ("s3://b/a", "s3://b/a/c", false),
        ("s3://b/a/c", "s3://b/a", false),
        ("s3://b", "s3://b/curated", false),
        ("s3://b/hubspot", "s3://b", false),
    ] {
        assert_eq!(
            Layout::new(place(landing), place(curated)).is_ok(),
            apart,
            "{landing} {curated}"
        );
    }
    for url in [
        "b/a",
        "s3://",
        "s3:///a",
        "s3://b//a",
        "s3://b/a//c",
        "s3://b/a/../c",
        "s3://b/a\n",
        "s3://b c/a",
    ] {
        assert!(Place::parse(url).is_err(), "{url}");
    }
    assert!(Place::new("b", &"p".repeat(PREFIX_BYTES_MAX - 1)).is_ok());
    assert!(Place::new("b", &"p".repeat(PREFIX_BYTES_MAX)).is_err());
}

#[test]
fn output_keys() {
    let (layout, id) = (layout(), id());
    let part = layout
        .source("hubspot/2026-11-23/OBJECTS/data_0_1_0.csv.gz")
        .unwrap();
    let output = format!("curated/table=objects/date=2026-11-23/data_0_1_0-{id}.parquet");
    assert_eq!(layout.output(&part, &id), output);
    assert_eq!(
        layout.rejects(&part, &id),
        format!("curated/rejected/table=objects/date=2026-11-23/data_0_1_0-{id}.jsonl")
    );
    assert_eq!(
        layout.failure(&part, &id),
        format!("curated/failed/table=objects/date=2026-11-23/data_0_1_0-{id}.json")
    );
    assert_eq!(layout.parse_output(&output), Some((part.clone(), id.clone())));
    assert_eq!(layout.parse_output(&layout.rejects(&part, &id)), None);
    for key in [
        "",
        "curated/",
        "curated/published/table=objects/date=2026-11-23/symlink.txt",
        &output.replace("curated", "other"),
        &output.replace("table=objects", "table=Objects"),
        &output.replace("table=objects", "table="),
        &output.replace("table=objects", "table=daymark_parts"),
        &output.replace("table=objects", "table=daymark_latest"),
        &output.replace("2026-11-23", "2026-11-31"),
        &output.replace("data_0_1_0", ""),
        &output.replace("data_0_1_0", "_data"),
        &output.replace("data_0_1_0", "a/b"),
        &output.replace("data_0_1_0", "a b"),
        &output.replace("data_0_1_0", &"a".repeat(STEM_BYTES_MAX + 1)),
        &output.replace(".parquet", ".jsonl"),
        &output.replace(id.as_str(), "0123"),
        &output.replace(
            id.as_str(),
            &id.as_str().to_uppercase().replace(char::is_numeric, "A"),
        ),
    ] {
        assert_eq!(layout.parse(key), None, "{key}");
    }
}

/// Undoes what the stem does, so that equal stems can only come from equal paths. None if the stem is shortened.
fn path_of(part: &PartKey) -> Option<Vec<u8>> {
    let stem = part.stem.as_str();
    let marked = |rest: &&str| {
        let dashes = rest.bytes().take_while(|&byte| byte == b'-').count();
        dashes >= 3 && dashes % 2 == 1
    };
    if has_hash(stem) {
        None
    } else if let Some(rest) = stem.strip_prefix('x').filter(marked) {
        Some(unescaped(&rest[3..]))
    } else if stem.contains("--") {
        Some(unescaped(stem))
    } else {
        let mut path = format!("{}/{}/", part.date, part.table.to_uppercase()).into_bytes();
        path.extend(unescaped(stem));
        path.extend(b".csv.gz");
        Some(path)
    }
}

fn has_hash(stem: &str) -> bool {
    let is_hash = |text: &str| text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let (head, hash) = stem.rsplit_once("---").unwrap_or_default();
    is_hash(hash) && !head.ends_with('-')
}

fn unescaped(mut rest: &str) -> Vec<u8> {
    let mut path = Vec::new();
    while let Some(byte) = rest.bytes().next() {
        if let Some(after) = rest.strip_prefix("--") {
            path.push(b'/');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("_x") {
            path.push(u8::from_str_radix(&after[..2], 16).unwrap());
            rest = &after[2..];
        } else {
            path.push(byte);
            rest = &rest[1..];
        }
    }
    path
}

fn folder() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("..".to_owned()),
        "[-_x.a/ +%=é]{1,8}",
        "[a-zA-Z0-9_-]{1,12}",
        "\\PC{1,12}",
        Just("OBJECTS".to_owned()),
        Just("objects".to_owned()),
        Just("2026-11-23".to_owned()),
    ]
}

fn day_folder() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "2026-11-23",
        "20261123",
        "2026/11/23",
        "date=2026-11-23",
        "dt=2026-11-23",
        "day=20261123",
        "2026-11-23T04:05:06Z",
        "2026-11-23_04-05",
        "20261123040506",
        "2026-11-23 04:05",
        "dt=2026-11-23-04",
        "year=2026/month=11/day=23",
        "date=2026/11/23",
        "dt=2026/11/23",
        "day=2026/11/23_04",
        "2026/11/23T04:05:06Z",
        "2026/11/23-04-05",
        "year=2026/month=11/day=23T04",
    ])
    .prop_map(str::to_owned)
}

fn key() -> impl Strategy<Value = String> {
    let table = prop_oneof![
        prop::sample::select(vec![
            "OBJECTS",
            "Teams",
            "EVENTS_E_V2",
            "sub/LISTS",
            "DAYMARK_PARTS"
        ])
        .prop_map(str::to_owned),
        "[A-Z][A-Z _é-]{0,140}",
    ];
    let file = prop_oneof![
        "data_[0-9]_[0-9]_0(.csv)?(.gz)?",
        "[-x=é +a_.]{1,10}(.csv.gz)?",
        "x{1,300}.csv.gz"
    ];
    let above = prop::collection::vec(folder(), 0..3);
    let below = prop::collection::vec(folder(), 0..3);
    (above, day_folder(), table, below, file).prop_map(|(above, day, table, below, file)| {
        let folders: String = above
            .iter()
            .chain([&day, &table])
            .chain(&below)
            .map(|it| format!("{it}/"))
            .collect();
        format!("hubspot/{folders}{file}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_source_key_has_its_own_stem_and_comes_back(key in key()) {
        let prefix = "p".repeat(PREFIX_BYTES_MAX - 1);
        let landing = Place::new("landing", "hubspot").unwrap();
        let layout = Layout::new(landing, Place::new("curated", &prefix).unwrap()).unwrap();
        let part = match layout.source(&key) {
            Ok(part) => part,
            Err(skip) => {
                prop_assert_eq!(skip, Skip::Hidden);
                prop_assert!(key.rsplit('/').next().unwrap().starts_with(['_', '.']));
                return Ok(());
            }
        };
        prop_assert_eq!(part.date.as_str(), "2026-11-23");
        // A level of folders at a time, a sweep comes to the same folder and to no other day's before it.
        let folder = layout.source_and_folder(&key).unwrap().1;
        prop_assert_eq!(layout.day_of_folder(folder), Some(part.date.clone()));
        for (end, _) in folder.match_indices('/').filter(|(end, _)| end + 1 < folder.len()) {
            prop_assert_eq!(layout.day_of_folder(&folder[..=end]), None);
        }
        prop_assert!(part.stem.len() <= STEM_BYTES_MAX);
        prop_assert!(part.stem.starts_with(|c: char| c.is_ascii_alphanumeric()), "{}", part.stem);
        prop_assert!(part.stem.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{}", part.stem);
        match path_of(&part) {
            Some(path) => prop_assert_eq!(String::from_utf8(path).unwrap(), &key["hubspot/".len()..]),
            None => prop_assert!(has_hash(&part.stem)),
        }
        for kind in [Kind::Parquet, Kind::Rejects, Kind::Failure] {
            let output = layout.key(kind, &part, &id());
            prop_assert!(output.len() <= 1_024, "{}", output.len());
            prop_assert_eq!(layout.parse(&output), Some((kind, part.clone(), id())));
        }
    }

    #[test]
    fn keys_of_1024_bytes_that_differ_anywhere_differ_in_the_stem(at in 27_usize..1_024, a in "[a-z+ é/-]", b in "[a-z+ é/-]") {
        let key = |c: &str| {
            let mut key = format!("hubspot/2026-11-23/OBJECTS/{}", "k".repeat(1_024 - 27));
            key.replace_range(at..at + 1, c);
            key
        };
        let (one, other) = (layout().source(&key(&a)), layout().source(&key(&b)));
        prop_assert_eq!(a == b, one == other);
    }

    #[test]
    fn no_key_and_no_text_panics(key in "(hubspot/|curated/)?\\PC{0,80}|(hubspot|curated)(/[a-z0-9=.-]{0,12}){0,6}") {
        let _ = layout().source(&key);
        let _ = layout().parse(&key);
    }
}
