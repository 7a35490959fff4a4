//! Catalogue gates: what Postgres itself says about the schema. Each is a query that must return no rows; each is shown
//! to fire on a violation made for it, so that a gate cannot rot into one that never finds anything.

use sqlx::PgConnection;
use tests::database::{TestDatabase, execute, texts};

struct Gate {
    promise: &'static str,
    /// Names of offenders, one text column.
    sql: &'static str,
    /// Reviewed exceptions; adding one is a decision.
    allowed: &'static [&'static str],
    /// A violation that the gate must name.
    violation: &'static str,
    offender: &'static str,
}

/// Tables that are the platform's own: no tenant's rows, or rows that tell which tenant answers where.
const PLATFORM_TABLES: &[&str] = &[
    "account_codes",
    "account_farewells",
    "account_identities",
    "account_oauth_flows",
    "accounts",
    "letter_allowances",
    "operator_audit",
    "operators",
    "recovery_codes",
    "refresh_tokens",
    "seaql_migrations",
    "second_factor_guesses",
    "second_factors",
    "sign_in_challenges",
    "tenants",
];

const GATES: &[Gate] = &[
    Gate {
        promise: "every table is a tenant's or a reviewed one of the platform",
        sql: "SELECT c.relname::text FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
              AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)",
        allowed: PLATFORM_TABLES,
        violation: "CREATE TABLE loose (id uuid PRIMARY KEY)",
        offender: "loose",
    },
    Gate {
        promise: "a tenant table has row security, enabled and forced",
        sql: "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
              WHERE c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
        allowed: &[],
        violation: "ALTER TABLE products NO FORCE ROW LEVEL SECURITY",
        offender: "products",
    },
    Gate {
        promise: "a tenant table has the wall, for reading and for writing",
        sql: "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
              WHERE c.relkind IN ('r', 'p') AND c.relname <> 'tenant_hosts' AND NOT EXISTS (
                SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant_wall' AND p.polcmd = '*' AND p.polpermissive
                AND p.polroles @> ARRAY['stoa_app'::regrole::oid]
                AND pg_get_expr(p.polqual, p.polrelid) ~ '^\\(tenant_id = \\( SELECT \\(current_setting\\(''app.tenant_id''::text\\)\\)::uuid AS current_setting\\)\\)$'
                AND pg_get_expr(p.polqual, p.polrelid) = pg_get_expr(p.polwithcheck, p.polrelid))",
        allowed: &[],
        violation: "ALTER POLICY tenant_wall ON carts USING (true)",
        offender: "carts",
    },
    Gate {
        promise: "no other policy lets the app role in",
        sql: "SELECT p.polrelid::regclass || '.' || p.polname FROM pg_policy p
              WHERE p.polname <> 'tenant_wall' AND p.polpermissive
              AND (p.polroles @> ARRAY['stoa_app'::regrole::oid] OR p.polroles @> ARRAY[0::oid])",
        allowed: &["tenants.own_row"],
        violation: "CREATE POLICY everybody ON orders FOR SELECT TO stoa_app USING (true)",
        offender: "orders.everybody",
    },
    Gate {
        promise: "the platform writes across tenants only in the relay's and its own tables",
        sql: "SELECT p.polrelid::regclass || '.' || p.polname FROM pg_policy p
              WHERE p.polcmd <> 'r' AND p.polname <> 'tenant_wall' AND p.polroles @> ARRAY['stoa_platform'::regrole::oid]",
        allowed: &[
            "api_key_uses.platform_adds",
            "api_key_uses.platform_prunes",
            "api_key_uses.platform_tends",
            "facts.platform_adds",
            "facts.platform_prunes",
            "facts.platform_tends",
            "handled_jobs.platform_adds",
            "handled_jobs.platform_prunes",
            "handled_jobs.platform_tends",
            "idempotency_keys.platform_adds",
            "idempotency_keys.platform_prunes",
            "idempotency_keys.platform_tends",
            "sent_mails.platform_adds",
            "sent_mails.platform_prunes",
            "sent_mails.platform_tends",
            "tenant_hosts.platform_tends",
            "tenants.platform_tends",
            "waiting_jobs.platform_adds",
            "waiting_jobs.platform_prunes",
            "waiting_jobs.platform_tends",
        ],
        violation: "CREATE POLICY handy ON orders FOR UPDATE TO stoa_platform USING (true)",
        offender: "orders.handy",
    },
    Gate {
        promise: "a policy that lets write says what may be written",
        sql: "SELECT polrelid::regclass || '.' || polname FROM pg_policy WHERE polcmd IN ('*', 'a', 'w') AND polwithcheck IS NULL",
        allowed: &[],
        violation: "CREATE POLICY half ON orders FOR UPDATE TO stoa_app USING (true)",
        offender: "orders.half",
    },
    Gate {
        promise: "the program's roles are weak, own nothing and belong to no other role",
        sql: "SELECT rolname::text FROM pg_roles WHERE rolname IN ('stoa_app', 'stoa_platform', 'stoa_owner') AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)
              UNION ALL SELECT r.rolname || ' owns ' || c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname IN ('stoa_app', 'stoa_platform')
              UNION ALL SELECT m.rolname || ' is in ' || r.rolname FROM pg_auth_members x JOIN pg_roles m ON m.oid = x.member JOIN pg_roles r ON r.oid = x.roleid
                WHERE m.rolname IN ('stoa_app', 'stoa_platform')",
        allowed: &[],
        violation: "CREATE TABLE mine (tenant_id uuid); ALTER TABLE mine OWNER TO stoa_app",
        offender: "stoa_app owns mine",
    },
    Gate {
        promise: "a view runs as the one who asks",
        sql: "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v'
              AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false)",
        allowed: &[],
        violation: "CREATE VIEW peek AS SELECT * FROM orders",
        offender: "peek",
    },
    Gate {
        promise: "there is no materialised view: row security does not reach into one",
        sql: "SELECT c.relname::text FROM pg_class c WHERE c.relkind = 'm'",
        allowed: &[],
        violation: "CREATE MATERIALIZED VIEW frozen AS SELECT * FROM orders",
        offender: "frozen",
    },
    Gate {
        promise: "no function that the program may call runs as its owner",
        sql: "SELECT p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef
              AND n.nspname NOT IN ('pg_catalog', 'information_schema')
              AND (has_function_privilege('stoa_app', p.oid, 'EXECUTE') OR has_function_privilege('stoa_platform', p.oid, 'EXECUTE'))",
        allowed: &[],
        violation: "CREATE FUNCTION all_orders() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM orders'",
        offender: "all_orders",
    },
    Gate {
        promise: "a unique key of a tenant table starts with tenant_id, so that two stores never meet in one",
        sql: "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'tenant_id' AND NOT a.attisdropped
              WHERE i.indisunique AND i.indkey[0] <> a.attnum",
        allowed: &["tenant_hosts_pkey"],
        violation: "CREATE UNIQUE INDEX products_slug_everywhere ON products (slug)",
        offender: "products_slug_everywhere",
    },
    Gate {
        promise: "an index of a tenant table starts with tenant_id, but for the platform's own look-ups",
        sql: "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'tenant_id' AND NOT a.attisdropped
              WHERE NOT i.indisunique AND i.indkey[0] <> a.attnum",
        allowed: &["api_keys_token_hash_idx", "facts_relayed_at_idx", "memberships_account_id_idx", "waiting_jobs_lane_idx"],
        violation: "CREATE INDEX orders_by_email ON orders (email)",
        offender: "orders_by_email",
    },
    Gate {
        promise: "a foreign key between tenant tables carries tenant_id",
        sql: "SELECT k.conname::text FROM pg_constraint k
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id' AND NOT a.attisdropped
              JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attname = 'tenant_id' AND NOT b.attisdropped
              WHERE k.contype = 'f' AND NOT (a.attnum = ANY (k.conkey))",
        allowed: &[],
        violation: "CREATE TABLE notes (tenant_id uuid NOT NULL, host text CONSTRAINT notes_host_fkey REFERENCES tenant_hosts (host))",
        offender: "notes_host_fkey",
    },
    Gate {
        promise: "every tenant table belongs to an existing tenant",
        sql: "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
              WHERE c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
              AND k.confrelid = 'tenants'::regclass AND k.conkey = ARRAY[a.attnum])",
        allowed: &[],
        violation: "ALTER TABLE carts DROP CONSTRAINT carts_tenant_id_fkey",
        offender: "carts",
    },
    Gate {
        promise: "nobody but the owner holds a grant that row security does not cover",
        sql: "SELECT table_name || ': ' || grantee || ' ' || privilege_type FROM information_schema.table_privileges
              WHERE table_schema IN ('public', 'apalis') AND grantee NOT IN ('stoa_owner', 'postgres')
              AND (privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER') OR grantee = 'PUBLIC')",
        allowed: &[],
        violation: "GRANT TRUNCATE ON orders TO stoa_app",
        offender: "orders: stoa_app TRUNCATE",
    },
    Gate {
        promise: "ledgers are append-only for every role of the program",
        sql: "SELECT table_name || ': ' || grantee || ' ' || privilege_type FROM information_schema.table_privileges
              WHERE table_name IN ('stock_movements', 'payment_events', 'order_history', 'order_tax_lines', 'fulfillment_lines', 'operator_audit')
              AND grantee IN ('stoa_app', 'stoa_platform') AND privilege_type IN ('UPDATE', 'DELETE')",
        allowed: &[],
        violation: "GRANT UPDATE ON payment_events TO stoa_app",
        offender: "payment_events: stoa_app UPDATE",
    },
    Gate {
        promise: "the app role reaches no table of the platform or of the job queue, but reads its own row of tenants",
        sql: "SELECT table_name || ': ' || privilege_type FROM information_schema.table_privileges WHERE grantee = 'stoa_app'
              AND (table_schema = 'apalis' OR table_name IN ('account_codes', 'account_farewells', 'account_identities', 'account_oauth_flows', 'accounts', 'letter_allowances',
                'operator_audit', 'operators', 'recovery_codes', 'refresh_tokens', 'seaql_migrations', 'second_factor_guesses', 'second_factors',
                'sign_in_challenges', 'tenants', 'tenant_hosts'))",
        allowed: &["tenants: SELECT"],
        violation: "GRANT SELECT ON accounts TO stoa_app",
        offender: "accounts: SELECT",
    },
    Gate {
        promise: "tenant_id is never absent",
        sql: "SELECT c.relname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
              WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND NOT a.attnotnull",
        allowed: &[],
        violation: "CREATE TABLE vague (tenant_id uuid)",
        offender: "vague",
    },
    Gate {
        promise: "money is bigint",
        sql: "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'
              AND column_name ~ '(amount|total|price|captured|refunded|taxable|minor)' AND udt_name NOT IN ('int8', '_int8')",
        // A flag and a counter that have such a word in their name.
        allowed: &["checkouts.prices_include_tax", "imports.total_rows", "orders.prices_include_tax", "store_settings.prices_include_tax"],
        violation: "ALTER TABLE orders ADD COLUMN discount_total numeric",
        offender: "orders.discount_total",
    },
    Gate {
        promise: "stored words are text with a check: enum types lose their index under row security",
        sql: "SELECT t.typname::text FROM pg_type t WHERE t.typtype = 'e' AND t.typnamespace = 'public'::regnamespace",
        allowed: &[],
        violation: "CREATE TYPE mood AS ENUM ('good')",
        offender: "mood",
    },
    Gate {
        promise: "times carry their zone",
        sql: "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'seaql_migrations'
              AND data_type IN ('timestamp without time zone', 'time without time zone')",
        allowed: &[],
        violation: "ALTER TABLE orders ADD COLUMN paid_at timestamp",
        offender: "orders.paid_at",
    },
    Gate {
        promise: "what vendors change is in the audit log",
        sql: "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
              WHERE c.relkind IN ('r', 'p') AND has_table_privilege('stoa_app', c.oid, 'INSERT, UPDATE, DELETE')
              AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'record_audit' AND t.tgenabled = 'O')",
        allowed: UNAUDITED,
        violation: "DROP TRIGGER record_audit ON products",
        offender: "products",
    },
];

