//! Keys of every kind, and listings of them.

use aws_sdk_s3::types::EncodingType;

use crate::context::{Context, Notes};

/// Keys that trip up servers which take them for paths or forget to decode.
const ODD: [&str; 24] = [
    "a b",
    "a+b",
    "a%b",
    "a%20b",
    "a%2Fb",
    "a=b",
    "a&b",
    "a?b",
    "a#b",
    "a;b",
    "a:b",
    "a'b\"c",
    "a<b>",
    "a\\b",
    "é/ü/日本",
    "..x",
    ".hidden",
    "~",
    "date=2026-11-22/part 1.csv.gz",
    "a,b",
    "a@b$c!",
    "(a)[b]{c}",
    "a|b^c`",
    "-",
];

/// Keys that are no ordinary paths.
const UNPATHLIKE: [&str; 8] = [
    "../up", "./here", "a/../b", "a//b", "//", "folder/", "a/./b", "..",
];

pub async fn odd_keys(cx: Context) -> String {
    round_trip(&cx, &ODD).await
}

pub async fn unpathlike_keys(cx: Context) -> String {
    round_trip(&cx, &UNPATHLIKE).await
}

/// The key starts with a slash.
pub async fn leading_slash(cx: Context) -> String {
    let mut notes = Notes::default();
    let key = format!("/{}a", cx.folder);
    let put = cx.client.put_object().bucket(&cx.bucket).key(&key).send().await;
    notes.see(&put);
    let listed = cx
        .client
        .list_objects_v2()
        .bucket(&cx.bucket)
        .prefix("/")
        .send()
        .await
        .unwrap();
    notes.is(
        "listed",
        listed.contents().iter().any(|object| object.key() == Some(&key)),
    );
    notes.see(&cx.client.head_object().bucket(&cx.bucket).key(&key).send().await);
    notes.see(
        &cx.client
            .delete_object()
            .bucket(&cx.bucket)
            .key(&key)
            .send()
            .await,
    );
    notes.end()
}

async fn round_trip(cx: &Context, keys: &[&str]) -> String {
    let mut notes = Notes::default();
    let mut put = Vec::new();
    for key in keys {
        let object = cx.client.put_object().bucket(&cx.bucket).key(cx.key(key));
        match object
            .body(format!("body of {key}").into_bytes().into())
            .send()
            .await
        {
            Ok(_) => put.push(*key),
            Err(_) => notes.add(format!("!put:{key}")),
        }
    }
    for key in &put {
        if cx.read(key).await != Ok(format!("body of {key}").into_bytes()) {
            notes.add(format!("!read:{key}"));
        }
    }
    let names = cx.names().await;
    for key in put.iter().filter(|key| !names.iter().any(|name| name == *key)) {
        notes.add(format!("!listed:{key}"));
    }
    for name in names.iter().filter(|name| !put.contains(&name.as_str())) {
        notes.add(format!("listed:{name}"));
    }
    for key in &put {
        if cx
            .client
            .delete_object()
            .bucket(&cx.bucket)
            .key(cx.key(key))
            .send()
            .await
            .is_err()
        {
            notes.add(format!("!delete:{key}"));
        }
    }
    notes.is("deleted", cx.names().await.is_empty());
    notes.end()
}

pub async fn long_keys(cx: Context) -> String {
    let mut notes = Notes::default();
    let fill = |bytes: usize, name: &str| {
        name.repeat(bytes)
            .get(..bytes - cx.folder.len())
            .unwrap()
            .to_owned()
    };
    let (flat, deep) = (fill(1_024, "k"), fill(1_024, "ordner/"));
    for key in [&flat, &deep] {
        notes.see(
            &cx.client
                .put_object()
                .bucket(&cx.bucket)
                .key(cx.key(key))
                .send()
                .await,
        );
        notes.see(
            &cx.client
                .head_object()
                .bucket(&cx.bucket)
                .key(cx.key(key))
                .send()
                .await,
        );
    }
    notes.is("listed", sorted(&cx).await == [flat, deep]);
    let longer = fill(1_025, "k");
    notes.see(
        &cx.client
            .put_object()
            .bucket(&cx.bucket)
            .key(cx.key(&longer))
            .send()
            .await,
    );
    notes.end()
}

/// One key is another's folder.
pub async fn object_and_folder(cx: Context) -> String {
    let mut notes = Notes::default();
    for key in ["a", "a/b", "a/", "a/b/c", "x/y", "x"] {
        let put = cx.client.put_object().bucket(&cx.bucket).key(cx.key(key));
        notes.see(&put.body(key.as_bytes().to_vec().into()).send().await);
    }
    notes.add(sorted(&cx).await.join(","));
    let mut all_read = true;
    for key in ["a", "a/b", "a/", "a/b/c", "x/y", "x"] {
        all_read &= cx.read(key).await == Ok(key.as_bytes().to_vec());
    }
    notes.is("all-read", all_read);
    cx.client
        .delete_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .send()
        .await
        .unwrap();
    notes.add(sorted(&cx).await.join(","));
    notes.end()
}

/// A folder is no object.
pub async fn folder_is_no_object(cx: Context) -> String {
    let mut notes = Notes::default();
    cx.put("a/b/c", "x").await;
    for name in ["a", "a/"] {
        notes.add(
            cx.read(name)
                .await
                .map_or_else(|refusal| refusal, |_| "found".to_owned()),
        );
    }
    cx.client
        .delete_object()
        .bucket(&cx.bucket)
        .key(cx.key("a/b/c"))
        .send()
        .await
        .unwrap();
    notes.is("nothing-left", cx.names().await.is_empty());
    cx.put("a", "now a file").await;
    notes.is("place-is-free", cx.names().await == ["a"]);
    notes.end()
}

