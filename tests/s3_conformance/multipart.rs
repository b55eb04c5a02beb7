//! Multipart uploads.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart,
};

use crate::context::{Context, Notes, body};

const PART: usize = 5 << 20;

/// The MD5 of the MD5s of 5 MiB of `a` and of `end`.
const TWO_PARTS_ETAG: &str = "\"cc8f6f16b44b75adde6349ab98aee432-2\"";

pub async fn open(cx: &Context, name: &str) -> String {
    let open = cx
        .client
        .create_multipart_upload()
        .bucket(&cx.bucket)
        .key(cx.key(name));
    open.send().await.unwrap().upload_id.unwrap()
}

pub async fn upload(cx: &Context, name: &str, id: &str, number: i32, bytes: Vec<u8>) -> CompletedPart {
    let part = cx
        .client
        .upload_part()
        .bucket(&cx.bucket)
        .key(cx.key(name))
        .upload_id(id)
        .part_number(number);
    let part = part.body(ByteStream::from(bytes)).send().await.unwrap();
    CompletedPart::builder()
        .part_number(number)
        .set_e_tag(part.e_tag)
        .set_checksum_crc32(part.checksum_crc32)
        .set_checksum_crc64_nvme(part.checksum_crc64_nvme)
        .build()
}

pub fn list(parts: &[CompletedPart]) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder()
        .set_parts(Some(parts.to_vec()))
        .build()
}

pub async fn whole(cx: Context) -> String {
    let mut notes = Notes::default();
    let create = cx
        .client
        .create_multipart_upload()
        .bucket(&cx.bucket)
        .key(cx.key("a"));
    let create = create
        .content_type("text/csv")
        .metadata("m", "1")
        .send()
        .await
        .unwrap();
    let id = create.upload_id().unwrap();
    notes.is("not-there-yet", cx.names().await.is_empty());
    notes.is("open", cx.open_uploads().await == [id]);
    let second = upload(&cx, "a", id, 2, b"end".to_vec()).await;
    let first = upload(&cx, "a", id, 1, vec![b'a'; PART]).await;
    let listed = cx
        .client
        .list_parts()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .upload_id(id)
        .send()
        .await
        .unwrap();
    let sizes: Vec<_> = listed
        .parts()
        .iter()
        .map(|part| (part.part_number().unwrap(), part.size().unwrap()))
        .collect();
    notes.is("parts", sizes == [(1, 5 << 20), (2, 3)]);
    notes.is("part-etags", listed.parts()[1].e_tag() == second.e_tag());
    let complete = cx
        .client
        .complete_multipart_upload()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .upload_id(id);
    let complete = complete
        .multipart_upload(list(&[first, second]))
        .send()
        .await
        .unwrap();
    notes.is("etag", complete.e_tag() == Some(TWO_PARTS_ETAG));
    notes.is("closed", cx.open_uploads().await.is_empty());
    let got = cx
        .client
        .get_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .send()
        .await
        .unwrap();
    notes.is("same-etag", got.e_tag() == Some(TWO_PARTS_ETAG));
    notes.is("type", got.content_type() == Some("text/csv"));
    notes.is(
        "metadata",
        got.metadata().unwrap().get("m").is_some_and(|m| m == "1"),
    );
    let bytes = body(got).await;
    notes.is("body", bytes.len() == PART + 3 && bytes.ends_with(b"aaaend"));
    let page = cx
        .client
        .list_objects_v2()
        .bucket(&cx.bucket)
        .prefix(&cx.folder)
        .send()
        .await
        .unwrap();
    notes.is("listed-etag", page.contents()[0].e_tag() == Some(TWO_PARTS_ETAG));
    let range = format!("bytes={}-{}", PART - 2, PART + 1);
    let got = cx
        .client
        .get_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .range(range)
        .send()
        .await
        .unwrap();
    notes.is("range-over-parts", body(got).await == b"aaen");
    notes.end()
}

/// A part that is sent again replaces the first one; parts that are not named are dropped.
pub async fn replaced_and_unnamed(cx: Context) -> String {
    let mut notes = Notes::default();
    let id = open(&cx, "a").await;
    let old = upload(&cx, "a", &id, 1, b"old".to_vec()).await;
    let new = upload(&cx, "a", &id, 1, b"new".to_vec()).await;
    upload(&cx, "a", &id, 7, b"never named".to_vec()).await;
    let complete = || {
        cx.client
            .complete_multipart_upload()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .upload_id(&id)
    };
    notes.see(&complete().multipart_upload(list(&[old])).send().await);
    notes.see(&complete().multipart_upload(list(&[new])).send().await);
    notes.is("new", cx.read("a").await == Ok(b"new".to_vec()));
    notes.end()
}

