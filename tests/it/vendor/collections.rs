//! Collections: chosen one by one, or by a rule.

use serde_json::{Value, json};
use tests::{Caller, Store, World, a_product, database::execute, pictures};

async fn collection(vendor: &Caller, body: &Value) -> String {
    let made = vendor.post("collections", body).await.ok();
    let path = format!("collections/{}", made["id"].as_str().unwrap());
    vendor.act(format!("{path}/publish")).await.ok();
    path
}

fn by_rule(title: &str, fits: &str, conditions: &Value) -> Value {
    json!({ "title": title, "sort": "title", "rule": { "fits": fits, "conditions": conditions } })
}

/// What a shopper sees of a collection.
async fn titles(world: &World, store: &Store, query: &str) -> Vec<String> {
    let page = world.shopper(store).get(format!("products?limit=100&collection={query}")).await.ok();
    page["data"].as_array().unwrap().iter().map(|card| card["title"].as_str().unwrap().to_owned()).collect()
}

async fn members(vendor: &Caller, path: &str) -> Vec<String> {
    let page = vendor.get(format!("{path}/products?limit=100")).await.ok();
    page["data"].as_array().unwrap().iter().map(|member| member["title"].as_str().unwrap().to_owned()).collect()
}

/// Published products of one letter each.
async fn letters(world: &World, store: &Store, all: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for letter in all.chars() {
        ids.push(a_product().titled(&letter.to_string()).create(world, store).await.id.to_string());
    }
    ids
}

