//! What shoppers see: what is published and priced, in few statements, page after page.

use std::collections::HashSet;

use serde_json::json;
use tests::{World, a_product};

#[tokio::test]
async fn a_draft_is_never_on_the_storefront() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let secret = a_product().titled("Secret").draft().create(&world, &ada).await;
    let shelved = a_product().titled("Shelved").create(&world, &ada).await;
    world.vendor(&ada).act(format!("products/{}/archive", shelved.id)).await.ok();
    let shopper = world.shopper(&ada);
    for hidden in [&secret, &shelved] {
        for name in [hidden.id.to_string(), hidden.slug.clone()] {
            shopper.get(format!("products/{name}")).await.refused(404, "catalog.product_not_found");
        }
    }
    shopper.get("products/no such thing").await.refused(404, "catalog.product_not_found");
    assert_eq!(shopper.get("products").await.ok()["data"], json!([]));
    world.run_jobs().await;
}

/// T083: what is not published is reached by no old name, relation, reference or filter.
#[tokio::test]
async fn t083_a_draft_is_reached_by_no_way_round() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let (vendor, shopper) = (world.vendor(&ada), world.shopper(&ada));
    let refers = json!({ "code": "fits", "name": "Fits", "kind": "reference", "target": "product" });
    let refers = vendor.post("attributes", &refers).await.ok();
    let new = json!({ "code": "is_new", "name": "New", "kind": "boolean", "is_filterable": true });
    let new = vendor.post("attributes", &new).await.ok();
    let assigned = json!([{ "attribute_id": refers["id"], "level": "product" }, { "attribute_id": new["id"], "level": "product" }]);
    vendor.post("product-types", &json!({ "name": "Mug", "attributes": assigned })).await.ok();
    let (mug, secret) = (a_product().create(&world, &ada).await, a_product().titled("Secret").draft().create(&world, &ada).await);
    let hidden = json!({ "product_type": "Mug", "slug": "hidden", "attributes": { "is_new": true } });
    vendor.patch(format!("products/{}", secret.id), &hidden).await.ok();
    let shown = json!({ "product_type": "Mug", "attributes": { "fits": secret.id, "is_new": true } });
    vendor.patch(format!("products/{}", mug.id), &shown).await.ok();
    vendor.put(format!("products/{}/related", mug.id), &json!({ "products": [secret.id] })).await.ok();
    world.run_jobs().await;
    for path in ["products/mug", "products", "products?attribute=is_new:true", "search?q=secret", "search?attribute=is_new:true"] {
        let answer = shopper.get(path).await.ok().to_string();
        assert!(!answer.contains("Secret") && !answer.contains("hidden"), "{path}: {answer}");
    }
    for slug in ["secret", "hidden"] {
        shopper.get(format!("products/{slug}")).await.refused(404, "catalog.product_not_found");
    }
}

#[tokio::test]
async fn another_stores_products_look_absent() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mug = a_product().create(&world, &ada).await;
    let stranger = world.shopper(&bob);
    for name in [mug.id.to_string(), mug.slug] {
        stranger.get(format!("products/{name}")).await.refused(404, "catalog.product_not_found");
    }
    assert_eq!(stranger.get("products").await.ok()["data"], json!([]));
    let page = world.shopper(&ada).get("products?limit=1").await.ok();
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    world.run_jobs().await;
}

