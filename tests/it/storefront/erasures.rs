//! Being forgotten: out at once, gone within minutes, and gone for good.

use commerce::{ids::CustomerId, privacy};
use serde_json::{Value, json};
use tests::{
    Customer, Guest, Reply, Store, World, a_product,
    canary::tables_with,
    customer::{PASSWORD, try_sign_in},
    database::{execute, texts},
};
use worker::mail::MailError;

const EMAIL: &str = "canary@zwitscher.example";
const TRACKING: &str = "00340434161094";
const CANARIES: [&str; 6] = [EMAIL, "Canary Zwitscher", "Kanarienweg 7", "+49 30 987654", "Sings at dawn", TRACKING];

/// Somebody of whom the store knows all that it can know: an account, an address book, a note, a session, a cart, an open checkout,
/// an order that was sent away with, and one placed as a guest before.
struct Known {
    customer: Customer,
    id: CustomerId,
    order: String,
}

async fn known(world: &World, store: &Store) -> Known {
    let mug = a_product().stocked(20).create(world, store).await;
    let before = Guest::of(world, store).with_email(EMAIL).buy(&mug, 1).await;
    let customer = Customer::proved(world, store, EMAIL).await;
    let caller = &customer.caller;
    caller.patch("customer", &json!({ "name": "Canary Zwitscher", "accepts_marketing": true })).await.ok();
    let address = json!({ "name": "Canary Zwitscher", "line1": "Kanarienweg 7", "postcode": "10119", "city": "Berlin", "country": "DE",
        "phone": "+49 30 987654" });
    caller.post("customer/addresses", &json!({ "address": address })).await.ok();
    let checkout = Guest::signed_in(&customer).checkout(&mug, 1).await;
    let path = format!("checkouts/{}", checkout["id"].as_str().expect("an id"));
    let addressed = caller.patch(&path, &json!({ "shipping_address": address, "billing_address": address })).await.ok();
    let method = json!({ "shipping_method_id": addressed["shipping_options"][0]["id"] });
    let checkout = caller.patch(&path, &method).await.ok();
    let placed = Guest::signed_in(&customer).pay(&checkout, "test_success", "once").await.ok();
    let cart = caller.get("customer/cart").await.ok();
    let line = json!({ "variant_id": mug.variants[0].id, "quantity": 1 });
    caller.post(format!("carts/{}/lines", cart["id"].as_str().expect("an id")), &line).await.ok();
    let open = json!({ "cart_id": cart["id"], "email": EMAIL, "shipping_address": address });
    caller.post("checkouts", &open).await.ok();
    let id: CustomerId = caller.get("customer").await.ok()["id"].as_str().expect("an id").parse().expect("a customer's id");
    let owner = world.vendor(store);
    owner.patch(format!("customers/{id}"), &json!({ "note": "Sings at dawn" })).await.ok();
    world.run_jobs().await;
    let order = placed["order"]["id"].as_str().expect("an id").to_owned();
    let guests = before["id"].as_str().expect("an id");
    for (order, key) in [(order.as_str(), "theirs"), (guests, "guests")] {
        let cancelled = owner.with_key(key).post(format!("orders/{order}/cancel"), &json!({ "reason": "no longer wanted" })).await;
        assert_eq!(cancelled.ok()["customer_id"], json!(id));
    }
    world.run_jobs().await;
    Known { customer, id, order }
}

async fn ask(customer: &Customer) -> Reply {
    customer.caller.post("customer/erasure", &json!({ "current_password": PASSWORD })).await
}

/// What of the canaries stands in Redis, of this store's carts.
async fn redis_with(world: &World, store: &Store, words: &[&str]) -> Vec<String> {
    let mut redis = world.state.redis.clone().expect("a Redis");
    let keys: Vec<String> = redis::cmd("KEYS").arg(format!("*{}*", store.id.uuid())).query_async(&mut redis).await.expect("keys");
    let mut found = Vec::new();
    for key in keys {
        let kept: Result<String, _> = redis::cmd("GET").arg(&key).query_async(&mut redis).await;
        if kept.is_ok_and(|text| words.iter().any(|word| text.contains(word))) {
            found.push(key);
        }
    }
    found
}