/// Tables that nobody's change is read from: shoppers' own, ledgers and histories, what is derived, what machines keep.
const UNAUDITED: &[&str] = &[
    "api_key_uses",
    "audit_entries",
    "carts",
    "checkout_lines",
    "checkout_tax_lines",
    "checkouts",
    "customer_addresses",
    "customer_codes",
    "customer_exports",
    "customer_identities",
    "customer_oauth_flows",
    "customer_refresh_tokens",
    "facts",
    "handled_jobs",
    "idempotency_keys",
    "import_errors",
    "import_products",
    "order_counters",
    "order_history",
    "order_lines",
    "order_tax_lines",
    "payment_events",
    "product_listings",
    "product_shelves",
    "reservations",
    "sales_rollups",
    "search_documents",
    "search_postings",
    "search_term_neighbours",
    "search_terms",
    "sent_mails",
    "stock_movements",
    "test_gateway_charges",
    "waiting_jobs",
];

#[tokio::test]
async fn the_schema_passes_every_gate() {
    let database = TestDatabase::create().await;
    let mut connection = database.superuser().await;
    let mut broken = Vec::new();
    for gate in GATES {
        let found: Vec<String> = offenders(&mut connection, gate).await;
        if !found.is_empty() {
            broken.push(format!("{}: {}", gate.promise, found.join(", ")));
        }
    }
    drop(connection);
    database.remove().await;
    assert!(broken.is_empty(), "the schema breaks its promises:\n{}", broken.join("\n"));
}

