//! What a caller is told when something is refused: `application/problem+json` (RFC 9457). The one file that knows status
//! codes. A failure of ours says nothing but its request id; its cause is logged here, once.

use std::{borrow::Cow, time::Duration};

use commerce::fault::{Fault, FieldFault, Kind};
use salvo::{
    Depot, FlowCtrl, Handler, Request, Response, Writer, async_trait,
    http::{HeaderValue, StatusCode, StatusError, header},
    oapi::{Components, EndpointOutRegister, Operation},
};
use serde_json::json;

use crate::context::RequestId;

const UNAVAILABLE_RETRY: Duration = Duration::from_secs(2);

/// A refusal, ready to be written.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    errors: Vec<FieldFault>,
    /// What a program needs to go on, by name.
    members: Vec<(&'static str, String)>,
    retry_after: Option<Duration>,
}

impl Problem {
    fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { status, code: code.into(), detail: detail.into(), errors: Vec::new(), members: Vec::new(), retry_after: None }
    }

    /// 400: the request cannot be read at all.
    pub fn malformed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: who calls is not known.
    pub fn unauthorized() -> Self {
        let detail = "sign in, or send a key: `Authorization: Bearer …`";
        Self::new(StatusCode::UNAUTHORIZED, "identity.unauthorized", detail)
    }

    /// 403: who calls is known, and may not.
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404, the same for what is absent and for what is another's.
    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// 409.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 412: what the caller last saw is no longer so.
    pub fn changed_meanwhile() -> Self {
        let detail = "it was changed since you read it; read it again and repeat your change";
        Self::new(StatusCode::PRECONDITION_FAILED, "request.changed_meanwhile", detail)
    }

    /// 413.
    pub fn too_large(at_most_bytes: usize) -> Self {
        let detail = format!("the body is larger than {at_most_bytes} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request.too_large", detail)
    }

    /// 415.
    pub fn unsupported_media_type(wanted: &str) -> Self {
        let detail = format!("send `Content-Type: {wanted}`");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "request.unsupported_media_type", detail)
    }

    /// 422: every field that is wrong, each by its JSON pointer.
    pub fn invalid(errors: Vec<FieldFault>) -> Self {
        let detail = match errors.as_slice() {
            [] => "the request is not valid".to_owned(),
            [one] => format!("{}: {}", one.pointer, one.detail),
            several => format!("{} fields are not valid", several.len()),
        };
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "request.invalid", detail) }
    }

    /// 429.
    pub fn too_many(retry_after: Duration) -> Self {
        let detail = "more requests than the limit allows; repeat after `Retry-After` seconds";
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "request.too_many", detail) }
    }

    /// 500. The cause is logged; the caller learns the request id.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "Request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side; tell us the request id")
    }

    /// 503. The cause is logged.
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        tracing::warn!(error = %cause, "Request could not be served now");
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "not available now; repeat after `Retry-After` seconds");
        Self { retry_after: Some(UNAVAILABLE_RETRY), ..problem }
    }

    /// The same refusal under another code, for a caller that knows better what was wrong.
    #[must_use]
    pub fn with_code(self, code: &'static str) -> Self {
        Self { code: code.into(), ..self }
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    pub(crate) fn render(self, request_id: &str, res: &mut Response) {
        let kind = if self.status == StatusCode::TOO_MANY_REQUESTS {
            "https://iana.org/assignments/http-problem-types#quota-exceeded".to_owned()
        } else {
            format!("urn:stoa:problem:{}", self.code)
        };
        let mut body = json!({
            "type": kind,
            "code": self.code,
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "request_id": request_id,
        });
        if !self.errors.is_empty() {
            let errors = self.errors.iter().map(|error| json!({ "pointer": error.pointer, "code": error.code, "detail": error.detail }));
            body["errors"] = errors.collect();
        }
        for (name, value) in self.members {
            body[name] = value.into();
        }
        res.status_code(self.status);
        let headers = res.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_millis().div_ceil(1000).clamp(1, 86_400) as u64));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        res.body(body.to_string());
    }
}

impl<E: Fault> From<E> for Problem {
    fn from(fault: E) -> Self {
        let status = match fault.kind() {
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
            Kind::Outdated => StatusCode::PRECONDITION_FAILED,
            Kind::Gone => StatusCode::GONE,
            Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            // What is away inside says only that it is; what a caller may act on keeps its code and its sentence.
            Kind::Unavailable if fault.code().starts_with("database.") => return Self::unavailable(Causes(&fault)),
            Kind::Unavailable => {
                tracing::warn!(error = %Causes(&fault), "Request could not be served now");
                StatusCode::SERVICE_UNAVAILABLE
            }
            Kind::Internal => return Self::internal(Causes(&fault)),
        };
        let problem = Self::new(status, fault.code(), fault.to_string());
        Self { errors: fault.fields(), members: fault.members(), retry_after: fault.retry_after(), ..problem }
    }
}

/// An error with all its causes on one line.
struct Causes<'a, E>(&'a E);

impl<E: std::error::Error> std::fmt::Display for Causes<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

#[async_trait]
impl Writer for Problem {
    async fn write(self, req: &mut Request, _: &mut Depot, res: &mut Response) {
        self.render(RequestId::of(req), res);
    }
}

impl EndpointOutRegister for Problem {
    /// Refusals are added to every operation in one place: [`crate::openapi`].
    fn register(_: &mut Components, _: &mut Operation) {}
}

/// Gives the framework's own refusals (no such route, wrong method, …) the same shape.
pub(crate) struct Refusals;

#[async_trait]
impl Handler for Refusals {
    async fn handle(&self, req: &mut Request, _: &mut Depot, res: &mut Response, _: &mut FlowCtrl) {
        let status = res.status_code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (code, detail): (Cow<'static, str>, _) = match status {
            StatusCode::NOT_FOUND => ("request.no_such_route".into(), "nothing answers at this address".to_owned()),
            StatusCode::METHOD_NOT_ALLOWED => {
                ("request.method_not_allowed".into(), "this address does not answer to this method; see `Allow`".into())
            }
            status if status.is_server_error() => ("internal".into(), "something went wrong on our side; tell us the request id".into()),
            status => {
                let reason = status.canonical_reason().unwrap_or("refused").to_lowercase();
                (format!("request.{}", reason.replace([' ', '-'], "_")).into(), reason)
            }
        };
        if status.is_server_error() {
            tracing::error!(error = ?StatusError::from_code(status), "Request failed in the framework");
        }
        Problem::new(status, code, detail).render(RequestId::of(req), res);
    }
}