#[tokio::test]
async fn what_is_chosen_one_by_one_stands_where_it_was_put() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let vendor = world.vendor(&ada);
    let ids = letters(&world, &ada, "ABCDEF").await;
    let of = |letters: &str| letters.chars().map(|letter| &ids["ABCDEF".find(letter).unwrap()]).collect::<Vec<_>>();
    let path = collection(&vendor, &json!({ "title": "Gifts", "description": "<p>For you</p><script>x</script>" })).await;
    let products = format!("{path}/products");
    vendor.post(&products, &json!({ "products": of("ABC") })).await.ok();
    assert_eq!(titles(&world, &ada, "gifts").await, ["A", "B", "C"]);
    vendor.post(&products, &json!({ "products": of("ED"), "position": 1 })).await.ok();
    assert_eq!(titles(&world, &ada, "gifts").await, ["A", "E", "D", "B", "C"]);
    vendor.post(&products, &json!({ "products": of("CA"), "position": 1 })).await.ok();
    assert_eq!(titles(&world, &ada, "gifts").await, ["E", "C", "A", "D", "B"], "counted among the others");
    vendor.post(format!("{products}/remove"), &json!({ "products": of("EF") })).await.ok();
    assert_eq!(titles(&world, &ada, "gifts").await, ["C", "A", "D", "B"]);
    assert_eq!(titles(&world, &ada, "gifts&sort=title").await, ["A", "B", "C", "D"], "another order may be asked for");
    vendor.put(&products, &json!({ "products": of("FBA") })).await.ok();
    assert_eq!(titles(&world, &ada, "gifts").await, ["F", "B", "A"]);
    for _ in 0..40 {
        // Between the first two, until there is no room between them and all are counted anew.
        let page = vendor.get(&products).await.ok();
        vendor.post(&products, &json!({ "products": [page["data"][2]["id"]], "position": 1 })).await.ok();
    }
    assert_eq!(titles(&world, &ada, "gifts").await, ["F", "B", "A"]);

    vendor.act(format!("products/{}/unpublish", of("B")[0])).await.ok();
    assert_eq!(
        (titles(&world, &ada, "gifts").await, members(&vendor, &path).await),
        (vec!["F".into(), "A".into()], vec!["F".into(), "B".into(), "A".into()])
    );
    vendor.act(format!("products/{}/publish", of("B")[0])).await.ok();
    assert_eq!(titles(&world, &ada, "gifts").await, ["F", "B", "A"], "back in its place");
    vendor.delete(format!("products/{}", of("F")[0])).await;
    assert_eq!(members(&vendor, &path).await, ["B", "A"]);

    let unknown = "prod_01h2xcejqtf2nbrexx3vqjhp41";
    let foreign = letters(&world, &bob, "Z").await.remove(0);
    let problem =
        vendor.post(&products, &json!({ "products": [of("A")[0], unknown, &foreign, of("A")[0]] })).await.refused(422, "catalog.invalid");
    let pointers: Vec<&Value> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/products/1", "/products/2", "/products/3"]);
    vendor.with("if-match", "\"1\"").post(&products, &json!({ "products": of("A") })).await.refused(412, "catalog.version_moved");
    for answer in [world.vendor(&bob).get(&path).await, world.vendor(&bob).get(&products).await, world.vendor(&bob).delete(&path).await] {
        answer.refused(404, "catalog.collection_not_found");
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn a_page_of_a_collection_costs_one_look_at_it_and_one_statement() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let ids = letters(&world, &ada, "ABCDEFG").await;
    let path = collection(&vendor, &json!({ "title": "All" })).await;
    vendor.put(format!("{path}/products"), &json!({ "products": ids })).await.ok();
    let shopper = world.shopper(&ada).with("cache-control", "no-cache");
    shopper.get("products?collection=all").await.ok();
    let (statements, _) = world.count_statements(shopper.get("products?collection=all&limit=3")).await;
    assert_eq!(statements, 3);
    let (mut seen, mut after) = (String::new(), String::new());
    loop {
        let page = shopper.get(format!("products?collection=all&limit=3{after}")).await.ok();
        for card in page["data"].as_array().unwrap() {
            seen.push_str(card["title"].as_str().unwrap());
        }
        let Some(next) = page["page"]["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, "ABCDEFG");
    let (statements, shown) = world.count_statements(shopper.get("collections/all")).await;
    assert_eq!((statements, &shown.ok()["sort"]), (2, &json!("manual")));
    let (statements, _) = world.count_statements(shopper.get("collections")).await;
    assert_eq!(statements, 2);
    world.run_jobs().await;
}

/// Four products that differ in everything a rule may ask for.
async fn shelf_of_four(world: &World, store: &Store) -> (Vec<String>, Value) {
    let vendor = world.vendor(store);
    let colour = json!({ "code": "colour", "name": "Colour", "kind": "choice", "choices": [{ "label": "Red" }, { "label": "Blue" }] });
    let colour = vendor.post("attributes", &colour).await.ok();
    let width = vendor.post("attributes", &json!({ "code": "width", "name": "Width", "kind": "number" })).await.ok();
    let attributes = json!([{ "attribute_id": colour["id"], "level": "product" }, { "attribute_id": width["id"], "level": "product" }]);
    let kind = vendor.post("product-types", &json!({ "name": "Cup", "attributes": attributes })).await.ok();
    let home = vendor.post("categories", &json!({ "name": "Home" })).await.ok();
    let kitchen = vendor.post("categories", &json!({ "name": "Kitchen", "parent_id": home["id"] })).await.ok();
    let mut ids = Vec::new();
    for (title, price, brand, stock) in
        [("A", "5.00", "Acme", 3), ("B", "10.00", "Acme", 0), ("C", "20.00", "Bolt", 3), ("D", "40.00", "Bolt", 0)]
    {
        let price = format!("{price} EUR");
        let product = a_product().titled(title).priced(&price).stocked(stock).create(world, store).await;
        vendor.patch(format!("products/{}", product.id), &json!({ "brand": brand })).await.ok();
        ids.push(product.id.to_string());
    }
    let red = &colour["choices"][0]["id"];
    vendor.patch(format!("products/{}", ids[0]), &json!({ "tags": ["New"], "categories": [kitchen["id"]] })).await.ok();
    vendor.patch(format!("products/{}", ids[1]), &json!({ "product_type": "Cup", "categories": [home["id"]] })).await.ok();
    vendor.patch(format!("products/{}", ids[1]), &json!({ "attributes": { "colour": red, "width": "12.5" } })).await.ok();
    let tag = vendor.get("tags").await.ok()["data"][0]["id"].clone();
    (ids, json!({ "red": red, "home": home["id"], "kitchen": kitchen["id"], "tag": tag, "type": kind["id"], "colour": colour["id"] }))
}

#[tokio::test]
async fn a_rule_chooses_what_fits_it() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let (_, of) = shelf_of_four(&world, &ada).await;
    let cases = [
        ("all", json!([{ "field": "brand", "value": "Acme" }]), "A B"),
        ("all", json!([{ "field": "brand", "value": "Acme", "is_not": true }]), "C D"),
        ("all", json!([{ "field": "type", "value": "Cup" }]), "B"),
        ("all", json!([{ "field": "tag", "value": of["tag"] }]), "A"),
        ("all", json!([{ "field": "category", "value": of["home"] }]), "A B"),
        ("all", json!([{ "field": "category", "value": of["kitchen"] }]), "A"),
        ("all", json!([{ "field": "price", "min": "10.00", "max": "20" }]), "B C"),
        ("all", json!([{ "field": "price", "max": "9.99" }]), "A"),
        ("all", json!([{ "field": "in_stock" }]), "A C"),
        ("all", json!([{ "field": "in_stock", "is_not": true }, { "field": "brand", "value": "Bolt" }]), "D"),
        ("any", json!([{ "field": "type", "value": "Cup" }, { "field": "price", "min": "40" }]), "B D"),
        ("all", json!([{ "field": "attribute", "code": "colour", "value": of["red"] }]), "B"),
        ("all", json!([{ "field": "attribute", "code": "width", "min": "12", "max": "13" }]), "B"),
        ("all", json!([{ "field": "attribute", "code": "width", "min": "13" }]), ""),
        ("all", json!([{ "field": "published_at", "min": "2020-01-01T00:00:00Z" }]), "A B C D"),
        ("all", json!([{ "field": "published_at", "max": "2020-01-01T00:00:00Z" }]), ""),
    ];
    for (at, (fits, conditions, _)) in cases.iter().enumerate() {
        let path = collection(&vendor, &by_rule(&format!("Rule {at}"), fits, conditions)).await;
        let shown = vendor.get(&path).await.ok();
        assert_eq!((&shown["state"], &shown["rule"]["fits"]), (&json!("settling"), &json!(fits)), "until a job has asked all products");
    }
    world.run_jobs().await;
    for (at, (_, conditions, expected)) in cases.iter().enumerate() {
        assert_eq!(titles(&world, &ada, &format!("rule-{at}")).await.join(" "), *expected, "{conditions}");
    }
    let listed = vendor.get("collections?limit=100").await.ok();
    assert!(listed["data"].as_array().unwrap().iter().all(|one| one["state"] == "settled"));
}

#[tokio::test]
async fn a_product_joins_and_leaves_with_the_change_itself() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let (ids, of) = shelf_of_four(&world, &ada).await;
    let path = collection(&vendor, &by_rule("Acme", "all", &json!([{ "field": "brand", "value": "Acme" }]))).await;
    collection(&vendor, &by_rule("Home", "all", &json!([{ "field": "category", "value": of["home"] }]))).await;
    collection(&vendor, &by_rule("Stocked", "all", &json!([{ "field": "in_stock" }]))).await;
    collection(
        &vendor,
        &by_rule(
            "Tagged",
            "any",
            &json!([{ "field": "tag", "value": of["tag"] }, { "field": "attribute", "code": "colour", "value": of["red"] }]),
        ),
    )
    .await;
    world.run_jobs().await;
    vendor.patch(format!("products/{}", ids[2]), &json!({ "brand": "Acme" })).await.ok();
    vendor.patch(format!("products/{}", ids[0]), &json!({ "brand": null })).await.ok();
    assert_eq!(titles(&world, &ada, "acme").await, ["B", "C"], "at once");
    assert_eq!(members(&vendor, &path).await, ["B", "C"]);
    vendor.act(format!("products/{}/archive", ids[1])).await.ok();
    assert_eq!(titles(&world, &ada, "acme").await, ["C"]);
    vendor.act(format!("products/{}/publish", ids[1])).await.ok();
    vendor.post(format!("categories/{}/move", of["kitchen"].as_str().unwrap()), &json!({ "parent_id": null })).await.ok();
    assert_eq!(titles(&world, &ada, "home").await, ["B"], "what stood below it stands there no more");

    // What no product tells of is followed by a job.
    assert_eq!(titles(&world, &ada, "stocked").await, ["A", "C"]);
    let level = vendor.get(format!("stock-levels?product={}", ids[3])).await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    vendor.post(format!("stock-levels/{level}/adjust"), &json!({ "quantity": 2, "kind": "received", "reason": "delivery" })).await.ok();
    assert_eq!(titles(&world, &ada, "tagged").await, ["A", "B"]);
    assert_eq!(vendor.delete(format!("tags/{}", of["tag"].as_str().unwrap())).await.status(), 204);
    vendor.patch(format!("product-types/{}", of["type"].as_str().unwrap()), &json!({ "attributes": [] })).await.ok();
    world.run_jobs().await;
    assert_eq!(titles(&world, &ada, "stocked").await, ["A", "C", "D"]);
    assert_eq!(titles(&world, &ada, "tagged").await, [""; 0], "the tag is gone, and the type shows no colour");
}

