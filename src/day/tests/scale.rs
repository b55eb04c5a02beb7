//! As many parts as a large account has. Anything that looks at all parts for each part would take minutes here.

use super::builder::{HOUR, Scene};
use crate::day::{Footer, State};
use crate::part::PartId;

const PARTS: u64 = 20_000;

#[test]
fn twenty_thousand_parts_of_one_table_replaced_and_half_of_them_purged() {
    let mut scene = Scene::whole(&["objects/a"]);
    let facts = scene.facts("objects/a").clone();
    let table = scene.seen.tables.get_mut("objects").unwrap();
    let (source, output) = (table.sources.remove(0), table.outputs.remove(0));
    for i in 0..PARTS {
        for content in 0..2 {
            let (mut source, mut output, mut facts) = (source.clone(), output.clone(), facts.clone());
            source.key = format!("{}{i}", facts.folder);
            source.stem = i.to_string();
            source.etag = format!("{i}-{content}");
            source.id = PartId::parse(&format!("{:016x}", 2 * i + content)).unwrap();
            output.stem.clone_from(&source.stem);
            output.id = source.id.clone();
            facts.source_key.clone_from(&source.key);
            facts.source_etag.clone_from(&source.etag);
            scene
                .footers
                .insert(output.id.clone(), Footer::Sound(Box::new(facts)));
            table.outputs.push(output);
            if content == 1 {
                table.sources.push(source);
            }
        }
    }
    let verdict = scene.after(HOUR).sweep();
    assert_eq!((verdict.state, verdict.left.len()), (State::Complete, 20_000));
    let sources = &mut scene.seen.tables.get_mut("objects").unwrap().sources;
    sources.truncate(sources.len() / 2);
    let verdict = scene.after(30 * 24 * HOUR).sweep();
    assert_eq!((verdict.state, verdict.revise), (State::Complete, false));
    assert_eq!(verdict.retire.len(), 20_000);
    assert_eq!(verdict.tables["objects"].parts.len(), 20_000);
}
