//! Many variants at once: the matrix of a product's options, and edits that are all or nothing.

use serde_json::{Value, json};
use tests::{Caller, Guest, World, a_product, database::texts};

/// A draft with options and no variants.
async fn shirt(vendor: &Caller, options: Value) -> String {
    let made = vendor.post("products", &json!({ "title": "Shirt", "options": options })).await.ok();
    format!("products/{}", made["id"].as_str().unwrap())
}

fn values(letter: &str, count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{letter}{at:03}")).collect()
}

fn euros(amount: &str) -> Value {
    json!([{ "price": { "amount": amount, "currency": "EUR" } }])
}

fn ids(product: &Value) -> Vec<String> {
    product["variants"].as_array().unwrap().iter().map(|variant| variant["id"].as_str().unwrap().to_owned()).collect()
}

fn all<'a>(product: &'a Value, field: &str) -> Vec<&'a str> {
    product["variants"].as_array().unwrap().iter().map(|variant| variant[field].as_str().unwrap_or("-")).collect()
}

fn pointers(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().into_iter().flatten();
    errors.map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_matrix_makes_what_is_missing_and_nothing_twice() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let options = json!([{ "name": "Size", "values": ["S", "M"] }, { "name": "Colour", "values": ["Red", "Ocean Blue"] }]);
    let path = shirt(&vendor, options).await;
    let by_hand = json!({ "options": { "Size": "M", "Colour": "Red" }, "sku": "OLD", "prices": euros("5.00") });
    vendor.post(format!("{path}/variants"), &by_hand).await.ok();
    let matrix = json!({ "sku_pattern": "{product}-{values}", "prices": euros("19.90"), "on_hand": 3, "weight_grams": 200 });
    let made = vendor.post(format!("{path}/variants/generate"), &matrix).await.ok();
    assert_eq!(all(&made, "title"), ["M / Red", "S / Red", "S / Ocean Blue", "M / Ocean Blue"]);
    assert_eq!(all(&made, "sku"), ["OLD", "SHIRT-S-RED", "SHIRT-S-OCEAN-BLUE", "SHIRT-M-OCEAN-BLUE"]);
    assert_eq!(made["variants"][0]["prices"][0]["price"]["amount"], "5.00", "what was there stays as it was");
    assert_eq!((&made["variants"][1]["available"], &made["variants"][1]["weight_grams"]), (&json!(3), &json!(200)));
    let again = vendor.post(format!("{path}/variants/generate"), &matrix).await.ok();
    assert_eq!(ids(&again), ids(&made), "asked again, nothing is made");

    let sizes = format!("{path}/options/{}", made["options"][0]["id"].as_str().unwrap());
    vendor.post(format!("{sizes}/values"), &json!({ "values": ["L", "XL"] })).await.ok();
    let only = json!({ "options": { "Size": ["L"], "Colour": ["Red"] }, "sku_pattern": "{Size}/{product}" });
    let narrow = vendor.post(format!("{path}/variants/generate"), &only).await.ok();
    assert_eq!(all(&narrow, "sku")[4..], ["L/SHIRT"]);
    vendor.act(format!("{path}/publish")).await.ok();
    let shown = world.shopper(&ada).get("products/shirt").await.ok();
    assert_eq!(shown["options"][0]["values"], json!(["S", "M"]), "what has no price, or no variant, is not offered");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_matrix_that_cannot_be_says_why() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let options = json!([{ "name": "A", "values": values("a", 50) }, { "name": "B", "values": values("b", 41) }]);
    let path = shirt(&vendor, options).await;
    let generate = format!("{path}/variants/generate");
    let cases = [
        (json!({}), ("/options", "too_many")),
        (json!({ "options": { "C": ["x"] } }), ("/options/C", "unknown_option")),
        (json!({ "options": { "A": ["a000", "zzz"] } }), ("/options/A/1", "unknown_value")),
        (json!({ "options": { "A": [] } }), ("/options/A", "no_values")),
        (json!({ "options": { "A": ["a000"] }, "sku_pattern": "{A}" }), ("/sku_pattern", "duplicate")),
        (json!({ "options": { "A": ["a000"] }, "sku_pattern": "{Size}" }), ("/sku_pattern", "unknown_placeholder")),
        (json!({ "options": { "A": ["a000"] }, "sku_pattern": format!("{}{{values}}", "x".repeat(92)) }), ("/sku_pattern", "too_long")),
        (
            json!({ "options": { "A": ["a000"] }, "prices": [{ "price": { "amount": "1.00", "currency": "USD" } }] }),
            ("/prices/0/price", "currency"),
        ),
    ];
    for (body, expected) in cases {
        let problem = vendor.post(&generate, &body).await.refused(422, "catalog.invalid");
        assert_eq!(pointers(&problem), [expected], "{body}");
    }
    let count = vendor.post(&generate, &json!({})).await.refused(422, "catalog.invalid");
    assert!(count["errors"][0]["detail"].as_str().unwrap().contains("2050"), "{count}");
    a_product().create(&world, &ada).await;
    let other = vendor.get("products?status=published").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    let mug = vendor.get(format!("products/{other}")).await.ok();
    vendor.patch(format!("products/{other}/variants/{}", ids(&mug)[0]), &json!({ "sku": "A000" })).await.ok();
    let taken = json!({ "options": { "B": ["b000"] }, "sku_pattern": "{A}" });
    let problem = vendor.post(&generate, &taken).await.refused(409, "catalog.sku_taken");
    assert_eq!(pointers(&problem), [("/sku_pattern", "taken")]);
    assert_eq!(vendor.get(&path).await.ok()["variants"], json!([]), "nothing is made by halves");
    world.run_jobs().await;
}

