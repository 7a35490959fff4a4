//! Whether the process lives, and whether it can work. Postgres it cannot do without; Redis and search it can.

use std::time::Duration;

use salvo::{
    Response, Router, Writer, handler,
    http::{HeaderValue, StatusCode, header},
};
use serde_json::json;
use tenancy::TenantId;
use uuid::Uuid;

use crate::State;

const CHECK_WITHIN: Duration = Duration::from_secs(2);
const UP: &str = "up";
const LOST: &str = "lost";

pub(crate) fn router() -> Router {
    Router::with_path("health").push(Router::with_path("live").get(live)).push(Router::with_path("ready").get(ready))
}

#[handler]
async fn live(res: &mut Response) {
    answer(res, StatusCode::OK, &json!({ "status": "live" }));
}

#[handler]
async fn ready(state: State, res: &mut Response) {
    let (postgres, redis, search) = tokio::join!(within(state.database.is_ready()), redis_word(&state), search_word(&state));
    let (status, word) = match postgres {
        None | Some(false) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Some(true) if [redis, search].contains(&LOST) => (StatusCode::OK, "degraded"),
        Some(true) => (StatusCode::OK, "ready"),
    };
    let postgres = if postgres == Some(true) { UP } else { LOST };
    answer(res, status, &json!({ "status": word, "postgres": postgres, "redis": redis, "search": search }));
}

async fn within<T>(check: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(CHECK_WITHIN, check).await.ok()
}

/// Asks for what nobody has: the way there and back is what counts.
async fn search_word(state: &State) -> &'static str {
    let nobody = TenantId::from_uuid(Uuid::nil());
    if matches!(within(state.search.indexed(nobody)).await, Some(Ok(_))) { UP } else { LOST }
}

async fn redis_word(state: &State) -> &'static str {
    let Some(mut redis) = state.redis.clone() else { return "not configured" };
    let ping = async move { redis::cmd("PING").query_async::<()>(&mut redis).await };
    if matches!(within(ping).await, Some(Ok(()))) { UP } else { LOST }
}

fn answer(res: &mut Response, status: StatusCode, body: &serde_json::Value) {
    res.status_code(status);
    res.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        res.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    res.body(body.to_string());
}