pub async fn small_part(cx: Context) -> String {
    let mut notes = Notes::default();
    let id = open(&cx, "a").await;
    let first = upload(&cx, "a", &id, 1, vec![b'a'; PART - 1]).await;
    let second = upload(&cx, "a", &id, 2, b"end".to_vec()).await;
    let complete = cx
        .client
        .complete_multipart_upload()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .upload_id(&id);
    notes.see(&complete.multipart_upload(list(&[first, second])).send().await);
    notes.is("not-there", cx.names().await.is_empty());
    notes.end()
}

pub async fn wrong_parts(cx: Context) -> String {
    let mut notes = Notes::default();
    let id = open(&cx, "a").await;
    let first = upload(&cx, "a", &id, 1, vec![b'a'; PART]).await;
    let second = upload(&cx, "a", &id, 2, b"end".to_vec()).await;
    let complete = || {
        cx.client
            .complete_multipart_upload()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .upload_id(&id)
    };
    let wrong = CompletedPart::builder()
        .part_number(1)
        .e_tag("\"00000000000000000000000000000000\"")
        .build();
    let missing = CompletedPart::builder()
        .part_number(3)
        .set_e_tag(second.e_tag.clone())
        .build();
    notes.see(
        &complete()
            .multipart_upload(list(&[wrong, second.clone()]))
            .send()
            .await,
    );
    notes.see(
        &complete()
            .multipart_upload(list(&[first.clone(), missing]))
            .send()
            .await,
    );
    notes.see(
        &complete()
            .multipart_upload(list(&[second.clone(), first.clone()]))
            .send()
            .await,
    );
    notes.see(&complete().multipart_upload(list(&[])).send().await);
    notes.is("not-there", cx.names().await.is_empty());
    notes.see(&complete().multipart_upload(list(&[first, second])).send().await);
    notes.end()
}

pub async fn part_numbers(cx: Context) -> String {
    let mut notes = Notes::default();
    let id = open(&cx, "a").await;
    for number in [0, 10_001, 10_000] {
        let part = cx
            .client
            .upload_part()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .upload_id(&id)
            .part_number(number);
        notes.see(&part.body(ByteStream::from_static(b"x")).send().await);
    }
    notes.end()
}

pub async fn aborted(cx: Context) -> String {
    let mut notes = Notes::default();
    let id = open(&cx, "a").await;
    let part = upload(&cx, "a", &id, 1, b"x".to_vec()).await;
    let abort = || {
        cx.client
            .abort_multipart_upload()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .upload_id(&id)
            .send()
    };
    notes.see(&abort().await);
    notes.is("none-open", cx.open_uploads().await.is_empty());
    let again = cx
        .client
        .upload_part()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .upload_id(&id)
        .part_number(1);
    notes.see(&again.body(ByteStream::from_static(b"x")).send().await);
    let complete = cx
        .client
        .complete_multipart_upload()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .upload_id(&id);
    notes.see(&complete.multipart_upload(list(&[part])).send().await);
    notes.see(
        &cx.client
            .list_parts()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .upload_id(&id)
            .send()
            .await,
    );
    notes.is("not-there", cx.names().await.is_empty());
    notes.end()
}

pub async fn aborted_twice(cx: Context) -> String {
    let mut notes = Notes::default();
    let id = open(&cx, "a").await;
    let abort = || {
        cx.client
            .abort_multipart_upload()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .upload_id(&id)
            .send()
    };
    notes.see(&abort().await);
    notes.see(&abort().await);
    notes.end()
}

pub async fn another_keys_upload(cx: Context) -> String {
    let mut notes = Notes::default();
    let id = open(&cx, "a").await;
    let part = cx
        .client
        .upload_part()
        .bucket(&cx.bucket)
        .key(cx.key("b"))
        .upload_id(&id)
        .part_number(1);
    notes.see(&part.body(ByteStream::from_static(b"x")).send().await);
    notes.end()
}

pub async fn complete_create_only(cx: Context) -> String {
    let mut notes = Notes::default();
    let (loser, winner) = (open(&cx, "a").await, open(&cx, "a").await);
    notes.add(format!("open={}", cx.open_uploads().await.len()));
    for (id, text) in [(&winner, b"winner"), (&loser, b"losing")] {
        let part = upload(&cx, "a", id, 1, text.to_vec()).await;
        let complete = cx
            .client
            .complete_multipart_upload()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .upload_id(id);
        notes.see(
            &complete
                .if_none_match("*")
                .multipart_upload(list(&[part]))
                .send()
                .await,
        );
    }
    notes.is("winner-stays", cx.read("a").await == Ok(b"winner".to_vec()));
    notes.is("loser-open", cx.open_uploads().await == [loser.clone()]);
    let abort = cx
        .client
        .abort_multipart_upload()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .upload_id(&loser);
    notes.see(&abort.send().await);
    notes.is("winner-stays", cx.read("a").await == Ok(b"winner".to_vec()));
    notes.end()
}

