//! The vendor API, called as any merchant's software would.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::http::{self, Answer, Connection};

/// Calls a server on this machine under one host name, with one token.
pub(crate) struct Client {
    connection: Connection,
    host: String,
    headers: Vec<String>,
}

impl Client {
    pub(crate) async fn open(port: u16, host: &str) -> anyhow::Result<Self> {
        Ok(Self { connection: Connection::open(port).await?, host: format!("{host}:{port}"), headers: Vec::new() })
    }

    pub(crate) fn with_token(self, token: &str) -> Self {
        self.with_header(&format!("Authorization: Bearer {token}"))
    }

    /// A whole header line on every request.
    pub(crate) fn with_header(mut self, line: &str) -> Self {
        self.headers.push(line.to_owned());
        self
    }

    /// Asks, and waits as long as it is told to when it asked too often.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, key: Option<&str>, body: Option<&[u8]>) -> anyhow::Result<Answer> {
        let mut headers = self.headers.clone();
        headers.extend(key.map(|key| format!("Idempotency-Key: {key}")));
        let request = http::request(method, &self.host, path, &headers, body);
        loop {
            let answer = self.connection.send(&request).await?;
            if answer.status != 429 {
                return Ok(answer);
            }
            let seconds = http::header(&answer.head, "retry-after").and_then(|value| value.parse().ok()).unwrap_or(1);
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }

    /// The body of a success.
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        success("GET", path, &self.ask("GET", path, None, None).await?)
    }

    /// Makes something once: the same key answers with the first result.
    pub(crate) async fn post(&mut self, path: &str, key: &str, body: &Value) -> anyhow::Result<Value> {
        success("POST", path, &self.ask("POST", path, Some(key), Some(body.to_string().as_bytes())).await?)
    }

    /// A POST without a body, of something that may be repeated.
    pub(crate) async fn act(&mut self, path: &str) -> anyhow::Result<Value> {
        success("POST", path, &self.ask("POST", path, None, None).await?)
    }

    pub(crate) async fn send(&mut self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        success(method, path, &self.ask(method, path, None, Some(body.to_string().as_bytes())).await?)
    }
}

fn success(method: &str, path: &str, answer: &Answer) -> anyhow::Result<Value> {
    if !(200..300).contains(&answer.status) {
        bail!("{method} {path} answered {}: {}", answer.status, answer.text());
    }
    if answer.body.is_empty() { Ok(Value::Null) } else { answer.json() }
}

/// A text inside an answer.
pub(crate) fn text(value: &Value, pointer: &str) -> anyhow::Result<String> {
    Ok(value.pointer(pointer).and_then(Value::as_str).with_context(|| format!("no {pointer} in {value}"))?.to_owned())
}
