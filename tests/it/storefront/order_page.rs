//! What a shopper's browser shows when the link in a mail is followed.

use serde_json::json;
use tests::{Guest, World, a_product};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn a_browser_gets_a_page_and_a_program_json() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().titled("Mug <script>alert(1)</script>").priced("19.90 EUR").create(&world, &ada).await;
    let order = Guest::of(&world, &ada).buy(&mug, 2).await;
    let link = format!("orders/{}?token={}", order["id"].as_str().unwrap(), order["token"].as_str().unwrap());

    let page = world.shopper(&ada).with("accept", BROWSER).get(&link).await;
    assert_eq!((page.status(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let text = page.text();
    for said in ["Thank you, we have your order", "Order 1001", "Mug &lt;script&gt;", "44.70\u{a0}EUR", "Grace Hopper"] {
        assert!(text.contains(said), "no {said:?} in {text}");
    }
    assert!(!text.contains("<script") && !text.contains("Default"), "{text}");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "the link is a secret");
    assert_eq!(page.header("cache-control"), Some("private, no-cache"));

    for program in ["*/*", "application/json", "application/json, text/html"] {
        let answer = world.shopper(&ada).with("accept", program).get(&link).await;
        assert_eq!(answer.header("content-type"), Some("application/json"), "{program}");
        assert_eq!(answer.ok()["number"], 1001);
    }
    let wrong = format!("orders/{}?token=guessed", order["id"].as_str().unwrap());
    world.shopper(&ada).with("accept", BROWSER).get(&wrong).await.refused(404, "orders.order_not_found");
    world.run_jobs().await;
}

#[tokio::test]
async fn the_page_says_how_far_the_order_is() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    let order = Guest::of(&world, &ada).buy(&mug, 1).await;
    let id = order["id"].as_str().unwrap();
    let link = format!("orders/{id}?token={}", order["token"].as_str().unwrap());
    let sent = json!({ "carrier": "DHL", "tracking_number": "00340", "tracking_url": "https://dhl.example/00340" });
    world.vendor(&ada).with_key("sent").post(format!("orders/{id}/fulfillments"), &sent).await.ok();
    let text = world.shopper(&ada).with("accept", BROWSER).get(&link).await.text();
    for said in ["Your order is on its way", "DHL", "00340", "href=\"https:&#x2f;&#x2f;dhl.example&#x2f;00340\""] {
        assert!(text.contains(said), "no {said:?} in {text}");
    }
    let other = Guest::of(&world, &ada).buy(&mug, 1).await;
    let id = other["id"].as_str().unwrap();
    world.vendor(&ada).with_key("cancelled").post(format!("orders/{id}/cancel"), &json!({ "reason": "changed their mind" })).await.ok();
    let link = format!("orders/{id}?token={}", other["token"].as_str().unwrap());
    let text = world.shopper(&ada).with("accept", BROWSER).get(&link).await.text();
    assert!(text.contains("This order was cancelled"), "{text}");
    world.run_jobs().await;
}
