//! One attempt at a job: its span, its time-out, its panics, its figures.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use metrics::{counter, histogram};
use tracing::{Instrument, error, info_span, warn};

use crate::{
    call::{Call, JobError},
    ctx::Ctx,
    envelope::Envelope,
};

/// Runs the job in a task of its own, so that a panic ends the attempt and not the lane. A time-out and a panic are ordinary
/// failures: the next attempt may go better.
///
/// # Errors
/// What the job said.
pub(crate) async fn perform(ctx: &Ctx, envelope: Envelope, attempt: usize, time_out: Duration) -> Result<(), JobError> {
    let (lane, kind) = (envelope.job.lane(), envelope.job.kind());
    let tenant = envelope.tenant.map(tracing::field::display);
    let span = info_span!("job", otel.name = kind, job.kind = kind, job.key = envelope.key, job.attempt = attempt, tenant.id = tenant);
    tenancy::telemetry::continue_trace(&span, envelope.trace_parent.as_deref());
    if attempt <= 1 {
        histogram!("stoa_job_start_delay_seconds", "lane" => lane.as_str()).record(seconds_since(envelope.caused_at, ctx.clock.now()));
    }
    let started = Instant::now();
    let call = Call::new(ctx, &envelope);
    let work = async move {
        match tokio::time::timeout(time_out, envelope.job.run(&call)).await {
            Ok(result) => result,
            Err(_) => Err(JobError::retry(anyhow::anyhow!("gave up after {time_out:?}"))),
        }
    };
    let result = tokio::spawn(work.instrument(span.clone())).await.unwrap_or_else(|died| {
        Err(JobError::retry(anyhow::anyhow!(if died.is_panic() { "the job panicked" } else { "the process is stopping" })))
    });
    let outcome = match &result {
        Ok(()) => "done",
        Err(JobError::Retry(reason)) => {
            span.in_scope(|| warn!(error = format!("{reason:#}"), "The job failed and will be tried again"));
            "retried"
        }
        Err(JobError::Fail(reason)) => {
            span.in_scope(|| error!(error = format!("{reason:#}"), "The job failed for good"));
            "failed"
        }
    };
    counter!("stoa_jobs_total", "lane" => lane.as_str(), "kind" => kind, "outcome" => outcome).increment(1);
    histogram!("stoa_job_duration_seconds", "lane" => lane.as_str()).record(started.elapsed().as_secs_f64());
    result
}

fn seconds_since(then: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
    (now - then).to_std().map_or(0.0, |delay| delay.as_secs_f64())
}