pub async fn complete_replace_only(cx: Context) -> String {
    let mut notes = Notes::default();
    let etag = cx.put("a", "first").await;
    for if_match in ["\"00000000000000000000000000000000\"", &etag] {
        let id = open(&cx, "a").await;
        let part = upload(&cx, "a", &id, 1, b"second".to_vec()).await;
        let complete = cx
            .client
            .complete_multipart_upload()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .upload_id(&id);
        notes.see(
            &complete
                .if_match(if_match)
                .multipart_upload(list(&[part]))
                .send()
                .await,
        );
    }
    notes.is("second", cx.read("a").await == Ok(b"second".to_vec()));
    notes.end()
}

pub async fn complete_replace_missing(cx: Context) -> String {
    let mut notes = Notes::default();
    let id = open(&cx, "a").await;
    let part = upload(&cx, "a", &id, 1, b"x".to_vec()).await;
    let complete = cx
        .client
        .complete_multipart_upload()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .upload_id(&id);
    let complete = complete
        .if_match("\"00000000000000000000000000000000\"")
        .multipart_upload(list(&[part]));
    notes.see(&complete.send().await);
    notes.is("not-there", cx.names().await.is_empty());
    notes.end()
}

/// The upload asks for CRC-32s, so completing it must name them.
pub async fn composite_checksum(cx: Context) -> String {
    let mut notes = Notes::default();
    let create = cx
        .client
        .create_multipart_upload()
        .bucket(&cx.bucket)
        .key(cx.key("a"));
    let create = create
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .send()
        .await
        .unwrap();
    notes.add(create.checksum_type().map_or("none", ChecksumType::as_str));
    let id = create.upload_id().unwrap();
    let part = upload(&cx, "a", id, 1, b"hello".to_vec()).await;
    notes.add(part.checksum_crc32().unwrap_or("none"));
    let complete = || {
        cx.client
            .complete_multipart_upload()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .upload_id(id)
    };
    let mut bare = part.clone();
    bare.checksum_crc32 = None;
    notes.see(&complete().multipart_upload(list(&[bare])).send().await);
    let done = complete().multipart_upload(list(&[part])).send().await;
    notes.see(&done);
    let head = cx
        .client
        .head_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.unwrap();
    notes.add(head.checksum_crc32().unwrap_or("none"));
    notes.end()
}

pub async fn full_object_checksum(cx: Context) -> String {
    let mut notes = Notes::default();
    let create = cx
        .client
        .create_multipart_upload()
        .bucket(&cx.bucket)
        .key(cx.key("a"));
    let create = create
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .checksum_type(ChecksumType::FullObject);
    let id = create.send().await.unwrap().upload_id.unwrap();
    let part = upload(&cx, "a", &id, 1, b"hello".to_vec()).await;
    let complete = || {
        let complete = cx
            .client
            .complete_multipart_upload()
            .bucket(&cx.bucket)
            .key(cx.key("a"))
            .upload_id(&id);
        complete
            .checksum_type(ChecksumType::FullObject)
            .multipart_upload(list(std::slice::from_ref(&part)))
    };
    notes.see(&complete().checksum_crc32("AAAAAA==").send().await);
    notes.see(&complete().checksum_crc32("NhCmhg==").send().await);
    let head = cx
        .client
        .head_object()
        .bucket(&cx.bucket)
        .key(cx.key("a"))
        .checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.unwrap();
    notes.add(head.checksum_crc32().unwrap_or("none"));
    notes.end()
}

pub async fn uploads_listed(cx: Context) -> String {
    let mut notes = Notes::default();
    for name in ["b", "a/1", "a/2", "c d"] {
        open(&cx, name).await;
    }
    let list = || {
        cx.client
            .list_multipart_uploads()
            .bucket(&cx.bucket)
            .prefix(&cx.folder)
    };
    let all = list().send().await.unwrap();
    let keys: Vec<_> = all
        .uploads()
        .iter()
        .map(|upload| upload.key().unwrap().to_owned())
        .collect();
    notes.is(
        "in-order",
        keys == ["a/1", "a/2", "b", "c d"].map(|name| cx.key(name)),
    );
    let page = list().max_uploads(3).send().await.unwrap();
    notes.add(format!(
        "{} {}",
        page.uploads().len(),
        page.is_truncated().unwrap()
    ));
    let next = list()
        .set_key_marker(page.next_key_marker)
        .set_upload_id_marker(page.next_upload_id_marker);
    let next = next.send().await.unwrap();
    let keys: Vec<_> = next
        .uploads()
        .iter()
        .map(|upload| upload.key().unwrap().to_owned())
        .collect();
    notes.is("last", keys == [cx.key("c d")]);
    for upload in all.uploads() {
        let abort = cx
            .client
            .abort_multipart_upload()
            .bucket(&cx.bucket)
            .key(upload.key().unwrap());
        abort.upload_id(upload.upload_id().unwrap()).send().await.unwrap();
    }
    notes.end()
}
