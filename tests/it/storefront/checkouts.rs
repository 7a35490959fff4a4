//! From cart to order: what a shopper is told at each step, and what races and lost answers may not do.

use futures::future::join_all;
use serde_json::json;
use tests::{Guest, World, a_product, an_address, database::texts};

#[tokio::test]
async fn a_guest_buys_and_follows_the_order() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().priced("19.90 EUR").stocked(10).create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);

    let cart = guest.fill_cart(&mug, 2).await;
    let opened = guest.try_checkout(&cart).await.ok();
    assert_eq!(opened["requirements"], json!(["shipping_method_id"]));
    let checkout = guest.checkout(&mug, 2).await;
    assert_eq!(checkout["requirements"], json!([]));
    assert_eq!(checkout["subtotal"]["amount"], "39.80");
    assert_eq!(checkout["shipping_total"]["amount"], "4.90");
    assert_eq!(checkout["total"]["amount"], "44.70", "prices include tax");
    assert_eq!(checkout["tax_total"]["amount"], "7.13", "6.35 of the goods and 0.78 of the shipping");

    let placed = guest.pay(&checkout, "test_success", "first").await.ok();
    assert_eq!((placed["status"].as_str(), placed["order"]["number"].as_i64()), (Some("placed"), Some(1001)));
    let link = format!("orders/{}?token={}", placed["order"]["id"].as_str().unwrap(), placed["order"]["token"].as_str().unwrap());
    let order = world.shopper(&ada).get(&link).await.ok();
    assert_eq!((order["payment_status"].as_str(), order["fulfillment_status"].as_str()), (Some("paid"), Some("unfulfilled")));
    assert_eq!(order["total"], checkout["total"]);
    let wrong = format!("orders/{}?token=guessed", placed["order"]["id"].as_str().unwrap());
    world.shopper(&ada).get(&wrong).await.refused(404, "orders.order_not_found");
    world.run_jobs().await;
}

#[tokio::test]
async fn tax_is_added_where_prices_are_without_it() {
    let world = World::new().await;
    let ada = world.tenant_in("ada", "USD", "DE", false).await;
    let mug = a_product().priced("10.00 USD").create(&world, &ada).await;
    let checkout = Guest::of(&world, &ada).checkout(&mug, 1).await;
    let shipping = checkout["shipping_total"]["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let tax = checkout["tax_total"]["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let total = checkout["total"]["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    assert!(tax > 0);
    assert_eq!(total, 1000 + shipping + tax);
    world.run_jobs().await;
}

#[tokio::test]
async fn bad_input_names_the_field() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let cart = guest.fill_cart(&mug, 1).await;
    let mut address = an_address("DE");
    address["country"] = json!("Germany");
    address["city"] = json!("");
    let request = json!({ "cart_id": cart["id"], "email": "not an address", "shipping_address": address });
    let problem = world.shopper(&ada).post("checkouts", &request).await.refused(422, "checkout.invalid");
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/email", "/shipping_address/city", "/shipping_address/country"]);

    let opened = guest.try_checkout(&cart).await.ok();
    let problem = guest.pay(&opened, "test_success", "early").await.refused(422, "checkout.incomplete");
    assert_eq!(problem["errors"][0]["pointer"], "/shipping_method_id");
    let path = format!("checkouts/{}/complete", opened["id"].as_str().unwrap());
    let body = json!({ "expected_total": opened["total"], "payment": { "gateway": "test", "token": "test_success" } });
    world.shopper(&ada).post(&path, &body).await.refused(400, "request.idempotency_key_required");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_decline_leaves_the_checkout_open_for_another_payment() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(1).create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let checkout = guest.checkout(&mug, 1).await;
    guest.pay(&checkout, "test_declined", "one").await.refused(402, "payments.declined");
    guest.pay(&checkout, "test_declined", "one").await.refused(402, "payments.declined");
    guest.pay(&checkout, "test_success", "one").await.refused(422, "idempotency.key_reused");
    let placed = guest.pay(&checkout, "test_success", "two").await;
    assert_eq!(placed.ok()["status"], "placed");
    assert_eq!(placed.header("idempotent-replayed"), None);
    let again = guest.pay(&checkout, "test_success", "two").await;
    assert_eq!(again.ok(), placed.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    world.run_jobs().await;
}

#[tokio::test]
async fn a_challenge_is_answered_before_the_money_comes() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);

    let refused = guest.checkout(&mug, 1).await;
    let asked = guest.pay(&refused, "test_requires_action", "refused").await.ok();
    assert_eq!(asked["status"], "requires_action");
    world.shopper(&ada).post(asked["action"]["path"].as_str().unwrap(), &json!({ "approve": false })).await.ok();
    guest.pay(&refused, "test_requires_action", "refused").await.refused(402, "payments.declined");

    let approved = guest.checkout(&mug, 1).await;
    let asked = guest.pay(&approved, "test_requires_action", "approved").await.ok();
    let challenge = asked["action"]["path"].as_str().unwrap();
    let bob = world.tenant("bob").await;
    world.shopper(&bob).post(challenge, &json!({ "approve": true })).await.refused(404, "payments.challenge_not_found");
    world.shopper(&ada).post(challenge, &json!({ "approve": true })).await.ok();
    assert_eq!(guest.pay(&approved, "test_requires_action", "approved").await.ok()["status"], "placed");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_lost_answer_is_found_out_and_charges_once() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let checkout = guest.checkout(&mug, 1).await;
    guest.pay(&checkout, "test_lost_reply", "once").await.refused(503, "payments.provider_unreachable");
    assert_eq!(guest.pay(&checkout, "test_lost_reply", "once").await.ok()["status"], "placed");
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM test_gateway_charges").await, ["1"]);
    world.run_jobs().await;
}

