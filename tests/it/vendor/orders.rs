//! What a vendor does with an order: see it, send it, take the money, call it off.

use serde_json::json;
use tests::{Guest, World, a_product, database::texts};

#[tokio::test]
async fn an_order_is_sent_in_parts_and_completes() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    let placed = Guest::of(&world, &ada).buy(&mug, 3).await;
    let vendor = world.vendor(&ada);
    let path = format!("orders/{}", placed["id"].as_str().unwrap());
    let order = vendor.get(&path).await.ok();
    let line = order["lines"][0]["id"].clone();

    let too_many = json!({ "lines": [{ "line_id": line, "quantity": 4 }] });
    let problem = vendor.post(format!("{path}/fulfillments"), &too_many).await.refused(422, "orders.invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/lines/0/quantity");
    let one = json!({ "carrier": "Post", "tracking_number": "RR1", "tracking_url": "https://post.example/RR1", "lines": [{ "line_id": line, "quantity": 1 }] });
    let sending = vendor.with_key("first parcel");
    let sent = sending.post(format!("{path}/fulfillments"), &one).await.ok();
    assert_eq!(sending.post(format!("{path}/fulfillments"), &one).await.ok(), sent, "the same key sends once");
    assert_eq!(vendor.get(&path).await.ok()["fulfillment_status"], "partial");
    vendor.post(format!("{path}/cancel"), &json!({ "reason": "changed their mind" })).await.refused(409, "orders.already_fulfilled");
    vendor.post(format!("{path}/fulfillments"), &json!({})).await.ok();
    let order = vendor.get(&path).await.ok();
    assert_eq!((order["status"].as_str(), order["fulfillment_status"].as_str()), (Some("completed"), Some("fulfilled")));
    let events: Vec<_> = order["history"].as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["placed", "paid", "fulfilled", "fulfilled", "completed"]);
    vendor.post(format!("{path}/fulfillments"), &json!({})).await.refused(409, "orders.already_fulfilled");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_cancelled_order_gives_back_money_and_stock_once() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(5).create(&world, &ada).await;
    let placed = Guest::of(&world, &ada).buy(&mug, 2).await;
    let vendor = world.vendor(&ada);
    let path = format!("orders/{}", placed["id"].as_str().unwrap());
    let body = json!({ "reason": "out of clay" });
    let tries = futures::future::join_all((0..10).map(|_| vendor.post(format!("{path}/cancel"), &body))).await;
    assert_eq!(tries.iter().filter(|reply| reply.status() == 200).count(), 1);
    world.run_jobs().await;
    let order = vendor.get(&path).await.ok();
    assert_eq!((order["status"].as_str(), order["payment_status"].as_str()), (Some("cancelled"), Some("refunded")));
    assert_eq!(order["payments"][0]["refunded"], order["total"]);
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT on_hand || ' ' || reserved FROM stock_levels").await, ["5 0"]);
}

#[tokio::test]
async fn a_manual_payment_is_captured_when_the_money_comes() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let checkout = guest.checkout(&mug, 1).await;
    let placed = guest.complete(&checkout, &json!({ "gateway": "manual" }), "by transfer").await.ok();
    let vendor = world.vendor(&ada);
    let path = format!("orders/{}", placed["order"]["id"].as_str().unwrap());
    let order = vendor.get(&path).await.ok();
    assert_eq!(order["payment_status"], "pending");
    let capture = format!("payments/{}/capture", order["payments"][0]["id"].as_str().unwrap());
    vendor.act(&capture).await.refused(400, "request.idempotency_key_required");
    assert_eq!(vendor.with_key("came").act(&capture).await.ok()["status"], "captured");
    assert_eq!(vendor.with_key("came").act(&capture).await.header("idempotent-replayed"), Some("true"));
    vendor.with_key("came again").act(&capture).await.refused(409, "payments.not_capturable");
    assert_eq!(vendor.get(&path).await.ok()["payment_status"], "paid");
    world.run_jobs().await;
}

#[tokio::test]
async fn another_store_sees_no_order() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mug = a_product().create(&world, &ada).await;
    let placed = Guest::of(&world, &ada).buy(&mug, 1).await;
    let theirs = world.vendor(&bob);
    let path = format!("orders/{}", placed["id"].as_str().unwrap());
    theirs.get(&path).await.refused(404, "orders.order_not_found");
    theirs.post(format!("{path}/cancel"), &json!({ "reason": "mine now" })).await.refused(404, "orders.order_not_found");
    theirs.post(format!("{path}/fulfillments"), &json!({})).await.refused(404, "orders.order_not_found");
    assert_eq!(theirs.get("orders").await.ok()["data"], json!([]));
    assert_eq!(world.vendor(&ada).get("orders").await.ok()["data"][0]["number"], 1001);
    world.run_jobs().await;
}
