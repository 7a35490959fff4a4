//! For the platform's own network: whether the process lives, whether it can work, and its figures.

use std::net::SocketAddr;

use anyhow::Context;
use salvo::{
    Listener, Router, Server, affix_state,
    conn::TcpListener,
    http::{StatusCode, header},
    prelude::{Depot, Response, handler},
};
use tenancy::{Database, telemetry::MetricsHandle};
use tokio_util::sync::CancellationToken;

/// Answers until told to stop.
///
/// # Errors
/// The address is taken.
pub async fn serve(address: SocketAddr, database: Database, metrics: MetricsHandle, stop: CancellationToken) -> anyhow::Result<()> {
    let router = Router::new()
        .hoop(affix_state::inject(database).inject(metrics).inject(stop.clone()))
        .push(Router::with_path("health/live").get(live))
        .push(Router::with_path("health/ready").get(ready))
        .push(Router::with_path("metrics").get(metrics_text));
    let acceptor = TcpListener::new(address).try_bind().await.with_context(|| format!("cannot listen on {address}"))?;
    let server = Server::new(acceptor);
    let handle = server.handle();
    let serving = tokio::spawn(server.serve(router));
    stop.cancelled().await;
    handle.stop_graceful(std::time::Duration::from_secs(1));
    serving.await?;
    Ok(())
}

#[handler]
async fn live(response: &mut Response) {
    response.render("live\n");
}

/// Not ready while it stops, or while Postgres is away: then nothing could be done.
#[handler]
async fn ready(depot: &mut Depot, response: &mut Response) {
    let stopping = depot.get_typed::<CancellationToken>().is_ok_and(CancellationToken::is_cancelled);
    let database = match depot.get_typed::<Database>() {
        Ok(database) => database.is_ready().await,
        Err(_) => false,
    };
    if stopping || !database {
        response.status_code(StatusCode::SERVICE_UNAVAILABLE);
        response.render("not ready\n");
    } else {
        response.render("ready\n");
    }
}

#[handler]
async fn metrics_text(depot: &mut Depot, response: &mut Response) {
    if let Ok(metrics) = depot.get_typed::<MetricsHandle>() {
        response.render(metrics.render());
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    }
}
