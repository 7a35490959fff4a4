//! An account ends: in all its stores at once, or in none.

use serde_json::json;
use tests::{Caller, Colleague, Reply, World, canary::tables_with, database::texts};

async fn close(caller: &Caller, password: &str) -> Reply {
    caller.post("account/close", &json!({ "current_password": password })).await
}

/// The same person in a second store.
async fn join(world: &World, colleague: &Colleague, store: &tests::Store, role: &str) {
    let sql = format!(
        "INSERT INTO memberships (tenant_id, account_id, role, created_at) VALUES ('{}', '{}', '{role}', now()) RETURNING 'made'",
        store.id.uuid(),
        colleague.id.uuid()
    );
    texts(&mut world.superuser().await, &sql).await;
}

#[tokio::test]
async fn a_closed_account_has_left_every_store_and_tells_nothing() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let kim = world.employ(&ada, "kim", "administrator").await;
    join(&world, &kim, &bob, "orders").await;
    let caller = world.colleague(&kim);
    caller.post("categories", &json!({ "name": "Mugs" })).await.ok();
    world.anybody("/vendor/v1").post("auth/reset-password", &json!({ "email": kim.email })).await.ok();
    world.run_jobs().await;
    close(&caller, "not that one").await.refused(422, "identity.wrong_password");
    caller.get("account").await.ok();
    assert_eq!(close(&caller, &kim.password).await.status(), 204);

    caller.get("account").await.refused(401, "identity.unauthorized");
    let anybody = world.anybody("/vendor/v1");
    anybody.post("auth/sign-in", &json!({ "email": kim.email, "password": kim.password })).await.refused(401, "identity.wrong_credentials");
    assert_eq!(anybody.post("auth/refresh", &json!({ "refresh_token": kim.refresh_token })).await.status(), 401);
    let pseudonym = json!({ "email": format!("{}@erased.invalid", kim.id), "password": "any password at all" });
    anybody.post("auth/sign-in", &pseudonym).await.refused(401, "identity.wrong_credentials");
    let mut superuser = world.superuser().await;
    let left = "SELECT tenant_id::text FROM facts WHERE code = 'identity.member_left' AND body ->> 'was_removed' = 'false'";
    assert_eq!(texts(&mut superuser, left).await.len(), 2, "both teams are told");
    world.run_jobs().await;
    let last = world.mailbox.to(&kim.email).last().cloned().expect("a farewell");
    assert_eq!(last.subject, "Your account is closed");
    assert_eq!(tables_with(&mut superuser, &[&kim.email]).await, Vec::<String>::new(), "nor in what was to be mailed");
    for store in [&ada, &bob] {
        assert_eq!(world.vendor(store).get("members").await.ok()["data"].as_array().map(Vec::len), Some(1));
    }
    let logged = world.vendor(&ada).get("audit?resource=category").await.ok();
    assert_eq!(logged["data"][0]["actor"], format!("account:{}", kim.id), "what was done stays told, by the id");
    let again = json!({ "email": kim.email, "password": "another long password", "owner_name": "Kim", "name": "Kim's", "slug": "kims",
        "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true });
    anybody.post("stores", &again).await.ok();
    world.run_jobs().await;
}

#[tokio::test]
async fn the_last_owner_of_a_store_stays_in_all_of_them() {
    let world = World::new().await;
    let (ada, bob, cleo) = (world.tenant("ada").await, world.tenant("bob").await, world.tenant("cleo").await);
    let kim = world.employ(&ada, "kim", "orders").await;
    join(&world, &kim, &bob, "owner").await;
    join(&world, &kim, &cleo, "owner").await;
    let mut superuser = world.superuser().await;
    for store in [&bob, &cleo] {
        let others = format!(
            "DELETE FROM memberships WHERE tenant_id = '{}' AND account_id <> '{}' RETURNING 'gone'",
            store.id.uuid(),
            kim.id.uuid()
        );
        texts(&mut superuser, &others).await;
    }
    let caller = world.colleague(&kim);
    let problem = close(&caller, &kim.password).await.refused(409, "identity.last_owner");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("bob") && detail.contains("cleo") && !detail.contains("ada,"), "{detail}");
    caller.get("account").await.ok();
    assert_eq!(caller.get("account/stores").await.ok()["data"].as_array().map(Vec::len), Some(3), "nothing was left half-way");
    world
        .anybody("/vendor/v1")
        .with_token(&ada.secret_key)
        .post("account/close", &json!({ "current_password": "x" }))
        .await
        .refused(403, "identity.accounts_only");
    world.run_jobs().await;
}

/// Two owners who go at the same time: the store keeps one.
#[tokio::test]
async fn of_two_owners_who_close_at_once_one_stays() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let kim = world.employ(&ada, "kim", "owner").await;
    let (first, second) = (world.vendor(&ada), world.colleague(&kim));
    let (one, two) = tokio::join!(close(&first, &ada.password), close(&second, &kim.password));
    let mut statuses = [one.status(), two.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    let owners = format!("SELECT account_id::text FROM memberships WHERE tenant_id = '{}'", ada.id.uuid());
    assert_eq!(texts(&mut world.superuser().await, &owners).await.len(), 1);
    world.run_jobs().await;
}
