//! The audit log: every change by a person or a program is in it, in the transaction that made it, and nobody can take it out.

use serde_json::{Value, json};
use tests::{Caller, Guest, World, a_product, database::texts};

async fn entries(vendor: &Caller, query: &str) -> Vec<Value> {
    vendor.get(format!("audit?limit=100{query}")).await.ok()["data"].as_array().expect("data").clone()
}

#[tokio::test]
async fn a_change_is_told_with_what_was_there_before() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mug = a_product().titled("Mug").create(&world, &ada).await;
    let vendor = world.vendor(&ada);
    assert!(entries(&vendor, "").await.is_empty(), "nobody acted yet: the store was opened, not changed");
    let path = format!("products/{}", mug.id);
    let answer = vendor.patch(&path, &json!({ "title": "Cup" })).await;
    let request = answer.header("x-request-id").expect("an id").to_owned();
    answer.ok();
    let told = entries(&vendor, "").await;
    let entry = told.iter().find(|entry| entry["changes"]["title"] != Value::Null).expect("the change of the title");
    assert_eq!(entry["changes"]["title"], json!({ "before": "Mug", "after": "Cup" }));
    assert_eq!((entry["resource"].as_str(), entry["resource_id"].as_str()), (Some("product"), Some(mug.id.to_string().as_str())));
    assert_eq!((entry["action"].as_str(), entry["request_id"].as_str()), (Some("updated"), Some(request.as_str())));
    assert!(entry["actor"].as_str().is_some_and(|actor| actor.starts_with("account:acct_")), "{entry}");
    assert!(entry["address"].as_str().is_some(), "{entry}");
    assert!(entries(&world.vendor(&bob), "").await.is_empty(), "another store hears nothing of it");

    // What changes nothing leaves nothing, and what was refused neither.
    let count = told.len();
    vendor.patch(&path, &json!({ "title": "Cup" })).await.ok();
    vendor.patch(&path, &json!({ "title": "" })).await.refused(422, "catalog.invalid");
    assert_eq!(entries(&vendor, "").await.len(), count);
    world.run_jobs().await;
}

#[tokio::test]
async fn a_program_is_told_apart_from_a_person_and_secrets_are_masked() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    vendor.post("keys", &json!({ "name": "Till", "kind": "secret", "scopes": ["read_products"] })).await.ok();
    let made = &entries(&vendor, "&resource=api_key").await[0];
    assert_eq!(made["changes"]["name"], json!({ "before": null, "after": "Till" }));
    assert_eq!(made["changes"]["token_hash"], json!({ "before": "•••", "after": "•••" }));
    let program = world.anybody("/vendor/v1").with_token(&ada.secret_key);
    program.post("categories", &json!({ "name": "Mugs" })).await.ok();
    let by_key = &entries(&vendor, "&resource=category").await[0];
    let actor = by_key["actor"].as_str().expect("an actor");
    assert!(actor.starts_with("key:key_"), "{by_key}");
    assert_eq!(entries(&vendor, &format!("&actor={actor}")).await.len(), 1);
    world.run_jobs().await;
}

/// Whoever accepts an invitation has no session yet: it is told of them all the same.
#[tokio::test]
async fn an_invitation_that_is_accepted_is_told_of_who_accepts_it() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let owner = world.vendor(&ada);
    owner.with_key("kim").post("invitations", &json!({ "email": "kim@loom.example", "role": "orders" })).await.ok();
    world.run_jobs().await;
    let mail = world.mailbox.to("kim@loom.example").pop().expect("a mail").text;
    let code = mail.lines().find(|line| line.starts_with("invite_")).expect("a code");
    let accept = json!({ "code": code, "name": "Kim", "password": "a long password" });
    let joined = world.anybody("/vendor/v1").post("auth/accept-invitation", &accept).await.ok();
    let kim = owner.with_token(joined["access_token"].as_str().expect("a token")).get("account").await.ok()["id"].clone();
    let told = entries(&owner, "&resource=member").await;
    let entry = told.iter().find(|entry| entry["resource_id"] == kim).unwrap_or_else(|| panic!("no entry of {kim} in {told:#?}"));
    let by = format!("account:{}", kim.as_str().expect("an id"));
    assert_eq!((entry["action"].as_str(), entry["actor"].as_str()), (Some("created"), Some(&*by)));
    assert_eq!(entry["changes"]["role"], json!({ "before": null, "after": "orders" }));
    assert!(entry["address"].is_string() && entry["request_id"].is_string(), "{entry}");
    world.run_jobs().await;
}

#[tokio::test]
async fn shoppers_and_jobs_leave_no_entries() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(5).create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let checkout = guest.checkout(&mug, 1).await;
    guest.pay(&checkout, "test_success", "once").await.ok();
    world.run_jobs().await;
    assert!(entries(&world.vendor(&ada), "").await.is_empty());
}

#[tokio::test]
async fn the_log_is_filtered_paged_and_exported() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let mut tags = Vec::new();
    for number in 0..5 {
        tags.push(vendor.post("categories", &json!({ "name": format!("Category {number}") })).await.ok()["id"].clone());
    }
    let one = entries(&vendor, &format!("&resource=category&resource_id={}", tags[2].as_str().unwrap())).await;
    assert_eq!(one.len(), 1);
    assert_eq!(one[0]["changes"]["name"]["after"], "Category 2");
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = vendor.get(format!("audit?resource=category&limit=2{after}")).await.ok();
        seen.extend(page["data"].as_array().unwrap().iter().map(|entry| entry["changes"]["name"]["after"].to_string()));
        match page["page"]["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let newest_first: Vec<String> = (0..5).rev().map(|number| format!("\"Category {number}\"")).collect();
    assert_eq!(seen, newest_first);
    let export = vendor.get("audit/export?resource=category").await;
    assert_eq!(export.header("content-type"), Some("application/jsonl"));
    let lines: Vec<Value> = export.text().lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    assert_eq!(lines.len(), 5);
    for wrong in ["audit?resource=spaceship", "audit?resource_id=cat_x", "audit?resource=category&resource_id=prod_x", "audit?who=me"] {
        assert_eq!(vendor.get(wrong).await.status(), 422, "{wrong}");
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn nobody_takes_an_entry_out() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    world.vendor(&ada).post("categories", &json!({ "name": "Mugs" })).await.ok();
    for attempt in ["UPDATE audit_entries SET actor = 'nobody'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"] {
        let tx = world.begin(&ada).await;
        let refused = sea_orm::ConnectionTrait::execute_unprepared(&tx, attempt).await.expect_err(attempt);
        assert!(refused.to_string().contains("permission denied"), "{attempt}: {refused}");
    }
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT actor FROM audit_entries WHERE actor LIKE 'account:%'").await.len(), 1);
    world.run_jobs().await;
}
