//! Statements written by hand, for the hot and the bulk ones. Their text is constant, so that each connection prepares it
//! once: many rows travel as one JSON value or one array, never as a text that grows.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use serde::{Serialize, de::DeserializeOwned};
use tenancy::TenantTx;

/// All rows.
pub(crate) async fn all<T: FromQueryResult>(tx: &TenantTx, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<T>, DbErr> {
    let rows = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    rows.iter().map(|row| T::from_query_result(row, "")).collect()
}

/// The first row, if there is one.
pub(crate) async fn one<T: FromQueryResult>(tx: &TenantTx, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<Option<T>, DbErr> {
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    row.map(|row| T::from_query_result(&row, "")).transpose()
}

/// How many rows were touched.
pub(crate) async fn run(tx: &TenantTx, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<u64, DbErr> {
    let done = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(done.rows_affected())
}

/// What a statement built as JSON.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, DbErr> {
    serde_json::from_str(json).map_err(|error| DbErr::Json(error.to_string()))
}

/// Rows for `jsonb_to_recordset`.
pub(crate) fn json<T: Serialize + ?Sized>(rows: &T) -> Result<Value, DbErr> {
    serde_json::to_value(rows).map(Into::into).map_err(|error| DbErr::Json(error.to_string()))
}
