//! Views in the Glue catalog: made of the account's own definitions, in the sweep that publishes these.

use std::collections::BTreeMap;

use aws_sdk_glue::types::{Table, TableInput};
use daymark::app::sweep::Report;
use daymark::athena::presto;
use daymark::athena::views::Engine;
use daymark::sweep::Request;

use crate::lake::{Lake, autumn, columns, count};
use crate::proxy::Turn;

const TYPES: &str = "OBJECTTYPEID,FULLYQUALIFIEDNAME,NAME,PLURALLABEL,SINGULARLABEL\n0-1,CONTACT,CONTACT,Contacts,Contact\n2-77,p1_boat,boat,,Boat\n";

/// Definitions of properties: OBJECTTYPEID and NAME and TYPE.
fn properties(all: &[(&str, &str, &str)]) -> String {
    let rows = all.iter().map(|(id, name, kind)| format!("{id},{name},{kind}\n"));
    format!("OBJECTTYPEID,NAME,TYPE\n{}", rows.collect::<String>())
}

impl Lake {
    /// A day of an account: two records and what is defined of them.
    async fn account(&self, date: &str, defined: &[(&str, &str, &str)]) {
        self.text(date, "OBJECT_AND_EVENT_TYPE_DEFINITIONS", TYPES).await;
        self.text(date, "PROPERTY_DEFINITIONS", &properties(defined))
            .await;
        let records = "OBJECTTYPEID,OBJECTID\n0-1,1\n2-77,2\n";
        self.text(date, "OBJECTS", records).await;
        let with = "OBJECTTYPEID,OBJECTID,PROPERTIES\n0-1,1,\"{\"\"email\"\":\"\"a@b\"\"}\"\n2-77,2,{}\n";
        self.text(date, "OBJECT_WITH_OBJECT_PROPERTIES", with).await;
    }

    async fn drop_table(&self, name: &str) {
        let request = self.glue.delete_table().database_name(&self.database);
        request.name(name).send().await.unwrap();
    }

    async fn view(&self, name: &str) -> presto::Decoded {
        let tables = self.tables().await;
        let text = tables
            .get(name)
            .unwrap_or_else(|| panic!("{name}: {:?}", tables.keys()));
        presto::decode(text.view_original_text().unwrap()).unwrap()
    }
}

fn names(table: &Table) -> Vec<String> {
    columns(table).into_iter().map(|(name, _)| name).collect()
}

