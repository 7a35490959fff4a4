//! Words that belong to one person, and where they are found.

use sqlx::PgConnection;

use crate::database::texts;

/// Every table in whose rows one of the words stands, in any column.
pub async fn tables_with(superuser: &mut PgConnection, words: &[&str]) -> Vec<String> {
    let tables = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE c.relkind = 'r' AND n.nspname IN ('public', 'apalis') ORDER BY 1";
    let mut found = Vec::new();
    for table in texts(superuser, tables).await {
        let any = words.iter().map(|word| format!("strpos(t::text, '{}') > 0", word.replace('\'', "''"))).collect::<Vec<_>>().join(" OR ");
        if !texts(superuser, &format!("SELECT 1::text FROM {table} t WHERE {any} LIMIT 1")).await.is_empty() {
            found.push(table);
        }
    }
    found
}