#[tokio::test]
async fn every_sort_walks_every_product_once() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    for number in 0..7 {
        // Equal prices and titles in another case: the id decides.
        let title = if number % 2 == 0 { format!("Äpfel {number}") } else { format!("apfel {number}") };
        a_product().titled(&title).priced(&format!("{}.00 EUR", number / 2 + 1)).create(&world, &ada).await;
    }
    let shopper = world.shopper(&ada);
    for sort in ["newest", "title", "price", "-price"] {
        let (mut seen, mut keys, mut after) = (HashSet::new(), Vec::new(), String::new());
        loop {
            let page = shopper.get(format!("products?limit=2&sort={sort}{after}")).await.ok();
            for card in page["data"].as_array().unwrap() {
                assert!(seen.insert(card["id"].to_string()), "{sort}: once");
                keys.push((card["price_from"]["amount"].to_string(), card["title"].to_string()));
            }
            match page["page"]["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 7, "{sort}");
        match sort {
            "price" => assert!(keys.is_sorted_by_key(|(price, _)| price.clone())),
            "-price" => assert!(keys.iter().rev().is_sorted_by_key(|(price, _)| price.clone())),
            "title" => assert!(keys.is_sorted_by_key(|(_, title)| title.replace('Ä', "a")), "accents do not count: {keys:?}"),
            _ => {}
        }
    }
    let page = shopper.get("products?limit=2&sort=price").await.ok();
    let cursor = page["page"]["next"].as_str().unwrap().to_owned();
    for wrong in [
        format!("products?sort=title&after={cursor}"),
        "products?after=forged".into(),
        "products?limit=0".into(),
        "products?limit=1000000000".into(),
        "products?sort=random".into(),
        "products?currency=XXX".into(),
        "products?offset=10".into(),
    ] {
        assert_eq!(shopper.get(&wrong).await.status(), 422, "{wrong}");
    }
    let bob = world.tenant("bob").await;
    world.shopper(&bob).get(format!("products?sort=price&after={cursor}")).await.refused(422, "page.cursor_invalid");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_category_holds_what_stands_below_it() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let men = vendor.post("categories", &json!({ "name": "Men" })).await.ok();
    let shirts = vendor.post("categories", &json!({ "name": "Shirts", "parent_id": men["id"] })).await.ok();
    let mug = a_product().tagged("Gift").create(&world, &ada).await;
    a_product().titled("Lamp").create(&world, &ada).await;
    vendor.patch(format!("products/{}", mug.id), &json!({ "categories": [shirts["id"]] })).await.ok();
    let shopper = world.shopper(&ada);
    let found = async |query: &str| shopper.get(format!("products?{query}")).await.ok()["data"].as_array().unwrap().len();
    let of_men = format!("category={}", men["id"].as_str().unwrap());
    for (query, hits) in
        [("category=men", 1), (of_men.as_str(), 1), ("category=shirts&tag=gift", 1), ("category=none", 0), ("tag=none", 0), ("", 2)]
    {
        assert_eq!(found(query).await, hits, "{query}");
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn only_what_has_a_price_in_the_currency_is_shown() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    world.vendor(&ada).patch("store", &json!({ "currencies": ["EUR", "USD"] })).await.ok();
    a_product().titled("Both").priced("10.00 EUR").priced("12.00 USD").create(&world, &ada).await;
    a_product().titled("Euros").priced("10.00 EUR").create(&world, &ada).await;
    let shopper = world.shopper(&ada);
    let dollars = shopper.get("products?currency=USD").await.ok();
    assert_eq!(dollars["data"].as_array().unwrap().len(), 1);
    assert_eq!(dollars["data"][0]["price_from"], json!({ "amount": "12.00", "currency": "USD" }));
    assert_eq!(shopper.get("products/euros?currency=USD").await.status(), 404);
    assert_eq!(shopper.get("products/both?currency=USD").await.ok()["variants"][0]["price"]["amount"], "12.00");
    world.run_jobs().await;
}

/// BEGIN and one statement, whatever is asked.
#[tokio::test]
async fn a_page_and_a_product_cost_one_statement() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    a_product().with_option("Size", &["S", "M", "L"]).tagged("Gift").pictured("https://cdn.example/mug.jpg").create(&world, &ada).await;
    let shopper = world.shopper(&ada).with("cache-control", "no-cache");
    shopper.get("products").await.ok();
    for path in ["products", "products?sort=-price", "products?tag=gift&category=none", "products/mug"] {
        let (statements, answer) = world.count_statements(shopper.get(path)).await;
        answer.ok();
        assert_eq!(statements, 2, "{path}");
    }
    world.run_jobs().await;
}
