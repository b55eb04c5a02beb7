//! Between the program and the local AWS: loses requests and answers on purpose, and lets S3's clock run ahead.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It gets there, and the answer back.
    Pass,
    /// It gets there, and the answer is cut off.
    LoseAnswer,
    /// It does not get there.
    LoseRequest,
    /// It does not get there, and is refused under this name.
    Refuse(&'static str),
}

/// A request, as bytes that are mostly text.
pub struct Request {
    pub head: String,
    pub body: String,
}

impl Request {
    /// Whether it is this operation of SQS.
    pub fn is(&self, operation: &str) -> bool {
        self.head.contains(&format!("AmazonSQS.{operation}\r\n"))
    }

    /// The operation of Glue that it is, if it is one.
    pub fn of_glue(&self) -> Option<&str> {
        let (_, rest) = self.head.split_once("AWSGlue.")?;
        rest.split("\r\n").next()
    }
}

/// Starts one; its endpoint. It lives as long as the tests.
pub fn start(ahead_seconds: i64, judge: impl Fn(&Request) -> Turn + Send + Sync + 'static) -> String {
    let server = std::env::var("AWS_ENDPOINT_URL").unwrap();
    let server = server.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let judge = Arc::new(judge);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (server, judge) = (server.clone(), Arc::clone(&judge));
            thread::spawn(move || serve(client, &server, ahead_seconds, judge.as_ref()));
        }
    });
    endpoint
}

fn serve(mut client: TcpStream, server: &str, ahead_seconds: i64, judge: &dyn Fn(&Request) -> Turn) {
    let Some((head, body)) = message(&mut client) else {
        return;
    };
    let request = Request {
        head: head.clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let turn = judge(&request);
    if turn == Turn::LoseRequest {
        return;
    }
    if let Turn::Refuse(code) = turn {
        let json = format!("{{\"__type\":\"{code}\",\"message\":\"refused\"}}");
        let head =
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close";
        let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{json}", json.len());
        client.write_all(answer.as_bytes()).unwrap();
        return;
    }
    // One request a connection, so that its end is the answer's.
    let (first, rest) = head.split_once("\r\n").unwrap();
    let mut upstream = TcpStream::connect(server).unwrap();
    upstream
        .write_all(format!("{first}\r\nconnection: close\r\n{rest}").as_bytes())
        .unwrap();
    upstream.write_all(&body).unwrap();
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).unwrap();
    if turn == Turn::Pass {
        // A program that has given up does not read.
        let _ = client.write_all(&ahead(&answer, ahead_seconds));
    }
}

/// Head with its empty line, and body.
fn message(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end + 4]).into_owned();
            let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            let mut body = bytes.split_off(end + 4);
            while body.len() < length {
                let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
                body.extend_from_slice(&buffer[..read]);
            }
            return Some((head, body));
        }
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// An answer whose date is so many seconds later.
fn ahead(answer: &[u8], seconds: i64) -> Vec<u8> {
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or(0);
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let Some(date) = header(&head, "date").filter(|_| seconds != 0) else {
        return answer.to_vec();
    };
    let at = DateTime::from_str(date, DateTimeFormat::HttpDate).unwrap().secs() + seconds;
    let later = DateTime::from_secs(at).fmt(DateTimeFormat::HttpDate).unwrap();
    let mut changed = head.replace(date, &later).into_bytes();
    changed.extend_from_slice(&answer[end..]);
    changed
}
