//! `convert` from and to S3, on the embedded server.

use std::ffi::OsStr;
use std::process::{Output, Stdio};

use aws_sdk_s3::primitives::ByteStream;
use daymark::server::{Server, ServerConfig};
use tokio::runtime::Runtime;

use super::{Desk, Ran, gzip};

/// A server over a folder of the desk.
struct Bucket {
    runtime: Runtime,
    server: Server,
}

impl Bucket {
    fn new(desk: &Desk) -> Bucket {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let server = runtime
            .block_on(Server::start(ServerConfig::new(desk.path("s3"))))
            .unwrap();
        server.create_bucket("bkt").unwrap();
        Bucket { runtime, server }
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        let put = self.server.client().put_object().bucket("bkt").key(key);
        let put = put.body(ByteStream::from(bytes.to_vec()));
        self.runtime.block_on(put.send()).unwrap();
    }

    fn keys(&self) -> Vec<String> {
        let list = self.server.client().list_objects_v2().bucket("bkt");
        let listed = self.runtime.block_on(list.send()).unwrap();
        listed
            .contents()
            .iter()
            .map(|object| object.key().unwrap().to_owned())
            .collect()
    }

    fn run(&self, desk: &Desk, arguments: &[impl AsRef<OsStr>]) -> Ran {
        self.run_with(desk, arguments, Stdio::null())
    }

    fn run_with(&self, desk: &Desk, arguments: &[impl AsRef<OsStr>], stdin: impl Into<Stdio>) -> Ran {
        let credentials = self.server.credentials();
        let output: Output = desk
            .command(arguments)
            .env("AWS_ENDPOINT_URL", self.server.endpoint())
            .env("AWS_ACCESS_KEY_ID", credentials.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key())
            .env("AWS_REGION", "us-east-1")
            .stdin(stdin)
            .output()
            .unwrap();
        Ran::of(output)
    }
}

const PART: &str = "OBJECTTYPEID,OBJECTID,INGESTEDAT\n0-1,7,\n";

#[test]
fn a_pipe_into_s3_and_a_look_at_an_object() {
    let desk = Desk::with(&[("a.csv", PART)]);
    let bucket = Bucket::new(&desk);
    let stdin = std::fs::File::open(desk.path("a.csv")).unwrap();
    bucket
        .run_with(&desk, &["convert", "-", "s3://bkt/out/x.parquet"], stdin)
        .expect(0)
        .says("s3://bkt/out/x.parquet: 1 row");
    assert_eq!(bucket.keys(), ["out/x.parquet"]);
    bucket
        .run(&desk, &["inspect", "s3://bkt/out/x.parquet"])
        .expect(0)
        .shows("OBJECTTYPEID");
}

/// Without one, nothing of AWS can be asked; the machine's own services for it are no network that a test may use.
#[test]
fn who_names_no_region_is_told_to() {
    let desk = Desk::with(&[("a.csv", PART)]);
    let place = ["--landing", "s3://bkt/hubspot", "--curated", "s3://lake/lake"];
    for arguments in [
        &["convert", "a.csv", "s3://bkt/out/x.parquet"][..],
        &["inspect", "s3://bkt/out/x.parquet"],
        &["status", "--stack", "daymark"],
        &["doctor", "--stack", "daymark"],
        &["redrive", "--stack", "daymark"],
        &[&["status"], &place[..]].concat(),
    ] {
        let output = desk
            .command(arguments)
            .env_remove("AWS_REGION")
            .env_remove("AWS_DEFAULT_REGION")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", desk.path("none"))
            .env("AWS_SHARED_CREDENTIALS_FILE", desk.path("none"))
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .output()
            .unwrap();
        Ran::of(output)
            .expect(2)
            .says("expected a region, found none: set AWS_REGION to that of the stack and its buckets");
    }
}

#[test]
fn an_object_each_way() {
    let desk = Desk::with(&[("a.csv", PART)]);
    let bucket = Bucket::new(&desk);
    bucket.put("in/2026-11-20/OBJECTS/a b.csv.gz", &gzip(PART.as_bytes()));
    bucket
        .run(
            &desk,
            &[
                "convert",
                "s3://bkt/in/2026-11-20/OBJECTS/a b.csv.gz",
                "out.parquet",
            ],
        )
        .expect(0);
    assert_eq!(
        desk.parquet("out.parquet").names,
        ["objecttypeid", "objectid", "ingestedat"]
    );
    desk.run(&["inspect", "out.parquet"])
        .expect(0)
        .shows("\"source_key\": \"in/2026-11-20/OBJECTS/a b.csv.gz\"")
        .shows("\"source_bucket\": \"bkt\"");
    bucket
        .run(&desk, &["convert", "a.csv", "s3://bkt/out/x.parquet"])
        .expect(0)
        .says("s3://bkt/out/x.parquet: 1 row");
    bucket
        .run(&desk, &["convert", "a.csv", "s3://bkt/out/"])
        .expect(0);
    assert_eq!(
        bucket.keys(),
        [
            "in/2026-11-20/OBJECTS/a b.csv.gz",
            "out/a.parquet",
            "out/x.parquet"
        ]
    );
    let left: Vec<String> = desk
        .listing()
        .into_iter()
        .filter(|name| !name.starts_with("s3/"))
        .collect();
    assert_eq!(left, ["a.csv", "out.parquet"]);
}

