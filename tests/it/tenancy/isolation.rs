//! Every tenant table of the catalogue, whatever it is for: tenant B sees and changes nothing of tenant A.
//!
//! Rows are made from the catalogue alone (any value of the right type), in a copy of the schema whose other rules are
//! switched off, so that a table added tomorrow is proven tomorrow without a line here.

use sqlx::PgConnection;
use tests::database::{TestDatabase, execute, texts, try_execute};

const ADA: &str = "00000000-0000-7000-8000-00000000000a";
const BOB: &str = "00000000-0000-7000-8000-00000000000b";
const DENIED: &str = "42501";

#[tokio::test]
async fn a_tenant_sees_and_changes_nothing_of_another() {
    let (database, tables) = two_tenants().await;
    let mut leaks = Vec::new();
    for role in ["stoa_app", "stoa_platform"] {
        let mut connection = database.connect(role).await;
        for table in &tables {
            leaks.extend(leaks_of(&mut connection, role, table).await);
        }
    }
    let mut superuser = database.superuser().await;
    for table in &tables {
        let kept = texts(&mut superuser, &format!("SELECT tenant_id::text FROM {} ORDER BY 1", table.name)).await;
        assert_eq!(kept, [ADA, BOB], "rows of {} after every attempt", table.name);
    }
    drop(superuser);
    database.remove().await;
    assert!(tables.len() >= 40, "the catalogue names {} tenant tables", tables.len());
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[tokio::test]
async fn the_proof_fails_for_every_table_whose_wall_is_down() {
    let (database, tables) = two_tenants().await;
    let mut superuser = database.superuser().await;
    let mut app = database.connect("stoa_app").await;
    for table in &tables {
        execute(&mut superuser, &format!("ALTER TABLE {} DISABLE ROW LEVEL SECURITY", table.name)).await;
        assert!(!leaks_of(&mut app, "stoa_app", table).await.is_empty(), "nothing noticed that {} has no wall", table.name);
    }
    drop((superuser, app));
    database.remove().await;
}

#[tokio::test]
async fn the_app_role_sees_its_own_row_of_tenants_and_no_table_of_the_platform() {
    let (database, _) = two_tenants().await;
    let mut app = database.connect("stoa_app").await;
    execute(&mut app, &inside(BOB)).await;
    assert_eq!(texts(&mut app, "SELECT id::text FROM tenants").await, [BOB]);
    execute(&mut app, "ROLLBACK").await;
    for table in [
        "tenant_hosts",
        "account_farewells",
        "letter_allowances",
        "accounts",
        "operators",
        "operator_audit",
        "refresh_tokens",
        "second_factors",
        "recovery_codes",
    ] {
        execute(&mut app, &inside(BOB)).await;
        assert_eq!(refusal(&mut app, &format!("SELECT 1 FROM {table}")).await.as_deref(), Some(DENIED), "reading {table}");
        execute(&mut app, "ROLLBACK").await;
    }
    drop(app);
    database.remove().await;
}

struct Table {
    name: String,
    /// Column names and values of any row, without `tenant_id`.
    columns: String,
    values: String,
}

impl Table {
    fn insert(&self, tenant: &str) -> String {
        format!("INSERT INTO {} (tenant_id{}) VALUES ('{tenant}'{})", self.name, self.columns, self.values)
    }
}

/// Two tenants with one row each in every tenant table.
async fn two_tenants() -> (TestDatabase, Vec<Table>) {
    let database = TestDatabase::create().await;
    let mut superuser = database.superuser().await;
    let rules = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
                 WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conrelid <> 0";
    for drop_rule in texts(&mut superuser, rules).await {
        execute(&mut superuser, &drop_rule).await;
    }
    for (id, slug) in [(ADA, "ada"), (BOB, "bob")] {
        let tenant = format!(
            "INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at) VALUES ('{id}', '{slug}', '{slug}', 'active', 'standard', now(), now())"
        );
        execute(&mut superuser, &tenant).await;
    }
    let names = "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
                 WHERE c.relkind IN ('r', 'p') AND c.relname <> 'tenant_hosts' ORDER BY 1";
    let mut tables = Vec::new();
    for name in texts(&mut superuser, names).await {
        let table = describe(&mut superuser, name).await;
        // Foreign keys are not what is tried here: `replica` switches their triggers off.
        for tenant in [ADA, BOB] {
            execute(
                &mut superuser,
                &format!("SET session_replication_role = replica; {}; RESET session_replication_role", table.insert(tenant)),
            )
            .await;
        }
        tables.push(table);
    }
    (database, tables)
}

async fn describe(superuser: &mut PgConnection, name: String) -> Table {
    let required = format!(
        "SELECT ', ' || quote_ident(a.attname) || '|' || CASE
           WHEN t.typname = 'uuid' THEN ', gen_random_uuid()' WHEN t.typname IN ('timestamptz', 'date') THEN ', now()'
           WHEN t.typname = 'bool' THEN ', true' WHEN t.typname IN ('int2', 'int4', 'int8', 'numeric', 'float8') THEN ', 1'
           WHEN t.typname IN ('json', 'jsonb') THEN ', ''{{}}''' WHEN t.typcategory = 'A' THEN ', ''{{}}'''
           ELSE ', ''x''::' || format_type(a.atttypid, a.atttypmod) END
         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = '{name}'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND a.attname <> 'tenant_id' AND a.attgenerated = ''
         ORDER BY a.attnum"
    );
    let pairs = texts(superuser, &required).await;
    let (columns, values) = pairs.iter().filter_map(|pair| pair.split_once('|')).unzip::<_, _, String, String>();
    Table { name, columns, values }
}

/// What tenant B, in this role, could do to A's rows of a table. Each attempt is taken back.
async fn leaks_of(connection: &mut PgConnection, role: &str, table: &Table) -> Vec<String> {
    let name = &table.name;
    let mut leaks = Vec::new();
    let mut told = |what: &str| leaks.push(format!("{name}: {role} inside B {what}"));
    if role == "stoa_app" {
        execute(connection, &inside(BOB)).await;
        if texts(connection, &format!("SELECT tenant_id::text FROM {name}")).await != [BOB] {
            told("sees other rows than its own");
        }
        execute(connection, "ROLLBACK").await;
    }
    let tends = !texts(
        connection,
        &format!("SELECT polname::text FROM pg_policy WHERE polrelid = '{name}'::regclass AND polname = 'platform_tends'"),
    )
    .await
    .is_empty();
    for (what, sql) in [
        ("changed a row of A", format!("UPDATE {name} SET tenant_id = tenant_id WHERE tenant_id = '{ADA}'")),
        ("deleted a row of A", format!("DELETE FROM {name} WHERE tenant_id = '{ADA}'")),
    ] {
        if role == "stoa_platform" && tends {
            continue;
        }
        execute(connection, &inside(BOB)).await;
        if !matches!(try_execute(connection, &sql).await, Ok(0)) && refusal_in_new(connection, BOB, &sql).await.as_deref() != Some(DENIED) {
            told(what);
        }
        execute(connection, "ROLLBACK").await;
    }
    for (what, sql) in [
        ("wrote a row as A", table.insert(ADA)),
        ("moved its own row to A", format!("UPDATE {name} SET tenant_id = '{ADA}' WHERE tenant_id = '{BOB}'")),
    ] {
        if role == "stoa_platform" && tends {
            continue;
        }
        if refusal_in_new(connection, BOB, &sql).await.as_deref() != Some(DENIED) {
            told(what);
        }
    }
    if role == "stoa_app" {
        execute(connection, "BEGIN").await;
        if refusal(connection, &format!("SELECT 1 FROM {name}")).await.is_none() {
            told("or nobody: without a tenant the table answers");
        }
        execute(connection, "ROLLBACK").await;
    }
    leaks
}

fn inside(tenant: &str) -> String {
    format!("BEGIN; SET LOCAL app.tenant_id = '{tenant}'")
}

/// The SQLSTATE with which a statement is refused in a transaction of its own, if it is.
async fn refusal_in_new(connection: &mut PgConnection, tenant: &str, sql: &str) -> Option<String> {
    execute(connection, "ROLLBACK").await;
    execute(connection, &inside(tenant)).await;
    let refused = refusal(connection, sql).await;
    execute(connection, "ROLLBACK").await;
    refused
}

async fn refusal(connection: &mut PgConnection, sql: &str) -> Option<String> {
    let error = try_execute(connection, sql).await.err()?;
    Some(error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned)).unwrap_or_else(|| error.to_string()))
}
