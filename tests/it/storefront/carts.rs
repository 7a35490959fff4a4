use serde_json::{Value, json};
use tests::{World, a_product};

fn berlin() -> Value {
    json!({ "name": "Ada Lovelace", "line1": "Main Street 1", "postcode": "10115", "city": "Berlin", "country": "DE" })
}

#[tokio::test]
async fn a_guest_fills_a_cart_and_it_adds_up() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let (mug, cup) = (a_product().create(&world, &ada).await, a_product().titled("Cup").priced("5.00 EUR").create(&world, &ada).await);
    let guest = world.shopper(&ada);

    let lines = json!({ "lines": [{ "variant_id": mug.variants[0].id, "quantity": 1 }] });
    let made = guest.post("carts", &lines).await;
    let cart = made.ok();
    let path = format!("carts/{}", cart["id"].as_str().unwrap());
    assert_eq!(made.header("location"), Some(format!("/storefront/v1/{path}").as_str()));
    assert_eq!(cart["totals"]["subtotal"], json!({ "amount": "19.90", "currency": "EUR" }));
    assert_eq!(cart["requirements"], json!(["email", "shipping_address", "shipping_method"]));

    let add = json!({ "variant_id": cup.variants[0].id, "quantity": 2 });
    let cart = guest.post(format!("{path}/lines"), &add).await.ok();
    assert_eq!(cart["totals"]["subtotal"]["amount"], "29.90");
    let line = format!("{path}/lines/{}", cart["lines"][1]["id"].as_str().unwrap());
    assert_eq!(guest.patch(&line, &json!({ "quantity": 3 })).await.ok()["totals"]["subtotal"]["amount"], "34.90");
    assert_eq!(guest.delete(&line).await.ok()["lines"].as_array().unwrap().len(), 1);
    guest.delete(&line).await.refused(404, "cart.line_not_found");

    let details = json!({ "email": "Ada@Example.com", "shipping_address": berlin() });
    let cart = guest.patch(&path, &details).await.ok();
    assert_eq!(cart["requirements"], json!(["shipping_method"]));
    assert_eq!((&cart["email"], &cart["totals"]["shipping_estimate"]["amount"]), (&json!("ada@example.com"), &json!("4.90")));
    assert_eq!(cart["totals"]["total"]["amount"], "24.80", "the store's prices include tax");
    let cart = guest.patch(&path, &json!({ "email": null })).await.ok();
    assert_eq!((&cart["email"], cart["shipping_address"]["city"].as_str()), (&Value::Null, Some("Berlin")));
    assert_eq!(guest.get(&path).await.ok(), cart);

    assert_eq!(guest.delete(&path).await.status(), 204);
    guest.get(&path).await.refused(404, "cart.not_found");
    world.run_jobs().await;
}

