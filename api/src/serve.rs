//! The process: two listeners, and a stop that finishes what was begun.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use salvo::{
    Listener, Response, Router, Server, Service, affix_state,
    conn::{Acceptor, TcpListener},
    handler,
    http::{HeaderValue, header},
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::{State, health, service};

/// The metrics of this process, as text.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

/// Answers until SIGTERM or SIGINT, then finishes the requests under way and returns.
///
/// # Errors
/// A listener cannot be opened.
pub async fn serve(state: State, metrics: Metrics) -> anyhow::Result<()> {
    let (config, drain_within) = (state.config.clone(), state.config.tuning.drain_within);
    let public = TcpListener::new(config.listen).try_bind().await.context("STOA_LISTEN")?;
    let internal = TcpListener::new(config.internal_listen).try_bind().await.context("STOA_INTERNAL_LISTEN")?;
    info!(public = %config.listen, internal = %config.internal_listen, "Listening");

    let inside = Server::new(internal);
    let outside = Server::new(public).max_connections(config.tuning.connections_at_most);
    let handles = [outside.handle(), inside.handle()];
    let stop = tokio::spawn(async move {
        terminated().await;
        info!("Stopping");
        for handle in &handles {
            handle.stop_graceful(drain_within);
        }
    });
    let saving = tokio::spawn(save_key_uses(state.clone()));
    let served = tokio::join!(run(outside, service(state.clone())), run(inside, operations(state.clone(), metrics)));
    stop.abort();

    // Connections have ended; requests whose clients had gone may still be at work.
    state.requests.close();
    if tokio::time::timeout(drain_within, state.requests.wait()).await.is_err() {
        warn!(left = state.requests.len(), "Requests were still under way when the time to stop had passed");
    }
    saving.abort();
    if let Err(error) = state.key_uses.save(&state.database.platform()).await {
        warn!(%error, "When keys were last used could not be saved");
    }
    state.database.close().await;
    served.0.and(served.1)
}

/// Each key's use is written once in this while at most.
const KEY_USES_SAVED_EVERY: Duration = Duration::from_mins(1);

async fn save_key_uses(state: State) {
    loop {
        tokio::time::sleep(KEY_USES_SAVED_EVERY).await;
        if let Err(error) = state.key_uses.save(&state.database.platform()).await {
            warn!(%error, "When keys were last used could not be saved and will be tried again");
        }
    }
}

async fn run<A: Acceptor + Send>(server: Server<A>, service: Service) -> anyhow::Result<()> {
    server.try_serve(service).await.context("the listener failed")
}

/// What the platform's own network may see.
fn operations(state: State, metrics: Metrics) -> Service {
    let router = Router::new().push(Router::with_path("metrics").get(Exposed(metrics))).push(health::router());
    Service::new(router.hoop(affix_state::inject(state)))
}

struct Exposed(Metrics);

#[handler]
impl Exposed {
    fn handle(&self, res: &mut Response) {
        res.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
        res.body((self.0)());
    }
}

async fn terminated() {
    let hear = |kind| signal(kind).inspect_err(|error| warn!(%error, "Cannot hear signals"));
    let (Ok(mut term), Ok(mut interrupt)) = (hear(SignalKind::terminate()), hear(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}