#[tokio::test]
async fn another_rule_is_settled_in_steps_and_loses_nobody() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    // As if they had been there for long: more than two steps of them.
    let many = format!(
        "INSERT INTO products (tenant_id, id, slug, title, description, brand, status, published_at, created_at, updated_at)
           SELECT '{0}', gen_random_uuid(), 'p-' || n, 'P' || n, '', CASE n % 2 WHEN 0 THEN 'Even' ELSE 'Odd' END, 'published', now(), now(), now()
           FROM generate_series(1, 450) AS n;
         INSERT INTO variants (tenant_id, id, product_id, title, position, created_at, updated_at)
           SELECT tenant_id, id, id, 'Default', 0, now(), now() FROM products;
         INSERT INTO prices (tenant_id, id, variant_id, currency, amount, created_at, updated_at)
           SELECT tenant_id, id, id, 'EUR', 100, now(), now() FROM products",
        ada.id.uuid()
    );
    execute(&mut world.superuser().await, &many).await;
    let path = collection(&vendor, &by_rule("Parity", "all", &json!([{ "field": "brand", "value": "Even" }]))).await;
    world.run_jobs().await;
    let count = async || {
        let (mut count, mut after) = (0, String::new());
        loop {
            let page = vendor.get(format!("{path}/products?limit=100{after}")).await.ok();
            count += page["data"].as_array().unwrap().len();
            let Some(next) = page["page"]["next"].as_str() else { return count };
            after = format!("&after={next}");
        }
    };
    assert_eq!(count().await, 225);
    let odd = json!({ "rule": { "conditions": [{ "field": "brand", "value": "Odd" }, { "field": "price", "max": "1.00" }] } });
    let changed = vendor.patch(&path, &odd).await.ok();
    assert_eq!(changed["state"], "settling");
    vendor.patch(&path, &json!({ "title": "Odd ones" })).await.ok();
    world.run_jobs().await;
    assert_eq!(count().await, 225);
    let settled = vendor.get(&path).await.ok();
    assert_eq!((&settled["state"], &settled["title"]), (&json!("settled"), &json!("Odd ones")));
    assert_eq!(titles(&world, &ada, "parity").await.len(), 100);
    assert!(titles(&world, &ada, "parity").await.iter().all(|title| title[1..].parse::<u32>().unwrap() % 2 == 1));
    assert_eq!(vendor.delete(&path).await.status(), 204);
    world.run_jobs().await;
}

