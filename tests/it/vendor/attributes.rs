//! Product types and their attributes: values are of their kind, what does not exist is named, and nothing is lost silently.

use serde_json::{Value, json};
use tests::{Caller, World, a_product};

async fn attribute(vendor: &Caller, body: Value) -> Value {
    vendor.post("attributes", &body).await.ok()
}

/// A type with an attribute of each kind; the last is the variants'.
async fn lamps(vendor: &Caller) -> (Value, Vec<Value>) {
    let mut made = Vec::new();
    for body in [
        json!({ "code": "care", "name": "Care", "kind": "rich_text" }),
        json!({ "code": "width", "name": "Width", "kind": "number", "unit": "cm", "is_filterable": true }),
        json!({ "code": "dimmable", "name": "Dimmable", "kind": "boolean", "is_filterable": true }),
        json!({ "code": "since", "name": "Since", "kind": "date", "is_filterable": true }),
        json!({ "code": "material", "name": "Material", "kind": "choice", "is_filterable": true,
                "choices": [{ "label": "Steel" }, { "label": "Glass" }] }),
        json!({ "code": "rooms", "name": "Rooms", "kind": "multi_choice", "is_filterable": true,
                "choices": [{ "label": "Kitchen" }, { "label": "Hall" }] }),
        json!({ "code": "bulb", "name": "Bulb", "kind": "reference", "target": "product" }),
        json!({ "code": "model", "name": "Model", "kind": "text" }),
        json!({ "code": "shade", "name": "Shade", "kind": "swatch", "choices": [{ "label": "Red", "swatch": "#FF0000" }] }),
    ] {
        made.push(attribute(vendor, body).await);
    }
    let assigned: Vec<Value> = made
        .iter()
        .map(|one| json!({ "attribute_id": one["id"], "level": if one["code"] == "shade" { "variant" } else { "product" } }))
        .collect();
    let lamp = vendor.post("product-types", &json!({ "name": "Lamp", "attributes": assigned })).await.ok();
    (lamp, made)
}

fn coded<'a>(attributes: &'a Value, code: &str) -> &'a Value {
    attributes.as_array().unwrap().iter().find(|one| one["code"] == code).map_or(&Value::Null, |one| &one["value"])
}

#[tokio::test]
async fn every_kind_is_kept_and_shown_in_the_order_of_the_type() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let (_, made) = lamps(&vendor).await;
    let bulb = a_product().titled("Bulb").create(&world, &ada).await;
    let lamp = json!({
        "title": "Desk Lamp", "product_type": "Lamp",
        "attributes": {
            "care": "<p>Dust</p><script>alert(1)</script>", "width": 12.5, "dimmable": true, "since": "2026-03-01",
            "material": made[4]["choices"][1]["id"], "rooms": [made[5]["choices"][1]["id"], made[5]["choices"][0]["id"]],
            "bulb": bulb.id, "model": "L-1",
        },
        "variants": [{ "prices": [{ "price": { "amount": "49.00", "currency": "EUR" } }], "attributes": { "shade": made[8]["choices"][0]["id"] } }],
    });
    let product = vendor.post("products", &lamp).await.ok();
    vendor.act(format!("products/{}/publish", product["id"].as_str().unwrap())).await.ok();
    for shown in [product, world.shopper(&ada).get("products/desk-lamp").await.ok()] {
        let codes: Vec<_> = shown["attributes"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
        assert_eq!(codes, ["care", "width", "dimmable", "since", "material", "rooms", "bulb", "model"]);
        assert_eq!(shown["attributes"][1], json!({ "code": "width", "name": "Width", "kind": "number", "unit": "cm", "value": "12.5" }));
        let values = &shown["attributes"];
        assert_eq!(coded(values, "care"), "<p>Dust</p>", "made safe");
        assert_eq!((coded(values, "dimmable"), coded(values, "since")), (&json!(true), &json!("2026-03-01")));
        assert_eq!(coded(values, "material")["label"], "Glass");
        let rooms: Vec<_> = coded(values, "rooms").as_array().unwrap().iter().map(|room| room["label"].clone()).collect();
        assert_eq!(rooms, ["Kitchen", "Hall"], "in the order of the choices");
        assert_eq!(coded(values, "bulb")["slug"], "bulb");
        assert_eq!(coded(&shown["variants"][0]["attributes"], "shade")["swatch"], "#ff0000");
    }
    // A reference never shows shoppers what they may not see, and goes with what it names.
    vendor.act(format!("products/{}/unpublish", bulb.id)).await.ok();
    assert_eq!(coded(&world.shopper(&ada).get("products/desk-lamp").await.ok()["attributes"], "bulb"), &Value::Null);
    assert_eq!(vendor.delete(format!("products/{}", bulb.id)).await.status(), 204);
    let products = vendor.get("products").await.ok();
    let lamp = vendor.get(format!("products/{}", products["data"][0]["id"].as_str().unwrap())).await.ok();
    assert_eq!(coded(&lamp["attributes"], "bulb"), &Value::Null);
    world.run_jobs().await;
}

