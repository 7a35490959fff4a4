//! How a pool is opened: time-outs on the server's side, and the net that gives no connection back inside a transaction.

use std::{str::FromStr, time::Duration};

use sea_orm::{DbErr, RuntimeErr};
use sqlx::{
    Executor, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

const STATEMENT_TIMEOUT: &str = "10s";
const LOCK_TIMEOUT: &str = "3s";
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "10s";
const STATEMENTS_KEPT: usize = 200;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a pool whose connections have these settings beside the ones that all have.
pub(super) async fn open(url: &str, connections: u32, settings: &[(&str, &str)]) -> Result<PgPool, DbErr> {
    let options = PgConnectOptions::from_str(url).map_err(lost)?.options([
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("lock_timeout", LOCK_TIMEOUT),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT),
        ("client_min_messages", "error"),
        // Every statement is prepared and starts with its tenant: the plan for any tenant is the plan for each. Planning anew for
        // the first five calls on every connection costs more than most of these statements.
        ("plan_cache_mode", "force_generic_plan"),
        ("jit", "off"),
        // Every table has an index that begins with its tenant. A plan made while a table was small or unknown would walk all
        // tenants' rows for as long as it is kept.
        ("enable_seqscan", "off"),
    ]);
    // Plans are kept with their texts: those of the hot paths fit, with room.
    let options = options.options(settings.iter().copied()).statement_cache_capacity(STATEMENTS_KEPT);
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // The default ping before each use is a round trip; a dead connection shows itself at BEGIN.
        .test_before_acquire(false)
        .max_lifetime(Duration::from_mins(30))
        // What is not committed comes back open: every read, every refused change, and whatever was cut off half-way. Without
        // this line the next user of the connection would write into that transaction, and lose the write with it.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.execute("ROLLBACK").await?;
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .map_err(lost)
}

pub(super) fn lost(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
