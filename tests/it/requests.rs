//! What holds for every request: it runs to its end, and there are only so many.

use std::{sync::Arc, time::Duration};

use api::{Limiter, State};
use salvo::{
    Service,
    http::StatusCode,
    test::{RequestBuilder, TestClient},
};
use serde_json::json;
use tests::{World, a_product};
use uuid::Uuid;

#[tokio::test]
async fn a_client_that_hangs_up_loses_nothing() {
    const REQUESTS: u64 = 200;
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let owner = world.vendor(&ada);
    let hung_up = (0..REQUESTS).map(|number| {
        let owner = owner.clone();
        let body = json!({ "name": format!("Key {number}"), "kind": "publishable" });
        async move { tokio::time::timeout(Duration::from_millis(number % 20), owner.post("keys", &body)).await.is_err() }
    });
    let hung_up = futures::future::join_all(hung_up).await.into_iter().filter(|hung_up| *hung_up).count();
    assert!(hung_up > 20, "only {hung_up} clients were too early");
    while !world.state.requests.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut behind = world.superuser().await;
    let made = tests::database::texts(&mut behind, "SELECT count(*)::text FROM api_keys WHERE name LIKE 'Key %'").await;
    assert_eq!(made, [REQUESTS.to_string()], "every request that was begun was finished");
    let open = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    assert_eq!(tests::database::texts(&mut behind, open).await, Vec::<String>::new(), "no connection was left in a transaction");
}

#[tokio::test]
async fn a_head_is_answered_as_the_get_would_be_without_the_body() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    a_product().create(&world, &ada).await;
    let shopper = world.shopper(&ada);
    for path in ["products", "products/mug", "store"] {
        let (get, head) = (shopper.get(path).await, shopper.head(path).await);
        assert_eq!(head.status(), 200, "{path}");
        assert_eq!((head.header("etag"), head.header("content-type")), (get.header("etag"), get.header("content-type")), "{path}");
        assert_eq!(head.header("content-length"), Some(get.text().len().to_string().as_str()), "{path}");
        assert_eq!(head.text(), "", "{path}");
    }
    assert_eq!(shopper.head("products/nothing").await.status(), 404);
    assert_eq!(world.vendor(&ada).head("products").await.status(), 200);
    world.run_jobs().await;
}

/// The api with another Redis, believing whoever says where a request comes from.
fn service(world: &World, redis: redis::aio::ConnectionManager) -> Arc<Service> {
    let mut config = world.state.config.as_ref().clone();
    config.trusted_proxies = vec!["0.0.0.0/0".parse().expect("a network")];
    let mut state = State::new(config, world.state.database.clone(), None, world.clock.clone()).expect("a state");
    state.limiter = Limiter::new(Some(redis), state.config.tuning.limits_answer_within);
    Arc::new(api::service(state))
}

fn refresh(client: &str) -> RequestBuilder {
    TestClient::post("http://stoa.test/vendor/v1/auth/refresh")
        .add_header("x-forwarded-for", client, true)
        .json(&json!({ "refresh_token": "rt_nobody" }))
}

/// An address nobody else tests with.
fn an_address() -> String {
    let random = Uuid::new_v4().as_u128();
    std::net::Ipv6Addr::from_bits((0x2001_0db8 << 96) | (random >> 32)).to_string()
}

async fn tries_until_refused(service: &Service, client: &str) -> usize {
    for tries in 0..40 {
        if refresh(client).send(service).await.status_code == Some(StatusCode::TOO_MANY_REQUESTS) {
            return tries;
        }
    }
    panic!("{client} was never refused");
}

#[tokio::test]
async fn t048_an_address_has_its_own_limit_in_all_processes() {
    let world = World::new().await;
    let client = redis::Client::open(tests::settings::redis_url()).expect("an address");
    let redis = redis::aio::ConnectionManager::new(client).await.expect("a connection");
    let (one, other) = (service(&world, redis.clone()), service(&world, redis));
    let (ada, bob) = (an_address(), an_address());
    let tries = tries_until_refused(&one, &ada).await;
    assert!((20..=25).contains(&tries), "{tries}");
    let elsewhere = refresh(&ada).send(&*other).await;
    assert_eq!(elsewhere.status_code, Some(StatusCode::TOO_MANY_REQUESTS), "the bucket is shared");
    assert!(elsewhere.headers().contains_key("retry-after") && elsewhere.headers().contains_key("ratelimit-policy"));
    let stranger = refresh(&bob).send(&*one).await;
    assert_eq!(stranger.status_code, Some(StatusCode::UNAUTHORIZED), "one client's flood is its own");
}

#[tokio::test]
async fn t048_without_redis_sign_in_is_still_limited() {
    let world = World::new().await;
    // Accepts connections and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("redis://{}", silent.local_addr().expect("an address"));
    let patience = redis::aio::ConnectionManagerConfig::new();
    let client = redis::Client::open(address).expect("an address");
    let redis = redis::aio::ConnectionManager::new_lazy_with_config(client, patience).expect("a manager");
    let service = service(&world, redis);
    let tries = tries_until_refused(&service, &an_address()).await;
    assert!((20..=30).contains(&tries), "{tries}");
}

/// One client may have half of what a store's plan lets its shoppers change; the other half is for all others.
#[tokio::test]
async fn t048_one_client_does_not_close_a_store() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let client = redis::Client::open(tests::settings::redis_url()).expect("an address");
    let service = service(&world, redis::aio::ConnectionManager::new(client).await.expect("a connection"));
    let url = format!("http://{}/storefront/v1/carts", ada.host());
    let fill = async |from: &str| {
        TestClient::post(&url).add_header("x-forwarded-for", from, true).json(&json!({})).send(&*service).await.status_code
    };
    let (one, other) = (an_address(), an_address());
    let mut filled = 0;
    while fill(&one).await == Some(StatusCode::CREATED) {
        filled += 1;
        assert!(filled < 1_000, "one client was never refused");
    }
    assert_eq!(fill(&one).await, Some(StatusCode::TOO_MANY_REQUESTS));
    for _ in 0..20 {
        assert_eq!(fill(&other).await, Some(StatusCode::CREATED), "after {filled} of another client");
    }
}

#[tokio::test]
async fn tokens_can_be_verified_by_who_knows_the_published_keys() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let published = world.anybody("/").get("/.well-known/jwks.json").await.ok();
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(published.clone()).expect("a key set");
    assert!(published["keys"][0].get("d").is_none(), "only the public half");
    let kid = jsonwebtoken::decode_header(&ada.access_token).expect("a header").kid.expect("a key id");
    let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&kid).expect("the key")).expect("a usable key");
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    rules.set_audience(&["vendor"]);
    let claims = jsonwebtoken::decode::<serde_json::Value>(&ada.access_token, &key, &rules).expect("a valid token").claims;
    let lives = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat);
    assert!(lives.is_some_and(|seconds| seconds <= 15 * 60));
}

#[tokio::test]
async fn readiness_tells_the_truth_about_each_part() {
    let world = World::new().await;
    let ready = world.anybody("/").get("/health/ready").await.ok();
    assert_eq!(ready, json!({ "status": "ready", "postgres": "up", "redis": "up", "search": "up" }));
    world.state.database.close().await;
    let lost = world.anybody("/").get("/health/ready").await;
    assert_eq!((lost.status(), lost.header("retry-after")), (503, Some("2")));
    assert_eq!(world.anybody("/").get("/health/live").await.status(), 200, "a process that waits for its database lives");
}
