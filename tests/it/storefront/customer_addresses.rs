//! The address book, and that nothing of one customer is there for another.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Customer, Guest, World, a_product, an_address};

fn booked(country: &str) -> Value {
    json!({ "address": an_address(country) })
}

#[tokio::test]
async fn a_book_has_one_default_of_each_kind() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let grace = Customer::register(&world, &ada, "grace@shopper.example").await.caller;
    let made = grace.post("customer/addresses", &booked("DE")).await;
    let first = made.ok();
    let path = |address: &Value| format!("customer/addresses/{}", address["id"].as_str().unwrap());
    assert_eq!(made.header("location"), Some(format!("/storefront/v1/{}", path(&first)).as_str()));
    assert_eq!((&first["is_default_shipping"], &first["is_default_billing"]), (&json!(true), &json!(true)), "the first is both");
    let mut second = booked("FR");
    second["is_default_billing"] = json!(true);
    let second = grace.post("customer/addresses", &second).await.ok();
    let defaults = async || {
        let listed = grace.get("customer/addresses").await.ok();
        let of = |address: &Value| {
            (address["address"]["country"].clone(), address["is_default_shipping"].clone(), address["is_default_billing"].clone())
        };
        listed["data"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let expected = |rows: &[(&str, bool, bool)]| rows.iter().map(|(a, b, c)| (json!(a), json!(b), json!(c))).collect::<Vec<_>>();
    assert_eq!(defaults().await, expected(&[("DE", true, false), ("FR", false, true)]));
    let moved = json!({ "address": an_address("AT"), "is_default_shipping": true });
    assert_eq!(grace.patch(path(&second), &moved).await.ok()["address"]["country"], "AT");
    assert_eq!(defaults().await, expected(&[("DE", false, false), ("AT", true, true)]));
    grace.patch(path(&second), &json!({ "is_default_billing": false })).await.ok();
    assert_eq!(defaults().await, expected(&[("DE", false, false), ("AT", true, false)]));

    let mut wrong = booked("XX");
    wrong["address"]["city"] = json!(" ");
    let problem = grace.post("customer/addresses", &wrong).await.refused(422, "customers.invalid");
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/address/city", "/address/country"]);
    assert_eq!(grace.delete(path(&first)).await.status(), 204);
    grace.get(path(&first)).await.refused(404, "customers.address_not_found");
    grace.get(path(&second)).await.ok();
    world.run_jobs().await;
}

#[tokio::test]
async fn a_book_holds_twenty_however_many_come_at_once() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let grace = Customer::register(&world, &ada, "grace@shopper.example").await.caller;
    let mut address = booked("DE");
    address["is_default_shipping"] = json!(true);
    let added = join_all((0..24).map(|_| grace.post("customer/addresses", &address))).await;
    assert_eq!(added.iter().filter(|reply| reply.status() == 201).count(), 20);
    for refused in added.iter().filter(|reply| reply.status() != 201) {
        refused.refused(409, "customers.too_many_addresses");
    }
    let listed = grace.get("customer/addresses").await.ok();
    let defaults = listed["data"].as_array().unwrap().iter().filter(|address| address["is_default_shipping"] == true).count();
    assert_eq!((listed["data"].as_array().unwrap().len(), defaults), (20, 1));
}

/// Each thing that a customer has, asked for by its owner, by another customer of the store, and by a guest.
#[tokio::test]
async fn what_is_a_customers_is_absent_for_everybody_else() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    let grace = Customer::register(&world, &ada, "grace@shopper.example").await;
    let mary = Customer::register(&world, &ada, "mary@shopper.example").await;
    let order = Guest::signed_in(&grace).buy(&mug, 1).await;
    let address = grace.caller.post("customer/addresses", &booked("DE")).await.ok();
    let cart = grace.caller.get("customer/cart").await.ok();
    let line = json!({ "variant_id": mug.variants[0].id, "quantity": 1 });
    let cart = grace.caller.post(format!("carts/{}/lines", cart["id"].as_str().unwrap()), &line).await.ok();
    let checkout = grace.caller.post("checkouts", &json!({ "cart_id": cart["id"] })).await.ok();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let (order, address, checkout) = (id(&order), id(&address), id(&checkout));
    let (cart, line) = (id(&cart), id(&cart["lines"][0]));
    let total =
        json!({ "expected_total": { "amount": "1.00", "currency": "EUR" }, "payment": { "gateway": "test", "token": "test_success" } });
    let ask = async |who: &Caller| {
        [
            ("order", who.get(format!("customer/orders/{order}")).await),
            ("address", who.get(format!("customer/addresses/{address}")).await),
            ("address to change", who.patch(format!("customer/addresses/{address}"), &json!({ "is_default_billing": true })).await),
            ("cart", who.get(format!("carts/{cart}")).await),
            ("cart to change", who.patch(format!("carts/{cart}"), &json!({ "email": "mine@shopper.example" })).await),
            ("line to add", who.post(format!("carts/{cart}/lines"), &json!({ "variant_id": mug.variants[0].id, "quantity": 1 })).await),
            ("line to change", who.patch(format!("carts/{cart}/lines/{line}"), &json!({ "quantity": 2 })).await),
            ("shipping", who.get(format!("shipping-options?country=DE&cart={cart}")).await),
            ("checkout", who.get(format!("checkouts/{checkout}")).await),
            ("checkout to change", who.patch(format!("checkouts/{checkout}"), &json!({ "email": "mine@shopper.example" })).await),
            ("checkout to pay", who.with_key("mine").post(format!("checkouts/{checkout}/complete"), &total).await),
            ("checkout to open", who.post("checkouts", &json!({ "cart_id": cart })).await),
            ("line to remove", who.delete(format!("carts/{cart}/lines/{line}")).await),
            ("address to remove", who.delete(format!("customer/addresses/{address}")).await),
            ("cart to remove", who.delete(format!("carts/{cart}")).await),
        ]
    };
    for (what, reply) in ask(&mary.caller).await {
        assert_eq!(reply.status(), 404, "another customer asked for the {what}: {}", reply.text());
    }
    for (what, reply) in ask(&world.shopper(&ada)).await {
        let expected = if what.starts_with("order") || what.starts_with("address") { 401 } else { 404 };
        assert_eq!(reply.status(), expected, "a guest asked for the {what}: {}", reply.text());
    }
    assert_eq!(mary.caller.get("customer/orders").await.ok()["data"], json!([]));
    for (what, reply) in ask(&grace.caller).await {
        assert!(![401, 403, 404].contains(&reply.status()), "the owner asked for the {what}: {}", reply.text());
    }
    world.run_jobs().await;
}
