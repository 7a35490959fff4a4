//! SQL that is put together, and the values bound to it in the same order. Only fixed text of this crate is ever written
//! into a statement; whatever came from outside is bound.

use sea_orm::{DbBackend, Value};
use tenancy::TenantTx;

pub(super) struct Statement {
    pub(super) sql: String,
    values: Vec<Value>,
}

impl Statement {
    /// A statement whose `$1` is the tenant.
    pub(super) fn within(tx: &TenantTx) -> Self {
        Self { sql: String::new(), values: vec![tx.tenant().into()] }
    }

    /// Binds a value and gives the placeholder that stands for it.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    pub(super) fn write(&mut self, sql: impl AsRef<str>) -> &mut Self {
        self.sql.push_str(sql.as_ref());
        self
    }

    pub(super) fn build(self) -> sea_orm::Statement {
        sea_orm::Statement::from_sql_and_values(DbBackend::Postgres, self.sql, self.values)
    }
}
