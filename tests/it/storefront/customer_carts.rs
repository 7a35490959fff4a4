//! The cart that goes with a customer, and the guest's cart that becomes part of it.

use chrono::{DateTime, Utc};
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    Customer, Guest, Store, World, a_product,
    customer::{PASSWORD, try_sign_in},
};

const GRACE: &str = "grace@shopper.example";

fn path(cart: &Value) -> String {
    format!("carts/{}", cart["id"].as_str().expect("a cart"))
}

/// Title and quantity of each line.
fn lines(cart: &Value) -> Vec<(String, u64)> {
    let line = |line: &Value| (line["product_title"].as_str().unwrap().to_owned(), line["quantity"].as_u64().unwrap());
    cart["lines"].as_array().unwrap_or_else(|| panic!("no lines in {cart}")).iter().map(line).collect()
}

async fn sign_in_with(world: &World, store: &Store, cart: &Value) -> Value {
    try_sign_in(world, store, (GRACE, PASSWORD), Some(cart)).await.ok()
}

#[tokio::test]
async fn one_cart_goes_from_device_to_device_until_it_is_bought() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    let opened = join_all((0..6).map(|_| grace.caller.get("customer/cart"))).await;
    let cart = opened[0].ok();
    assert!(opened.iter().all(|reply| reply.ok()["id"] == cart["id"]), "asked for at once, it is one");
    assert_eq!(cart["email"], GRACE);
    let expires_at: DateTime<Utc> = cart["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!((expires_at - world.clock.now()).num_days(), 89, "kept for ninety days");
    let line = json!({ "variant_id": mug.variants[0].id, "quantity": 2 });
    grace.caller.post(format!("{}/lines", path(&cart)), &line).await.ok();
    let phone = Customer::sign_in(&world, &ada, GRACE).await;
    let there = phone.caller.get("customer/cart").await.ok();
    assert_eq!((&there["id"], lines(&there)), (&cart["id"], vec![("Mug".to_owned(), 2)]));

    assert_eq!(phone.caller.delete(path(&cart)).await.status(), 204);
    let next = grace.caller.get("customer/cart").await.ok();
    assert!(next["id"] != cart["id"] && lines(&next).is_empty(), "deleted, another takes its place");
    grace.caller.post(format!("{}/lines", path(&next)), &line).await.ok();
    let buyer = Guest::signed_in(&grace);
    let checkout = buyer.try_checkout(&next).await.ok();
    let method = json!({ "shipping_method_id": checkout["shipping_options"][0]["id"] });
    let checkout = grace.caller.patch(format!("checkouts/{}", checkout["id"].as_str().unwrap()), &method).await.ok();
    assert_eq!(grace.caller.get("customer/cart").await.ok()["id"], next["id"], "until it is bought");
    buyer.pay(&checkout, "test_success", "hers").await.ok();
    let after = grace.caller.get("customer/cart").await.ok();
    assert!(after["id"] != next["id"] && lines(&after).is_empty());
    world.run_jobs().await;
}

#[tokio::test]
async fn a_guests_cart_is_merged_by_the_stores_rule() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let (mug, cup) = (a_product().stocked(100).create(&world, &ada).await, a_product().titled("Cup").create(&world, &ada).await);
    let owner = world.vendor(&ada);
    assert_eq!(owner.get("store").await.ok()["cart_merge"], "sum");
    for (rule, expected) in [("sum", 7), ("newest", 2), ("keep_both", 5)] {
        assert_eq!(owner.patch("store", &json!({ "cart_merge": rule })).await.ok()["cart_merge"], rule);
        let email = format!("{rule}@shopper.example").replace('_', "-");
        let customer = Customer::register(&world, &ada, &email).await;
        let own = customer.caller.get("customer/cart").await.ok();
        let five = json!({ "variant_id": mug.variants[0].id, "quantity": 5 });
        customer.caller.post(format!("{}/lines", path(&own)), &five).await.ok();
        let wanted =
            json!({ "lines": [{ "variant_id": cup.variants[0].id, "quantity": 1 }, { "variant_id": mug.variants[0].id, "quantity": 2 }] });
        let guests = world.shopper(&ada).post("carts", &wanted).await.ok();
        let signed_in = try_sign_in(&world, &ada, (&email, PASSWORD), Some(&guests)).await.ok();
        assert_eq!(signed_in["is_cart_merged"], true);
        let merged = customer.caller.get("customer/cart").await.ok();
        assert_eq!((&merged["id"], lines(&merged)), (&own["id"], vec![("Mug".to_owned(), expected), ("Cup".to_owned(), 1)]), "{rule}");
        world.shopper(&ada).get(path(&guests)).await.refused(404, "cart.not_found");
        customer.caller.get(path(&guests)).await.refused(404, "cart.not_found");
    }
    let problem = owner.patch("store", &json!({ "cart_merge": "drop" })).await;
    assert_eq!((problem.status(), &problem.json()["errors"][0]["pointer"]), (422, &json!("/cart_merge")));
    world.run_jobs().await;
}

