//! The tree of categories.

use serde_json::{Value, json};
use tests::{Caller, World, a_product};

async fn create(vendor: &Caller, name: &str, parent: Option<&str>) -> String {
    let made = vendor.post("categories", &json!({ "name": name, "parent_id": parent })).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

fn names(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|category| category["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_category_moves_with_all_below_it_and_never_below_itself() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let men = create(&vendor, "Men", None).await;
    let shirts = create(&vendor, "Shirts", Some(&men)).await;
    let linen = create(&vendor, "Linen", Some(&shirts)).await;
    create(&vendor, "Women", None).await;
    assert_eq!(names(&world.shopper(&ada).get("categories").await.ok()), ["Men", "Shirts", "Linen", "Women"]);

    let below_itself = json!({ "parent_id": linen });
    vendor.post(format!("categories/{men}/move"), &below_itself).await.refused(409, "catalog.category_cycle");
    let first = json!({ "parent_id": null, "position": 0 });
    vendor.post(format!("categories/{shirts}/move"), &first).await.ok();
    assert_eq!(names(&vendor.get("categories").await.ok()), ["Shirts", "Linen", "Men", "Women"]);
    vendor.delete(format!("categories/{shirts}")).await.refused(409, "catalog.category_not_empty");
    assert_eq!(vendor.delete(format!("categories/{linen}")).await.status(), 204);
    vendor.post("categories", &json!({ "name": "Men" })).await.refused(409, "catalog.slug_taken");
    world.run_jobs().await;
}

#[tokio::test]
async fn two_moves_at_once_make_no_cycle() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    for round in 0..5 {
        let (one, two) = (create(&vendor, &format!("One {round}"), None).await, create(&vendor, &format!("Two {round}"), None).await);
        let (below_two, below_one) = (json!({ "parent_id": two }), json!({ "parent_id": one }));
        let (first, second) = futures::join!(
            vendor.post(format!("categories/{one}/move"), &below_two),
            vendor.post(format!("categories/{two}/move"), &below_one),
        );
        let mut answers = [first.status(), second.status()];
        answers.sort_unstable();
        assert_eq!(answers, [200, 409], "one move wins, the other would close a cycle");
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn what_a_category_shows_follows_its_moves_and_its_end() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let men = create(&vendor, "Men", None).await;
    let women = create(&vendor, "Women", None).await;
    let shirts = create(&vendor, "Shirts", Some(&men)).await;
    let linen = create(&vendor, "Linen", Some(&shirts)).await;
    let shirt = a_product().create(&world, &ada).await;
    vendor.patch(format!("products/{}", shirt.id), &json!({ "categories": [linen], "tags": ["Gift"] })).await.ok();
    let shown = async |filter: &str| {
        let list = world.shopper(&ada).get(format!("products?{filter}")).await.ok();
        list["data"].as_array().unwrap().len()
    };
    assert_eq!((shown("category=men").await, shown("category=women").await, shown("category=men&tag=gift").await), (1, 0, 1));
    vendor.post(format!("categories/{shirts}/move"), &json!({ "parent_id": women })).await.ok();
    assert_eq!((shown("category=men").await, shown("category=women").await), (0, 1));
    assert_eq!(vendor.delete(format!("categories/{linen}")).await.status(), 204);
    assert_eq!((shown("category=women").await, shown("tag=gift").await, shown("").await), (0, 1, 1));
    world.run_jobs().await;
}

#[tokio::test]
async fn moves_and_saved_products_never_miss_each_other() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let (one, two) = (create(&vendor, "One", None).await, create(&vendor, "Two", None).await);
    let leaf = create(&vendor, "Leaf", Some(&one)).await;
    let shirt = a_product().create(&world, &ada).await;
    let path = format!("products/{}", shirt.id);
    vendor.patch(&path, &json!({ "categories": [leaf] })).await.ok();
    for round in 0..12 {
        let parent = if round % 2 == 0 { &two } else { &one };
        let draft = vendor
            .post(
                "products",
                &json!({ "title": format!("Draft {round}"), "categories": [leaf], "variants": [
            { "prices": [{ "price": { "amount": "5.00", "currency": "EUR" } }] }] }),
            )
            .await
            .ok();
        let (under, renamed) = (json!({ "parent_id": parent }), json!({ "title": format!("Shirt {round}") }));
        let (moved, edited, published) = futures::join!(
            vendor.post(format!("categories/{leaf}/move"), &under),
            vendor.patch(&path, &renamed),
            vendor.act(format!("products/{}/publish", draft["id"].as_str().unwrap())),
        );
        for answer in [moved, edited, published] {
            answer.ok();
        }
        world.check().await;
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn siblings_are_put_into_an_order_in_one_request() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let (a, b, c) = (create(&vendor, "A", None).await, create(&vendor, "B", None).await, create(&vendor, "C", None).await);
    let below = create(&vendor, "Below", Some(&a)).await;
    let order = json!({ "categories": [c, a, b] });
    assert_eq!(names(&vendor.post("categories/reorder", &order).await.ok()), ["C", "A", "B"]);
    assert_eq!(names(&world.shopper(&ada).get("categories").await.ok()), ["C", "A", "Below", "B"]);
    for half in [json!([c, a]), json!([c, a, b, below]), json!([c, a, a])] {
        let problem = vendor.post("categories/reorder", &json!({ "categories": half })).await.refused(422, "catalog.invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/categories");
    }
    vendor.post("categories/reorder", &json!({ "parent_id": a, "categories": [below] })).await.ok();
    world.run_jobs().await;
}

#[tokio::test]
async fn a_category_shows_its_place_and_is_found_by_the_slugs_that_it_had() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let (vendor, shopper) = (world.vendor(&ada), world.shopper(&ada).with("cache-control", "no-cache"));
    let home = create(&vendor, "Home", None).await;
    let kitchen = create(&vendor, "Kitchen", Some(&home)).await;
    let cups = create(&vendor, "Cups", Some(&kitchen)).await;
    for name in ["Mugs", "Bowls"] {
        create(&vendor, name, Some(&cups)).await;
    }
    let words = |list: &Value| list.as_array().unwrap().iter().map(|one| one["slug"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    shopper.get("categories").await.ok();
    for path in ["categories/cups".to_owned(), format!("categories/{cups}")] {
        let (statements, shown) = world.count_statements(shopper.get(&path)).await;
        let shown = shown.ok();
        assert_eq!(
            (statements, words(&shown["breadcrumbs"]), words(&shown["children"])),
            (2, vec!["home".into(), "kitchen".into()], vec!["mugs".into(), "bowls".into()])
        );
    }
    vendor.patch(format!("categories/{cups}"), &json!({ "slug": "vessels" })).await.ok();
    let moved = shopper.get("categories/cups").await;
    assert_eq!((moved.status(), moved.header("location")), (301, Some("/storefront/v1/categories/vessels")));
    world.shopper(&bob).get("categories/cups").await.refused(404, "catalog.category_not_found");
    create(&vendor, "Cups", None).await;
    assert_eq!(shopper.get("categories/cups").await.ok()["breadcrumbs"], json!([]), "another one has taken the slug");
    shopper.get("categories/none").await.refused(404, "catalog.category_not_found");
    world.run_jobs().await;
}