/// Starts the schedule's sweep, and runs what follows.
async fn sweep(world: &World, store: &Store) {
    let job =
        json!({ "tenant": null, "key": uuid::Uuid::now_v7(), "caused_at": "2026-01-01T00:00:00Z", "job": { "kind": "SweepPrivacy" } });
    let wait = format!(
        "INSERT INTO waiting_jobs (tenant_id, id, lane, kind, key, job, created_at)
         VALUES ('{}', gen_random_uuid(), 'analytics', 'SweepPrivacy', gen_random_uuid()::text, '{job}', now())",
        store.id.uuid()
    );
    execute(&mut world.superuser().await, &wait).await;
    // Whoever makes orders older behind the product's back makes figures wrong that are counted by day.
    let drained = world.try_jobs().await;
    assert!(drained.failed.is_empty() && drained.done.contains(&"SweepPrivacy"), "{drained:?}");
}

/// I39: nothing in the database, in Redis, in jobs and facts, in what is searched, in logs of changes.
#[tokio::test]
async fn t134_nothing_tells_any_more_who_was_forgotten() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let Known { customer, id, order } = known(&world, &ada).await;
    // Somebody else of the same name, in the same house, in another store and in this one.
    let bob = world.tenant("bob").await;
    Customer::register(&world, &bob, EMAIL).await;
    let other = Customer::register(&world, &ada, "other@shopper.example").await;
    // Placed without signing in, and sent away since.
    let mug = a_product().titled("Later mug").stocked(20).create(&world, &ada).await;
    let later = Guest::of(&world, &ada).with_email(EMAIL).buy(&mug, 1).await;
    let parcel = json!({ "carrier": "DHL", "tracking_number": TRACKING });
    let parcels = format!("orders/{}/fulfillments", later["id"].as_str().expect("an id"));
    world.vendor(&ada).with_key("parcel").post(parcels, &parcel).await.ok();
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    let before = tables_with(&mut superuser, &CANARIES).await;
    for table in [
        "public.customers",
        "public.customer_addresses",
        "public.orders",
        "public.fulfillments",
        "public.checkouts",
        "public.audit_entries",
    ] {
        assert!(before.iter().any(|found| found == table), "the canaries are where they are looked for: {table} of {before:?}");
    }
    assert!(!redis_with(&world, &ada, &CANARIES).await.is_empty());
    world.vendor(&ada).patch("privacy", &json!({ "order_contact_days": 0 })).await.ok();

    let asked = ask(&customer).await;
    assert_eq!(asked.status(), 202);
    let receipt = asked.ok()["id"].as_str().unwrap().to_owned();
    customer.caller.get("customer").await.refused(401, "identity.unauthorized");
    let refresh = json!({ "refresh_token": customer.refresh_token });
    assert_eq!(world.shopper(&ada).post("customer/refresh", &refresh).await.status(), 401);
    try_sign_in(&world, &ada, (EMAIL, PASSWORD), None).await.refused(401, "identity.wrong_credentials");
    world.run_jobs().await;

    let last = world.mailbox.to(EMAIL).last().cloned().expect("a last mail");
    assert!(last.text.contains(&receipt) && last.subject.starts_with("You are being forgotten"), "{}", last.text);
    let of_bob = format!("SELECT id::text FROM customers WHERE tenant_id = '{}' AND email = '{EMAIL}'", bob.id.uuid());
    assert_eq!(texts(&mut superuser, &of_bob).await.len(), 1, "the same address in another store is another customer");
    let remove = format!(
        "DELETE FROM customer_codes WHERE tenant_id = '{0}'; UPDATE customers SET email = 'b@b.example' WHERE tenant_id = '{0}'",
        bob.id.uuid()
    );
    execute(&mut superuser, &remove).await;
    assert_eq!(tables_with(&mut superuser, &CANARIES).await, Vec::<String>::new());
    assert_eq!(redis_with(&world, &ada, &CANARIES).await, Vec::<String>::new());

    let owner = world.vendor(&ada);
    let shown = owner.get(format!("customers/{id}")).await.ok();
    assert_eq!((&shown["name"], &shown["note"], &shown["orders"]), (&json!("Erased"), &Value::Null, &json!(3)));
    assert!(shown["erased_at"].is_string());
    owner.patch(format!("customers/{id}"), &json!({ "note": "It was Canary" })).await.refused(409, "customers.closed");
    let kept = owner.get(format!("orders/{order}")).await.ok();
    assert_eq!(kept["email"], "erased@erased.invalid");
    assert_eq!((&kept["shipping_address"]["country"], &kept["shipping_address"]["postcode"]), (&json!("DE"), &json!("10")));
    assert_eq!(kept["lines"].as_array().map(Vec::len), Some(1), "what was sold stays");
    other.caller.get("customer").await.ok();
    // The address is free again, for somebody new.
    let anew = Customer::register(&world, &ada, EMAIL).await;
    assert!(anew.caller.get("customer/orders").await.ok()["data"].as_array().unwrap().is_empty());
    world.run_jobs().await;
}

