//! The connections that apalis uses. It writes outside transactions that we could see, so the net below matters most here.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Executor, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// Six lanes listen on a connection each, the relay on another; the rest fetch and acknowledge.
const CONNECTIONS: u32 = 14;

/// Opens the queue's pool as role `stoa_platform`. Connects on first use.
///
/// # Errors
/// The address cannot be read.
pub fn connect(platform_url: &str) -> Result<PgPool, sqlx::Error> {
    let options = PgConnectOptions::from_str(platform_url)?.options([
        ("jit", "off"),
        // What the queue asks is always the same; planning it costs more than running it.
        ("plan_cache_mode", "force_generic_plan"),
        // Nor may a plan made while the queue was short walk all that is done.
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("statement_timeout", "10s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("client_min_messages", "error"),
        ("application_name", "stoa-queue"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        // A lane that gets no connection in time ends and starts anew, which costs more than waiting does.
        .acquire_timeout(Duration::from_secs(20))
        .test_before_acquire(false)
        // A `begin` that was cancelled half-way leaves an open transaction that sqlx does not know of, and would swallow the
        // next acknowledgement.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.execute("ROLLBACK").await?;
                Ok(true)
            })
        })
        .connect_lazy_with(options);
    Ok(pool)
}