/// Eight tabs sign in at once, each with the same cart: it counts once.
#[tokio::test]
async fn a_cart_that_is_brought_many_times_at_once_counts_once() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let mug = a_product().stocked(100).create(&world, &ada).await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    let own = grace.caller.get("customer/cart").await.ok();
    for round in 1..=2_u64 {
        let guests = Guest::of(&world, &ada).fill_cart(&mug, 3).await;
        let tabs = join_all((0..4).map(|_| sign_in_with(&world, &ada, &guests))).await;
        assert!(tabs.iter().all(|tab| tab["is_cart_merged"] == true), "{tabs:?}");
        let merged = grace.caller.get(path(&own)).await.ok();
        assert_eq!(lines(&merged), [("Mug".to_owned(), 3 * round)]);
    }
    assert_eq!(grace.caller.get("customer/cart").await.ok()["id"], own["id"]);
}

#[tokio::test]
async fn a_cart_becomes_one_customers() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    let mug = a_product().stocked(100).create(&world, &ada).await;
    let (grace, mary) = (Customer::register(&world, &ada, GRACE).await, Customer::register(&world, &ada, "mary@shopper.example").await);
    Customer::register(&world, &bob, GRACE).await;
    let guests = Guest::of(&world, &ada).fill_cart(&mug, 1).await;
    assert_eq!(sign_in_with(&world, &bob, &guests).await["is_cart_merged"], false, "of another store");
    let both = [GRACE, "mary@shopper.example"].map(|email| (email, PASSWORD));
    let won = join_all(both.iter().map(|who| try_sign_in(&world, &ada, *who, Some(&guests)))).await;
    assert_eq!(won.iter().filter(|reply| reply.ok()["is_cart_merged"] == true).count(), 1);
    let mut units = 0;
    for customer in [&grace, &mary] {
        units += lines(&customer.caller.get("customer/cart").await.ok()).iter().map(|line| line.1).sum::<u64>();
    }
    assert_eq!(units, 1);
    let unknown = json!({ "id": "cart_01h2xcejqtf2nbrexx3vqjhp41" });
    assert_eq!(sign_in_with(&world, &ada, &unknown).await["is_cart_merged"], false, "a cart that is gone keeps nobody out");
    let own = grace.caller.get("customer/cart").await.ok();
    let before = lines(&own);
    assert_eq!(sign_in_with(&world, &ada, &own).await["is_cart_merged"], true, "it is there already");
    assert_eq!(lines(&grace.caller.get("customer/cart").await.ok()), before);
}

/// What is being bought is bought; what only waits is opened again from the merged cart.
#[tokio::test]
async fn a_cart_that_is_being_paid_for_is_left_alone() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(100).create(&world, &ada).await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    let guest = Guest::of(&world, &ada);

    let paying = guest.checkout(&mug, 1).await;
    let challenge = guest.pay(&paying, "test_requires_action", "paying").await.ok()["action"]["path"].as_str().unwrap().to_owned();
    let cart = json!({ "id": paying["cart_id"] });
    assert_eq!(sign_in_with(&world, &ada, &cart).await["is_cart_merged"], false);
    assert_eq!(lines(&world.shopper(&ada).get(path(&cart)).await.ok()), [("Mug".to_owned(), 1)], "it stays the guest's");
    world.shopper(&ada).post(&challenge, &json!({ "approve": true })).await.ok();
    guest.pay(&paying, "test_requires_action", "paying").await.ok();
    assert_eq!(sign_in_with(&world, &ada, &cart).await["is_cart_merged"], false, "nor is what was bought wished for again");
    assert!(lines(&grace.caller.get("customer/cart").await.ok()).is_empty());

    let waiting = guest.checkout(&mug, 2).await;
    assert_eq!(sign_in_with(&world, &ada, &json!({ "id": waiting["cart_id"] })).await["is_cart_merged"], true);
    assert_eq!(lines(&grace.caller.get("customer/cart").await.ok()), [("Mug".to_owned(), 2)]);
    guest.pay(&waiting, "test_success", "late").await.refused(409, "checkout.cancelled");
    world.run_jobs().await;
}
