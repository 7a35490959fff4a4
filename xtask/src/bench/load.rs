//! Asking for a while, and what it took.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use super::Options;
use super::journey::Plan;
use super::meter::{Spent, spent};
use super::report::Operation;
use crate::http::Connection;
use crate::services::Services;

/// Turns before the clock starts: connections, caches and prepared statements are warm by then.
const WARM_UP: Duration = Duration::from_secs(3);

#[derive(Default)]
struct Tally {
    micros: RefCell<Vec<u32>>,
    bytes: Cell<usize>,
    failures: RefCell<BTreeMap<u16, u64>>,
    turns: Cell<usize>,
}

pub(super) async fn run(services: &Services, plan: &Plan, options: &Options) -> anyhow::Result<Operation> {
    drive(services, plan, options.connections, WARM_UP, Rc::default()).await?;
    let tally: Rc<Tally> = Rc::default();
    // Another start than the warm-up's, so that turns differ.
    tally.turns.set(1_000_000);
    let before = spent(services, plan.program)?;
    let begun = Instant::now();
    drive(services, plan, options.connections, Duration::from_secs(options.seconds), tally.clone()).await?;
    let took = begun.elapsed();
    let cost = spent(services, plan.program)?.since(&before);
    Ok(operation(plan, &tally, took, &cost))
}

async fn drive(services: &Services, plan: &Plan, connections: usize, time: Duration, tally: Rc<Tally>) -> anyhow::Result<()> {
    let port = services.ports.of(plan.port);
    let end = Instant::now() + time;
    let mut askers = Vec::new();
    for _ in 0..connections {
        askers.push(ask(Connection::open(port).await?, plan, end, tally.clone()));
    }
    LocalSet::new()
        .run_until(async {
            for outcome in join(askers).await {
                outcome?;
            }
            Ok(())
        })
        .await
}

async fn ask(mut connection: Connection, plan: &Plan, end: Instant, tally: Rc<Tally>) -> anyhow::Result<()> {
    while Instant::now() < end {
        let number = tally.turns.replace(tally.turns.get() + 1);
        let begun = Instant::now();
        let turn = plan.once(&mut connection, number).await?;
        match turn.failed {
            Some(status) => *tally.failures.borrow_mut().entry(status).or_default() += 1,
            None => tally.micros.borrow_mut().push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX)),
        }
        tally.bytes.set(tally.bytes.get() + turn.bytes);
    }
    Ok(())
}

/// Polls all of them in this one task until each has ended.
pub(super) async fn join<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut all = true;
        for (future, outcome) in &mut running {
            if outcome.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *outcome = Some(value),
                    std::task::Poll::Pending => all = false,
                }
            }
        }
        if all { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, outcome)| outcome).collect()
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn operation(plan: &Plan, tally: &Tally, took: Duration, cost: &Spent) -> Operation {
    let mut micros = tally.micros.borrow_mut();
    micros.sort_unstable();
    let failed: u64 = tally.failures.borrow().values().sum();
    let count = micros.len() as f64;
    let all = (count + failed as f64).max(1.0);
    let at =
        |permille: usize| micros.get(micros.len().saturating_sub(1) * permille / 1000).map_or(0.0, |micros| f64::from(*micros) / 1000.0);
    Operation {
        name: plan.name.clone(),
        per_second: count / took.as_secs_f64(),
        p50_ms: at(500),
        p95_ms: at(950),
        p99_ms: at(990),
        api_cpu_ms: cost.api_ms / all,
        worker_cpu_ms: cost.worker_ms / all,
        postgres_cpu_ms: cost.postgres_ms / all,
        postgres_for_api_cpu_ms: cost.postgres_for_api_ms / all,
        statements: cost.statements / all,
        response_bytes: tally.bytes.get() as f64 / all,
        failures: tally.failures.borrow().iter().map(|(status, times)| (status.to_string(), *times)).collect(),
    }
}