#[tokio::test]
async fn a_payment_that_nobody_came_back_for_is_resolved_by_the_sweep() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(3).create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let lost = guest.checkout(&mug, 1).await;
    guest.pay(&lost, "test_lost_reply", "lost").await.refused(503, "payments.provider_unreachable");
    let challenged = guest.checkout(&mug, 1).await;
    guest.pay(&challenged, "test_requires_action", "challenged").await.ok();
    let forgotten = guest.checkout(&mug, 1).await;
    let mut superuser = world.superuser().await;
    texts(
        &mut superuser,
        "WITH later AS (UPDATE checkouts SET expires_at = now() - interval '1 second', completing_at = completing_at - interval '1 hour' RETURNING id)
         SELECT count(*)::text FROM later",
    )
    .await;
    let store = world.state.directory.by_id(ada.id).await.unwrap();
    let swept = commerce::checkout::sweep(&world.db(&ada), &world.state.gateways, &world.clock, &store).await.unwrap();
    assert_eq!((swept.placed, swept.expired, swept.left), (1, 2, 0));
    for (checkout, status) in [(&lost, "completed"), (&challenged, "expired"), (&forgotten, "expired")] {
        let shown = world.shopper(&ada).get(format!("checkouts/{}", checkout["id"].as_str().unwrap())).await.ok();
        assert_eq!(shown["status"], status);
    }
    guest.pay(&challenged, "test_requires_action", "challenged").await.refused(402, "payments.declined");
    guest.pay(&forgotten, "test_success", "late").await.refused(410, "checkout.expired");
    world.run_jobs().await;
    let on_hand = texts(&mut superuser, "SELECT on_hand || ' ' || reserved FROM stock_levels").await;
    assert_eq!(on_hand, ["2 0"], "one was sold, nothing is held");
}

#[tokio::test]
async fn a_total_that_moved_is_not_charged() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().priced("19.90 EUR").create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let checkout = guest.checkout(&mug, 1).await;
    let mut superuser = world.superuser().await;
    texts(&mut superuser, "WITH dearer AS (UPDATE prices SET amount = 2990 RETURNING id) SELECT id::text FROM dearer").await;
    guest.pay(&checkout, "test_success", "old").await.refused(409, "checkout.total_changed");
    let shown = world.shopper(&ada).get(format!("checkouts/{}", checkout["id"].as_str().unwrap())).await.ok();
    assert_eq!(shown["total"]["amount"], "34.80");
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM payments").await, ["0"]);
    assert_eq!(guest.pay(&shown, "test_success", "new").await.ok()["order"]["total"]["amount"], "34.80");
    let other = guest.checkout(&mug, 1).await;
    let wrong = json!({ "expected_total": { "amount": "3480", "currency": "JPY" }, "payment": { "gateway": "manual" } });
    let path = format!("checkouts/{}/complete", other["id"].as_str().unwrap());
    world.shopper(&ada).with_key("yen").post(&path, &wrong).await.refused(409, "checkout.total_changed");
    world.run_jobs().await;
}

#[tokio::test]
async fn fifty_buyers_of_ten_get_ten() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(10).create(&world, &ada).await;
    let buyer = async |number: usize| {
        let guest = Guest::of(&world, &ada);
        let cart = guest.fill_cart(&mug, 1).await;
        let opened = guest.try_checkout(&cart).await;
        if opened.status() != 201 {
            let problem = opened.refused(409, "checkout.out_of_stock");
            assert_eq!(problem["errors"][0]["pointer"], "/lines/0");
            return false;
        }
        let checkout = opened.json();
        let path = format!("checkouts/{}", checkout["id"].as_str().unwrap());
        let method = json!({ "shipping_method_id": checkout["shipping_options"][0]["id"] });
        let checkout = world.shopper(&ada).patch(&path, &method).await.ok();
        assert_eq!(guest.pay(&checkout, "test_success", &format!("buyer {number}")).await.ok()["status"], "placed");
        true
    };
    let bought = join_all((0..50).map(buyer)).await.into_iter().filter(|bought| *bought).count();
    assert_eq!(bought, 10);
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT on_hand || ' ' || reserved FROM stock_levels").await, ["0 0"]);
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM orders").await, ["10"]);
}