/// Whoever changes the rule, the product or the shelf by hand: the shelf is what the last of each says.
#[tokio::test]
async fn rules_hands_and_products_that_change_at_once_never_miss_each_other() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let ids = letters(&world, &ada, "ABC").await;
    let ruled = collection(&vendor, &by_rule("Ruled", "all", &json!([{ "field": "brand", "value": "X" }]))).await;
    let chosen = collection(&vendor, &json!({ "title": "Chosen" })).await;
    for round in 0..8 {
        let (brand, other) = if round % 2 == 0 { ("X", "Y") } else { ("Y", "X") };
        let rule = json!({ "rule": { "conditions": [{ "field": "brand", "value": other }] } });
        let (edit, products) = (json!({ "brand": brand }), json!({ "products": [ids[round % 3]], "position": 0 }));
        let (product, taken) = (format!("products/{}", ids[round % 3]), json!({ "products": [ids[(round + 1) % 3]] }));
        let (one, two, three, four, five) = futures::join!(
            vendor.patch(&product, &edit),
            vendor.patch(&ruled, &rule),
            vendor.post(format!("{chosen}/products"), &products),
            vendor.act(format!("products/{}/{}", ids[round % 3], if round % 3 == 0 { "unpublish" } else { "publish" })),
            vendor.post(format!("{chosen}/products/remove"), &taken),
        );
        for answer in [one, two, three, four, five] {
            answer.ok();
        }
        world.check().await;
        world.run_jobs().await;
        let fitting: Vec<String> = {
            let mut fitting = Vec::new();
            for id in &ids {
                let product = vendor.get(format!("products/{id}")).await.ok();
                if product["brand"] == other && product["status"] == "published" {
                    fitting.push(product["title"].as_str().unwrap().to_owned());
                }
            }
            fitting
        };
        assert_eq!(titles(&world, &ada, "ruled").await, fitting, "round {round}");
    }
}

