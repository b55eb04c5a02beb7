//! Writers of one key at the same time: one wins, and the others are told.

use futures::future::join_all;

use aws_sdk_s3::primitives::ByteStream;

use crate::context::{Context, seen};
use crate::multipart::{list, open, upload};

const WRITERS: usize = 16;

pub async fn create_only_puts(cx: Context) -> String {
    let mut words = Vec::new();
    for round in 0..8 {
        let name = format!("round {round}");
        let writers = (0..WRITERS).map(|writer| {
            let put = cx
                .client
                .put_object()
                .bucket(&cx.bucket)
                .key(cx.key(&name))
                .if_none_match("*");
            let put = put
                .body(ByteStream::from(format!("writer {writer}").into_bytes()))
                .send();
            tokio::spawn(async move { seen(&put.await) })
        });
        words.push(summary(&cx, &name, "writer", join_all(writers).await).await);
    }
    together(words)
}

pub async fn create_only_completes(cx: Context) -> String {
    let mut words = Vec::new();
    for round in 0..4 {
        let name = format!("round {round}");
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let id = open(&cx, &name).await;
            let part = upload(&cx, &name, &id, 1, format!("upload {writer}").into_bytes()).await;
            let complete = cx
                .client
                .complete_multipart_upload()
                .bucket(&cx.bucket)
                .key(cx.key(&name))
                .upload_id(id);
            writers.push(complete.if_none_match("*").multipart_upload(list(&[part])));
        }
        let writers = writers
            .into_iter()
            .map(|complete| tokio::spawn(async move { seen(&complete.send().await) }));
        words.push(summary(&cx, &name, "upload", join_all(writers).await).await);
    }
    together(words)
}

/// Everyone replaces the same version: one may.
pub async fn replace_only_puts(cx: Context) -> String {
    let etag = cx.put("a", "the first").await;
    let writers = (0..WRITERS).map(|writer| {
        let put = cx
            .client
            .put_object()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .if_match(&etag);
        let put = put
            .body(ByteStream::from(format!("writer {writer}").into_bytes()))
            .send();
        tokio::spawn(async move { seen(&put.await) })
    });
    summary(&cx, "a", "writer", join_all(writers).await).await
}

async fn summary(
    cx: &Context,
    name: &str,
    kind: &str,
    answers: Vec<Result<String, tokio::task::JoinError>>,
) -> String {
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let winner = answers.iter().position(|answer| answer == "ok");
    let winners = answers.iter().filter(|answer| *answer == "ok").count();
    // S3 may say either to those that lose.
    let told = ["412:PreconditionFailed", "409:ConditionalRequestConflict"];
    let losers = answers
        .iter()
        .filter(|answer| told.contains(&answer.as_str()))
        .count();
    let expected = winner.map(|winner| format!("{kind} {winner}").into_bytes());
    let is_theirs = cx.read(name).await.ok() == expected;
    match winners {
        // How many depends on the moment.
        2.. => "several won".to_owned(),
        _ => format!(
            "{winners} won, {losers} told, body is {}the winner's",
            if is_theirs { "" } else { "not " }
        ),
    }
}

/// What all rounds showed; several winners in one of them count for all.
fn together(mut rounds: Vec<String>) -> String {
    let several = rounds.iter().find(|round| round.starts_with("several")).cloned();
    rounds.dedup();
    several.unwrap_or_else(|| rounds.join(" then "))
}
