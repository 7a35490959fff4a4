//! Products as vendors tend them: a rule each, over HTTP.

use serde_json::{Value, json};
use tests::{World, a_product};

fn shirt() -> Value {
    let variant = |size: &str, amount: &str| {
        json!({ "options": { "Size": size }, "sku": format!("SHIRT-{size}"), "on_hand": 3,
                "prices": [{ "price": { "amount": amount, "currency": "EUR" } }] })
    };
    json!({
        "title": "Ocean Shirt", "description": "<p>Soft</p><script>alert(1)</script>",
        "options": [{ "name": "Size", "values": ["S", "M"] }],
        "variants": [variant("S", "19.90"), variant("M", "21.90")],
        "tags": ["Men"], "images": [{ "url": "https://cdn.example/shirt.jpg", "alt": "A shirt" }],
    })
}

#[tokio::test]
async fn a_product_is_made_whole_published_and_changed() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let made = vendor.post("products", &shirt()).await;
    assert_eq!(made.status(), 201, "{}", made.text());
    let product = made.ok();
    let id = product["id"].as_str().unwrap();
    assert_eq!(made.header("location"), Some(format!("/vendor/v1/products/{id}").as_str()));
    assert_eq!((&product["slug"], &product["description"]), (&json!("ocean-shirt"), &json!("<p>Soft</p>")));
    assert_eq!(product["variants"][1]["title"], "M");
    assert_eq!(product["variants"][0]["options"], json!([{ "name": "Size", "value": "S" }]));

    let published = vendor.act(format!("products/{id}/publish")).await;
    assert_eq!(published.ok()["status"], "published");
    let tag = published.header("etag").unwrap().to_owned();
    let change = json!({ "title": "Sea Shirt", "brand": "Acme" });
    let changed = vendor.with("if-match", &tag).patch(format!("products/{id}"), &change).await;
    assert_eq!(changed.ok()["title"], "Sea Shirt");
    let late = vendor.with("if-match", &tag).patch(format!("products/{id}"), &json!({ "title": "Late" })).await;
    late.refused(412, "catalog.version_moved");

    let larger = json!({ "options": { "Size": "L" }, "prices": [{ "price": { "amount": "23.90", "currency": "EUR" } }] });
    let grown = vendor.post(format!("products/{id}/variants"), &larger).await.ok();
    assert_eq!(grown["variants"][2]["title"], "L");
    let again = vendor.post(format!("products/{id}/variants"), &larger).await.refused(422, "catalog.invalid");
    assert_eq!(again["errors"][0]["pointer"], "/options");
    world.run_jobs().await;
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let cases: [(&str, Value, &str); 6] = [
        ("/variants/1/options", json!({ "Size": "S" }), "/variants/1/options"),
        ("/variants/0/options", json!({}), "/variants/0/options"),
        ("/variants/0/options", json!({ "Size": "S", "Colour": "Red" }), "/variants/0/options/Colour"),
        ("/variants/0/prices/0/price/currency", json!("USD"), "/variants/0/prices/0/price"),
        ("/variants/0/on_hand", json!(-1), "/variants/0/on_hand"),
        ("/images/0/url", json!("javascript:alert(1)"), "/images/0/url"),
    ];
    for (place, value, pointer) in cases {
        let mut product = shirt();
        *product.pointer_mut(place).unwrap() = value;
        let refused = world.vendor(&ada).post("products", &product).await.refused(422, "catalog.invalid");
        let pointers: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
        assert!(pointers.contains(&json!(pointer)), "{pointer} in {pointers:?}");
    }
    for quantity in [json!(1.5), json!("1"), json!(4_294_967_296_i64), json!([])] {
        let mut product = shirt();
        product["variants"][0]["on_hand"] = quantity;
        assert_eq!(world.vendor(&ada).post("products", &product).await.status(), 422);
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn a_slug_is_unique_within_a_store_but_not_across_tenants() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    a_product().titled("Mug").create(&world, &ada).await;
    let twin = json!({ "title": "Mug" });
    world.vendor(&ada).post("products", &twin).await.refused(409, "catalog.slug_taken");
    assert_eq!(world.vendor(&bob).post("products", &twin).await.status(), 201);
    world.run_jobs().await;
}

