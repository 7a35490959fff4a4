//! Whose an order is: its customer's, once it is sure that they are who they say.

use serde_json::{Value, json};
use tests::{
    Customer, Guest, World, a_product,
    customer::{PASSWORD, try_sign_in},
    database::texts,
};

const GRACE: &str = "grace@shopper.example";

async fn numbers(customer: &Customer) -> Vec<i64> {
    let listed = customer.caller.get("customer/orders").await.ok();
    listed["data"].as_array().unwrap().iter().map(|order| order["number"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn t043_orders_of_a_guest_join_when_the_address_is_proved_and_not_before() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let (mug, theirs) = (a_product().stocked(20).create(&world, &ada).await, a_product().create(&world, &bob).await);
    let bought = Guest::of(&world, &ada).with_email("Grace@Shopper.example").buy(&mug, 2).await;
    Guest::of(&world, &ada).with_email("mary@shopper.example").buy(&mug, 1).await;
    Guest::of(&world, &bob).with_email(GRACE).buy(&theirs, 1).await;
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    let money = "SELECT string_agg(concat_ws(' ', id, number, status, subtotal, shipping_total, tax_total, total, version, updated_at), E'\\n' ORDER BY id) FROM orders";
    let before = texts(&mut superuser, money).await;

    let grace = Customer::register(&world, &ada, GRACE).await;
    assert!(numbers(&grace).await.is_empty(), "anybody may register an address");
    assert!(numbers(&Customer::sign_in(&world, &ada, GRACE).await).await.is_empty());
    let path = format!("customer/orders/{}", bought["id"].as_str().unwrap());
    grace.caller.get(&path).await.refused(404, "orders.order_not_found");
    world.run_jobs().await;
    grace.prove(&world).await.ok();
    assert_eq!(numbers(&grace).await, [1001], "hers alone, of this store alone");
    let order = grace.caller.get(&path).await.ok();
    assert_eq!((&order["total"], &order["lines"][0]["quantity"]), (&bought["total"], &json!(2)));
    assert_eq!(texts(&mut superuser, money).await, before, "nothing of an order changes but whose it is");

    // Bought as a guest after the proof: hers when she next signs in.
    Guest::of(&world, &ada).with_email(GRACE).buy(&mug, 1).await;
    assert_eq!(numbers(&grace).await, [1001]);
    Customer::sign_in(&world, &ada, GRACE).await;
    assert_eq!(numbers(&grace).await, [1003, 1001]);
    world.run_jobs().await;
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM orders WHERE customer_id IS NULL").await, ["2"]);
}

/// Somebody registers an address that is not theirs. Its owner gets the mail, and all that they do with it helps only them.
#[tokio::test]
async fn t043_a_stranger_who_registers_an_address_never_sees_its_orders() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    Guest::of(&world, &ada).with_email(GRACE).buy(&mug, 1).await;
    let stranger = Customer::register(&world, &ada, GRACE).await;
    world.run_jobs().await;
    let code = json!({ "code": world.mailbox.code_to(GRACE) });
    world.shopper(&ada).post("customer/verify-email", &code).await.refused(401, "identity.unauthorized");
    assert!(numbers(&stranger).await.is_empty());

    let register = json!({ "email": GRACE, "password": "her own password", "name": "Grace" });
    world.shopper(&ada).post("customer/register", &register).await.ok();
    world.run_jobs().await;
    let reset = json!({ "code": world.mailbox.code_to(GRACE), "password": "her own password" });
    world.shopper(&ada).post("customer/reset-password/confirm", &reset).await.ok();
    stranger.caller.get("customer/orders").await.refused(401, "identity.unauthorized");
    try_sign_in(&world, &ada, (GRACE, PASSWORD), None).await.refused(401, "identity.wrong_credentials");
    let tokens = try_sign_in(&world, &ada, (GRACE, "her own password"), None).await.ok();
    assert_eq!(numbers(&Customer::of(&world, &ada, GRACE, &tokens)).await, [1001]);
    world.run_jobs().await;
}

#[tokio::test]
async fn another_address_brings_its_own_orders() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().create(&world, &ada).await;
    Guest::of(&world, &ada).with_email("work@shopper.example").buy(&mug, 1).await;
    let grace = Customer::proved(&world, &ada, GRACE).await;
    assert!(numbers(&grace).await.is_empty());
    let ask = json!({ "current_password": PASSWORD, "email": "work@shopper.example" });
    grace.caller.post("customer/email", &ask).await.ok();
    world.run_jobs().await;
    let code = json!({ "code": world.mailbox.code_to("work@shopper.example") });
    grace.caller.post("customer/email/confirm", &code).await.ok();
    assert_eq!(numbers(&grace).await, [1001]);
    world.run_jobs().await;
}

#[tokio::test]
async fn what_is_bought_while_signed_in_is_the_customers_at_once() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(20).create(&world, &ada).await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    let buyer = Guest::signed_in(&grace).with_email("a-present@shopper.example");
    buyer.buy(&mug, 1).await;
    // Opened as a guest, completed by who has signed in meanwhile.
    let opened = Guest::of(&world, &ada).checkout(&mug, 1).await;
    Guest::signed_in(&grace).pay(&opened, "test_success", "as herself").await.ok();
    assert_eq!(numbers(&grace).await, [1002, 1001]);
    let mut superuser = world.superuser().await;
    let carried = "SELECT count(*)::text FROM checkouts k JOIN orders o ON o.checkout_id = k.id
                   WHERE k.customer_id = o.customer_id AND k.customer_id = (SELECT id FROM customers)";
    assert_eq!(texts(&mut superuser, carried).await, ["2"]);
    let actors = "SELECT DISTINCT split_part(actor, ':', 1) FROM order_history WHERE event = 'placed'";
    assert_eq!(texts(&mut superuser, actors).await, ["customer"]);
    let listed = world.vendor(&ada).get("orders").await.ok();
    let customer = grace.caller.get("customer").await.ok()["id"].clone();
    assert_eq!(listed["data"][0]["customer_id"], customer);
    Guest::of(&world, &ada).buy(&mug, 1).await;
    let of_hers = world.vendor(&ada).get(format!("orders?customer={}", customer.as_str().unwrap())).await.ok();
    assert_eq!(of_hers["data"].as_array().unwrap().len(), 2);
    world.run_jobs().await;
}

#[tokio::test]
async fn orders_come_page_by_page() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(20).create(&world, &ada).await;
    let grace = Customer::register(&world, &ada, GRACE).await;
    for _ in 0..3 {
        Guest::signed_in(&grace).buy(&mug, 1).await;
    }
    let first = grace.caller.get("customer/orders?limit=2").await.ok();
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    let order = &first["data"][0];
    assert_eq!((&order["number"], &order["payment_status"], &order["units"]), (&json!(1003), &json!("paid"), &json!(1)));
    let rest = grace.caller.get(format!("customer/orders?limit=2&after={}", first["page"]["next"].as_str().unwrap())).await.ok();
    assert_eq!((&rest["data"][0]["number"], &rest["page"]["next"]), (&json!(1001), &Value::Null));
    grace.caller.get("customer/orders?after=made-up").await.refused(422, "page.cursor_invalid");
    world.run_jobs().await;
}
