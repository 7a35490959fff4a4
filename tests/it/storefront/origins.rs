//! From which pages a browser may call a storefront (CORS), and what a publishable key's origins mean.

use salvo::http::Method;
use serde_json::{Value, json};
use tests::{Caller, Reply, Store, World, a_product};

const SHOP: &str = "https://shop.example";

/// A caller by a key of the store that is for these origins.
async fn by_key(world: &World, store: &Store, origins: &[&str]) -> (Value, Caller) {
    let key = json!({ "name": "Page", "kind": "publishable", "origins": origins });
    let key = world.vendor(store).post("keys", &key).await.ok();
    let caller = world.anybody("/storefront/v1").with("stoa-publishable-key", key["secret"].as_str().expect("a key"));
    (key, caller)
}

fn allowed(reply: &Reply) -> Option<&str> {
    assert_eq!(reply.header("access-control-allow-credentials"), None, "nothing is sent by a browser by itself");
    assert!(reply.header("vary").is_some_and(|vary| vary.to_ascii_lowercase().contains("origin")), "{:?}", reply.header("vary"));
    reply.header("access-control-allow-origin")
}

async fn preflight(caller: &Caller, origin: &str, headers: &str) -> Reply {
    let asked = caller.with("origin", origin).with("access-control-request-method", "POST");
    asked.with("access-control-request-headers", headers).request(Method::OPTIONS, "carts").await
}

/// Neither `null` nor a suffix, prefix, other scheme or port of an allowed origin is one.
#[tokio::test]
async fn t126_a_page_of_another_origin_reads_nothing() {
    let mut world = World::new().await;
    let (ada, _bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    let on_host = world.shopper(&ada);
    let own = on_host.with("origin", "http://ada.stoa.test").get("store").await;
    assert_eq!(allowed(&own), Some("http://ada.stoa.test"), "the store's own page");
    let evil = [
        "null",
        "https://evil.example",
        "http://ada.stoa.test.evil.example",
        "http://evilada.stoa.test",
        "http://stoa.test",
        "http://bob.stoa.test",
        "https://ada.stoa.test",
        "http://ada.stoa.test:8080",
        "http://ada.stoa.test@evil.example",
        "",
        "*",
    ];
    for origin in evil {
        let reply = on_host.with("origin", origin).with("cookie", "a=b").get("store").await;
        assert_eq!((reply.status(), allowed(&reply)), (200, None), "{origin}: answered, and told to no page");
        assert_eq!(allowed(&preflight(&on_host, origin, "content-type").await), None, "{origin}");
    }
    let (_, keyed) = by_key(&world, &ada, &[SHOP]).await;
    let similar =
        ["null", "https://shop.example.evil.example", "https://evilshop.example", "http://shop.example", "https://shop.example:8443"];
    for origin in similar {
        let reply = keyed.with("origin", origin).with_token("x").get("products").await;
        reply.refused(403, "identity.origin_not_allowed");
        assert_eq!(allowed(&reply), None, "{origin}");
    }
    assert_eq!(allowed(&keyed.get("products").await), None, "no page asks, none is told");
}

#[tokio::test]
async fn a_key_is_for_the_pages_it_names() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let (key, keyed) = by_key(&world, &ada, &["HTTPS://Shop.Example:443", "http://localhost:3000", SHOP]).await;
    assert_eq!(key["origins"], json!([SHOP, "http://localhost:3000"]), "as browsers write them, none twice");
    for origin in [SHOP, "http://localhost:3000"] {
        assert_eq!(allowed(&keyed.with("origin", origin).get("store").await), Some(origin));
    }
    let refused = keyed.with("origin", SHOP).get("products/nothing").await;
    assert_eq!((refused.status(), allowed(&refused)), (404, Some(SHOP)), "a page reads its refusals");
    assert!(refused.header("access-control-expose-headers").is_some_and(|names| names.contains("x-request-id")));
    keyed.get("store").await.ok();
    keyed.with("origin", "https://other.example").get("store").await.refused(403, "identity.origin_not_allowed");
    let path = format!("keys/{}", key["id"].as_str().unwrap());
    world.vendor(&ada).patch(&path, &json!({ "origins": ["https://other.example"] })).await.ok();
    for _ in 0..100 {
        if keyed.with("origin", SHOP).get("store").await.status() == 403 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    keyed.with("origin", SHOP).get("store").await.refused(403, "identity.origin_not_allowed");
    let (_, open) = by_key(&world, &ada, &[]).await;
    assert_eq!(allowed(&open.with("origin", "https://anybody.example").get("store").await), Some("https://anybody.example"));
    let unknown = world.anybody("/storefront/v1").with("stoa-publishable-key", "pk_mistyped").with("origin", SHOP).get("store").await;
    unknown.refused(401, "identity.key_unknown");
    assert_eq!(allowed(&unknown), Some(SHOP), "who mistyped a key reads that");
}

#[tokio::test]
async fn what_is_no_origin_is_refused_by_its_place() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let owner = world.vendor(&ada);
    for wrong in ["http://shop.example", "https://shop.example/", "https://*.example", "null", "*", "shop.example"] {
        let key = json!({ "name": "Page", "kind": "publishable", "origins": [SHOP, wrong] });
        let problem = owner.post("keys", &key).await.refused(422, "identity.invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/origins/1", "{wrong}");
    }
    let many: Vec<String> = (0..21).map(|number| format!("https://shop{number}.example")).collect();
    owner.post("keys", &json!({ "name": "Page", "kind": "publishable", "origins": many })).await.refused(422, "request.invalid");
}

#[tokio::test]
async fn a_preflight_carries_no_key_and_says_that_one_will_come() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let (anywhere, on_host) = (world.anybody("/storefront/v1"), world.shopper(&ada));
    for caller in [&anywhere, &on_host] {
        let reply = preflight(caller, SHOP, "content-type, Stoa-Publishable-Key").await;
        assert_eq!((reply.status(), allowed(&reply)), (204, Some(SHOP)));
        assert!(reply.header("access-control-allow-headers").is_some_and(|names| names.contains("stoa-publishable-key")));
        assert!(reply.header("access-control-allow-methods").is_some_and(|names| names.contains("PATCH")));
        assert_eq!(allowed(&preflight(caller, SHOP, "content-type").await), None, "without a key nothing would be answered");
        assert_eq!(allowed(&preflight(caller, "null", "stoa-publishable-key").await), None);
    }
    assert_eq!(allowed(&preflight(&on_host, "http://ada.stoa.test", "content-type").await), Some("http://ada.stoa.test"));
    let vendor = world.anybody("/vendor/v1").with("origin", SHOP).get("store").await;
    assert_eq!(vendor.header("access-control-allow-origin"), None, "pages call storefronts only");
}

#[tokio::test]
async fn a_kept_answer_is_told_to_no_other_page() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    a_product().titled("Mug").create(&world, &ada).await;
    let on_host = world.shopper(&ada);
    let mut statements = 1;
    for _ in 0..100 {
        statements = world.count_statements(on_host.with("origin", "http://ada.stoa.test").get("products")).await.0;
        if statements == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(statements, 0, "it is kept");
    assert_eq!(allowed(&on_host.with("origin", "http://ada.stoa.test").get("products").await), Some("http://ada.stoa.test"));
    let evil = on_host.with("origin", "https://evil.example").get("products").await;
    assert_eq!((evil.status(), allowed(&evil)), (200, None));
    assert_eq!(allowed(&on_host.get("products").await), None);
}