#[tokio::test]
async fn every_gate_fires_on_a_violation() {
    let database = TestDatabase::create().await;
    let mut connection = database.superuser().await;
    let mut silent = Vec::new();
    for gate in GATES {
        execute(&mut connection, "BEGIN").await;
        execute(&mut connection, gate.violation).await;
        if !offenders(&mut connection, gate).await.iter().any(|name| name == gate.offender) {
            silent.push(gate.promise);
        }
        execute(&mut connection, "ROLLBACK").await;
    }
    drop(connection);
    database.remove().await;
    assert!(silent.is_empty(), "gates that did not see a violation made for them: {silent:#?}");
}

#[tokio::test]
async fn no_exception_outlives_its_reason() {
    let database = TestDatabase::create().await;
    let mut connection = database.superuser().await;
    let mut stale: Vec<&str> = Vec::new();
    for gate in GATES {
        let found = texts(&mut connection, gate.sql).await;
        stale.extend(gate.allowed.iter().copied().filter(|name| !found.iter().any(|offender| offender == name)));
    }
    drop(connection);
    database.remove().await;
    assert!(stale.is_empty(), "exceptions that no table needs any more: {stale:?}");
}

async fn offenders(connection: &mut PgConnection, gate: &Gate) -> Vec<String> {
    texts(connection, gate.sql).await.into_iter().filter(|name| !gate.allowed.contains(&name.as_str())).collect()
}