#[tokio::test]
async fn the_law_keeps_names_on_orders_and_nothing_else() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let Known { customer, order, .. } = known(&world, &ada).await;
    ask(&customer).await.ok();
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    assert_eq!(tables_with(&mut superuser, &[EMAIL, "+49 30 987654", "Sings at dawn"]).await, Vec::<String>::new());
    assert_eq!(tables_with(&mut superuser, &["Canary Zwitscher", "Kanarienweg 7"]).await, ["public.orders"]);
    let owner = world.vendor(&ada);
    let kept = owner.get(format!("orders/{order}")).await.ok();
    assert_eq!((&kept["email"], &kept["shipping_address"]["line1"]), (&json!("erased@erased.invalid"), &json!("Kanarienweg 7")));
    assert_eq!(kept["shipping_address"]["phone"], Value::Null);
    // When its days are over, the rest goes.
    execute(&mut superuser, "UPDATE orders SET placed_at = placed_at - interval '3651 days'").await;
    sweep(&world, &ada).await;
    assert_eq!(tables_with(&mut superuser, &CANARIES).await, Vec::<String>::new());
}

/// What is still to be sent needs to know where to.
#[tokio::test]
async fn an_order_on_its_way_arrives_though_its_buyer_is_forgotten() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(20).create(&world, &ada).await;
    let customer = Customer::proved(&world, &ada, EMAIL).await;
    let order = Guest::signed_in(&customer).buy(&mug, 1).await;
    let owner = world.vendor(&ada);
    owner.patch("privacy", &json!({ "order_contact_days": 0 })).await.ok();
    world.run_jobs().await;
    ask(&customer).await.ok();
    world.run_jobs().await;
    let path = format!("orders/{}", order["id"].as_str().unwrap());
    assert_eq!(owner.get(&path).await.ok()["shipping_address"]["line1"], "Torstraße 1");
    let mails = world.mailbox.all().len();
    owner.with_key("parcel").post(format!("{path}/fulfillments"), &json!({ "carrier": "DHL" })).await.ok();
    world.run_jobs().await;
    assert_eq!(world.mailbox.all().len(), mails, "nobody is told any more");
    sweep(&world, &ada).await;
    let done = owner.get(&path).await.ok();
    assert_eq!((&done["status"], &done["shipping_address"]["line1"]), (&json!("completed"), &json!("Erased")));
}

#[tokio::test]
async fn erasing_again_or_after_dying_half_way_comes_to_the_same() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let Known { customer, id, .. } = known(&world, &ada).await;
    let asked = ask(&customer).await.ok();
    let mut superuser = world.superuser().await;
    // Carts are emptied by then, and nothing else is done.
    let die = "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'dead'; END $$;
               CREATE TRIGGER die BEFORE UPDATE ON erasures FOR EACH ROW EXECUTE FUNCTION die()";
    execute(&mut superuser, die).await;
    let failed = world.try_jobs().await.failed;
    assert_eq!(failed.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["EraseCustomer"]);
    assert!(redis_with(&world, &ada, &CANARIES).await.is_empty());
    assert!(!tables_with(&mut superuser, &CANARIES).await.is_empty());
    execute(&mut superuser, "DROP TRIGGER die ON erasures; UPDATE erasures SET asked_at = asked_at - interval '1 hour'").await;
    sweep(&world, &ada).await;
    let path = format!("privacy/erasures/{}", asked["id"].as_str().unwrap());
    let owner = world.vendor(&ada);
    let receipt = owner.get(&path).await.ok();
    assert_eq!((&receipt["customer_id"], &receipt["asked_by"]), (&json!(id), &json!("customer")));
    assert_eq!((&receipt["orders"], &receipt["addresses"]), (&json!(2), &json!(1)), "{receipt}");
    assert!(receipt["checkouts"].as_i64() >= Some(3) && receipt["audit_entries"].as_i64() >= Some(1), "{receipt}");
    assert_eq!(tables_with(&mut superuser, &["Sings at dawn", EMAIL]).await, Vec::<String>::new());
    let mails = world.mailbox.all().len();
    let erasure = asked["id"].as_str().unwrap().parse().unwrap();
    let again = privacy::erase(&world.db(&ada), &world.state.carts, &world.clock, erasure).await.expect("again");
    assert_eq!((again.orders, again.addresses, again.audit_entries), (2, 1, receipt["audit_entries"].as_i64().unwrap()));
    sweep(&world, &ada).await;
    assert_eq!(world.mailbox.all().len(), mails, "one last mail");
    let again = owner.get(&path).await.ok();
    assert_eq!(again["done_at"], receipt["done_at"]);
}

