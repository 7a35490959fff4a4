//! Lists and searches narrowed by attributes: one way to say it in both, whatever the kind.

use serde_json::{Value, json};
use tests::{Caller, Store, World, database::texts};

/// Two lamps and a chair: `(title, type, width, material)`, each published.
async fn furnish(world: &World, store: &Store) -> Caller {
    let vendor = world.vendor(store);
    let mut made = Vec::new();
    for body in [
        json!({ "code": "width", "name": "Width", "kind": "number", "unit": "cm", "is_filterable": true }),
        json!({ "code": "material", "name": "Material", "kind": "choice", "is_filterable": true,
                "choices": [{ "label": "Steel" }, { "label": "Glass" }, { "label": "Oak" }] }),
        json!({ "code": "dimmable", "name": "Dimmable", "kind": "boolean", "is_filterable": true }),
        json!({ "code": "since", "name": "Since", "kind": "date", "is_filterable": true }),
        json!({ "code": "secret", "name": "Secret", "kind": "number" }),
    ] {
        made.push(vendor.post("attributes", &body).await.ok());
    }
    let assigned: Vec<Value> = made
        .iter()
        .map(|one| json!({ "attribute_id": one["id"], "level": if one["code"] == "width" { "variant" } else { "product" } }))
        .collect();
    for name in ["Lamp", "Chair"] {
        vendor.post("product-types", &json!({ "name": name, "attributes": assigned })).await.ok();
    }
    for (title, kind, width, material, dimmable, since) in [
        ("Steel Lamp", "Lamp", "10", 0, true, "2026-01-01"),
        ("Glass Lamp", "Lamp", "20.5", 1, false, "2026-02-01"),
        ("Oak Chair", "Chair", "45", 2, false, "2026-03-01"),
    ] {
        let own = json!({ "material": made[1]["choices"][material]["id"], "dimmable": dimmable, "since": since, "secret": 1 });
        let body = json!({ "title": title, "product_type": kind, "attributes": own, "variants": [
            { "attributes": { "width": width }, "prices": [{ "price": { "amount": "9.00", "currency": "EUR" } }], "on_hand": 1 }] });
        let product = vendor.post("products", &body).await.ok();
        vendor.act(format!("products/{}/publish", product["id"].as_str().unwrap())).await.ok();
    }
    world.run_jobs().await;
    vendor
}

