//! What becomes of tables that are there.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_there_as_it_is_to_be_is_left_alone() {
    let lake = lake(&[("objects", seen("2026-11-20", &[("objectid", "bigint")]))]);
    let mut found = created(&lake);
    // What others add to our tables stays there, and is no difference.
    let objects = &mut found.get_mut("objects").unwrap().table;
    objects.parameters.insert("team".to_owned(), "crm".to_owned());
    for range in [Range::Begins, Range::Reaches] {
        let plan = plan(&tables(&lake), &found, range);
        assert_eq!(changes(&plan), Vec::<String>::new());
        assert_eq!(plan.len(), 3);
    }
}

/// What somebody changed by hand and what reads differently because of it is put back.
#[test]
fn what_is_read_differently_by_hand_is_put_back() {
    let lake = lake(&[("objects", seen("2026-11-20", &[("objectid", "bigint")]))]);
    type Change = fn(&mut Found);
    let by_hand: [(&str, Change); 4] = [
        ("format", |found| {
            let parameters = &mut found.table.format.parameters;
            parameters.insert("parquet.column.index.access".to_owned(), "true".to_owned());
        }),
        ("location", |found| found.table.location.push_str("x/")),
        ("description", |found| found.description = Some("mine".to_owned())),
        ("projection.enabled true instead of false", |found| {
            let parameters = &mut found.table.parameters;
            parameters.insert("projection.enabled".to_owned(), "false".to_owned());
        }),
    ];
    for (told, change) in by_hand {
        let mut found = created(&lake);
        change(found.get_mut("objects").unwrap());
        let plan = plan(&tables(&lake), &found, Range::Reaches);
        assert_eq!(changes(&plan), [format!("update objects: {told}")]);
        let found = carried_out(found, plan);
        assert_eq!(found["objects"], created(&lake)["objects"]);
    }
}

/// HubSpot may begin to write a table that is called like a view.
#[test]
fn a_table_goes_before_a_view_that_was_there_first() {
    let lake = lake(&[("objects_contacts", seen("2026-11-20", &[("objectid", "bigint")]))]);
    let contacts = View {
        name: "objects_contacts".to_owned(),
        columns: Vec::new(),
        sql: "SELECT 1".to_owned(),
        comment: String::new(),
    };
    let mut found = created(&lake);
    let there = view(&contacts, "original".to_owned(), "expanded".to_owned()).table;
    found.get_mut("objects_contacts").unwrap().table = there;
    let plan = plan(&tables(&lake), &found, Range::Reaches);
    assert_eq!(
        changes(&plan),
        ["update objects_contacts: a table instead of a view"]
    );
    let found = carried_out(found, plan);
    assert_eq!(found["objects_contacts"], created(&lake)["objects_contacts"]);
}

#[test]
fn columns_are_added_behind_those_that_are_there() {
    let before = lake(&[("t", seen("2026-11-20", &[("b", "string"), ("d", "string")]))]);
    let after = lake(&[("t", seen("2026-11-20", &[("a", "string"), ("d", "string")]))]);
    let mut found = created(&before);
    let t = &mut found.get_mut("t").unwrap().table;
    t.parameters.insert("team".to_owned(), "crm".to_owned());
    let plan = plan(&tables(&after), &found, Range::Reaches);
    let Step::Update {
        table,
        version,
        differences,
    } = step_of(&plan, "t")
    else {
        panic!("{plan:?}")
    };
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["b", "d", "a"]);
    assert_eq!(version.as_deref(), Some("1"));
    assert_eq!(differences, ["column a string added"]);
    assert_eq!(table.parameters["team"], "crm");
}

