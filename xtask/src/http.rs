//! A small HTTP/1.1 client for servers on this machine: one kept-alive connection, one request at a time.
use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub(crate) struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// Everything that came over the wire for this answer.
    pub bytes: usize,
}

impl Answer {
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("no JSON in an answer {}: {}", self.status, self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Connection {
    pub(crate) async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.with_context(|| format!("nothing answers on port {port}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends bytes made by `request` and reads one whole answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await?;
        let head_end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.fill().await?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..head_end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no status line")?;
        let (body, end) = if header(&head, "transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            self.chunks(head_end).await?
        } else {
            let length: usize = header(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or_default();
            while self.buffer.len() < head_end + length {
                self.fill().await?;
            }
            (self.buffer[head_end..head_end + length].to_vec(), head_end + length)
        };
        self.buffer.drain(..end);
        Ok(Answer { status, head, body, bytes: end })
    }

    async fn chunks(&mut self, from: usize) -> anyhow::Result<(Vec<u8>, usize)> {
        let (mut body, mut at) = (Vec::new(), from);
        loop {
            let line_end = loop {
                if let Some(found) = self.buffer[at..].windows(2).position(|window| window == b"\r\n") {
                    break at + found;
                }
                self.fill().await?;
            };
            let size = usize::from_str_radix(String::from_utf8_lossy(&self.buffer[at..line_end]).trim(), 16).context("a bad chunk")?;
            while self.buffer.len() < line_end + 2 + size + 2 {
                self.fill().await?;
            }
            body.extend_from_slice(&self.buffer[line_end + 2..line_end + 2 + size]);
            at = line_end + 2 + size + 2;
            if size == 0 {
                return Ok((body, at));
            }
        }
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// The bytes of a request. `headers` are whole lines without their ends.
pub(crate) fn request(method: &str, host: &str, path: &str, headers: &[String], body: Option<&[u8]>) -> Vec<u8> {
    use std::fmt::Write;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n");
    for line in headers {
        write!(head, "{line}\r\n").ok();
    }
    if let Some(body) = body {
        if !headers.iter().any(|line| line.to_ascii_lowercase().starts_with("content-type:")) {
            head.push_str("Content-Type: application/json\r\n");
        }
        write!(head, "Content-Length: {}\r\n", body.len()).ok();
    }
    head.push_str("\r\n");
    [head.as_bytes(), body.unwrap_or_default()].concat()
}

/// A header's value, by its lower-case name.
pub(crate) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .skip(1)
        .find_map(|line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()))
}
