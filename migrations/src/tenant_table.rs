//! A tenant table that cannot be made wrong.
//!
//! Every table built here gets `tenant_id`, a primary key and unique keys that start with it, foreign keys that carry
//! it, enabled *and forced* row security, the two policies of the house, and grants. What a caller states is only what
//! makes the table itself.
//!
//! - `tenant_wall` lets `stoa_app` (and `stoa_platform`, for writes) touch rows of the tenant set in `app.tenant_id` and
//!   no others. Without a tenant the setting is absent and the statement fails: never "all rows".
//! - `platform_sees` lets `stoa_platform` read across tenants; its writes still go through the wall, so that even the
//!   platform writes only inside a tenant it has entered. `platform_tends` (opt in) is for the relay's own tables.

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::SchemaManager;

/// The tenant of the running transaction. As an init plan: evaluated once a statement, not once a row.
const CURRENT_TENANT: &str = "(SELECT current_setting('app.tenant_id')::uuid)";

pub struct TenantTable {
    name: &'static str,
    columns: Vec<String>,
    constraints: Vec<String>,
    indexes: Vec<String>,
    key: String,
    has_id: bool,
    grants: &'static str,
    platform_tends: bool,
}

/// Starts a tenant table with `tenant_id` and `id`, keyed by both.
pub fn tenant_table(name: &'static str) -> TenantTable {
    TenantTable {
        name,
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        key: "id".into(),
        has_id: true,
        grants: "SELECT, INSERT, UPDATE, DELETE",
        platform_tends: false,
    }
}

impl TenantTable {
    /// Replaces `id` by natural key columns (of a join table, a counter): the primary key is `(tenant_id, key…)`.
    pub fn keyed_by(mut self, key: &str) -> Self {
        self.key = key.into();
        self.has_id = false;
        self
    }

    /// One row a tenant: the primary key is `tenant_id` alone.
    pub fn one_per_store(mut self) -> Self {
        self.key = String::new();
        self.has_id = false;
        self
    }

    /// A column, as SQL writes it.
    pub fn column(mut self, sql: &str) -> Self {
        self.columns.push(sql.into());
        self
    }

    /// A required text column with a bound on its characters.
    pub fn text(self, name: &str, max: u32) -> Self {
        self.column(&format!("{name} text NOT NULL CHECK (char_length({name}) BETWEEN 1 AND {max})"))
    }

    /// An optional text column with a bound on its characters.
    pub fn optional_text(self, name: &str, max: u32) -> Self {
        self.column(&format!("{name} text CHECK (char_length({name}) BETWEEN 1 AND {max})"))
    }

    /// A stored word out of a closed list (text and CHECK: enum types lose their indexes under row security).
    pub fn status(self, name: &str, words: &[&str]) -> Self {
        let list = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
        self.column(&format!("{name} text NOT NULL CHECK ({name} IN ({list}))"))
    }

    /// Minor units of a currency, never negative.
    pub fn amount(self, name: &str) -> Self {
        self.column(&format!("{name} bigint NOT NULL CHECK ({name} >= 0)"))
    }

    /// ISO 4217 code.
    pub fn currency(self) -> Self {
        self.column("currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$')")
    }

    /// `created_at` and `updated_at`, always given by the caller's clock.
    pub fn timestamps(self) -> Self {
        self.column("created_at timestamptz NOT NULL").column("updated_at timestamptz NOT NULL")
    }

    /// Equal values may not meet twice in one store; two stores never meet.
    pub fn unique_per_store(mut self, columns: &str) -> Self {
        let name = format!("{}_{}_key", self.name, columns.replace(", ", "_"));
        self.constraints.push(format!("CONSTRAINT {name} UNIQUE (tenant_id, {columns})"));
        self
    }

