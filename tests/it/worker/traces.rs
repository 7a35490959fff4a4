use opentelemetry::trace::{TraceId, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tests::{World, database::texts};
use tracing_subscriber::layer::SubscriberExt;

#[tokio::test]
async fn a_trace_runs_from_the_request_through_the_fact_to_the_job() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // For the whole binary: spans are opened on other threads too.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(spans)).expect("no other test traces");

    let world = World::new().await;
    world.tenant("ada").await;
    let stored = texts(&mut world.superuser().await, "SELECT trace_parent FROM facts WHERE code = 'stores.opened'").await;
    assert_eq!(stored.len(), 1, "the request was traced, so its fact is");
    let trace = TraceId::from_hex(stored[0].split('-').nth(1).unwrap()).unwrap();
    world.run_jobs().await;

    let finished = exporter.get_finished_spans().unwrap();
    let in_trace: Vec<&str> = finished.iter().filter(|span| span.span_context.trace_id() == trace).map(|span| span.name.as_ref()).collect();
    assert!(in_trace.contains(&"request"), "{in_trace:?}");
    assert!(in_trace.contains(&"SendWelcome"), "{in_trace:?}");
}