fn hold_nothing(report: &Report) {
    assert_eq!(report.catalog.error, None);
    assert_eq!(report.catalog.held, BTreeMap::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_that_change_overnight_change_the_view_in_the_same_sweep() {
    let lake = Lake::new("views").await;
    let of_contacts = [
        ("0-1", "email", "string"),
        ("0-1", "age", "number"),
        ("2-77", "length", "number"),
    ];
    lake.account("2026-11-20", &of_contacts).await;
    let (report, asked) = lake.sweep().await;
    hold_nothing(&report);
    assert_eq!(count(&asked, "GetTables"), 1, "{asked:?}");
    let tables = lake.tables().await;
    let contacts = &tables["objects_contacts"];
    assert_eq!(contacts.table_type(), Some("VIRTUAL_VIEW"));
    let found = names(contacts);
    for name in ["property_email", "property_age", "property_unparsed_age", "date"] {
        assert!(found.iter().any(|found| found == name), "{name}: {found:?}");
    }
    // Without a plural label: the singular one and an s.
    assert!(names(&tables["objects_boats"]).contains(&"property_length".to_owned()));
    assert!(
        lake.view("objects_contacts_latest")
            .await
            .sql
            .contains("daymark_latest")
    );

    // The same definitions on the next day: nothing but the look at what is there.
    lake.account("2026-11-21", &of_contacts).await;
    let (report, asked) = lake.sweep().await;
    hold_nothing(&report);
    assert!(report.days.iter().any(|day| day.judged.as_ref().unwrap().revised));
    assert_eq!(asked, ["GetTables"]);

    // One property more, one of another type.
    let changed = [
        ("0-1", "email", "string"),
        ("0-1", "age", "string"),
        ("0-1", "born", "date"),
        ("2-77", "length", "number"),
    ];
    lake.account("2026-11-22", &changed).await;
    let (report, asked) = lake.sweep().await;
    hold_nothing(&report);
    assert_eq!(
        report.catalog.updated,
        ["objects_contacts", "objects_contacts_latest"]
    );
    assert_eq!(asked, ["GetTables", "UpdateTable", "UpdateTable"]);
    let after = columns(&lake.tables().await["objects_contacts"]);
    assert!(
        after.contains(&("property_born".to_owned(), "date".to_owned())),
        "{after:?}"
    );
    assert!(
        after.contains(&("property_age".to_owned(), "string".to_owned())),
        "{after:?}"
    );
    // An earlier day is published, and nothing moves.
    lake.account("2026-11-10", &of_contacts).await;
    let (report, _) = lake.sweep().await;
    hold_nothing(&report);
    assert!(names(&lake.tables().await["objects_contacts"]).contains(&"property_born".to_owned()));
    // What the program would say is the same.
    let variables = [("DAYMARK_GLUE_DATABASE", lake.database.as_str())];
    let run = |command: &str, arguments: &[&str]| lake.desk.run_by(&variables, command, arguments).expect(0);
    run("catalog", &["--diff"]).says("all as they are to be");
    run("ddl", &["objects_contacts_latest"]).shows(&format!(
        "CREATE OR REPLACE VIEW \"{}\".\"objects_contacts_latest\" AS\nSELECT ",
        lake.database
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_cannot_be_made_leaves_the_others_alone() {
    let lake = Lake::new("oneview").await;
    let input = TableInput::builder()
        .name("objects_contacts")
        .description("by hand");
    let request = lake.glue.create_table().database_name(&lake.database);
    request.table_input(input.build().unwrap()).send().await.unwrap();
    lake.account("2026-11-20", &[("0-1", "email", "string")]).await;
    let (report, _) = lake.sweep().await;
    assert_eq!(report.catalog.error, None);
    let held = &report.catalog.held;
    assert!(held["objects_contacts"].contains("did not make"), "{held:?}");
    let tables = lake.tables().await;
    assert_eq!(tables["objects_contacts"].description(), Some("by hand"));
    assert!(tables.contains_key("objects_contacts_latest") && tables.contains_key("objects_boats"));
}

/// HubSpot documents no columns. Those that Daymark's catalog declares are in Glue's tables, whether files have them or not.
#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_missing_are_named_and_leave_the_other_views_alone() {
    let lake = Lake::new("lacking").await;
    let of_links =
        "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME\n0-1,0-1,2-77,contact_to_boat\n";
    let links = "COMBINEDASSOCIATIONTYPEID,FROMOBJECTID,TOOBJECTID\n0-1,1,2\n";
    lake.account(
        "2026-11-20",
        &[("0-1", "email", "string"), ("0-1", "age", "number")],
    )
    .await;
    lake.text("2026-11-20", "ASSOCIATION_DEFINITIONS", of_links).await;
    lake.text("2026-11-20", "ASSOCIATIONS", links).await;
    // Until a sweep over all days has told what was ever published, no column is said to be missing.
    let (report, _) = lake.sweep().await;
    assert_eq!(report.catalog.held, BTreeMap::new());
    let (report, _) = lake.sweep_for(Request::default()).await;
    assert_eq!(report.catalog.error, None);
    let why = "no file of table associations has the column fromobjecttypeid".to_owned();
    let held = ["", "_latest"].map(|end| (format!("associations_contacts_to_boats{end}"), why.clone()));
    assert_eq!(report.catalog.held, BTreeMap::from(held));
    let contacts = columns(&lake.tables().await["objects_contacts"]);
    assert!(
        contacts.contains(&("property_age".to_owned(), "double".to_owned())),
        "{contacts:?}"
    );
    // A day that tells of no property what it is makes none text that was something else.
    lake.account("2026-11-21", &[]).await;
    let untyped = "OBJECTTYPEID,NAME,LABEL\n0-1,email,Email\n0-1,age,Age\n0-1,shade,Shade\n";
    lake.text("2026-11-21", "PROPERTY_DEFINITIONS", untyped).await;
    lake.text("2026-11-21", "ASSOCIATION_DEFINITIONS", of_links).await;
    let links = "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID\n0-1,0-1,1,2-77,2\n";
    lake.text("2026-11-21", "ASSOCIATIONS", links).await;
    let (report, _) = lake.sweep_hours_later(4, autumn()).await;
    let told = "2026-11-21 has no column TYPE in table property_definitions: what it defines is taken from 2026-11-20";
    let held = BTreeMap::from([("views".to_owned(), told.to_owned())]);
    assert_eq!(report.catalog.held, held);
    let tables = lake.tables().await;
    assert_eq!(columns(&tables["objects_contacts"]), contacts);
    // Since one day has the columns, links have a view.
    assert!(tables.contains_key("associations_contacts_to_boats_latest"));
}

/// What breaks a rule of Glue's API is refused by the service's front, under a name of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_glue_refuses_is_named_and_leaves_the_others_alone() {
    for code in ["InvalidInputException", "ValidationException"] {
        let lake = Lake::new(&format!("refused{}", code.len())).await;
        lake.account("2026-11-20", &[("0-1", "email", "string")]).await;
        let report = lake
            .sweep_by(autumn(), move |operation, body| {
                match operation == "CreateTable" && body.contains("\"objects_boats\"") {
                    true => Turn::Refuse(code),
                    false => Turn::Pass,
                }
            })
            .await
            .unwrap();
        assert_eq!(report.catalog.error, None, "{code}");
        let held = &report.catalog.held;
        assert!(held["objects_boats"].contains(code), "{held:?}");
        let tables = lake.tables().await;
        assert!(!tables.contains_key("objects_boats"));
        for name in [
            "objects_contacts",
            "objects_latest",
            "property_definitions_latest",
        ] {
            assert!(tables.contains_key(name), "{code}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_ends_among_the_views_is_gone_on_with_by_the_next() {
    let lake = Lake::new("halfviews").await;
    lake.account("2026-11-20", &[("0-1", "email", "string")]).await;
    let report = lake
        .sweep_by(autumn(), |operation, body| {
            match operation == "CreateTable" && body.contains("objects_boats") {
                true => Turn::LoseRequest,
                false => Turn::Pass,
            }
        })
        .await
        .unwrap();
    assert!(report.days.iter().all(|day| day.judged.is_ok()));
    assert!(
        report.catalog.error.as_ref().unwrap().contains("objects_boats"),
        "{report:?}"
    );
    // The day is published all the same, and nothing new is to be: the views come.
    assert!(lake.is_published("objects", "2026-11-20").await);
    let (report, asked) = lake.sweep().await;
    hold_nothing(&report);
    assert!(
        report.catalog.created.contains(&"objects_boats".to_owned()),
        "{report:?}"
    );
    assert_eq!(count(&asked, "GetTables"), 1);
    let (_, asked) = lake.sweep().await;
    assert_eq!(asked, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_definitions_has_the_views_of_the_last_ones() {
    let lake = Lake::new("undefined").await;
    lake.account("2026-11-20", &[("0-1", "email", "string")]).await;
    lake.sweep().await;
    lake.drop_table("objects_contacts").await;
    lake.text("2026-11-21", "OBJECTS", "OBJECTTYPEID,OBJECTID\n0-1,1\n")
        .await;
    // The other tables of the day before are waited for, and given up.
    let (report, _) = lake.sweep_hours_later(8, autumn()).await;
    let judged = report.days.last().unwrap().judged.as_ref().unwrap();
    assert!(judged.revised, "{judged:?}");
    let held = report.catalog.held.get("views");
    assert!(
        held.is_some_and(|held| held.contains("2026-11-21 has no table")),
        "{report:?}"
    );
    assert_eq!(report.catalog.created, ["objects_contacts"]);
    assert!(names(&lake.tables().await["objects_contacts"]).contains(&"property_email".to_owned()));
    // Whoever asks for the statements gets those of the last definitions, as the catalog has them.
    let looker = lake.looker();
    let wanted = looker.wanted_tables().await.unwrap();
    let (latest, built) = looker.views_for(&wanted, Engine::DuckDb).await.unwrap();
    assert_eq!(latest.map(|day| day.to_string()).as_deref(), Some("2026-11-21"));
    assert_eq!(built.failed, []);
    let contacts = built.views.iter().find(|view| view.name == "objects_contacts");
    assert!(contacts.unwrap().sql.contains("property_email"));
    // A file of a header alone is as good as none.
    lake.account("2026-11-22", &[]).await;
    let (report, _) = lake.sweep_hours_later(16, autumn()).await;
    assert!(
        report.catalog.held["views"].contains("2026-11-22 has no row in table property_definitions"),
        "{report:?}"
    );
    assert!(names(&lake.tables().await["objects_contacts"]).contains(&"property_email".to_owned()));
    // It is no reason to try again all the time.
    let (_, asked) = lake.sweep_hours_later(16, autumn()).await;
    assert_eq!(asked, Vec::<String>::new());
    // The program says it, too. Types are the day's own.
    let variables = [("DAYMARK_GLUE_DATABASE", lake.database.as_str())];
    let said = "note: 2026-11-22 has no row in table property_definitions that defines anything: what it defines is taken from 2026-11-20";
    for (command, arguments) in [
        ("catalog", &["--diff"][..]),
        ("ddl", &["objects_contacts_latest"]),
    ] {
        let ran = lake.desk.run_by(&variables, command, arguments).expect(0);
        let ran = ran.says(said);
        assert!(!ran.stderr.contains("has no table"), "{}", ran.stderr);
    }
    // Whoever corrects the day that they are taken from changes the views.
    lake.account("2026-11-20", &[("0-1", "phone", "string")]).await;
    lake.sweep_hours_later(24, autumn()).await;
    assert!(names(&lake.tables().await["objects_contacts"]).contains(&"property_phone".to_owned()));
}

/// One table that stays away neither stops what the others define nor is forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn each_table_of_definitions_is_taken_from_its_own_newest_day() {
    let lake = Lake::new("eachtable").await;
    let of_links = "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME";
    let links = "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID\n0-5,0-1,1,2-77,2\n";
    lake.text(
        "2026-10-10",
        "ASSOCIATION_DEFINITIONS",
        &format!("{of_links}\n0-5,0-1,2-77,owner\n"),
    )
    .await;
    lake.account("2026-10-10", &[("0-1", "email", "string")]).await;
    lake.sweep().await;
    // Longer than a month.
    lake.account(
        "2026-11-20",
        &[("0-1", "email", "string"), ("0-1", "phone", "string")],
    )
    .await;
    lake.text("2026-11-20", "ASSOCIATIONS", links).await;
    let (report, _) = lake.sweep_hours_later(8, autumn()).await;
    let taken = "2026-11-20 has no table association_definitions: what it defines is taken from 2026-10-10";
    assert_eq!(report.catalog.held["views"], taken);
    let tables = lake.tables().await;
    assert!(names(&tables["objects_contacts"]).contains(&"property_phone".to_owned()));
    let latest = lake.view("associations_contacts_to_boats_latest").await.sql;
    assert!(
        latest.contains("WHERE \"date\" = '2026-10-10' GROUP BY"),
        "{latest}"
    );
    assert!(latest.contains("\"date\" >= '2026-11-1"), "{latest}");
    // A header alone is as good as none.
    lake.text("2026-11-20", "ASSOCIATION_DEFINITIONS", &format!("{of_links}\n"))
        .await;
    let (report, _) = lake.sweep_hours_later(16, autumn()).await;
    assert!(
        report.catalog.held["views"].contains("2026-11-20 has no row in table association_definitions"),
        "{report:?}"
    );
    assert_eq!(
        lake.view("associations_contacts_to_boats_latest").await.sql,
        latest
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_records_changes_no_other_day() {
    let lake = Lake::new("norecords").await;
    lake.account("2026-11-20", &[("0-1", "email", "string")]).await;
    lake.sweep().await;
    let before = lake.view("objects_contacts").await;
    lake.text("2026-11-21", "OBJECT_AND_EVENT_TYPE_DEFINITIONS", TYPES)
        .await;
    lake.text(
        "2026-11-21",
        "PROPERTY_DEFINITIONS",
        &properties(&[("0-1", "email", "string")]),
    )
    .await;
    let with = "OBJECTTYPEID,OBJECTID,PROPERTIES\n0-1,1,\"{\"\"email\"\":\"\"a@b\"\"}\"\n";
    lake.text("2026-11-21", "OBJECT_WITH_OBJECT_PROPERTIES", with)
        .await;
    // On the next day a header alone comes, which is as good as nothing.
    lake.account("2026-11-22", &[("0-1", "email", "string")]).await;
    lake.text("2026-11-22", "OBJECTS", "OBJECTTYPEID,OBJECTID\n")
        .await;
    let (report, _) = lake.sweep_hours_later(8, autumn()).await;
    hold_nothing(&report);
    let after = lake.view("objects_contacts").await;
    assert_eq!(before.columns, after.columns);
    assert!(
        after
            .sql
            .contains("\"objects\" WHERE objecttypeid = '0-1' AND NOT (\"date\" >= '2026-11-21')"),
        "{}",
        after.sql
    );
    assert!(
        !lake
            .view("objects_contacts_latest")
            .await
            .sql
            .contains("\"objects\"")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_pointer_of_somebody_else_no_newest_day_is_made() {
    let lake = Lake::new("foreignpointer").await;
    let input = TableInput::builder()
        .name("daymark_latest")
        .description("by hand");
    let request = lake.glue.create_table().database_name(&lake.database);
    request.table_input(input.build().unwrap()).send().await.unwrap();
    lake.account("2026-11-20", &[("0-1", "email", "string")]).await;
    let (report, _) = lake.sweep().await;
    let held = &report.catalog.held;
    for name in ["objects_contacts_latest", "objects_latest"] {
        assert!(held[name].contains("table daymark_latest"), "{held:?}");
    }
    let tables = lake.tables().await;
    assert!(tables.contains_key("objects_contacts"));
    let latest = tables.keys().filter(|name| name.ends_with("_latest"));
    assert_eq!(latest.collect::<Vec<_>>(), ["daymark_latest"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_views_come_back_with_the_daily_sweep() {
    let lake = Lake::new("dropped").await;
    lake.account("2026-11-20", &[("0-1", "email", "string")]).await;
    lake.sweep().await;
    lake.drop_table("objects_contacts").await;
    let (report, asked) = lake.sweep_for(Request::default()).await;
    assert_eq!(report.catalog.created, ["objects_contacts"]);
    assert_eq!(asked, ["GetTables", "CreateTable"]);
}

/// Nothing says whether somebody still asks it, so nothing drops it.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_whose_type_is_renamed_stays_and_is_named() {
    let lake = Lake::new("renamed").await;
    lake.account("2026-11-20", &[("0-1", "email", "string")]).await;
    lake.sweep().await;
    lake.account("2026-11-21", &[("0-1", "email", "string")]).await;
    let types = TYPES.replace("Boat", "Ship");
    lake.text("2026-11-21", "OBJECT_AND_EVENT_TYPE_DEFINITIONS", &types)
        .await;
    lake.sweep().await;
    let tables = lake.tables().await;
    assert!(tables.contains_key("objects_boats") && tables.contains_key("objects_ships"));
    let variables = [("DAYMARK_GLUE_DATABASE", lake.database.as_str())];
    lake.desk
        .run_by(&variables, "catalog", &["--diff"])
        .expect(0)
        .shows("left objects_boats: a view that is made no more")
        .shows("left objects_boats_latest: ");
}

/// Damage takes no column from a view; what is not there is made of what an earlier day defines.
#[tokio::test(flavor = "multi_thread")]
async fn definitions_that_cannot_be_read_leave_views_as_they_are() {
    let lake = Lake::new("damaged").await;
    lake.account("2026-11-20", &[("0-1", "email", "string")]).await;
    lake.sweep().await;
    let defined = [("0-1", "email", "string"), ("0-1", "phone", "string")];
    lake.account("2026-11-21", &defined).await;
    let (report, _) = lake.sweep().await;
    hold_nothing(&report);
    let before = lake.tables().await["objects_contacts"].clone();
    assert!(names(&before).contains(&"property_phone".to_owned()));

    let folder = "lake/table=property_definitions/date=2026-11-21/";
    let request = lake
        .desk
        .s3
        .list_objects_v2()
        .bucket(lake.desk.curated())
        .prefix(folder);
    let listed = request.send().await.unwrap();
    let [file] = listed.contents() else {
        panic!("{listed:?}");
    };
    let key = file.key().unwrap();
    let request = lake.desk.s3.put_object().bucket(lake.desk.curated()).key(key);
    request.body(b"no Parquet".to_vec().into()).send().await.unwrap();
    for name in ["objects_boats", "objects_latest"] {
        lake.drop_table(name).await;
    }
    let (report, _) = lake.sweep_for(Request::default()).await;
    let mut created = report.catalog.created.clone();
    created.sort();
    assert_eq!(created, ["objects_boats", "objects_latest"]);
    assert_eq!(report.catalog.updated, [] as [&str; 0]);
    // It is told, what stays with it, and that somebody has to look.
    let held = &report.catalog.held;
    assert!(held["views"].contains(key), "{held:?}");
    assert!(held["objects_contacts"].contains(key), "{held:?}");
    assert!(report.catalog.error.unwrap().contains(key));
    assert_eq!(names(&lake.tables().await["objects_contacts"]), names(&before));
    let variables = [("DAYMARK_GLUE_DATABASE", lake.database.as_str())];
    let ran = lake.desk.run_by(&variables, "catalog", &["--diff"]).expect(0);
    let ran = ran.says(&format!("not read: {key}"));
    assert!(!ran.stdout.contains("update objects_contacts"), "{}", ran.stdout);

    // The file comes back, and the next sweep goes by it.
    lake.account("2026-11-21", &defined).await;
    lake.sweep_hours_later(8, autumn()).await;
    let (report, _) = lake.sweep_hours_later(16, autumn()).await;
    hold_nothing(&report);
    assert_eq!(names(&lake.tables().await["objects_contacts"]), names(&before));
}