    /// A foreign key to another tenant table; it carries `tenant_id`, so a foreign tenant's row cannot be named.
    pub fn belongs_to(mut self, column: &str, table: &str, on_delete: &str) -> Self {
        let name = self.name;
        self.constraints.push(format!(
            "CONSTRAINT {name}_{column}_fkey FOREIGN KEY (tenant_id, {column}) REFERENCES {table} (tenant_id, id) ON DELETE {on_delete}"
        ));
        self
    }

    /// A rule on the whole row.
    pub fn check(mut self, rule_name: &str, sql: &str) -> Self {
        self.constraints.push(format!("CONSTRAINT {}_{rule_name}_check CHECK ({sql})", self.name));
        self
    }

    /// An index; `tenant_id` is put before the columns. `columns` may end in `WHERE …` or `INCLUDE …`.
    pub fn index(mut self, index_name: &str, columns: &str) -> Self {
        let (inside, tail) = columns.split_once(" WHERE ").map_or((columns, String::new()), |(a, b)| (a, format!(" WHERE {b}")));
        self.indexes.push(format!("CREATE INDEX {}_{index_name}_idx ON {} (tenant_id, {inside}){tail}", self.name, self.name));
        self
    }

    /// A ledger: the application may read and append, and nothing else.
    pub fn append_only(mut self) -> Self {
        self.grants = "SELECT, INSERT";
        self
    }

    /// The relay (role `stoa_platform`) adds, updates and deletes rows across tenants.
    pub fn platform_tends(mut self) -> Self {
        self.platform_tends = true;
        self
    }

    pub async fn create(self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(&self.sql()).await.map(|_| ())
    }

    fn sql(&self) -> String {
        let name = self.name;
        let mut parts = vec!["tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE RESTRICT".to_owned()];
        if self.has_id {
            parts.push("id uuid NOT NULL".into());
        }
        parts.extend(self.columns.iter().cloned());
        let key = if self.key.is_empty() { "tenant_id".into() } else { format!("tenant_id, {}", self.key) };
        parts.push(format!("PRIMARY KEY ({key})"));
        parts.extend(self.constraints.iter().cloned());
        let mut sql = format!("CREATE TABLE {name} (\n  {}\n);\n", parts.join(",\n  "));
        for index in &self.indexes {
            sql.push_str(index);
            sql.push_str(";\n");
        }
        sql.push_str(&format!(
            "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
             ALTER TABLE {name} FORCE ROW LEVEL SECURITY;
             CREATE POLICY tenant_wall ON {name} FOR ALL TO stoa_app, stoa_platform
               USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT});
             CREATE POLICY platform_sees ON {name} FOR SELECT TO stoa_platform USING (true);
             GRANT {} ON {name} TO stoa_app;
             GRANT SELECT, INSERT ON {name} TO stoa_platform;\n",
            self.grants
        ));
        if self.platform_tends {
            sql.push_str(&format!(
                "CREATE POLICY platform_tends ON {name} FOR UPDATE TO stoa_platform USING (true) WITH CHECK (true);
                 CREATE POLICY platform_adds ON {name} FOR INSERT TO stoa_platform WITH CHECK (true);
                 CREATE POLICY platform_prunes ON {name} FOR DELETE TO stoa_platform USING (true);
                 GRANT UPDATE, DELETE ON {name} TO stoa_platform;\n"
            ));
        }
        sql
    }
}

/// Has every change of a table's rows written into the store's audit log, under a word and with the column that names the row.
pub async fn audit(manager: &SchemaManager<'_>, table: &str, resource: &str, key: &str) -> Result<(), DbErr> {
    let sql = format!(
        "CREATE TRIGGER record_audit AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW
         WHEN (current_setting('app.acting', true) <> '') EXECUTE FUNCTION record_audit('{resource}', '{key}')"
    );
    manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
}

/// The `down` of a tenant table.
pub async fn drop_tables(manager: &SchemaManager<'_>, names: &[&str]) -> Result<(), DbErr> {
    for name in names {
        manager.get_connection().execute_unprepared(&format!("DROP TABLE {name}")).await?;
    }
    Ok(())
}