#[test]
fn a_type_that_contradicts_holds_its_table_and_no_other() {
    let before = lake(&[
        ("t", seen("2026-11-20", &[("a", "string")])),
        ("u", seen("2026-11-20", &[("a", "string")])),
    ]);
    let after = lake(&[
        ("t", seen("2026-11-20", &[("a", "bigint"), ("b", "string")])),
        ("u", seen("2026-11-20", &[("a", "string"), ("b", "string")])),
    ]);
    let plan = plan(&tables(&after), &created(&before), Range::Reaches);
    let held = Held::Retyped {
        column: "a".to_owned(),
        found: "string".to_owned(),
        wanted: "bigint".to_owned(),
    };
    assert_eq!(step_of(&plan, "t"), Step::Held(held.clone()));
    assert_eq!(step_of(&plan, "t_live"), Step::Held(held));
    assert!(matches!(step_of(&plan, "u"), Step::Update { .. }));
    let told = changes(&plan).join("\n");
    assert!(
        told.contains("held t: column a is string in the Glue catalog, and bigint in the lake"),
        "{told}"
    );
}

#[test]
fn what_only_the_catalog_declares_takes_the_type_that_is_there() {
    let lake = lake(&[("objects", seen("2026-11-20", &[]))]);
    let mut found = created(&lake);
    for table in ["objects", "objects_live"] {
        let column = &mut found.get_mut(table).unwrap().table.columns[1];
        assert_eq!(column.name, "objectid");
        column.hive_type = "String".to_owned();
    }
    assert_eq!(
        changes(&plan(&tables(&lake), &found, Range::Begins)),
        Vec::<String>::new()
    );
}

#[test]
fn a_partition_key_that_is_another_holds_its_table() {
    let lake = lake(&[("t", seen("2026-11-20", &[("a", "string")]))]);
    let mut found = created(&lake);
    found.get_mut("t").unwrap().table.keys[0].hive_type = "date".to_owned();
    let plan = plan(&tables(&lake), &found, Range::Begins);
    assert!(matches!(
        step_of(&plan, "t"),
        Step::Held(Held::Retyped { column, .. }) if column == "partition key"
    ));
}

#[test]
fn tables_of_others_are_never_touched() {
    let lake = lake(&[("t", seen("2026-11-20", &[("a", "string")]))]);
    let mut found = created(&lake);
    found.get_mut("t").unwrap().table.parameters.remove(MARK);
    found.get_mut("t_live").unwrap().table.columns.clear();
    let before = found.clone();
    let plan = plan(&tables(&lake), &found, Range::Begins);
    assert_eq!(step_of(&plan, "t"), Step::Held(Held::Foreign));
    assert!(matches!(step_of(&plan, "t_live"), Step::Update { .. }));
    let after = carried_out(found, plan);
    assert_eq!(after["t"], before["t"]);
}

#[test]
fn of_two_tables_with_one_name_the_first_has_it_whichever_came_first() {
    let early = lake(&[("t", seen("2026-11-20", &[("a", "string")]))]);
    let both = lake(&[
        ("t", seen("2026-11-20", &[("a", "string")])),
        ("t_live", seen("2026-11-21", &[("b", "string")])),
    ]);
    // Both at once: the folder's own table goes before the live one of another.
    let plan_of_both = plan(&tables(&both), &BTreeMap::new(), Range::Begins);
    let steps: Vec<&Step> = plan_of_both
        .iter()
        .filter(|change| change.name == "t_live")
        .map(|change| &change.step)
        .collect();
    assert!(
        matches!(steps[..], [Step::Create(_), Step::Held(Held::Taken { by })] if by == "the published table of t_live"),
        "{steps:?}"
    );
    // The live one was there before: it stays what it is.
    let plan_later = plan(&tables(&both), &created(&early), Range::Begins);
    assert_eq!(
        step_of(&plan_later, "t_live"),
        Step::Held(Held::Taken {
            by: "the live table of t".to_owned()
        })
    );
}

#[test]
fn a_range_reaches_further_back_and_begins_later_only_when_that_is_known() {
    let at = |from: &str| lake(&[("t", seen(from, &[("a", "string")]))]);
    let found = created(&at("2026-11-20"));
    let range_of = |from: &str, range: Range| {
        let after = carried_out(found.clone(), plan(&tables(&at(from)), &found, range));
        after["t"].table.parameters[RANGE].clone()
    };
    assert_eq!(range_of("2026-11-25", Range::Reaches), "2026-11-20,NOW+1DAY");
    assert_eq!(range_of("2026-10-01", Range::Reaches), "2026-10-01,NOW+1DAY");
    assert_eq!(range_of("2026-11-25", Range::Begins), "2026-11-25,NOW+1DAY");
    // Somebody's own range is no reason to lose days.
    let mut odd = found.clone();
    let parameters = &mut odd.get_mut("t").unwrap().table.parameters;
    parameters.insert(RANGE.to_owned(), "2020-01-01,2026-11-01".to_owned());
    let plan = plan(&tables(&at("2026-11-25")), &odd, Range::Reaches);
    assert!(matches!(step_of(&plan, "t"), Step::Update { .. }));
}