/// I39: a backup that is restored knows the customer again; the receipt does not forget.
#[tokio::test]
async fn a_restored_backup_is_erased_again() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let customer = Customer::proved(&world, &ada, EMAIL).await;
    ask(&customer).await.ok();
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    let restore = format!(
        "UPDATE customers SET email = '{EMAIL}', name = 'Canary Zwitscher', erased_at = NULL, closed_at = NULL;
         INSERT INTO customer_addresses (tenant_id, id, customer_id, address, is_default_shipping, is_default_billing, created_at, updated_at)
         SELECT tenant_id, gen_random_uuid(), id, '{{\"line1\": \"Kanarienweg 7\"}}', true, true, now(), now() FROM customers;
         UPDATE erasures SET asked_at = asked_at - interval '1 day'"
    );
    execute(&mut superuser, &restore).await;
    assert!(!tables_with(&mut superuser, &CANARIES).await.is_empty());
    sweep(&world, &ada).await;
    assert_eq!(tables_with(&mut superuser, &CANARIES).await, Vec::<String>::new());
    let receipts = world.vendor(&ada).get("privacy/erasures").await.ok();
    let receipt = &receipts["data"][0];
    assert!(receipt["applied_at"].as_str() > receipt["done_at"].as_str(), "{receipt}");
    sweep(&world, &ada).await;
    assert_eq!(world.vendor(&ada).get("privacy/erasures").await.ok(), receipts, "once is enough");
}

#[tokio::test]
async fn whoever_asks_knows_the_password_and_a_mail_server_that_is_away_holds_nobody_up() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let customer = Customer::proved(&world, &ada, EMAIL).await;
    let wrong = customer.caller.post("customer/erasure", &json!({ "current_password": "not that one" })).await;
    wrong.refused(422, "identity.wrong_password");
    world.shopper(&ada).post("customer/erasure", &json!({ "current_password": PASSWORD })).await.refused(401, "identity.unauthorized");
    customer.caller.get("customer").await.ok();
    ask(&customer).await.ok();
    world.mailbox.refuse(Some(MailError::Later("busy".into())));
    assert_eq!(world.try_jobs().await.failed.len(), 1, "the mail may go through in a minute");
    let mut superuser = world.superuser().await;
    execute(&mut superuser, "UPDATE erasures SET asked_at = asked_at - interval '2 hours'").await;
    sweep(&world, &ada).await;
    assert_eq!(tables_with(&mut superuser, &[EMAIL]).await, Vec::<String>::new());
}

/// The log of changes stays a ledger: what is told of the erased is struck out, and nothing else of it can be.
#[tokio::test]
async fn the_audit_log_loses_names_and_nothing_else() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let Known { customer, .. } = known(&world, &ada).await;
    let owner = world.vendor(&ada);
    let ada_db = world.db(&ada);
    let change = "UPDATE audit_entries SET changes = '{}'";
    let refused = sea_orm::ConnectionTrait::execute_unprepared(&ada_db.begin().await.unwrap(), change).await.expect_err("a ledger");
    assert!(refused.to_string().contains("permission denied"), "{refused}");
    let count = owner.get("audit?limit=100").await.ok()["data"].as_array().map(Vec::len);
    ask(&customer).await.ok();
    world.run_jobs().await;
    let entries = owner.get("audit?limit=100").await.ok();
    assert_eq!(entries["data"].as_array().map(Vec::len), count, "no entry is gone, and shoppers and jobs make none");
    let of = |resource: &str| entries["data"].as_array().unwrap().iter().find(|entry| entry["resource"] == resource).unwrap().clone();
    assert_eq!(of("customer")["changes"]["note"], json!({ "before": "•••", "after": "•••" }));
    let cancelled = of("order");
    assert_eq!(cancelled["changes"]["status"], json!({ "before": "placed", "after": "cancelled" }));
    // Whatever is asked of an entry of theirs, striking out is all that can happen to it.
    let tx = ada_db.begin().await.unwrap();
    let lie = "UPDATE audit_entries SET changes = '{\"note\": [null, \"a lie\"]}' WHERE resource = 'customer'";
    sea_orm::ConnectionTrait::execute_unprepared(&tx, lie).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(owner.get("audit?limit=100").await.ok(), entries);
}
