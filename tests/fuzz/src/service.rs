//! Another service, on this machine: it answers with what an input says.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A server that closes each connection after its answer.
pub struct Service {
    /// Where it is, without a path.
    pub url: String,
    answers: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl Service {
    /// Starts one, for as long as the process runs.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let answers: Arc<Mutex<HashMap<String, Vec<u8>>>> = Arc::default();
        let said = answers.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that hangs up early has its reasons.
                let _ = converse(stream, |path| said.lock().unwrap().get(path).cloned().unwrap_or_default());
            }
        });
        Self { url, answers }
    }

    /// Answers with these bytes at this path.
    pub fn says(&self, path: &str, response: &[u8]) {
        self.answers.lock().unwrap().insert(path.to_owned(), response.to_vec());
    }

    /// Answers with this body, which calls itself JSON if it looks like it.
    pub fn says_body(&self, path: &str, body: &[u8]) {
        let kind = if body.starts_with(b"{") { "application/json" } else { "text/plain" };
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        self.says(path, &[head.as_bytes(), body].concat());
    }
}

fn converse(mut stream: TcpStream, answer: impl Fn(&str) -> Vec<u8>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
    while !is_whole(&request) {
        let length = stream.read(&mut chunk)?;
        if length == 0 {
            return Ok(());
        }
        request.extend_from_slice(&chunk[..length]);
    }
    let head = String::from_utf8_lossy(&request);
    let target = head.split(' ').nth(1).unwrap_or_default();
    stream.write_all(&answer(target.split('?').next().unwrap_or_default()))
}

/// Whether a request has come with all of its body.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|part| part == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    request.len() >= end + 4 + length.unwrap_or_default()
}
