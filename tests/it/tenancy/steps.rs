//! Steps that move what people had: what they make of rows that were there before.

use tests::database::{TestDatabase, execute, texts};

const STORE: &str = "00000000-0000-7000-8000-00000000000a";
const OWNER: &str = "00000000-0000-7000-8000-000000000001";
const STAFF: [&str; 2] = ["00000000-0000-7000-8000-000000000002", "00000000-0000-7000-8000-000000000003"];

/// Who was staff may afterwards what staff could, by a role of the store's own; back again, they are staff.
#[tokio::test]
async fn who_was_staff_gains_and_loses_nothing() {
    let database = TestDatabase::create().await;
    let owner_url = database.url("stoa_owner");
    let mut superuser = database.superuser().await;
    let has_roles = "SELECT 1::text FROM information_schema.columns WHERE table_name = 'memberships' AND column_name = 'role_id'";
    while !texts(&mut superuser, has_roles).await.is_empty() {
        migrations::down(&owner_url, 1).await.expect("each step can be taken back");
    }
    let tenant = format!(
        "INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at) VALUES ('{STORE}', 'ada', 'Ada', 'active', 'standard', now(), now())"
    );
    execute(&mut superuser, &tenant).await;
    for (id, role) in [(OWNER, "owner"), (STAFF[0], "staff"), (STAFF[1], "staff")] {
        let account = format!(
            "INSERT INTO accounts (id, email, name, password_hash, created_at, updated_at) VALUES ('{id}', '{id}@ada.example', 'A', 'x', now(), now());
             INSERT INTO memberships (tenant_id, account_id, role, created_at) VALUES ('{STORE}', '{id}', '{role}', now())"
        );
        execute(&mut superuser, &account).await;
    }
    migrations::up(&owner_url).await.expect("the steps run on rows that were there before");
    let roles = "SELECT m.role || coalesce(': ' || r.name || ' ' || array_to_string(r.permissions, ' '), '')
                 FROM memberships m LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id ORDER BY m.account_id";
    let staff = "custom: Staff read_products write_products read_stock write_stock read_orders write_orders read_analytics read_settings";
    assert_eq!(texts(&mut superuser, roles).await, ["owner", staff, staff]);
    let forced =
        "SELECT relname::text FROM pg_class WHERE relname IN ('memberships', 'roles', 'invitations') AND relforcerowsecurity ORDER BY 1";
    assert_eq!(texts(&mut superuser, forced).await, ["invitations", "memberships", "roles"], "the walls stand again");
    while !texts(&mut superuser, has_roles).await.is_empty() {
        migrations::down(&owner_url, 1).await.expect("each step can be taken back");
    }
    assert_eq!(texts(&mut superuser, "SELECT role FROM memberships ORDER BY account_id").await, ["owner", "staff", "staff"]);
    drop(superuser);
    database.remove().await;
}
