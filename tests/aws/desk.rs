//! Buckets and queues of a test's own, and the program run on them.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

use aws_config::SdkConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::QueueAttributeName;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

/// A landing bucket, a curated bucket, a queue with its dead letters; all called after one name.
pub struct Desk {
    pub sdk: SdkConfig,
    pub s3: aws_sdk_s3::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub name: String,
    pub queue: String,
    pub letters: String,
}

impl Desk {
    /// Two buckets and two queues, of which the second takes what was received once from the first.
    pub async fn new(name: &str) -> Desk {
        let desk = Desk::empty(name).await;
        for bucket in [desk.landing(), desk.curated()] {
            desk.s3.create_bucket().bucket(bucket).send().await.unwrap();
        }
        let letters = desk.arn(&desk.letters).await;
        let policy = json!({ "deadLetterTargetArn": letters, "maxReceiveCount": 1 });
        desk.set(
            &desk.queue,
            QueueAttributeName::RedrivePolicy,
            &policy.to_string(),
        )
        .await;
        desk
    }

    /// No buckets, and queues without redrive.
    pub async fn empty(name: &str) -> Desk {
        let sdk = crate::sdk().await;
        let s3 = aws_sdk_s3::config::Builder::from(&sdk)
            .force_path_style(true)
            .build();
        let (sqs, queue) = crate::queue(&sdk, &format!("{name}-parts")).await;
        let (_, letters) = crate::queue(&sdk, &format!("{name}-dead")).await;
        Desk {
            s3: aws_sdk_s3::Client::from_conf(s3),
            sdk,
            sqs,
            name: name.to_owned(),
            queue,
            letters,
        }
    }

    pub fn landing(&self) -> String {
        format!("{}-landing", self.name)
    }

    pub fn curated(&self) -> String {
        format!("{}-curated", self.name)
    }

    pub async fn arn(&self, url: &str) -> String {
        let name = QueueAttributeName::QueueArn;
        let request = self.sqs.get_queue_attributes().queue_url(url);
        let answer = request.attribute_names(name.clone()).send().await.unwrap();
        answer.attributes().unwrap()[&name].clone()
    }

    pub async fn set(&self, url: &str, name: QueueAttributeName, value: &str) {
        let request = self.sqs.set_queue_attributes().queue_url(url);
        request.attributes(name, value).send().await.unwrap();
    }

    pub async fn land(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let body = ByteStream::from(bytes.into());
        let request = self.s3.put_object().bucket(self.landing()).key(key);
        request.body(body).send().await.unwrap();
    }

    pub async fn send(&self, body: &str) {
        let request = self.sqs.send_message().queue_url(&self.queue);
        request.message_body(body).send().await.unwrap();
    }

    /// Has everything in the queue fail: received twice, it is among the dead letters.
    pub async fn fail(&self) {
        for _ in 0..2 {
            loop {
                let request = self
                    .sqs
                    .receive_message()
                    .queue_url(&self.queue)
                    .max_number_of_messages(10);
                // Hidden for so short a time that the second turn finds it.
                let answer = request.visibility_timeout(0).send().await.unwrap();
                if answer.messages().is_empty() || self.count(&self.queue).await == 0 {
                    break;
                }
            }
        }
        assert_eq!(self.count(&self.queue).await, 0);
    }

    /// Messages of a queue, hidden ones included.
    pub async fn count(&self, url: &str) -> u64 {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self.sqs.get_queue_attributes().queue_url(url);
        let answer = request
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await
            .unwrap();
        let found = answer.attributes().unwrap();
        names.iter().map(|name| found[name].parse::<u64>().unwrap()).sum()
    }

    /// Takes everything out of a queue; the bodies, in their order.
    pub async fn drain(&self, url: &str) -> Vec<String> {
        let mut bodies = Vec::new();
        loop {
            let request = self
                .sqs
                .receive_message()
                .queue_url(url)
                .max_number_of_messages(10);
            let answer = request.send().await.unwrap();
            if answer.messages().is_empty() {
                bodies.sort();
                return bodies;
            }
            for message in answer.messages() {
                bodies.push(message.body().unwrap().to_owned());
                let request = self.sqs.delete_message().queue_url(url);
                let handle = message.receipt_handle().unwrap();
                request.receipt_handle(handle).send().await.unwrap();
            }
        }
    }

    /// Whether a message with this text in it comes to a queue. Some services deliver behind their answer; the queue itself is
    /// asked to wait.
    pub async fn comes(&self, url: &str, text: &str) -> bool {
        for _ in 0..10 {
            let request = self.sqs.receive_message().queue_url(url).wait_time_seconds(3);
            let answer = request.send().await.unwrap();
            let mut bodies = answer.messages().iter().filter_map(|message| message.body());
            if bodies.any(|body| body.contains(text)) {
                return true;
            }
        }
        false
    }

    /// Where things are, as arguments.
    pub fn place(&self) -> Vec<String> {
        let landing = format!("s3://{}/hubspot", self.landing());
        let curated = format!("s3://{}/lake", self.curated());
        let given = [
            "--landing",
            &landing,
            "--curated",
            &curated,
            "--queue-url",
            &self.queue,
        ];
        given.map(str::to_owned).to_vec()
    }

    /// Runs the program on this place.
    pub fn run(&self, command: &str, arguments: &[&str]) -> Ran {
        self.run_by(&[], command, arguments)
    }

    /// The same with variables of the environment.
    pub fn run_by(&self, variables: &[(&str, &str)], command: &str, arguments: &[&str]) -> Ran {
        let place = self.place();
        let place: Vec<&str> = place.iter().map(String::as_str).collect();
        daymark(variables, &[&[command], &place[..], arguments].concat())
    }

    /// The settings of functions on this place.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let pairs = [
            ("DAYMARK_LANDING_BUCKET", self.landing()),
            ("DAYMARK_LANDING_PREFIX", "hubspot/".to_owned()),
            ("DAYMARK_CURATED_BUCKET", self.curated()),
            ("DAYMARK_CURATED_PREFIX", "lake/".to_owned()),
            ("DAYMARK_QUIET_MINUTES", "0".to_owned()),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    pub fn expect(self, status: i32) -> Ran {
        assert_eq!(self.status, Some(status), "{self:?}");
        self
    }

    #[track_caller]
    pub fn shows(self, text: &str) -> Ran {
        assert!(self.stdout.contains(text), "expected {text:?} in {self:?}");
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Ran {
        assert!(self.stderr.contains(text), "expected {text:?} in {self:?}");
        self
    }
}

/// The program as a process. What is not answered is not asked for again.
pub fn daymark(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daymark"));
    command.args(arguments).env("AWS_MAX_ATTEMPTS", "1");
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A part of the table OWNERS.
pub fn owners(rows: u64) -> Vec<u8> {
    let mut text = String::from("\"OWNERID\",\"USERID\",\"EMAIL\",\"ARCHIVED\"\n");
    for row in 1..=rows {
        text.push_str(&format!("{row},{row},\"{row}@example.com\",false\n"));
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}
