//! Whether the process lives, and whether it can work. Postgres it cannot do without; Redis it can.

use std::time::Duration;

use salvo::{
    Response, Router, Writer, handler,
    http::{HeaderValue, StatusCode, header},
};
use serde_json::json;

use crate::State;

const CHECK_WITHIN: Duration = Duration::from_secs(2);

pub(crate) fn router() -> Router {
    Router::with_path("health").push(Router::with_path("live").get(live)).push(Router::with_path("ready").get(ready))
}

#[handler]
async fn live(res: &mut Response) {
    answer(res, StatusCode::OK, &json!({ "status": "live" }));
}

#[handler]
async fn ready(state: State, res: &mut Response) {
    let postgres = tokio::time::timeout(CHECK_WITHIN, state.database.is_ready()).await.unwrap_or(false);
    let redis = redis_word(&state).await;
    let (status, word) = match (postgres, redis) {
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        (true, "lost") => (StatusCode::OK, "degraded"),
        (true, _) => (StatusCode::OK, "ready"),
    };
    let postgres = if postgres { "up" } else { "lost" };
    answer(res, status, &json!({ "status": word, "postgres": postgres, "redis": redis }));
}

async fn redis_word(state: &State) -> &'static str {
    let Some(mut redis) = state.redis.clone() else { return "not configured" };
    let ping = async move { redis::cmd("PING").query_async::<()>(&mut redis).await };
    match tokio::time::timeout(CHECK_WITHIN, ping).await {
        Ok(Ok(())) => "up",
        _ => "lost",
    }
}

fn answer(res: &mut Response, status: StatusCode, body: &serde_json::Value) {
    res.status_code(status);
    res.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        res.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    res.body(body.to_string());
}
