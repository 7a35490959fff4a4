use commerce::{
    catalog::{NewOption, NewPrice, NewProduct, NewVariant, categories, categories::NewCategory, products},
    ids::{CategoryId, ProductId},
    money::Money,
};
use serde_json::{Value, json};
use tests::{Store, World};

#[tokio::test]
async fn a_shopper_finds_with_a_typing_error_and_narrows_by_facets() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let audio = category(&world, &ada, "Audio").await;
    let red = product(&world, &ada, "Wireless Headphones", "79.90", "Red", &[audio]).await;
    product(&world, &ada, "Studio Headphones", "149.00", "Black", &[audio]).await;
    product(&world, &ada, "Copper Kettle", "39.00", "Red", &[]).await;

    let found = get(&world, &ada, "search?q=hedphones&facets=option.color,category,brand&sort=price").await;
    assert_eq!(titles(&found), ["Wireless Headphones", "Studio Headphones"]);
    assert_eq!(found["data"][0]["id"], json!(red));
    assert_eq!(found["data"][0]["price"], json!({ "amount": "79.90", "currency": "EUR" }));
    assert_eq!(found["data"][0]["in_stock"], json!(true));
    assert_eq!((&found["total"], &found["page"]["next"]), (&json!(2), &Value::Null));
    assert_eq!(
        found["facets"],
        json!([
            { "field": "option.color", "values": [{ "value": "Black", "count": 1 }, { "value": "Red", "count": 1 }] },
            { "field": "category", "values": [{ "value": "audio", "count": 2 }] },
            { "field": "brand", "values": [] },
        ])
    );

    let narrowed = get(&world, &ada, "search?q=headphones&option.color=Red&category=audio&facets=option.color").await;
    assert_eq!(titles(&narrowed), ["Wireless Headphones"]);
    assert_eq!(narrowed["facets"][0]["values"].as_array().unwrap().len(), 2, "what the other colour would add is shown");
    let cheap = get(&world, &ada, "search?price_to=79.90&sort=-price").await;
    assert_eq!(titles(&cheap), ["Wireless Headphones", "Copper Kettle"]);
    let typed = get(&world, &ada, "suggestions?q=kett").await;
    assert_eq!((titles(&typed), &typed["data"][0]["slug"]), (vec!["Copper Kettle".to_owned()], &json!("copper-kettle")));
    finish(world);
}

#[tokio::test]
async fn pages_are_followed_by_cursors_of_the_same_store_and_order() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    for i in 0..5 {
        product(&world, &ada, &format!("Mug {i}"), &format!("{i}.00"), "Red", &[]).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(&world, &ada, &format!("search?q=mug&sort=price&limit=2{after}")).await;
        seen.extend(titles(&page));
        let Some(next) = page["page"]["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ["Mug 0", "Mug 1", "Mug 2", "Mug 3", "Mug 4"]);
    for wrong in [format!("search?sort=-price&limit=2{after}"), "search?after=nonsense".to_owned()] {
        assert_eq!(world.shopper(&ada).get(&wrong).await.status(), 422, "{wrong}");
    }
    assert_eq!(world.shopper(&bob).get(format!("search?sort=price{after}")).await.status(), 422, "another store's cursor");
    assert!(titles(&get(&world, &bob, "search?q=mug").await).is_empty());
    finish(world);
}

#[tokio::test]
async fn what_is_asked_is_a_closed_list() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let shopper = world.shopper(&ada);
    let cases = [
        ("search?tenant_id=x", "/tenant_id"),
        ("search?facets=brand,nonsense", "/facets"),
        ("search?sort=best", "/sort"),
        ("search?sort=price&sort=title", "/sort"),
        ("search?limit=101", "/limit"),
        ("search?limit=x", "/limit"),
        ("search?currency=USD", "/currency"),
        ("search?price_from=1.234", "/price_from"),
        ("search?in_stock=maybe", "/in_stock"),
        ("search?brand=", "/brand"),
        ("search?q=a%00b", "/q"),
        ("suggestions?q=", "/q"),
        ("suggestions?q=a&limit=11", "/limit"),
    ];
    for (path, pointer) in cases {
        let reply = shopper.get(path).await;
        assert_eq!(reply.status(), 422, "{path}");
        assert_eq!(reply.json()["errors"][0]["pointer"], json!(pointer), "{path}");
    }
    finish(world);
}

fn finish(mut world: World) {
    world.leave_facts();
}

async fn get(world: &World, store: &Store, path: &str) -> Value {
    world.shopper(store).get(path).await.ok()
}

fn titles(found: &Value) -> Vec<String> {
    found["data"].as_array().unwrap().iter().map(|hit| hit["title"].as_str().unwrap().to_owned()).collect()
}

async fn category(world: &World, store: &Store, name: &str) -> CategoryId {
    let tx = world.begin(store).await;
    let made = categories::create(&tx, &world.clock, NewCategory { name: name.into(), slug: None, parent_id: None }).await.unwrap();
    tx.commit().await.unwrap();
    made.id
}

/// A published product with one variant, of which one is left, and its search document.
async fn product(world: &World, store: &Store, title: &str, price: &str, color: &str, categories: &[CategoryId]) -> ProductId {
    let amount = Money::parse(price, "EUR".parse().unwrap()).unwrap();
    let variant = NewVariant {
        options: [("Color".to_owned(), color.to_owned())].into(),
        prices: vec![NewPrice { amount, compare_at: None }],
        on_hand: 1,
        ..NewVariant::default()
    };
    let options = vec![NewOption { name: "Color".into(), values: vec![color.into()] }];
    let new =
        NewProduct { title: title.into(), options, variants: vec![variant], categories: categories.to_vec(), ..NewProduct::default() };
    let tx = world.begin(store).await;
    let made = products::create(&tx, &world.clock, new).await.unwrap();
    products::publish(&tx, &world.clock, made.id, None).await.unwrap();
    tx.commit().await.unwrap();
    search::refresh(world.state.search.as_ref(), &world.db(store), &[made.id]).await.unwrap();
    made.id
}