#[tokio::test]
async fn a_barcode_is_one_variants_and_a_gtin_is_checked() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let vendor = world.vendor(&ada);
    let with = |title: &str, barcode: &str| json!({ "title": title, "variants": [{ "barcode": barcode }] });
    let first = vendor.post("products", &with("One", "4006381333931")).await.ok();
    let (product, variant) = (first["id"].as_str().unwrap(), first["variants"][0]["id"].as_str().unwrap());
    let taken = vendor.post("products", &with("Two", "4006381333931")).await.refused(409, "catalog.barcode_taken");
    assert_eq!(taken["errors"][0]["pointer"], "/variants/0/barcode");
    let wrong = vendor.post("products", &with("Two", "4006381333930")).await.refused(422, "catalog.invalid");
    assert_eq!((&wrong["errors"][0]["pointer"], &wrong["errors"][0]["code"]), (&json!("/variants/0/barcode"), &json!("gtin")));
    let second = vendor.post("products", &with("Two", "SHELF-7")).await.ok();
    let path = |product: &str, variant: &str| format!("products/{product}/variants/{variant}");
    let other = path(second["id"].as_str().unwrap(), second["variants"][0]["id"].as_str().unwrap());
    let taken = vendor.patch(&other, &json!({ "barcode": "4006381333931" })).await.refused(409, "catalog.barcode_taken");
    assert_eq!(taken["errors"][0]["pointer"], "/barcode");
    vendor.patch(path(product, variant), &json!({ "barcode": null })).await.ok();
    vendor.patch(&other, &json!({ "barcode": "4006381333931" })).await.ok();
    assert_eq!(world.vendor(&bob).post("products", &with("One", "4006381333931")).await.status(), 201, "another store's is another's");
    world.run_jobs().await;
}

#[tokio::test]
async fn search_engines_are_told_what_the_vendor_says() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let mut body = shirt();
    body["seo"] = json!({ "title": "Buy a shirt", "description": "Soft.\nBlue." });
    let product = vendor.post("products", &body).await.ok();
    let path = format!("products/{}", product["id"].as_str().unwrap());
    vendor.act(format!("{path}/publish")).await.ok();
    let shown = world.shopper(&ada).get("products/ocean-shirt").await.ok();
    assert_eq!(shown["seo"], json!({ "title": "Buy a shirt", "description": "Soft.\nBlue." }));
    let changed = vendor.patch(&path, &json!({ "seo": { "title": null } })).await.ok();
    assert_eq!(changed["seo"], json!({ "title": null, "description": "Soft.\nBlue." }));
    let long = vendor.patch(&path, &json!({ "seo": { "title": "x".repeat(256) } })).await.refused(422, "catalog.invalid");
    assert_eq!(long["errors"][0]["pointer"], "/seo/title");
    world.run_jobs().await;
}

#[tokio::test]
async fn another_tenants_product_looks_absent() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mug = a_product().create(&world, &ada).await;
    let (own, other) = (format!("products/{}", mug.id), "products/prod_01h2xcejqtf2nbrexx3vqjhp41");
    let stranger = world.vendor(&bob);
    let [seen, never] = [stranger.get(&own).await, stranger.get(other).await];
    assert_eq!((seen.status(), seen.json()["code"].clone()), (never.status(), never.json()["code"].clone()));
    assert_eq!(seen.status(), 404, "another tenant's product must look absent, not forbidden");
    stranger.patch(&own, &json!({ "title": "Mine" })).await.refused(404, "catalog.product_not_found");
    stranger.delete(&own).await.refused(404, "catalog.product_not_found");
    assert_eq!(world.vendor(&ada).get(&own).await.ok()["title"], "Mug");
    world.run_jobs().await;
}

#[tokio::test]
async fn nothing_is_published_that_cannot_be_sold() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let empty = vendor.post("products", &json!({ "title": "Idea" })).await.ok();
    vendor.act(format!("products/{}/publish", empty["id"].as_str().unwrap())).await.refused(409, "catalog.nothing_to_sell");
    let mug = a_product().create(&world, &ada).await;
    let prices = format!("products/{}/variants/{}/prices", mug.id, mug.variants[0].id);
    vendor.put(&prices, &json!({ "prices": [] })).await.refused(409, "catalog.nothing_to_sell");
    let cheaper =
        json!({ "prices": [{ "price": { "amount": "9.90", "currency": "EUR" }, "compare_at": { "amount": "19.90", "currency": "EUR" } }] });
    assert_eq!(vendor.put(&prices, &cheaper).await.ok()["variants"][0]["prices"][0]["price"]["amount"], "9.90");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_repeated_creation_under_one_key_makes_one_product() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada).with_key("shirt-1");
    let first = vendor.post("products", &shirt()).await.ok();
    let again = vendor.post("products", &shirt()).await;
    assert_eq!((again.status(), again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.ok()["id"], first["id"]);
    assert_eq!(world.vendor(&ada).get("products").await.ok()["data"].as_array().unwrap().len(), 1);
    world.run_jobs().await;
}

#[tokio::test]
async fn what_was_never_sold_can_be_deleted() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(5).create(&world, &ada).await;
    let path = format!("products/{}", mug.id);
    assert_eq!(world.vendor(&ada).delete(&path).await.status(), 204);
    assert_eq!(world.vendor(&ada).get(&path).await.status(), 404);
    assert_eq!(world.shopper(&ada).get("products/mug").await.status(), 404);
    world.run_jobs().await;
}