#[test]
fn a_view_follows_its_statement_and_leaves_tables_alone() {
    let column = |name: &str| Column {
        name: name.to_owned(),
        hive_type: "string".to_owned(),
        comment: String::new(),
    };
    let of = |names: &[&str], text: &str| {
        let definition = View {
            name: "objects_contacts".to_owned(),
            sql: "SELECT 1".to_owned(),
            columns: names.iter().map(|name| column(name)).collect(),
            comment: "Contacts.".to_owned(),
        };
        view(&definition, text.to_owned(), "/* Presto View */".to_owned())
    };
    let first = of(&["a", "b"], "one");
    assert_eq!(first.table.parameters["presto_view"], "true");
    assert_eq!(first.table.table_type, VIRTUAL_VIEW);
    let found = carried_out(
        BTreeMap::new(),
        plan(std::slice::from_ref(&first), &BTreeMap::new(), Range::Begins),
    );
    assert_eq!(
        changes(&plan(&[first], &found, Range::Begins)),
        Vec::<String>::new()
    );
    let second = plan(&[of(&["b", "c"], "two")], &found, Range::Begins);
    assert_eq!(
        changes(&second),
        ["update objects_contacts: column c string added; column a string gone; statement"]
    );
    let after = carried_out(found, second);
    assert_eq!(
        after["objects_contacts"].table.columns,
        [column("b"), column("c")]
    );
    // A table of that name is not turned into a view.
    let lake = lake(&[("objects_contacts", seen("2026-11-20", &[("a", "string")]))]);
    let plan = plan(&[of(&["a"], "one")], &created(&lake), Range::Begins);
    assert!(matches!(
        step_of(&plan, "objects_contacts"),
        Step::Held(Held::Taken { .. })
    ));
}

fn any_table() -> impl Strategy<Value = BTreeMap<String, String>> {
    let kind = prop::sample::select(vec!["string", "bigint", "timestamp", "decimal(10,2)"]);
    prop::collection::btree_map("[abc]|objectid|updatedat", kind.prop_map(str::to_owned), 0..5)
}

fn any_day() -> impl Strategy<Value = Seen> {
    (any_table(), 1_u8..28).prop_map(|(types, day)| Seen {
        types,
        published_from: Day::new(2026, 11, day),
        live_from: None,
    })
}

proptest! {
    /// However days follow each other: nothing that Glue has is dropped, retyped or moved, ranges reach ever further back,
    /// and carrying a plan out leaves nothing to do but what is held.
    #[test]
    fn glue_only_ever_gains(days in prop::collection::vec(prop::collection::btree_map("t|objects|t_live", any_day(), 0..3), 1..8)) {
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        for lake in days {
            let before = found.clone();
            let wanted = tables(&lake);
            let planned = plan(&wanted, &found, Range::Reaches);
            found = carried_out(found, planned);
            for (name, Found { table: old, .. }) in &before {
                let new = &found[name].table;
                let kinds = |table: &Table| -> Vec<(String, String)> {
                    let columns = table.columns.iter();
                    columns.map(|column| (column.name.clone(), column.hive_type.clone())).collect()
                };
                let (old_kinds, new_kinds) = (kinds(old), kinds(new));
                prop_assert_eq!(&new_kinds[..old_kinds.len()], &old_kinds[..]);
                prop_assert_eq!(old.mark(), new.mark());
                prop_assert!(new.parameters.get(RANGE) <= old.parameters.get(RANGE));
            }
            for Change { step, .. } in plan(&wanted, &found, Range::Reaches) {
                prop_assert!(matches!(step, Step::Unchanged | Step::Held(_)), "{:?}", step);
            }
        }
    }
}
