//! The floor under every converter: inflates a gzip file, all members, and throws the bytes away.

use std::fs::File;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

fn main() -> io::Result<()> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or_else(|| io::Error::other("usage: inflate FILE.gz"))?;
    let mut gzip = MultiGzDecoder::new(File::open(path)?);
    let mut buffer = vec![0; 256 << 10];
    let mut inflated_bytes = 0u64;
    loop {
        match gzip.read(&mut buffer)? {
            0 => break,
            n => inflated_bytes += n as u64,
        }
    }
    println!("{inflated_bytes}");
    Ok(())
}