/// T003: ids of another store, wherever a body may name something.
#[tokio::test]
async fn t003_another_stores_things_cannot_be_named() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let (vendor, victim) = (world.vendor(&ada), world.vendor(&bob));
    let (_, theirs) = lamps(&victim).await;
    let category = victim.post("categories", &json!({ "name": "Theirs" })).await.ok();
    let (_, own) = lamps(&vendor).await;
    let room = attribute(&vendor, json!({ "code": "room", "name": "Room", "kind": "reference", "target": "category" })).await;
    vendor.post("product-types", &json!({ "name": "Room", "attributes": [{ "attribute_id": room["id"], "level": "product" }] })).await.ok();
    let foreign = a_product().create(&world, &bob).await;
    let mug = a_product().create(&world, &ada).await;
    let path = format!("products/{}", mug.id);
    let attempts = [
        (json!({ "product_type": "Lamp", "attributes": { "bulb": foreign.id } }), "/attributes/bulb"),
        (json!({ "product_type": "Lamp", "attributes": { "material": theirs[4]["choices"][0]["id"] } }), "/attributes/material"),
        (json!({ "product_type": "Room", "attributes": { "room": category["id"] } }), "/attributes/room"),
    ];
    for (body, pointer) in attempts {
        let refused = vendor.patch(&path, &body).await.refused(422, "catalog.invalid");
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    let choices = json!({ "choices": [{ "id": theirs[4]["choices"][0]["id"], "label": "Steel" }] });
    let refused = vendor.patch(format!("attributes/{}", own[4]["id"].as_str().unwrap()), &choices).await.refused(422, "catalog.invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/choices/0/id");
    vendor.post(format!("products/{}/duplicate", foreign.id), &json!({})).await.refused(404, "catalog.product_not_found");
    world.run_jobs().await;
}

#[tokio::test]
async fn every_wrong_value_is_named() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let vendor = world.vendor(&ada);
    let (_, made) = lamps(&vendor).await;
    let foreign = a_product().create(&world, &bob).await;
    let product = vendor.post("products", &json!({ "title": "Lamp", "product_type": "Lamp", "variants": [{}] })).await.ok();
    let path = format!("products/{}", product["id"].as_str().unwrap());
    let steel = &made[4]["choices"][0]["id"];
    let cases = [
        ("colour", json!("red")),
        ("shade", made[8]["choices"][0]["id"].clone()),
        ("width", json!("wide")),
        ("width", json!("0.0000001")),
        ("width", json!(true)),
        ("dimmable", json!("true")),
        ("since", json!("1.3.2026")),
        ("material", json!("Steel")),
        ("material", made[5]["choices"][0]["id"].clone()),
        ("material", json!([steel])),
        ("rooms", json!([])),
        ("rooms", json!([made[5]["choices"][0]["id"], made[5]["choices"][0]["id"]])),
        ("bulb", json!(foreign.id)),
        ("model", json!("x".repeat(1001))),
        ("model", json!("a\u{202e}b")),
        ("model", json!({})),
    ];
    for (code, value) in cases {
        let refused = vendor.patch(&path, &json!({ "attributes": { code: value.clone() } })).await.refused(422, "catalog.invalid");
        assert_eq!(refused["errors"][0]["pointer"], format!("/attributes/{code}"), "{value}");
    }
    let twice = json!({ "title": "X", "product_type": "Lamp", "variants": [{ "attributes": { "model": "x" } }] });
    let refused = vendor.post("products", &twice).await.refused(422, "catalog.invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/variants/0/attributes/model", "the type has it for the product");
    let label = vendor.post("products", &json!({ "title": "X", "product_type": "Other", "attributes": { "model": "x" } })).await;
    label.refused(422, "catalog.invalid");
    world.run_jobs().await;
}

