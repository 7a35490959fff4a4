//! Addresses whose domain was kept as it was typed are kept as DNS knows it (UTS 46), which is how they are looked for. Where the same person
//! has both by now, the newer one stays as it is found and the older one as it was.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{Statement, TransactionTrait},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The tables, and what else an address is unique beside.
const TABLES: [(&str, &str); 5] = [
    ("accounts", "true"),
    ("customers", "o.tenant_id = t.tenant_id"),
    ("invitations", "o.tenant_id = t.tenant_id"),
    ("orders", "false"),
    ("checkouts", "false"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tx = manager.get_connection().begin().await?;
        for (table, beside) in TABLES {
            if table != "accounts" {
                tx.execute_unprepared(&format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER")).await?;
            }
            let sql = format!("SELECT DISTINCT email FROM {table} WHERE email ~ '@.*[^ -~]'");
            for row in tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await? {
                let email: String = row.try_get("", "email")?;
                let Some(folded) = folded(&email) else { continue };
                let sql = format!(
                    "UPDATE {table} t SET email = $2 WHERE email = $1 AND NOT EXISTS (SELECT FROM {table} o WHERE o.email = $2 AND {beside})"
                );
                tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, [email.into(), folded.into()])).await?;
            }
            if table != "accounts" {
                tx.execute_unprepared(&format!("ALTER TABLE {table} FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER")).await?;
            }
        }
        tx.commit().await
    }

    /// Both ways to write a domain are the same address: there is nothing to go back to.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

fn folded(email: &str) -> Option<String> {
    let (local, domain) = email.rsplit_once('@')?;
    Some(format!("{local}@{}", idna::domain_to_ascii(domain).ok()?))
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn a_domain_is_kept_as_dns_knows_it() {
        assert_eq!(folded("ada@bücher.example").as_deref(), Some("ada@xn--bcher-kva.example"));
        assert_eq!(folded("nobody"), None);
    }
}
