//! The api killed by SIGKILL while shoppers pay: whoever asks again with the same key gets one order, charged once.

use std::{net::SocketAddr, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Guest, Store, World, a_product, database::texts, process::Process};
use tokio::sync::watch;

use super::{client, listens};

const ROUNDS: usize = 6;
const BUYERS: usize = 12;

/// How often a shopper's storefront asks again before it gives up.
const TRIES: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_killed_in_mid_checkout_loses_and_doubles_nothing() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(1_000).create(&world, &ada).await;
    let mut superuser = world.superuser().await;
    texts(&mut superuser, "WITH raised AS (UPDATE tenants SET plan = 'plus' RETURNING id) SELECT id::text FROM raised").await;
    world.state.directory.forget();

    let (mut api, address) = Process::api(&world);
    let (moved, port) = watch::channel(address);
    listens(address).await;
    let (mut acknowledged, mut cut_off) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        let checkouts = join_all((0..BUYERS).map(|_| async { Guest::of(&world, &ada).checkout(&mug, 1).await })).await;
        let paying = join_all(checkouts.iter().map(|checkout| pay(&ada, checkout, port.clone())));
        let killing = async {
            // From before the first charge to after the first answers.
            tokio::time::sleep(Duration::from_millis(8 + round as u64 * 17)).await;
            api.kill().await;
            let (next, address) = Process::api(&world);
            listens(address).await;
            moved.send_replace(address);
            next
        };
        let (paid, next) = tokio::join!(paying, killing);
        api = next;
        cut_off += paid.iter().filter(|(_, tries)| *tries > 1).count();
        acknowledged.extend(paid.into_iter().map(|(order, _)| order));
    }
    assert!(cut_off > 0, "no shopper was cut off");

    let everyone = ROUNDS * BUYERS;
    let mut orders: Vec<_> = acknowledged.iter().map(|order| order["id"].to_string()).collect();
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), everyone, "each shopper has an order of her own");
    world.run_jobs().await;
    let count = |table: &str| format!("SELECT count(*)::text FROM {table}");
    assert_eq!(texts(&mut superuser, &count("orders")).await, [everyone.to_string()]);
    assert_eq!(texts(&mut superuser, &count("test_gateway_charges")).await, [everyone.to_string()]);
    let level = texts(&mut superuser, "SELECT on_hand || ' ' || reserved FROM stock_levels").await;
    assert_eq!(level, [format!("{} 0", 1_000 - everyone)]);
}

/// Pays under one key until there is an order, and answers it with how often that had to be asked.
async fn pay(store: &Store, checkout: &Value, port: watch::Receiver<SocketAddr>) -> (Value, usize) {
    let id = checkout["id"].as_str().expect("an id");
    let body = json!({ "expected_total": checkout["total"], "payment": { "gateway": "test", "token": "test_success" } });
    for tries in 1..=TRIES {
        let url = format!("http://{}/storefront/v1/checkouts/{id}/complete", *port.borrow());
        let request = client().post(url).header("host", store.host()).header("idempotency-key", id).json(&body);
        if let Ok(answer) = request.send().await {
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap_or_default());
            match status {
                200 if text.ends_with('}') => {
                    let placed: Value = serde_json::from_str(&text).expect("JSON");
                    assert_eq!(placed["status"], "placed");
                    return (placed["order"].clone(), tries);
                }
                // Cut off inside the answer, or the killed request's transaction still holds the checkout.
                200 | 409 | 503 => {}
                other => panic!("{other}: {text}"),
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{id} was never answered");
}