#[test]
fn prefixes_and_refusals() {
    let desk = Desk::with(&[("in/deep/good.csv", "a,b\n1,2\n"), ("in/bad.csv", "a\n\"")]);
    let bucket = Bucket::new(&desk);
    bucket.put("in/x/ragged.csv", b"a,b\n1\n1,2\n");
    bucket.put("in/_SUCCESS", b"");
    bucket
        .run(&desk, &["convert", "in", "s3://bkt/out"])
        .expect(1)
        .says("1 refused");
    bucket
        .run(&desk, &["convert", "s3://bkt/in/", "s3://bkt/two/"])
        .expect(3);
    let expected = [
        "in/_SUCCESS",
        "in/x/ragged.csv",
        "out/deep/good.parquet",
        "two/x/ragged.parquet",
        "two/x/ragged.parquet.rejects.jsonl",
    ];
    assert_eq!(bucket.keys(), expected);
    // An earlier run's rejects go with it.
    bucket.put("in/x/ragged.csv", b"a,b\n1,2\n");
    bucket
        .run(&desk, &["convert", "s3://bkt/in", "s3://bkt/two"])
        .expect(0);
    assert_eq!(bucket.keys()[3..], ["two/x/ragged.parquet"]);
    bucket
        .run(&desk, &["convert", "in/bad.csv", "s3://bkt/bad.parquet"])
        .expect(1);
    bucket
        .run(&desk, &["convert", "s3://bkt/none", "out.parquet"])
        .expect(1)
        .says("s3://bkt/none");
    bucket
        .run(&desk, &["convert", "s3://nobody/none", "out.parquet"])
        .expect(1)
        .says("NoSuchBucket");
    bucket
        .run(&desk, &["convert", "s3:///x", "out.parquet"])
        .expect(2);
    bucket
        .run(
            &desk,
            &["convert", "s3://bkt/in/x/ragged.csv", "s3://bkt/in/x/ragged.csv"],
        )
        .expect(2);
    assert_eq!(bucket.keys().len(), 4);
    assert!(!desk.path("out.parquet").exists());
}

#[test]
fn a_key_does_not_lead_out_of_the_folder() {
    let desk = Desk::new();
    let bucket = Bucket::new(&desk);
    bucket.put("in/..%2f../escaped.csv", b"a\n1\n");
    bucket.put("in/a/../../../escaped.csv", b"a\n1\n");
    let ran = bucket.run(&desk, &["convert", "s3://bkt/", "deep/out"]);
    assert!(ran.status < 3, "{ran:?}");
    let strayed = |name: &String| {
        name.contains("escaped") && !name.starts_with("deep/out/") && !name.starts_with("s3/")
    };
    assert_eq!(desk.listing().into_iter().find(strayed), None);
}