/// As many as a product may have, in as many statements as two need; and shoppers see them all in one.
#[tokio::test]
async fn two_thousand_variants_cost_as_many_statements_as_two() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let mut made = Vec::new();
    for (a, b) in [(2, 1), (50, 40)] {
        let options = json!([{ "name": "A", "values": values("a", a) }, { "name": "B", "values": values("b", b) }]);
        let path = shirt_named(&vendor, &format!("Of {a}"), options).await;
        let matrix = json!({ "sku_pattern": "{product}-{values}", "prices": euros("19.90"), "on_hand": 1 });
        let (statements, answer) = world.count_statements(vendor.post(format!("{path}/variants/generate"), &matrix)).await;
        assert_eq!(answer.ok()["variants"].as_array().unwrap().len(), a * b);
        vendor.act(format!("{path}/publish")).await.ok();
        made.push(statements);
    }
    assert_eq!(made[0], made[1]);
    let shopper = world.shopper(&ada).with("cache-control", "no-cache");
    shopper.get("products/of-2").await.ok();
    let (statements, shown) = world.count_statements(shopper.get("products/of-50")).await;
    assert_eq!((statements, shown.ok()["variants"].as_array().unwrap().len()), (2, 2000));
    world.run_jobs().await;
}

async fn shirt_named(vendor: &Caller, title: &str, options: Value) -> String {
    let made = vendor.post("products", &json!({ "title": title, "options": options })).await.ok();
    format!("products/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn many_are_edited_in_as_many_statements_as_two() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let path = shirt(&vendor, json!([{ "name": "A", "values": values("a", 20) }, { "name": "B", "values": values("b", 20) }])).await;
    let product = vendor.post(format!("{path}/variants/generate"), &json!({ "prices": euros("19.90") })).await.ok();
    let ids = ids(&product);
    let edit = |count: usize, round: u32| {
        let one = |(at, id): (usize, &String)| {
            json!({ "id": id, "sku": format!("SKU-{round}-{at}"), "barcode": format!("BAR-{round}-{at}"), "weight_grams": 100 + at,
                    "tax_class": "reduced", "prices": euros(&format!("{}.50", at + 1)) })
        };
        json!({ "variants": ids.iter().enumerate().take(count).map(one).collect::<Vec<_>>() })
    };
    let mut costs = Vec::new();
    for (round, count) in [(1, 2), (2, 400)] {
        let (statements, answer) = world.count_statements(vendor.patch(format!("{path}/variants"), &edit(count, round))).await;
        let edited = answer.ok();
        assert_eq!(edited["variants"][count - 1]["sku"], format!("SKU-{round}-{}", count - 1));
        assert_eq!(edited["variants"][count - 1]["prices"][0]["price"]["amount"], format!("{count}.50"));
        costs.push(statements);
    }
    assert_eq!(costs[0], costs[1], "statements for 2 and for 400");
    let told = "SELECT count(*)::text FROM facts WHERE code = 'products.changed'";
    let before: i64 = texts(&mut world.superuser().await, told).await[0].parse().unwrap();
    vendor.patch(format!("{path}/variants"), &edit(400, 3)).await.ok();
    let after: i64 = texts(&mut world.superuser().await, told).await[0].parse().unwrap();
    assert_eq!(after - before, 1, "one fact, however many variants");
    let audited =
        "SELECT count(DISTINCT resource_id)::text FROM audit_entries WHERE resource = 'variant' AND changes ->> 'sku' LIKE '%SKU-3-%'";
    assert_eq!(texts(&mut world.superuser().await, audited).await, ["400"], "each has its entry in the audit log");
    world.run_jobs().await;
}

#[tokio::test]
async fn every_wrong_variant_is_named_and_none_is_changed() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let vendor = world.vendor(&ada);
    let shirt = a_product().titled("Shirt").with_option("Size", &["S", "M", "L"]).create(&world, &ada).await;
    let (mug, cup) = (a_product().create(&world, &ada).await, a_product().create(&world, &bob).await);
    vendor.patch(format!("products/{}/variants/{}", mug.id, mug.variants[0].id), &json!({ "sku": "MUG", "barcode": "B-1" })).await.ok();
    let (path, [s, m, l]) = (format!("products/{}/variants", shirt.id), [0, 1, 2].map(|at| shirt.variants[at].id.to_string()));
    let before = vendor.get(format!("products/{}", shirt.id)).await.ok();
    let foreign = cup.variants[0].id.to_string();
    let cases = [
        (
            json!([{ "id": s, "weight_grams": -1 }, { "id": m, "tax_class": "No!" }]),
            vec![("/variants/0/weight_grams", "range"), ("/variants/1/tax_class", "tax_class")],
        ),
        (json!([{ "id": s, "sku": "X" }, { "id": m, "sku": "Y" }, { "id": l, "sku": "X" }]), vec![("/variants/2/sku", "duplicate")]),
        (json!([{ "id": s, "barcode": "X" }, { "id": m, "barcode": "X" }]), vec![("/variants/1/barcode", "duplicate")]),
        (json!([{ "id": s, "barcode": "4006381333930" }]), vec![("/variants/0/barcode", "gtin")]),
        (json!([{ "id": s }, { "id": s }]), vec![("/variants/1/id", "duplicate")]),
        (
            json!([{ "id": mug.variants[0].id.to_string() }, { "id": foreign }]),
            vec![("/variants/0/id", "unknown"), ("/variants/1/id", "unknown")],
        ),
        (json!([{ "id": s, "options": { "Size": "M" } }]), vec![("/variants/0/options", "duplicate_combination")]),
        (
            json!([{ "id": s, "options": { "Colour": "M" } }]),
            vec![("/variants/0/options", "missing_option"), ("/variants/0/options/Colour", "unknown_option")],
        ),
        (
            json!([{ "id": m, "prices": [{ "price": { "amount": "1.00", "currency": "USD" } }] }]),
            vec![("/variants/0/prices/0/price", "currency")],
        ),
        (json!([{ "id": m, "attributes": { "fit": "x" } }]), vec![("/variants/0/attributes/fit", "unknown_attribute")]),
    ];
    for (variants, expected) in cases {
        let problem = vendor.patch(&path, &json!({ "variants": variants })).await.refused(422, "catalog.invalid");
        assert_eq!(pointers(&problem), expected, "{variants}");
    }
    let taken = json!({ "variants": [{ "id": s, "sku": "FREE" }, { "id": m, "sku": "MUG", "barcode": "B-1" }] });
    let problem = vendor.patch(&path, &taken).await.refused(409, "catalog.sku_taken");
    assert_eq!(pointers(&problem), [("/variants/1/sku", "taken"), ("/variants/1/barcode", "taken")]);
    let old = vendor.with("if-match", "\"1\"").patch(&path, &json!({ "variants": [{ "id": s, "sku": "FREE" }] })).await;
    old.refused(412, "catalog.version_moved");
    let unpriced = json!({ "variants": [{ "id": s, "prices": [] }, { "id": m, "prices": [] }, { "id": l, "prices": [] }] });
    vendor.patch(&path, &unpriced).await.refused(409, "catalog.nothing_to_sell");
    assert_eq!(vendor.get(format!("products/{}", shirt.id)).await.ok(), before, "nothing is changed by halves");
    world.run_jobs().await;
}

