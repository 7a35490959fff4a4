use std::sync::{Arc, atomic::Ordering};

use serde_json::json;
use tests::{
    Guest, World, a_product,
    database::{execute, texts},
    process::{Process, until},
};
use worker::relay::Relay;

use super::{
    order::{place, quiet_store},
    smtp::SmtpServer,
};

const RUNNING_SALES: &str = "SELECT count(*)::text FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                             WHERE NOT l.granted AND l.relation = 'sales_rollups'::regclass AND a.datname = current_database()";
const ORDERS: &str = "SELECT coalesce(sum(orders), 0)::text FROM sales_rollups WHERE period = 'day'";

#[tokio::test]
async fn a_job_whose_worker_was_killed_has_its_effect_once() {
    let world = World::new().await;
    let store = quiet_store(&world, "ada").await;
    let smtp = SmtpServer::start().await;
    // Holds the job in the middle of its transaction.
    let mut holder = world.superuser().await;
    execute(&mut holder, "BEGIN; LOCK TABLE sales_rollups IN ACCESS EXCLUSIVE MODE").await;
    let first = Process::worker(&world, smtp.address);
    place(&world, &store, 1001, 2_000).await;
    until(&world, "1", RUNNING_SALES).await;
    first.kill().await;
    execute(&mut holder, "COMMIT").await;
    until(&world, "0", ORDERS).await;
    let _second = Process::worker(&world, smtp.address);
    until(&world, "1", ORDERS).await;
    until(&world, "Done 2", "SELECT status || ' ' || attempts FROM apalis.jobs WHERE idempotency_key LIKE '%:RecordSale:%'").await;
    until(&world, "1", "SELECT count(*)::text FROM handled_jobs WHERE kind = 'RecordSale'").await;
}

/// What a job did is committed, and its worker dies before the queue hears of it: the job runs again.
#[tokio::test]
async fn a_job_whose_acknowledgement_was_lost_has_its_effect_once() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = a_product().stocked(5).reordered_at(4).create(&world, &ada).await;
    let guest = Guest::of(&world, &ada);
    let paid = guest.pay(&guest.checkout(&mug, 2).await, "test_success", "once").await.ok();
    let cancel = format!("orders/{}/cancel", paid["order"]["id"].as_str().unwrap());
    world.vendor(&ada).post(cancel, &json!({ "reason": "changed their mind" })).await.ok();
    Relay::new(world.state.database.clone(), Arc::default()).react().await.unwrap();
    let mut superuser = world.superuser().await;
    execute(&mut superuser, "CREATE TABLE run_again AS SELECT * FROM waiting_jobs").await;
    let kinds = texts(&mut superuser, "SELECT DISTINCT kind FROM run_again ORDER BY 1").await;
    for kind in ["RecordCancellation", "RecordSale", "RefundPayment", "SendLowStockAlert", "SendOrderConfirmation"] {
        assert!(kinds.iter().any(|other| other == kind), "{kind} is not among {kinds:?}");
    }
    world.run_jobs().await;
    let effects = "SELECT (SELECT json_agg(s ORDER BY period) FROM sales_rollups s)::text
                   UNION ALL SELECT (SELECT json_agg(p) FROM payments p)::text
                   UNION ALL SELECT (SELECT json_agg(e ORDER BY id) FROM payment_events e)::text
                   UNION ALL SELECT (SELECT json_agg(l) FROM stock_levels l)::text";
    let (before, mails) = (texts(&mut superuser, effects).await, world.mailbox.all().len());
    execute(&mut superuser, "INSERT INTO waiting_jobs SELECT * FROM run_again").await;
    let drained = world.run_jobs().await;
    assert!(drained.done.len() >= kinds.len(), "they ran again: {:?}", drained.done);
    assert_eq!(texts(&mut superuser, effects).await, before);
    assert_eq!(world.mailbox.all().len(), mails);
}

#[tokio::test]
async fn a_job_that_kills_its_worker_each_time_becomes_a_dead_letter() {
    let world = World::new().await;
    let store = quiet_store(&world, "ada").await;
    let smtp = SmtpServer::start().await;
    let mut holder = world.superuser().await;
    execute(&mut holder, "BEGIN; LOCK TABLE sales_rollups IN ACCESS EXCLUSIVE MODE").await;
    let first = Process::worker(&world, smtp.address);
    place(&world, &store, 1001, 2_000).await;
    until(&world, "1", RUNNING_SALES).await;
    // Its last attempt but one dies with this worker, its last with the next.
    let mut superuser = world.superuser().await;
    execute(&mut superuser, "UPDATE apalis.jobs SET max_attempts = 2 WHERE idempotency_key LIKE '%:RecordSale:%'").await;
    first.kill().await;
    let second = Process::worker(&world, smtp.address);
    until(&world, "1", RUNNING_SALES).await;
    second.kill().await;
    let _third = Process::worker(&world, smtp.address);
    until(&world, "Killed 2", "SELECT status || ' ' || attempts FROM apalis.jobs WHERE idempotency_key LIKE '%:RecordSale:%'").await;
    execute(&mut holder, "COMMIT").await;
    let dead = world.operator().await.get("jobs/dead").await.ok();
    assert_eq!(dead["data"][0]["kind"], "RecordSale", "{dead}");
}

#[tokio::test]
async fn a_mail_server_that_refuses_costs_time_and_nothing_else() {
    let world = World::new().await;
    let store = quiet_store(&world, "ada").await;
    let smtp = SmtpServer::start().await;
    smtp.refuses.store(true, Ordering::SeqCst);
    let _worker = Process::worker(&world, smtp.address);
    place(&world, &store, 1001, 2_000).await;
    until(&world, "1", ORDERS).await;
    until(&world, "Failed", "SELECT status FROM apalis.jobs WHERE job_type = 'mail'").await;
    smtp.refuses.store(false, Ordering::SeqCst);
    until(&world, "1", "SELECT count(*)::text FROM sent_mails WHERE kind = 'SendOrderConfirmation'").await;
    assert_eq!(smtp.message_ids().len(), 1);
}

#[tokio::test]
async fn two_workers_share_the_work_and_double_none_of_it() {
    let world = World::new().await;
    let (ada, bob) = (quiet_store(&world, "ada").await, quiet_store(&world, "bob").await);
    let smtp = SmtpServer::start().await;
    let _workers = [Process::worker(&world, smtp.address), Process::worker(&world, smtp.address)];
    for number in 1..=20 {
        place(&world, &ada, number, 2_000).await;
        place(&world, &bob, number, 2_000).await;
    }
    until(&world, "40", ORDERS).await;
    until(&world, "40", "SELECT count(*)::text FROM sent_mails WHERE kind = 'SendOrderConfirmation'").await;
    let mut ids = smtp.message_ids();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), smtp.message_ids().len()), (40, 40));
}