#[test]
fn rejects_go_to_a_file_of_ones_choice() {
    const RAGGED: &str = "a,b\n1\n1,2\n";
    let desk = Desk::with(&[
        ("ragged.csv", RAGGED),
        ("good.csv", "a,b\n1,2\n"),
        ("notes", "mine\n"),
        ("in/x/ragged.csv", RAGGED),
    ]);
    let bucket = Bucket::new(&desk);
    bucket.put("in/x/ragged.csv", RAGGED.as_bytes());
    bucket.put("in/_SUCCESS", b"");
    let convert = |input: &str, output: &str, rejects: &str| {
        bucket.run(&desk, &["convert", input, output, "--rejects", rejects])
    };
    let outputs = || -> Vec<String> {
        let keys = bucket.keys().into_iter();
        keys.filter(|key| !key.starts_with("in/")).collect()
    };
    // From S3, to it, and both.
    for (input, output) in [
        ("s3://bkt/in/x/ragged.csv", "out.parquet"),
        ("ragged.csv", "s3://bkt/out/x.parquet"),
        ("s3://bkt/in/x/ragged.csv", "s3://bkt/out/x.parquet"),
    ] {
        convert(input, output, "bad/r.jsonl")
            .expect(3)
            .says("1 record rejected, see bad/r.jsonl");
        assert!(desk.read("bad/r.jsonl").contains(r#""record":2"#));
        std::fs::remove_dir_all(desk.path("bad")).unwrap();
    }
    assert_eq!(outputs(), ["out/x.parquet"]);
    assert!(!desk.path("out.parquet.rejects.jsonl").exists());
    // An earlier run's go; those that are beside the output, and somebody's file, are not touched.
    bucket.put("out/x.parquet.rejects.jsonl", b"{}");
    convert("ragged.csv", "s3://bkt/out/x.parquet", "r.jsonl").expect(3);
    convert("good.csv", "s3://bkt/out/x.parquet", "r.jsonl").expect(0);
    assert!(!desk.path("r.jsonl").exists());
    assert_eq!(outputs(), ["out/x.parquet", "out/x.parquet.rejects.jsonl"]);
    for input in ["ragged.csv", "s3://bkt/in/", "s3://bkt/in/x/ragged.csv"] {
        for output in ["s3://bkt/no/", "no/"] {
            if !(input.ends_with('/') || (!input.starts_with("s3:") && output == "no/")) {
                convert(input, output, "notes")
                    .expect(2)
                    .says("notes: expected a rejects file of an earlier run");
            }
        }
    }
    assert_eq!(desk.read("notes"), "mine\n");
    convert("ragged.csv", "s3://bkt/no.parquet", "ragged.csv").expect(2);
    convert("ragged.csv", "s3://bkt/no.parquet", "s3://bkt/r.jsonl")
        .expect(2)
        .says("--rejects: expected a file on this machine");
    assert_eq!(desk.read("ragged.csv"), RAGGED);
    // Not kept, and a folder's in the same paths below a folder.
    convert("ragged.csv", "s3://bkt/out/y.parquet", "/dev/null").expect(3);
    convert("in", "s3://bkt/out/", "bad")
        .expect(3)
        .says("see bad/x/ragged.parquet.rejects.jsonl");
    convert("s3://bkt/in/", "s3://bkt/two/", "bad2")
        .expect(3)
        .says("passed over: s3://bkt/in/_SUCCESS: its name begins with _")
        .says("1 file converted (1 with rejects), 1 passed over");
    convert("s3://bkt/in/", "local", "bad3").expect(3);
    for folder in ["bad", "bad2", "bad3"] {
        let rejects = desk.read(&format!("{folder}/x/ragged.parquet.rejects.jsonl"));
        assert!(rejects.contains(r#""record":2"#), "{rejects}");
    }
    let keys = [
        "out/x.parquet",
        "out/x.parquet.rejects.jsonl",
        "out/x/ragged.parquet",
        "out/y.parquet",
    ];
    assert_eq!(outputs(), [&keys[..], &["two/x/ragged.parquet"]].concat());
    // Without the Parquet there is no new file of rejects either.
    convert("ragged.csv", "s3://nobody/x.parquet", "new/r.jsonl")
        .expect(1)
        .says("NoSuchBucket");
    assert!(!desk.path("new").exists());
}

/// A key is text: two names that differ on disk would become one object.
#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf_8_becomes_no_key() {
    use std::os::unix::ffi::OsStrExt;

    let desk = Desk::with(&[("in/b.csv", PART)]);
    let bucket = Bucket::new(&desk);
    let names = [
        OsStr::from_bytes(b"in/a\xff.csv"),
        OsStr::from_bytes(b"in/a\xfe.csv"),
    ];
    for name in names {
        std::fs::write(desk.path("").join(name), PART).unwrap();
    }
    let refused = |from: &OsStr, to: &str, shown: &str| {
        bucket
            .run(&desk, &["convert".as_ref(), from, to.as_ref()])
            .expect(2)
            .says(&format!(
                "{shown}: expected a name in UTF-8, because it becomes a key in S3"
            ));
        assert!(bucket.keys().is_empty(), "{from:?} {to}: {:?}", bucket.keys());
    };
    for to in ["s3://bkt/out", "s3://bkt/out/", "s3://bkt"] {
        refused("in".as_ref(), to, r#""in/a\xFE.csv""#);
    }
    refused(names[0], "s3://bkt/out/", r#""in/a\xFF.csv""#);
    // Here the key is the user's.
    bucket
        .run(
            &desk,
            &["convert".as_ref(), names[0], "s3://bkt/out.parquet".as_ref()],
        )
        .expect(0);
    assert_eq!(bucket.keys(), ["out.parquet"]);
}
