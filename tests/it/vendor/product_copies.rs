//! What becomes of products beside being changed: copies, related ones, and the end.

use serde_json::json;
use tests::{Guest, World, a_product};

#[tokio::test]
async fn a_copy_has_everything_but_what_is_ones_own() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let model = vendor.post("attributes", &json!({ "code": "model", "name": "Model", "kind": "text" })).await.ok();
    let assigned = json!([{ "attribute_id": model["id"], "level": "variant" }]);
    vendor.post("product-types", &json!({ "name": "Mug", "attributes": assigned })).await.ok();
    let body = json!({
        "title": "Mug", "product_type": "Mug", "external_id": "E-1", "tags": ["Gift"], "seo": { "title": "A mug" },
        "options": [{ "name": "Size", "values": ["S", "M"] }],
        "variants": [
            { "options": { "Size": "S" }, "sku": "M-S", "barcode": "4006381333931", "on_hand": 3, "attributes": { "model": "one" },
              "prices": [{ "price": { "amount": "5.00", "currency": "EUR" } }] },
            { "options": { "Size": "M" }, "prices": [{ "price": { "amount": "6.00", "currency": "EUR" } }] },
        ],
        "images": [{ "url": "https://cdn.example/mug.jpg", "alt": "A mug" }],
    });
    let mug = vendor.post("products", &body).await.ok();
    let path = format!("products/{}/duplicate", mug["id"].as_str().unwrap());
    let made = vendor.with_key("copy-1").post(&path, &json!({})).await;
    let copy = made.ok();
    assert_eq!(
        (made.status(), &copy["title"], &copy["slug"], &copy["status"]),
        (201, &json!("Mug (copy)"), &json!("mug-copy"), &json!("draft"))
    );
    let own = |product: &serde_json::Value| {
        let variant = &product["variants"][0];
        (
            product["seo"].clone(),
            product["tags"].clone(),
            variant["prices"].clone(),
            variant["options"].clone(),
            variant["attributes"].clone(),
            product["images"][0]["url"].clone(),
        )
    };
    assert_eq!(own(&copy), own(&mug));
    let first = &copy["variants"][0];
    assert_eq!(
        (&first["sku"], &first["barcode"], &first["available"], &copy["external_id"]),
        (&json!(null), &json!(null), &json!(0), &json!(null))
    );
    assert_eq!(vendor.with_key("copy-1").post(&path, &json!({})).await.ok()["id"], copy["id"], "once under one key");
    assert_eq!(vendor.post(&path, &json!({})).await.ok()["slug"], "mug-copy-2", "the next slug that is free");
    let named = vendor.post(&path, &json!({ "title": "Cup", "slug": "cup" })).await.ok();
    assert_eq!((&named["title"], &named["slug"]), (&json!("Cup"), &json!("cup")));
    vendor.post(&path, &json!({ "slug": "cup" })).await.refused(409, "catalog.slug_taken");
    vendor.act(format!("products/{}/publish", copy["id"].as_str().unwrap())).await.ok();
    world.run_jobs().await;
}

#[tokio::test]
async fn related_products_are_shown_in_their_order_while_they_are_published() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let (vendor, shopper) = (world.vendor(&ada), world.shopper(&ada).with("cache-control", "no-cache"));
    let mug = a_product().create(&world, &ada).await;
    let cup = a_product().titled("Cup").create(&world, &ada).await;
    let pot = a_product().titled("Pot").create(&world, &ada).await;
    let draft = a_product().titled("Draft").draft().create(&world, &ada).await;
    let foreign = a_product().create(&world, &bob).await;
    let path = format!("products/{}/related", mug.id);
    vendor.put(&path, &json!({ "products": [pot.id, draft.id, cup.id] })).await.ok();
    shopper.get("products/mug").await.ok();
    let (statements, shown) = world.count_statements(shopper.get("products/mug")).await;
    let titles: Vec<_> = shown.ok()["related"].as_array().unwrap().iter().map(|card| card["title"].clone()).collect();
    assert_eq!((titles, statements), (vec![json!("Pot"), json!("Cup")], 3), "BEGIN, the product, and the cards");
    for (products, pointer) in
        [(json!([mug.id]), "/products/0"), (json!([cup.id, cup.id]), "/products/1"), (json!([cup.id, foreign.id]), "/products/1")]
    {
        let refused = vendor.put(&path, &json!({ "products": products })).await.refused(422, "catalog.invalid");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{products}");
    }
    let before = vendor.get(format!("products/{}", mug.id)).await.ok()["version"].as_i64();
    assert_eq!(vendor.delete(format!("products/{}", pot.id)).await.status(), 204);
    let after = vendor.get(format!("products/{}", mug.id)).await.ok();
    assert_eq!((after["related"].as_array().unwrap().len(), after["version"].as_i64()), (2, before.map(|version| version + 1)));
    vendor.put(&path, &json!({ "products": [] })).await.ok();
    assert_eq!(shopper.get("products/mug").await.ok()["related"], json!([]));
    world.run_jobs().await;
}

#[tokio::test]
async fn what_was_sold_is_archived_and_its_orders_keep_their_copy() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let mug = a_product().untracked().create(&world, &ada).await;
    let path = format!("products/{}", mug.id);
    let guest = Guest::of(&world, &ada);
    let cart = guest.fill_cart(&mug, 1).await;
    guest.try_checkout(&cart).await.ok();
    vendor.delete(&path).await.refused(409, "catalog.in_use");
    let order = guest.buy(&mug, 1).await;
    vendor.delete(&path).await.refused(409, "catalog.in_use");
    assert_eq!(vendor.act(format!("{path}/archive")).await.ok()["status"], "archived");
    vendor.delete(&path).await.refused(409, "catalog.in_use");
    vendor.patch(&path, &json!({ "title": "Renamed" })).await.ok();
    let shown = vendor.get("orders").await.ok();
    let order_path = format!("orders/{}", shown["data"][0]["id"].as_str().unwrap());
    assert_eq!(vendor.get(&order_path).await.ok()["lines"][0]["product_title"], "Mug", "{order:?}");
    world.run_jobs().await;
}