#[tokio::test]
async fn what_one_variant_gives_up_another_takes_in_one_request() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let shirt = a_product().titled("Shirt").with_option("Size", &["S", "M", "L"]).create(&world, &ada).await;
    let (path, [s, m, l]) = (format!("products/{}/variants", shirt.id), [0, 1, 2].map(|at| shirt.variants[at].id.to_string()));
    let first =
        json!({ "variants": [{ "id": s, "sku": "A", "barcode": "1" }, { "id": m, "sku": "B", "barcode": "2" }, { "id": l, "sku": "C" }] });
    vendor.patch(&path, &first).await.ok();
    let swap = json!({
        "variants": [{ "id": s, "sku": "B", "barcode": "2", "options": { "Size": "M" } },
                     { "id": m, "sku": "A", "barcode": "1", "options": { "Size": "S" } }],
        "delete": [l],
        "create": [{ "options": { "Size": "L" }, "sku": "C", "prices": euros("9.00") }, { "options": { "Size": "XL" } }],
    });
    let swapped = vendor.patch(&path, &swap).await.ok();
    assert_eq!(all(&swapped, "title"), ["M", "S", "L", "XL"]);
    assert_eq!(all(&swapped, "sku"), ["B", "A", "C", "-"]);
    assert_eq!(all(&swapped, "barcode"), ["2", "1", "-", "-"]);
    let sizes: Vec<&str> = swapped["options"][0]["values"].as_array().unwrap().iter().map(|one| one["value"].as_str().unwrap()).collect();
    assert_eq!(sizes, ["S", "M", "L", "XL"]);
    let back = json!({ "variants": [{ "id": s, "sku": "A" }, { "id": m, "sku": "B" }] });
    let back = vendor.patch(&path, &back).await.ok();
    assert_eq!((all(&back, "sku"), all(&back, "barcode")), (vec!["A", "B", "C", "-"], vec!["2", "1", "-", "-"]), "and nothing else");
    let fewer = vendor.patch(&path, &json!({ "delete": [swapped["variants"][3]["id"]] })).await.ok();
    assert_eq!(fewer["options"][0]["values"].as_array().unwrap().len(), 3, "the value that only it stood for is gone");
    world.run_jobs().await;
}

