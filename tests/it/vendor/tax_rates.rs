use serde_json::json;
use tests::World;

#[tokio::test]
async fn a_vendor_keeps_the_stores_tax_rates() {
    let mut world = World::new().await;
    world.leave_facts();
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let owner = world.vendor(&ada);
    let made = owner.post("tax-rates", &json!({ "country": "FR", "tax_class": "books", "name": "TVA", "percent": "5.5" })).await.ok();
    let path = format!("tax-rates/{}", made["id"].as_str().unwrap());
    assert_eq!(owner.get(&path).await.ok()["percent"], "5.5");
    assert_eq!(owner.patch(&path, &json!({ "percent": "10" })).await.ok()["percent"], "10");
    let again = json!({ "country": "FR", "tax_class": "books", "name": "TVA", "percent": "1" });
    owner.post("tax-rates", &again).await.refused(409, "tax.rate_taken");
    world.vendor(&bob).post("tax-rates", &again).await.ok();
    for refused in [world.vendor(&bob).get(&path).await, world.vendor(&bob).patch(&path, &json!({ "percent": "0" })).await] {
        refused.refused(404, "tax.rate_not_found");
    }
    assert_eq!(owner.delete(&path).await.status(), 204);
    owner.get(&path).await.refused(404, "tax.rate_not_found");
}

#[tokio::test]
async fn every_wrong_field_of_a_tax_rate_is_named() {
    let mut world = World::new().await;
    world.leave_facts();
    let owner = world.vendor(&world.tenant("ada").await);
    let wrong = json!({ "country": "XX", "tax_class": "No class", "name": " ", "percent": "NaN" });
    let refused = owner.post("tax-rates", &wrong).await.refused(422, "tax.invalid");
    let pointers: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/country", "/tax_class", "/name", "/percent"]);
    for percent in ["-1", "100.01", "1e1", "0.00001", ""] {
        let rate = json!({ "country": "DE", "tax_class": "x", "name": "VAT", "percent": percent });
        assert_eq!(owner.post("tax-rates", &rate).await.refused(422, "tax.invalid")["errors"][0]["pointer"], "/percent", "{percent}");
    }
    let number = json!({ "country": "DE", "tax_class": "x", "name": "VAT", "percent": 19.0 });
    assert_eq!(owner.post("tax-rates", &number).await.status(), 422, "a float is no percentage");
}

#[tokio::test]
async fn a_list_of_rates_is_read_page_by_page() {
    let mut world = World::new().await;
    world.leave_facts();
    let owner = world.vendor(&world.tenant("ada").await);
    for class in ["one", "two", "three"] {
        owner.post("tax-rates", &json!({ "country": "DE", "tax_class": class, "name": "VAT", "percent": "1" })).await.ok();
    }
    let first = owner.get("tax-rates?limit=2").await.ok();
    let next = first["page"]["next"].as_str().unwrap();
    let rest = owner.get(format!("tax-rates?limit=100&after={next}")).await.ok();
    assert_eq!(rest["data"].as_array().unwrap().last().unwrap()["tax_class"], "three");
    let other = owner.get(format!("shipping-zones?after={}", "AAAA")).await;
    other.refused(422, "page.cursor_invalid");
}
