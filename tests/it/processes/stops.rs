//! SIGTERM: what was begun is finished, and then the program ends.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use tests::{
    Guest, World, a_product,
    database::{execute, texts},
    process::{Process, until},
};

use super::{client, listens};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_that_is_asked_to_stop_answers_what_it_was_asked() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(10).create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let checkouts = [guest.checkout(&mug, 1).await, guest.checkout(&mug, 1).await, guest.checkout(&mug, 1).await];
    let (api, address) = Process::api(&world);
    listens(address).await;

    // Holds the payments in the middle of their work.
    let mut holder = world.superuser().await;
    execute(&mut holder, "BEGIN; LOCK TABLE test_gateway_charges IN ACCESS EXCLUSIVE MODE").await;
    let paying = join_all(checkouts.iter().map(|checkout| {
        let body = json!({ "expected_total": checkout["total"], "payment": { "gateway": "test", "token": "test_success" } });
        let id = checkout["id"].as_str().unwrap();
        let url = format!("http://{address}/storefront/v1/checkouts/{id}/complete");
        client().post(url).header("host", ada.host()).header("idempotency-key", id).json(&body).send()
    }));
    let stopping = async {
        until(&world, "3", "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'test_gateway_charges'::regclass").await;
        let release = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            execute(&mut holder, "COMMIT").await;
        };
        tokio::join!(api.stop(), release).0
    };
    let (answers, ended) = tokio::join!(paying, stopping);
    assert!(ended.success(), "{ended}");
    for answer in answers {
        assert_eq!(answer.expect("an answer, not a cut wire").status(), 200);
    }
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    assert_eq!(texts(&mut superuser, "SELECT count(*)::text FROM orders").await, ["3"]);
}

#[tokio::test]
async fn a_worker_that_is_asked_to_stop_finishes_its_job() {
    let mut world = World::new().await;
    world.leave_facts();
    let ada = world.tenant("ada").await;
    world.run_jobs().await;
    let mut holder = world.superuser().await;
    execute(&mut holder, "BEGIN; LOCK TABLE sales_rollups IN ACCESS EXCLUSIVE MODE").await;
    let worker = Process::worker(&world, ([127, 0, 0, 1], 1).into());
    Guest::of(&world, &ada).buy(&a_product().create(&world, &ada).await, 1).await;
    until(&world, "1", "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'sales_rollups'::regclass").await;
    let release = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        execute(&mut holder, "COMMIT").await;
    };
    let (ended, ()) = tokio::join!(worker.stop(), release);
    assert!(ended.success(), "{ended}");
    let mut superuser = world.superuser().await;
    let job = "SELECT status || ' ' || attempts FROM apalis.jobs WHERE idempotency_key LIKE '%:RecordSale:%'";
    assert_eq!(texts(&mut superuser, job).await, ["Done 1"], "in its first attempt, not left for another worker");
}