/// Listings are in the order of the keys' UTF-8 bytes, which is not the order of a tree's folders.
pub async fn order(cx: Context) -> String {
    let mut notes = Notes::default();
    let sorted = [
        "B", "a", "a b", "a!", "a-b", "a.b", "a/b", "a/b-c", "a/b/c", "a0", "ab", "é", "日本", "😀",
    ];
    for key in sorted.iter().rev() {
        cx.put(key, *key).await;
    }
    notes.is("bytes", cx.names().await == sorted);
    notes.end()
}

pub async fn pages(cx: Context) -> String {
    let mut notes = Notes::default();
    for number in 0..7 {
        cx.put(&format!("k{number}"), "x").await;
    }
    let list = || {
        cx.client
            .list_objects_v2()
            .bucket(&cx.bucket)
            .prefix(&cx.folder)
            .max_keys(3)
    };
    let mut token = None;
    let mut all = Vec::new();
    loop {
        let page = list().set_continuation_token(token).send().await.unwrap();
        notes.add(format!("{}/{}", page.contents().len(), page.key_count().unwrap()));
        all.extend(
            page.contents()
                .iter()
                .map(|object| object.key().unwrap().to_owned()),
        );
        token = page.next_continuation_token().map(str::to_owned);
        if page.is_truncated() != Some(true) {
            break;
        }
    }
    let expected: Vec<_> = (0..7).map(|number| cx.key(&format!("k{number}"))).collect();
    notes.is("all-once", all == expected);
    let after = list().start_after(cx.key("k4")).send().await.unwrap();
    notes.add(format!(
        "{} {}",
        after.contents().len(),
        after.is_truncated().unwrap()
    ));
    let exactly = list().max_keys(7).send().await.unwrap();
    notes.is("full-page-is-last", exactly.is_truncated() == Some(false));
    notes.end()
}

pub async fn listed_fields(cx: Context) -> String {
    let mut notes = Notes::default();
    let etag = cx.put("a", "hello").await;
    let head = cx
        .client
        .head_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .send()
        .await
        .unwrap();
    let page = cx
        .client
        .list_objects_v2()
        .bucket(&cx.bucket)
        .prefix(&cx.folder)
        .send()
        .await
        .unwrap();
    let object = page.contents().first().unwrap();
    notes.is("etag", object.e_tag() == Some(&etag));
    notes.is("size", object.size() == Some(5));
    notes.is(
        "modified",
        object.last_modified().unwrap().secs() == head.last_modified().unwrap().secs(),
    );
    notes.is(
        "class",
        object
            .storage_class()
            .is_some_and(|class| class.as_str() == "STANDARD"),
    );
    notes.end()
}

pub async fn delimiter(cx: Context) -> String {
    let mut notes = Notes::default();
    for key in ["a/1", "a/2", "b", "c/1", "c/d/1", "d--1", "d--2", "e"] {
        cx.put(key, "x").await;
    }
    let show = |keys: Vec<&str>| {
        let names: Vec<_> = keys
            .iter()
            .map(|key| key.strip_prefix(&cx.folder).unwrap())
            .collect();
        names.join(",")
    };
    let list = |prefix: &str, delimiter: &str| {
        cx.client
            .list_objects_v2()
            .bucket(&cx.bucket)
            .prefix(cx.key(prefix))
            .delimiter(delimiter)
    };
    for (prefix, delimiter) in [("", "/"), ("c/", "/"), ("c", "/"), ("", "--")] {
        let page = list(prefix, delimiter).send().await.unwrap();
        let keys = page
            .contents()
            .iter()
            .map(|object| object.key().unwrap())
            .collect();
        let prefixes = page
            .common_prefixes()
            .iter()
            .map(|common| common.prefix().unwrap())
            .collect();
        notes.add(format!("{}|{}", show(keys), show(prefixes)));
    }
    // A common prefix is one entry of a page, and the next page starts behind all of it.
    let mut token = None;
    loop {
        let page = list("", "/")
            .max_keys(2)
            .set_continuation_token(token)
            .send()
            .await
            .unwrap();
        notes.add(format!(
            "{}+{}",
            page.contents().len(),
            page.common_prefixes().len()
        ));
        token = page.next_continuation_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    notes.end()
}

pub async fn url_encoding(cx: Context) -> String {
    let mut notes = Notes::default();
    cx.put("a b/+%é", "x").await;
    let list = || {
        cx.client
            .list_objects_v2()
            .bucket(&cx.bucket)
            .encoding_type(EncodingType::Url)
    };
    let page = list().prefix(&cx.folder).send().await.unwrap();
    notes.add(
        page.contents()
            .first()
            .unwrap()
            .key()
            .unwrap()
            .strip_prefix(&cx.folder)
            .unwrap(),
    );
    let page = list().prefix(cx.key("a b")).delimiter("/").send().await.unwrap();
    notes.add(
        page.common_prefixes()
            .first()
            .unwrap()
            .prefix()
            .unwrap()
            .strip_prefix(&cx.folder)
            .unwrap(),
    );
    notes.add(page.prefix().unwrap().strip_prefix(&cx.folder).unwrap());
    notes.end()
}

/// The names without regard to their order, which `order` checks.
async fn sorted(cx: &Context) -> Vec<String> {
    let mut names = cx.names().await;
    names.sort();
    names
}