fn titles(page: &Value) -> Vec<String> {
    let mut titles: Vec<String> = page["data"].as_array().unwrap().iter().map(|hit| hit["title"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    titles
}

#[tokio::test]
async fn values_of_one_attribute_are_alternatives_and_attributes_must_all_fit() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let vendor = furnish(&world, &ada).await;
    let shopper = world.shopper(&ada).with("cache-control", "no-cache");
    let exact: &[(&str, &[&str])] = &[
        ("attribute=material:Glass", &["Glass Lamp"]),
        ("attribute=material:Glass&attribute=material:Oak", &["Glass Lamp", "Oak Chair"]),
        ("attribute=material:Glass&attribute=dimmable:true", &[]),
        ("attribute=dimmable:false", &["Glass Lamp", "Oak Chair"]),
        ("attribute=width:20.5", &["Glass Lamp"]),
        ("attribute=since:2026-02-01", &["Glass Lamp"]),
        ("attribute=material:glass", &[]),
        ("attribute=unknown:x", &[]),
        ("attribute=secret:1", &[]),
    ];
    for (query, expected) in exact {
        assert_eq!(titles(&shopper.get(format!("products?{query}")).await.ok()), *expected, "list: {query}");
        assert_eq!(titles(&shopper.get(format!("search?{query}")).await.ok()), *expected, "search: {query}");
        let both = titles(&shopper.get(format!("search?q=lamp&{query}")).await.ok());
        assert!(!both.contains(&"Oak Chair".to_owned()), "{query}");
    }
    let ranges: &[(&str, &[&str])] = &[
        ("width:10..20.5", &["Glass Lamp", "Steel Lamp"]),
        ("width:20..", &["Glass Lamp", "Oak Chair"]),
        ("width:..10", &["Steel Lamp"]),
        ("since:2026-01-15..2026-02-15", &["Glass Lamp"]),
        ("material:10..20", &[]),
    ];
    for (range, expected) in ranges {
        let (statements, page) = world.count_statements(shopper.get(format!("products?sort=price&attribute={range}"))).await;
        assert_eq!((titles(&page.ok()), statements), (expected.iter().map(|title| (*title).to_owned()).collect(), 2), "{range}");
    }
    assert_eq!(titles(&shopper.get("search?attribute=width:20.50").await.ok()), ["Glass Lamp"], "however the number is written");
    let refused = shopper.get("search?attribute=width:10..20").await.refused(422, "request.invalid");
    assert_eq!(refused["errors"][0]["code"], "range", "not silently nothing");
    for wrong in ["attribute=material", "attribute=:x", "attribute=material:", "attribute=A:b"] {
        for path in ["products", "search"] {
            let refused = shopper.get(format!("{path}?{wrong}")).await;
            assert_eq!((refused.status(), &refused.json()["errors"][0]["pointer"]), (422, &json!("/attribute")), "{path}?{wrong}");
        }
    }
    assert_eq!(titles(&world.shopper(&bob).get("products?attribute=material:Glass").await.ok()), Vec::<String>::new());

    // Facets count them, and follow what changes.
    let counted = shopper.get("search?facets=attribute.material&attribute=material:Oak").await.ok();
    assert_eq!(counted["facets"][0]["values"].as_array().unwrap().len(), 3, "what another value would add is shown: {counted}");
    let material =
        vendor.get("attributes").await.ok()["data"].as_array().unwrap().iter().find(|one| one["code"] == "material").unwrap().clone();
    let mut choices = material["choices"].clone();
    choices[2]["label"] = json!("Ash");
    vendor.patch(format!("attributes/{}", material["id"].as_str().unwrap()), &json!({ "choices": choices })).await.ok();
    world.run_jobs().await;
    for path in ["products", "search"] {
        assert_eq!(titles(&shopper.get(format!("{path}?attribute=material:Ash")).await.ok()), ["Oak Chair"], "{path}");
    }
    vendor.patch(format!("attributes/{}", material["id"].as_str().unwrap()), &json!({ "is_filterable": false })).await.ok();
    world.run_jobs().await;
    for path in ["products", "search"] {
        assert_eq!(titles(&shopper.get(format!("{path}?attribute=material:Ash")).await.ok()), Vec::<String>::new(), "{path}");
    }
}

/// What a type does not have is not filtered by, though it is kept.
#[tokio::test]
async fn hidden_values_narrow_nothing() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = furnish(&world, &ada).await;
    let oak = vendor.get("products").await.ok()["data"].as_array().unwrap().iter().find(|one| one["title"] == "Oak Chair").unwrap().clone();
    vendor.patch(format!("products/{}", oak["id"].as_str().unwrap()), &json!({ "product_type": "Stool" })).await.ok();
    world.run_jobs().await;
    for path in ["products", "search"] {
        assert_eq!(titles(&world.shopper(&ada).get(format!("{path}?attribute=material:Oak")).await.ok()), Vec::<String>::new(), "{path}");
    }
}

/// Behind row security only leak-proof conditions may use an index.
#[tokio::test]
async fn values_are_found_through_indexes_of_the_tenant() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mut app = world.superuser().await;
    let tenant = ada.id.uuid();
    for (condition, index) in [
        ("choice_id = '00000000-0000-7000-8000-000000000001'", "attribute_values_choice_idx"),
        ("attribute_id = '00000000-0000-7000-8000-000000000001' AND measure BETWEEN 1 AND 2", "attribute_values_measure_idx"),
    ] {
        let ask = format!("EXPLAIN (COSTS OFF) SELECT product_id FROM attribute_values WHERE tenant_id = '{tenant}' AND {condition}");
        tests::database::execute(
            &mut app,
            &format!("BEGIN; SET LOCAL ROLE stoa_app; SET LOCAL enable_seqscan = off; SET LOCAL app.tenant_id = '{tenant}'"),
        )
        .await;
        let plan = texts(&mut app, &ask).await.join("\n");
        tests::database::execute(&mut app, "ROLLBACK").await;
        assert!(plan.contains(index) && plan.contains("Index Cond: ((tenant_id ="), "{plan}");
    }
    drop(app);
    world.run_jobs().await;
}