#[tokio::test]
async fn a_collection_that_cannot_be_says_why() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let vendor = world.vendor(&ada);
    let foreign = world.vendor(&bob).post("categories", &json!({ "name": "Home" })).await.ok();
    let rule = |condition: Value| json!({ "title": "X", "rule": { "conditions": [condition] } });
    let cases = [
        (json!({ "title": " " }), "/title"),
        (json!({ "title": "X", "slug": "No Slug" }), "/slug"),
        (json!({ "title": "X", "rule": { "conditions": [] } }), "/rule/conditions"),
        (json!({ "title": "X", "sort": "manual", "rule": { "conditions": [{ "field": "in_stock" }] } }), "/sort"),
        (rule(json!({ "field": "brand" })), "/rule/conditions/0/value"),
        (rule(json!({ "field": "brand", "value": "A\u{0}B" })), "/rule/conditions/0/value"),
        (rule(json!({ "field": "category", "value": foreign["id"] })), "/rule/conditions/0/value"),
        (rule(json!({ "field": "price", "min": "1.001" })), "/rule/conditions/0/min"),
        (rule(json!({ "field": "attribute", "code": "none" })), "/rule/conditions/0/code"),
        (rule(json!({ "field": "in_stock", "value": "true" })), "/rule/conditions/0/value"),
        (json!({ "title": "X", "image": { "media_id": "media_01h2xcejqtf2nbrexx3vqjhp41" } }), "/image/media_id"),
    ];
    for (body, pointer) in cases {
        let problem = vendor.post("collections", &body).await.refused(422, "catalog.invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    let ruled = collection(&vendor, &rule(json!({ "field": "in_stock" }))).await;
    vendor
        .post(format!("{ruled}/products"), &json!({ "products": ["prod_01h2xcejqtf2nbrexx3vqjhp41"] }))
        .await
        .refused(409, "catalog.collection_by_rule");
    vendor.post("collections", &json!({ "title": "X" })).await.refused(409, "catalog.slug_taken");
    let curated = collection(&vendor, &json!({ "title": "By hand" })).await;
    let turned =
        vendor.patch(&curated, &json!({ "rule": { "conditions": [{ "field": "in_stock" }] } })).await.refused(422, "catalog.invalid");
    assert_eq!(turned["errors"][0]["pointer"], "/rule");
    world.run_jobs().await;
}

#[tokio::test]
async fn shoppers_see_what_is_published_and_are_sent_on_from_old_slugs() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let (vendor, shopper) = (world.vendor(&ada), world.shopper(&ada));
    let ids = letters(&world, &ada, "A").await;
    let picture = vendor.upload("media", "image/png", pictures::png(40, 30, 1)).await.ok();
    let image = json!({ "media_id": picture["id"], "alt": "Gifts" });
    let body = json!({ "title": "Gifts", "description": "<b>All</b><script>1</script>", "seo": { "title": "Buy" }, "image": image });
    let made = vendor.post("collections", &body).await.ok();
    let path = format!("collections/{}", made["id"].as_str().unwrap());
    vendor.post(format!("{path}/products"), &json!({ "products": ids })).await.ok();
    shopper.get("collections/gifts").await.refused(404, "catalog.collection_not_found");
    assert_eq!(
        (shopper.get("collections").await.ok()["data"].clone(), titles(&world, &ada, "gifts").await),
        (json!([]), vec![]),
        "a draft is nobody's"
    );
    vendor.act(format!("{path}/publish")).await.ok();
    world.run_jobs().await;
    let shown = shopper.get("collections/gifts").await.ok();
    assert_eq!(
        (&shown["description"], &shown["seo"]["title"], &shown["image"]["width"]),
        (&json!("<b>All</b>"), &json!("Buy"), &json!(40))
    );
    assert_eq!(shopper.get("collections").await.ok()["data"][0]["slug"], "gifts");
    assert_eq!(titles(&world, &ada, "gifts").await, ["A"]);
    vendor.delete(format!("media/{}", picture["id"].as_str().unwrap())).await.refused(409, "media.in_use");

    vendor.patch(&path, &json!({ "slug": "presents", "image": null })).await.ok();
    let moved = shopper.get("collections/gifts").await;
    assert_eq!((moved.status(), moved.header("location")), (301, Some("/storefront/v1/collections/presents")));
    world.shopper(&bob).get("collections/presents").await.refused(404, "catalog.collection_not_found");
    let thief = vendor.post("collections", &json!({ "title": "Gifts" })).await.ok();
    vendor.act(format!("collections/{}/publish", thief["id"].as_str().unwrap())).await.ok();
    assert_eq!(shopper.get("collections/gifts").await.status(), 200, "it is somebody else's now");
    vendor.act(format!("{path}/unpublish")).await.ok();
    shopper.get("collections/presents").await.refused(404, "catalog.collection_not_found");
    assert_eq!(vendor.delete(&path).await.status(), 204);
    vendor.get(&path).await.refused(404, "catalog.collection_not_found");
    world.run_jobs().await;
}
