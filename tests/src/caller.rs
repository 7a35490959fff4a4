//! Requests as somebody: a shopper on a store's host, a vendor with a token, an operator.

use std::sync::Arc;

use salvo::{
    Service,
    http::{HeaderMap, HeaderName, HeaderValue, Method},
    test::{RequestBuilder, ResponseExt},
};
use serde::Serialize;
use serde_json::Value;

/// Who calls, and where. Cheap to clone and to change.
#[derive(Clone)]
pub struct Caller {
    service: Arc<Service>,
    host: String,
    /// Put before a path that does not start with `/`.
    base: &'static str,
    headers: Vec<(String, String)>,
}

impl Caller {
    pub(crate) fn new(service: Arc<Service>, host: &str, base: &'static str) -> Self {
        Self { service, host: host.to_owned(), base, headers: Vec::new() }
    }

    /// The same caller with one more header on every request.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut caller = self.clone();
        caller.headers.push((name.to_owned(), value.to_owned()));
        caller
    }

    pub fn with_token(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub fn with_key(&self, idempotency_key: &str) -> Self {
        self.with("idempotency-key", idempotency_key)
    }

    /// The same caller, asking another process.
    pub fn at(&self, sibling: &Sibling) -> Self {
        Self { service: sibling.0.clone(), ..self.clone() }
    }

    /// The same caller, asking on another host.
    pub fn on_host(&self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self.clone() }
    }

    pub async fn get(&self, path: impl AsRef<str>) -> Reply {
        self.send(Method::GET, path.as_ref(), None).await
    }

    pub async fn head(&self, path: impl AsRef<str>) -> Reply {
        self.send(Method::HEAD, path.as_ref(), None).await
    }

    pub async fn delete(&self, path: impl AsRef<str>) -> Reply {
        self.send(Method::DELETE, path.as_ref(), None).await
    }

    pub async fn post(&self, path: impl AsRef<str>, body: &impl Serialize) -> Reply {
        self.send(Method::POST, path.as_ref(), Some(json(body))).await
    }

    pub async fn put(&self, path: impl AsRef<str>, body: &impl Serialize) -> Reply {
        self.send(Method::PUT, path.as_ref(), Some(json(body))).await
    }

    pub async fn patch(&self, path: impl AsRef<str>, body: &impl Serialize) -> Reply {
        self.send(Method::PATCH, path.as_ref(), Some(json(body))).await
    }

    /// A POST without a body.
    pub async fn act(&self, path: impl AsRef<str>) -> Reply {
        self.send(Method::POST, path.as_ref(), None).await
    }

    /// A POST of any bytes under a content type.
    pub async fn upload(&self, path: impl AsRef<str>, content_type: &str, body: Vec<u8>) -> Reply {
        self.with("content-type", content_type).send(Method::POST, path.as_ref(), Some(body)).await
    }

    /// Any method, without a body.
    pub async fn request(&self, method: Method, path: impl AsRef<str>) -> Reply {
        self.send(method, path.as_ref(), None).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Reply {
        let slash = if path.starts_with('/') { "" } else { "/" };
        let base = if path.starts_with('/') { "" } else { self.base };
        let asked = format!("{method} {base}{slash}{path}");
        let mut request = RequestBuilder::new(format!("http://{}{base}{slash}{path}", self.host), method);
        let typed = self.headers.iter().any(|(name, _)| name == "content-type");
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().expect("a header's name");
            let value = HeaderValue::from_str(value).expect("a header's value");
            request = request.add_header(name, value, true);
        }
        if let Some(body) = body {
            request = request.body(body);
            if !typed {
                request = request.add_header("content-type", "application/json", true);
            }
        }
        let mut response = request.send(&*self.service).await;
        let status = response.status_code.map_or(200, |status| status.as_u16());
        let body = response.take_bytes(None).await.map(|bytes| bytes.to_vec()).unwrap_or_default();
        Reply { asked, status, headers: response.headers().clone(), body }
    }
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("a test's body is JSON")
}

/// Another api process (`World::sibling`).
pub struct Sibling(pub(crate) Arc<Service>);

/// An answer, read whole.
pub struct Reply {
    asked: String,
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    pub fn status(&self) -> u16 {
        self.status
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `Null` when there is none.
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} answered {} without JSON ({error}): {}", self.asked, self.status, self.text()))
    }

    /// The body of an answer that must be a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} answered {}: {}", self.asked, self.status, self.text());
        self.json()
    }

    /// A problem document with this status and code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.text();
        assert_eq!(self.status, status, "{} answered {body}", self.asked);
        let problem = self.json();
        assert_eq!(problem["code"], code, "{} answered {body}", self.asked);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.asked);
        problem
    }
}