#[tokio::test]
async fn what_was_ordered_stays() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let shirt = a_product().titled("Shirt").with_option("Size", &["S", "M"]).create(&world, &ada).await;
    Guest::of(&world, &ada).buy(&shirt, 1).await;
    let path = format!("products/{}/variants", shirt.id);
    let both = json!({ "delete": [shirt.variants[1].id.to_string(), shirt.variants[0].id.to_string()] });
    let problem = world.vendor(&ada).patch(&path, &both).await.refused(409, "catalog.in_use");
    assert_eq!(pointers(&problem), [("/delete/1", "in_use")]);
    assert_eq!(world.vendor(&ada).get(format!("products/{}", shirt.id)).await.ok()["variants"].as_array().unwrap().len(), 2);
    world.run_jobs().await;
}

/// Each of them wants the SKU: one has it, the others are told.
#[tokio::test]
async fn many_at_once_want_one_sku() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let mut paths = Vec::new();
    for at in 0..6 {
        let mug = a_product().titled(&format!("Mug {at}")).create(&world, &ada).await;
        paths.push((
            format!("products/{}/variants", mug.id),
            json!({ "variants": [{ "id": mug.variants[0].id.to_string(), "sku": "ONE" }] }),
        ));
    }
    let answers = futures::future::join_all(paths.iter().map(|(path, body)| vendor.patch(path, body))).await;
    let mut statuses: Vec<u16> = answers.iter().map(tests::Reply::status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    for refused in answers.iter().filter(|answer| answer.status() == 409) {
        refused.refused(409, "catalog.sku_taken");
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn options_and_their_values_are_renamed_and_reordered() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let options = json!([{ "name": "Size", "values": ["S", "M"] }, { "name": "Colour", "values": ["Red", "Blue"] }]);
    let path = shirt(&vendor, options).await;
    let made = vendor.post(format!("{path}/variants/generate"), &json!({ "prices": euros("1.00") })).await.ok();
    let (colour, [red, blue]) = (&made["options"][1], [0, 1].map(|at| made["options"][1]["values"][at]["id"].clone()));
    let colour = format!("{path}/options/{}", colour["id"].as_str().unwrap());
    let wanted = json!({ "name": "Tone", "position": 0, "order": [blue, red], "values": [{ "id": red, "value": "Blue" }, { "id": blue, "value": "Red" }] });
    let changed = vendor.patch(&colour, &wanted).await.ok();
    assert_eq!((&changed["options"][0]["name"], &changed["options"][1]["name"]), (&json!("Tone"), &json!("Size")));
    assert_eq!(all(&changed, "title"), ["Blue / S", "Red / S", "Blue / M", "Red / M"]);
    let words: Vec<&Value> = changed["options"][0]["values"].as_array().unwrap().iter().map(|value| &value["value"]).collect();
    assert_eq!(words, ["Red", "Blue"]);
    let half = vendor.patch(&colour, &json!({ "order": [blue] })).await.refused(422, "catalog.invalid");
    assert_eq!(pointers(&half), [("/order", "incomplete")]);

    vendor.delete(format!("{colour}/values/{}", red.as_str().unwrap())).await.refused(409, "catalog.value_in_use");
    let twice =
        vendor.post(format!("{colour}/values"), &json!({ "values": ["Green", "Red", "Green"] })).await.refused(422, "catalog.invalid");
    assert_eq!(pointers(&twice), [("/values/1", "duplicate"), ("/values/2", "duplicate")]);
    let more = vendor.post(format!("{colour}/values"), &json!({ "values": ["Green"] })).await.ok();
    let green = more["options"][0]["values"][2]["id"].as_str().unwrap().to_owned();
    let kept = vendor.patch(format!("{path}/variants"), &json!({ "variants": [{ "id": ids(&made)[0], "weight_grams": 5 }] })).await.ok();
    assert_eq!(kept["options"][0]["values"][2]["id"], green.as_str(), "a value waits for its variants");
    let fewer = vendor.delete(format!("{colour}/values/{green}")).await.ok();
    assert_eq!(fewer["options"][0]["values"].as_array().unwrap().len(), 2);
    vendor.delete(format!("{colour}/values/{green}")).await.refused(404, "catalog.option_value_not_found");
    world.run_jobs().await;
}
