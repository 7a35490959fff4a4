use serde_json::json;
use tests::World;

#[tokio::test]
async fn a_new_store_ships_at_home_and_its_vendor_adds_the_world() {
    let mut world = World::new().await;
    world.leave_facts();
    let owner = world.vendor(&world.tenant("ada").await);
    let home = owner.get("shipping-zones").await.ok()["data"][0].clone();
    assert_eq!((&home["countries"], &home["methods"][0]["name"]), (&json!(["DE"]), &json!("Standard")));

    owner.post("shipping-zones", &json!({ "name": "Again", "countries": ["FR", "DE"] })).await.refused(409, "shipping.country_taken");
    let zone = owner.post("shipping-zones", &json!({ "name": "Neighbours", "countries": ["FR", "AT", "FR"] })).await.ok();
    assert_eq!(zone["countries"], json!(["AT", "FR"]));
    owner.post("shipping-zones", &json!({ "name": "Neighbours", "countries": [] })).await.refused(409, "shipping.zone_name_taken");

    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let mut method = json!({ "zone_id": zone["id"], "name": "Post", "kind": "flat", "rates": [{ "amount": eur("9.90") }] });
    let made = owner.post("shipping-methods", &method).await.ok();
    owner.post("shipping-methods", &method).await.refused(409, "shipping.method_name_taken");
    method["rates"] = json!([{ "amount": { "amount": "9.90", "currency": "USD" } }, { "up_to_grams": 5, "amount": eur("1.00") }]);
    let refused = owner.post("shipping-methods", &method).await.refused(422, "shipping.invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/rates/0/amount/currency");
    assert_eq!(refused["errors"][1]["pointer"], "/rates/1/up_to_grams");

    let path = format!("shipping-methods/{}", made["id"].as_str().unwrap());
    let changed = owner.patch(&path, &json!({ "is_active": false, "rates": [{ "amount": eur("8.00") }] })).await.ok();
    assert_eq!((&changed["is_active"], &changed["rates"][0]["amount"]["amount"]), (&json!(false), &json!("8.00")));
    let path_of_zone = format!("shipping-zones/{}", zone["id"].as_str().unwrap());
    let moved = owner.patch(&path_of_zone, &json!({ "countries": ["CH"] })).await.ok();
    assert_eq!((&moved["countries"], moved["methods"].as_array().unwrap().len()), (&json!(["CH"]), 1));
    assert_eq!(owner.delete(&path_of_zone).await.status(), 204);
    owner.get(&path).await.refused(404, "shipping.method_not_found");
}

#[tokio::test]
async fn another_stores_rules_are_absent() {
    let mut world = World::new().await;
    world.leave_facts();
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let theirs = world.vendor(&ada).get("shipping-zones").await.ok()["data"][0].clone();
    let stranger = world.vendor(&bob);
    let (zone, method) = (theirs["id"].as_str().unwrap(), theirs["methods"][0]["id"].as_str().unwrap());
    stranger.get(format!("shipping-zones/{zone}")).await.refused(404, "shipping.zone_not_found");
    stranger.patch(format!("shipping-methods/{method}"), &json!({ "position": 3 })).await.refused(404, "shipping.method_not_found");
    stranger.delete(format!("shipping-methods/{method}")).await.refused(404, "shipping.method_not_found");
    let rates = json!([{ "amount": { "amount": "1.00", "currency": "EUR" } }]);
    let into_theirs = json!({ "zone_id": zone, "name": "Post", "kind": "flat", "rates": rates });
    stranger.post("shipping-methods", &into_theirs).await.refused(404, "shipping.zone_not_found");
}