#[tokio::test]
async fn what_is_no_quantity_is_refused_by_name() {
    let mut world = World::new().await;
    world.leave_facts();
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await.variants[0].id;
    let guest = world.shopper(&ada);
    let path = format!("carts/{}", guest.post("carts", &json!({})).await.ok()["id"].as_str().unwrap());
    for quantity in ["-1", "0", "1.5", "\"1e3\"", "1e3", "2147483648", "9223372036854775808", "10001", "[]", "null", "\"1\""] {
        let line = format!(r#"{{"variant_id":"{mug}","quantity":{quantity}}}"#);
        let alone = guest.upload(format!("{path}/lines"), "application/json", line.clone().into_bytes()).await;
        assert_eq!((alone.status(), &alone.json()["errors"][0]["pointer"]), (422, &json!("/quantity")), "{quantity}");
        let listed = format!(r#"{{"lines":[{{"variant_id":"{mug}","quantity":1}},{line}]}}"#);
        let listed = guest.upload("carts", "application/json", listed.into_bytes()).await;
        assert_eq!((listed.status(), &listed.json()["errors"][0]["pointer"]), (422, &json!("/lines/1/quantity")), "{quantity}");
    }
    let not_json = format!(r#"{{"variant_id":"{mug}","quantity":NaN}}"#).into_bytes();
    guest.upload(format!("{path}/lines"), "application/json", not_json).await.refused(400, "request.malformed_json");
    let full = json!({ "variant_id": mug, "quantity": 10_000 });
    guest.post(format!("{path}/lines"), &full).await.ok();
    let over = guest.post(format!("{path}/lines"), &json!({ "variant_id": mug, "quantity": 1 })).await;
    assert_eq!(over.refused(422, "cart.quantity_out_of_range")["errors"][0]["pointer"], "/quantity");
}

#[tokio::test]
async fn a_shopper_cannot_say_what_things_cost() {
    let mut world = World::new().await;
    world.leave_facts();
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await.variants[0].id;
    let guest = world.shopper(&ada);
    for field in ["price", "unit_price", "total", "discount", "tax", "seen_price"] {
        let mut line = json!({ "variant_id": mug, "quantity": 1 });
        line[field] = json!({ "amount": "0.01", "currency": "EUR" });
        let refused = guest.post("carts", &json!({ "lines": [line] })).await;
        assert_eq!((refused.status(), &refused.json()["errors"][0]["pointer"]), (422, &json!(format!("/lines/0/{field}"))));
    }
    assert_eq!(guest.post("carts", &json!({ "currency": "XXX" })).await.status(), 422);
    guest.post("carts", &json!({ "currency": "KWD" })).await.refused(422, "cart.currency_not_accepted");
}

#[tokio::test]
async fn a_cart_is_absent_in_every_other_store() {
    let mut world = World::new().await;
    world.leave_facts();
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let (mug, theirs) = (a_product().create(&world, &ada).await.variants[0].id, a_product().create(&world, &bob).await.variants[0].id);
    let lines = json!({ "lines": [{ "variant_id": mug, "quantity": 1 }] });
    let cart = world.shopper(&ada).post("carts", &lines).await.ok();
    let path = format!("carts/{}", cart["id"].as_str().unwrap());
    let line = format!("{path}/lines/{}", cart["lines"][0]["id"].as_str().unwrap());
    let stranger = world.shopper(&bob);
    let add = json!({ "variant_id": theirs, "quantity": 1 });
    for refused in [
        stranger.get(&path).await,
        stranger.patch(&path, &json!({ "email": "bob@example.com" })).await,
        stranger.delete(&path).await,
        stranger.post(format!("{path}/lines"), &add).await,
        stranger.patch(&line, &json!({ "quantity": 2 })).await,
        stranger.delete(&line).await,
        stranger.get(format!("shipping-options?country=DE&cart={}", cart["id"].as_str().unwrap())).await,
    ] {
        refused.refused(404, "cart.not_found");
    }
    stranger.post("carts", &lines).await.refused(422, "cart.not_for_sale");
    stranger.get(format!("carts/{mug}")).await.refused(404, "request.not_found");
    assert_eq!(world.shopper(&ada).get(&path).await.ok()["version"], 1);
}

#[tokio::test]
async fn a_new_cart_costs_two_statements() {
    let mut world = World::new().await;
    world.leave_facts();
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await.variants[0].id;
    let guest = world.shopper(&ada);
    let lines = json!({ "lines": [{ "variant_id": mug, "quantity": 1 }] });
    guest.post("carts", &lines).await.ok(); // the store's host name is known from here on
    let (statements, made) = world.count_statements(guest.post("carts", &lines)).await;
    let path = format!("carts/{}", made.ok()["id"].as_str().unwrap());
    assert_eq!(statements, 2, "BEGIN and the pricing");
    let (statements, shown) = world.count_statements(guest.get(&path)).await;
    shown.ok();
    assert_eq!(statements, 2);
}

#[tokio::test]
async fn shipping_options_follow_the_country_and_the_weight() {
    let mut world = World::new().await;
    world.leave_facts();
    let ada = world.tenant("ada").await;
    let stone = a_product().titled("Stone").weighing(900).create(&world, &ada).await.variants[0].id;
    let owner = world.vendor(&ada);
    let zone = owner.get("shipping-zones").await.ok()["data"][0]["id"].clone();
    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let parcel = json!({
        "zone_id": zone, "name": "Parcel", "kind": "by_weight", "position": 1,
        "rates": [{ "up_to_grams": 1000, "amount": eur("3.00") }, { "up_to_grams": 5000, "amount": eur("7.00") }],
    });
    owner.post("shipping-methods", &parcel).await.ok();
    let guest = world.shopper(&ada);
    let cart = guest.post("carts", &json!({ "lines": [{ "variant_id": stone, "quantity": 1 }] })).await.ok();
    let (id, line) = (cart["id"].as_str().unwrap(), cart["lines"][0]["id"].as_str().unwrap());
    let options = async |country: &str| {
        let reply = guest.get(format!("shipping-options?country={country}&cart={id}")).await.ok();
        let options = reply["data"].as_array().unwrap().clone();
        options
            .iter()
            .map(|option| format!("{} {}", option["name"].as_str().unwrap(), option["amount"]["amount"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(options("DE").await, ["Standard 4.90", "Parcel 3.00"]);
    guest.patch(format!("carts/{id}/lines/{line}"), &json!({ "quantity": 5 })).await.ok();
    assert_eq!(options("DE").await, ["Standard 4.90", "Parcel 7.00"]);
    guest.patch(format!("carts/{id}/lines/{line}"), &json!({ "quantity": 6 })).await.ok();
    assert_eq!(options("DE").await, ["Standard 4.90"], "too heavy for a parcel");
    assert!(options("JP").await.is_empty());
    assert_eq!(guest.get(format!("shipping-options?country=XX&cart={id}")).await.status(), 422);
}