/// Each BEGIN (with its tenant) and each COMMIT counts. What the test gateway books for itself, as a provider would, is part of it.
#[tokio::test]
async fn a_guest_buys_within_sixty_statements() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    guest.buy(&mug, 1).await;
    let (statements, _) = world.count_statements(guest.buy(&mug, 2)).await;
    assert_eq!(statements, 50, "cart, checkout, way of sending, payment");
    world.run_jobs().await;
}

#[tokio::test]
async fn one_checkout_completed_twenty_times_at_once_is_one_order() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(10).create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);

    let same_key = guest.checkout(&mug, 1).await;
    let replies = join_all((0..20).map(|_| guest.pay(&same_key, "test_success", "one key"))).await;
    let orders: Vec<_> = replies.iter().map(|reply| reply.ok()["order"]["id"].clone()).collect();
    assert!(orders.iter().all(|order| *order == orders[0]), "{orders:?}");

    let own_keys = guest.checkout(&mug, 1).await;
    let keys: Vec<String> = (0..20).map(|number| format!("key {number}")).collect();
    let replies = join_all(keys.iter().map(|key| guest.pay(&own_keys, "test_success", key))).await;
    let placed = replies.iter().filter(|reply| reply.status() == 200).count();
    assert!(placed >= 1);
    for other in replies.iter().filter(|reply| reply.status() != 200) {
        other.refused(409, "checkout.in_progress");
    }
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM orders").await, ["2"]);
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM test_gateway_charges").await, ["2"]);
}

#[tokio::test]
async fn opening_again_replaces_the_first_checkout_and_frees_what_it_held() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(1).create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let cart = guest.fill_cart(&mug, 1).await;
    let first = guest.try_checkout(&cart).await.ok();
    let second = guest.try_checkout(&cart).await.ok();
    assert_ne!(first["id"], second["id"]);
    guest.pay(&first, "test_success", "first").await.refused(409, "checkout.cancelled");
    let elsewhere = guest.fill_cart(&mug, 1).await;
    guest.try_checkout(&elsewhere).await.refused(409, "checkout.out_of_stock");
    let openings = join_all((0..8).map(|_| guest.try_checkout(&cart))).await;
    assert!(openings.iter().all(|reply| [201, 409].contains(&reply.status())));
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT reserved::text FROM stock_levels").await, ["1"]);
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM checkouts WHERE status = 'open'").await, ["1"]);
    world.run_jobs().await;
}

#[tokio::test]
async fn what_expired_is_there_for_the_next_shopper_at_once() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(1).create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let first = guest.checkout(&mug, 1).await;
    let mut superuser = world.superuser().await;
    let late = "WITH late AS (UPDATE reservations SET expires_at = now() - interval '1 second' RETURNING id) SELECT id::text FROM late";
    texts(&mut superuser, late).await;
    let second = guest.checkout(&mug, 1).await;
    assert_eq!(guest.pay(&second, "test_success", "second").await.ok()["status"], "placed");
    guest.pay(&first, "test_success", "first").await.refused(409, "checkout.out_of_stock");
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM test_gateway_charges").await, ["1"]);
    world.run_jobs().await;
}

#[tokio::test]
async fn a_checkout_of_another_store_looks_absent() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mug = a_product().create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let checkout = guest.checkout(&mug, 1).await;
    let path = format!("checkouts/{}", checkout["id"].as_str().unwrap());
    world.shopper(&bob).get(&path).await.refused(404, "checkout.not_found");
    world.shopper(&bob).patch(&path, &json!({ "email": "eve@shopper.example" })).await.refused(404, "checkout.not_found");
    Guest::of(&world, &bob).pay(&checkout, "test_success", "theirs").await.refused(404, "checkout.not_found");
    let cart = guest.fill_cart(&mug, 1).await;
    Guest::of(&world, &bob).try_checkout(&cart).await.refused(404, "cart.not_found");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_whole_checkout_stays_within_its_budget_of_statements() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let (statements, order) = world.count_statements(guest.buy(&mug, 1)).await;
    assert!(order["id"].is_string());
    assert!(statements <= 60, "{statements} statements from the cart to the order");
    world.run_jobs().await;
}
