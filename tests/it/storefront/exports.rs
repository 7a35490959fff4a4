//! A copy of all that a store knows of a customer: for the customer alone, and for some days.

use serde_json::{Value, json};
use tests::{Customer, Guest, Reply, World, a_product, an_address, customer::PASSWORD, database::execute};

const EMAIL: &str = "grace@shopper.example";

async fn ask(customer: &Customer) -> Reply {
    customer.caller.post("customer/exports", &json!({ "current_password": PASSWORD })).await
}

fn path(export: &Value) -> String {
    format!("customer/exports/{}", export["id"].as_str().expect("an id"))
}

/// After the password once more, of this store alone though the other knows the same address, and not for ever.
#[tokio::test]
async fn t135_a_copy_holds_everything_of_one_store_and_ends() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mug = a_product().titled("Mug").stocked(9).create(&world, &ada).await;
    let cup = a_product().titled("Cup of another store").stocked(9).create(&world, &bob).await;
    Guest::of(&world, &ada).with_email(EMAIL).buy(&mug, 2).await;
    Guest::of(&world, &bob).with_email(EMAIL).buy(&cup, 1).await;
    world.run_jobs().await;
    let customer = Customer::proved(&world, &ada, EMAIL).await;
    Customer::proved(&world, &bob, EMAIL).await;
    customer.caller.patch("customer", &json!({ "accepts_marketing": true })).await.ok();
    customer.caller.post("customer/addresses", &json!({ "address": an_address("DE") })).await.ok();
    let bought = Guest::signed_in(&customer).buy(&mug, 1).await;
    let cart = customer.caller.get("customer/cart").await.ok();
    let line = json!({ "variant_id": mug.variants[0].id, "quantity": 3 });
    customer.caller.post(format!("carts/{}/lines", cart["id"].as_str().unwrap()), &line).await.ok();
    let id = customer.caller.get("customer").await.ok()["id"].clone();
    world.vendor(&ada).patch(format!("customers/{}", id.as_str().unwrap()), &json!({ "note": "Likes mugs" })).await.ok();

    let wrong = customer.caller.post("customer/exports", &json!({ "current_password": "not that one" })).await;
    wrong.refused(422, "identity.wrong_password");
    let asked = ask(&customer).await;
    assert_eq!((asked.status(), &asked.ok()["status"]), (202, &json!("pending")));
    let export = asked.ok();
    let download = format!("{}/download", path(&export));
    customer.caller.get(&download).await.refused(409, "privacy.export_not_ready");
    ask(&customer).await.refused(409, "privacy.export_open");
    world.run_jobs().await;

    assert_eq!(customer.caller.get(path(&export)).await.ok()["status"], "ready");
    let mail = world.mailbox.to(EMAIL).last().cloned().expect("a mail");
    assert!(mail.subject.starts_with("Your data is ready") && !mail.text.contains("Torstraße"), "told, not sent: {}", mail.text);
    let reply = customer.caller.get(&download).await;
    assert!(reply.header("content-disposition").is_some_and(|value| value.starts_with("attachment")));
    let copy = reply.ok();
    assert_eq!((&copy["profile"]["id"], &copy["profile"]["email"]), (&id, &json!(EMAIL)));
    assert_eq!(copy["profile"]["note_of_the_store"], "Likes mugs");
    assert_eq!(copy["consents"][0]["is_given"], true);
    assert!(copy["consents"][0]["decided_at"].is_string());
    assert_eq!(copy["addresses"][0]["address"]["line1"], "Torstraße 1");
    assert_eq!(copy["cart"]["lines"][0]["quantity"], 3);
    assert_eq!(copy["sessions"].as_array().map(Vec::len), Some(1));
    assert_eq!(copy["sessions"][0]["user_agent"], "Firefox on a test");
    assert_eq!(copy["orders"].as_array().map(Vec::len), Some(2), "with the one placed as a guest");
    let order = &copy["orders"][0];
    assert_eq!((&order["id"], &order["total"]), (&bought["id"], &bought["total"]));
    assert_eq!((&order["lines"][0]["title"], &order["payments"][0]["captured"]), (&json!("Mug"), &bought["total"]));
    assert!(copy["events"].as_array().is_some_and(|events| events.iter().any(|event| event["code"] == "customers.verified")));
    assert_eq!(copy["is_whole"], true);
    for secret in ["Cup of another store", "argon2", "password_hash", "token"] {
        assert!(!reply.text().contains(secret), "{secret}");
    }

    execute(&mut world.superuser().await, "UPDATE customer_exports SET expires_at = now()").await;
    customer.caller.get(&download).await.refused(404, "privacy.export_not_found");
    assert_eq!(customer.caller.get("customer/exports").await.ok()["data"], json!([]));
    world.run_jobs().await;
}

#[tokio::test]
async fn a_copy_is_read_by_its_customer_alone() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let grace = Customer::register(&world, &ada, EMAIL).await;
    let mary = Customer::register(&world, &ada, "mary@shopper.example").await;
    let same = Customer::register(&world, &bob, EMAIL).await;
    let export = ask(&grace).await.ok();
    world.run_jobs().await;
    let download = format!("{}/download", path(&export));
    grace.caller.get(&download).await.ok();
    for stranger in [&mary, &same] {
        stranger.caller.get(path(&export)).await.refused(404, "privacy.export_not_found");
        stranger.caller.get(&download).await.refused(404, "privacy.export_not_found");
        assert_eq!(stranger.caller.get("customer/exports").await.ok()["data"], json!([]));
    }
    world.shopper(&ada).get(&download).await.refused(401, "identity.unauthorized");
}

#[tokio::test]
async fn copies_are_few_and_of_several_requests_at_once_one_counts() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let grace = Customer::register(&world, &ada, EMAIL).await;
    let answers = futures::future::join_all((0..3).map(|_| ask(&grace))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status() == 202).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status() != 202) {
        answer.refused(409, "privacy.export_open");
    }
    world.run_jobs().await;
    for _ in 0..2 {
        ask(&grace).await.ok();
        world.run_jobs().await;
    }
    let refused = ask(&grace).await;
    refused.refused(429, "privacy.too_many_exports");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(grace.caller.get("customer/exports").await.ok()["data"].as_array().map(Vec::len), Some(3));
}
