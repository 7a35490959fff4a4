//! A shop whose Redis is away sells all the same.

use serde_json::{Value, json};
use tests::{World, a_product, an_address, database::texts, process::Process};

use super::{client, listens};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_without_redis_sells_all_the_same() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().priced("19.90 EUR").stocked(3).create(&world, &ada).await;
    // Nobody listens on port 1: the api starts without its Redis and serves without it.
    let (_api, address) = Process::api_with_redis(&world, "redis://127.0.0.1:1");
    listens(address).await;
    let client = client();
    let ask = async |method: &str, path: &str, body: Value| {
        let url = format!("http://{address}/storefront/v1/{path}");
        let request = client.request(method.parse().unwrap(), url).header("host", ada.host()).header("idempotency-key", "only");
        let answer = request.json(&body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let cart = ask("POST", "carts", json!({ "lines": [{ "variant_id": mug.variants[0].id, "quantity": 1 }] })).await;
    let line = json!({ "variant_id": mug.variants[0].id, "quantity": 1 });
    ask("POST", &format!("carts/{}/lines", cart["id"].as_str().unwrap()), line).await;
    let open = json!({ "cart_id": cart["id"], "email": "grace@shopper.example", "shipping_address": an_address("DE") });
    let checkout = ask("POST", "checkouts", open).await;
    let path = format!("checkouts/{}", checkout["id"].as_str().unwrap());
    let checkout = ask("PATCH", &path, json!({ "shipping_method_id": checkout["shipping_options"][0]["id"] })).await;
    assert_eq!(checkout["total"]["amount"], "44.70", "two mugs and their parcel");
    let payment = json!({ "expected_total": checkout["total"], "payment": { "gateway": "test", "token": "test_success" } });
    let placed = ask("POST", &format!("{path}/complete"), payment).await;
    assert_eq!(placed["status"], "placed");
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT on_hand || ' ' || reserved FROM stock_levels").await, ["1 0"]);
}