#[tokio::test]
async fn nothing_is_lost_when_types_and_choices_change() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let (lamp, made) = lamps(&vendor).await;
    let given = json!({ "material": made[4]["choices"][0]["id"], "model": "L-1" });
    let product = vendor.post("products", &json!({ "title": "Lamp", "product_type": "Lamp", "attributes": given })).await.ok();
    let path = format!("products/{}", product["id"].as_str().unwrap());
    let shown = async || vendor.get(&path).await.ok()["attributes"].clone();

    let material = format!("attributes/{}", made[4]["id"].as_str().unwrap());
    let without = json!({ "choices": [{ "id": made[4]["choices"][1]["id"], "label": "Glass" }] });
    vendor.patch(&material, &without).await.refused(409, "catalog.choice_in_use");
    let renamed = json!({ "choices": [{ "id": made[4]["choices"][1]["id"], "label": "Glass" }, { "id": made[4]["choices"][0]["id"], "label": "Brass" }, { "label": "Wood" }] });
    assert_eq!(vendor.patch(&material, &renamed).await.ok()["choices"].as_array().unwrap().len(), 3);
    assert_eq!(coded(&shown().await, "material")["label"], "Brass");
    vendor.delete(&material).await.refused(409, "catalog.attribute_in_use");

    // Another type hides the values; the type again shows them.
    vendor.patch(&path, &json!({ "product_type": "Chair" })).await.ok();
    assert_eq!(shown().await, json!([]));
    vendor.patch(&path, &json!({ "product_type": "Lamp" })).await.ok();
    assert_eq!(coded(&shown().await, "model"), "L-1");
    let kind = format!("product-types/{}", lamp["id"].as_str().unwrap());
    vendor.delete(&kind).await.refused(409, "catalog.product_type_in_use");
    let assigned = json!([{ "attribute_id": made[4]["id"], "level": "product" }]);
    vendor.patch(&kind, &json!({ "name": "Light", "attributes": assigned })).await.ok();
    let product = vendor.get(&path).await.ok();
    assert_eq!(
        (&product["product_type"], product["attributes"].as_array().unwrap().len()),
        (&json!("Light"), 1),
        "its products bear the name"
    );
    let stale = vendor.with("if-match", "\"1\"").patch(&kind, &json!({ "name": "Late" })).await;
    stale.refused(412, "catalog.version_moved");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_required_attribute_stands_between_a_draft_and_its_shoppers() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let model = attribute(&vendor, json!({ "code": "model", "name": "Model", "kind": "text" })).await;
    let size = attribute(&vendor, json!({ "code": "size", "name": "Size", "kind": "number", "unit": "cm" })).await;
    let assigned = json!([
        { "attribute_id": model["id"], "level": "product", "is_required": true },
        { "attribute_id": size["id"], "level": "variant", "is_required": true },
    ]);
    vendor.post("product-types", &json!({ "name": "Lamp", "attributes": assigned })).await.ok();
    let mug = a_product().draft().create(&world, &ada).await;
    let (path, variant) = (format!("products/{}", mug.id), format!("products/{}/variants/{}", mug.id, mug.variants[0].id));
    vendor.patch(&path, &json!({ "product_type": "Lamp" })).await.ok();
    for (lacking, place, given) in [("model", &path, json!({ "model": "M" })), ("size", &variant, json!({ "size": "7" }))] {
        let refused = vendor.act(format!("{path}/publish")).await.refused(409, "catalog.attribute_missing");
        assert_eq!(refused["errors"][0]["pointer"], format!("/attributes/{lacking}"));
        vendor.patch(place, &json!({ "attributes": given })).await.ok();
    }
    assert_eq!(vendor.act(format!("{path}/publish")).await.ok()["status"], "published");
    let refused = vendor.patch(&path, &json!({ "attributes": { "model": null } })).await.refused(422, "catalog.invalid");
    assert_eq!(refused["errors"][0]["code"], "required");
    world.run_jobs().await;
}

#[tokio::test]
async fn codes_names_and_attributes_are_each_stores_own() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let (vendor, stranger) = (world.vendor(&ada), world.vendor(&bob));
    let (lamp, made) = lamps(&vendor).await;
    let model = json!({ "code": "model", "name": "Model", "kind": "text" });
    vendor.post("attributes", &model).await.refused(409, "catalog.code_taken");
    vendor.post("product-types", &json!({ "name": "Lamp" })).await.refused(409, "catalog.name_taken");
    attribute(&stranger, model).await;
    stranger.get(format!("attributes/{}", made[0]["id"].as_str().unwrap())).await.refused(404, "catalog.attribute_not_found");
    stranger.get(format!("product-types/{}", lamp["id"].as_str().unwrap())).await.refused(404, "catalog.product_type_not_found");
    let theft = json!({ "name": "Lamp", "attributes": [{ "attribute_id": made[0]["id"], "level": "product" }] });
    let refused = stranger.post("product-types", &theft).await.refused(422, "catalog.invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/attributes/0/attribute_id");
    let cases = [
        (json!({ "code": "Bad Code", "name": "X", "kind": "text" }), "/code"),
        (json!({ "code": "x", "name": "X", "kind": "text", "unit": "cm" }), "/unit"),
        (json!({ "code": "x", "name": "X", "kind": "text", "is_filterable": true }), "/is_filterable"),
        (json!({ "code": "x", "name": "X", "kind": "reference" }), "/target"),
        (json!({ "code": "x", "name": "X", "kind": "text", "choices": [{ "label": "A" }] }), "/choices"),
        (json!({ "code": "x", "name": "X", "kind": "swatch", "choices": [{ "label": "A" }] }), "/choices/0/swatch"),
        (json!({ "code": "x", "name": "X", "kind": "swatch", "choices": [{ "label": "A", "swatch": "red" }] }), "/choices/0/swatch"),
        (json!({ "code": "x", "name": "X", "kind": "choice", "choices": [{ "label": "A" }, { "label": "A" }] }), "/choices/1/label"),
    ];
    for (body, pointer) in cases {
        let refused = vendor.post("attributes", &body).await.refused(422, "catalog.invalid");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
    }
    world.run_jobs().await;
}
