//! Logs, traces and metrics, set up once a process.
//!
//! Logs are JSON lines (or plain text on a terminal) and never hold an e-mail, a token or a body. Traces follow W3C Trace
//! Context: a request's trace is stored with the facts it saves and continued by the jobs that follow. They leave the
//! process by OTLP over HTTP when an endpoint is set.

use std::{collections::HashMap, io::IsTerminal};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::{propagation::TextMapPropagator, trace::TracerProvider};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// Renders the metrics of a process.
pub type MetricsHandle = PrometheusHandle;

const TRACE_PARENT: &str = "traceparent";

/// The bounds of every histogram: buckets can be summed over processes, quantiles cannot.
const SECONDS: [f64; 12] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// Directives of `tracing-subscriber`'s filter, such as `info,api=debug`.
    pub filter: String,
    /// Base address of an OTLP/HTTP collector (`http://collector:4318`).
    pub otlp_endpoint: Option<String>,
}

/// Keeps the exporters alive; [`Telemetry::flush`] sends what is left.
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: PrometheusHandle,
}

/// Sets up logs, traces and metrics for this process.
///
/// # Errors
/// The filter or the endpoint cannot be read, or the process was set up before.
pub fn init(service: &'static str, config: &TelemetryConfig) -> anyhow::Result<Telemetry> {
    let traces = config.otlp_endpoint.as_deref().map(|endpoint| exporter(service, endpoint)).transpose()?;
    let filter = EnvFilter::try_new(&config.filter)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if std::io::stderr().is_terminal() { lines.compact().boxed() } else { lines.json().flatten_event(true).boxed() };
    let spans = traces.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer(service)));
    tracing_subscriber::registry().with(filter).with(lines).with(spans).try_init()?;
    let metrics = PrometheusBuilder::new().set_buckets(&SECONDS)?.install_recorder()?;
    Ok(Telemetry { traces, metrics })
}

fn exporter(service: &'static str, endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let address = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().with_endpoint(address).build()?;
    let resource = Resource::builder().with_service_name(service).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

impl Telemetry {
    /// The metrics of this process in Prometheus' text format.
    pub fn metrics(&self) -> PrometheusHandle {
        self.metrics.clone()
    }

    /// Sends the spans that wait. Called last, after the drain.
    pub fn flush(self) {
        if let Some(traces) = self.traces {
            // A collector that is away must not keep the process from ending.
            let _ended = traces.shutdown();
        }
    }
}

/// The running span as a `traceparent` header (W3C Trace Context), when it is traced.
pub fn current_trace_parent() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACE_PARENT)
}

/// Makes `span` a child of the trace that `trace_parent` names. Text that is no `traceparent` is ignored.
pub fn continue_trace(span: &Span, trace_parent: Option<&str>) {
    let Some(trace_parent) = trace_parent else { return };
    let carrier = HashMap::from([(TRACE_PARENT.to_owned(), trace_parent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&carrier);
    // Refused only when the span was not sampled; then there is nothing to continue.
    let _continued = span.set_parent(parent);
}
