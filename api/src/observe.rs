//! One span, one log line and one measurement a request. They name the route, never the path's values, the query, a body or
//! a person.

use std::time::Instant;

use salvo::{Depot, FlowCtrl, Request, Response, handler, http::StatusCode};
use tenancy::telemetry;
use tracing::{Span, field::Empty, info, info_span};

use crate::context::RequestId;

/// The request's span; it continues the caller's trace when the caller names one.
pub(crate) fn span(id: &RequestId, request: &Request) -> Span {
    let span = info_span!("request", request.id = %id, method = %request.method(), route = Empty, tenant = Empty, status = Empty);
    telemetry::continue_trace(&span, request.headers().get("traceparent").and_then(|header| header.to_str().ok()));
    span
}

/// Measures what the router found, by its pattern.
#[handler]
pub(crate) async fn measure(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
    let started = Instant::now();
    let in_flight = metrics::gauge!("stoa_requests_in_flight");
    in_flight.increment(1.0);
    let route = match req.matched_path() {
        "" => "unmatched".to_owned(),
        path => format!("/{path}"),
    };
    Span::current().record("route", &route);
    ctrl.call_next(req, depot, res).await;
    in_flight.decrement(1.0);
    let (status, took) = (res.status_code.unwrap_or(StatusCode::OK).as_u16(), started.elapsed());
    Span::current().record("status", status);
    let method = method_label(req.method().as_str());
    metrics::counter!("stoa_requests_total", "method" => method, "route" => route.clone(), "status" => status.to_string()).increment(1);
    metrics::histogram!("stoa_request_seconds", "method" => method, "route" => route).record(took.as_secs_f64());
    info!(status, took_ms = u64::try_from(took.as_micros()).unwrap_or(u64::MAX) / 1000, "Answered");
}

/// A client may invent methods; it may not invent series.
fn method_label(method: &str) -> &'static str {
    ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"].into_iter().find(|known| *known == method).unwrap_or("other")
}
