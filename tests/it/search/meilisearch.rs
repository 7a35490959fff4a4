//! What we send to Meilisearch, held to its documented API (<https://www.meilisearch.com/docs/reference/api/overview>):
//! method, path and body of every call, against a server that answers as the documents say. That the engine then keeps
//! the contract is shown by the suite, where a real one is at hand.

use std::{collections::BTreeMap, time::Instant};

use chrono::{DateTime, Utc};
use commerce::{
    clock::Clock,
    fault::{Fault, Kind},
    ids::{ProductId, TenantId},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use search::{Error, Field, Filters, Meilisearch, MeilisearchConfig, PriceRange, ProductDocument, Query, SearchBackend, Sort};
use serde_json::{Value, json};
use uuid::Uuid;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

use super::fixture::{branded, counts, euro, tag, titles};

const MASTER_KEY: &str = "a-master-key-of-32-characters-xx";
const TASK: &str = r#"{"taskUid":7,"indexUid":"products","status":"enqueued","type":"any","enqueuedAt":"2026-01-01T00:00:00Z"}"#;
const DONE: &str = r#"{"uid":7,"indexUid":"products","status":"succeeded","type":"any","error":null,"details":null}"#;
const ABSENT: &str = r#"{"message":"Index `products_staged` not found.","code":"index_not_found","type":"invalid_request","link":"x"}"#;

fn engine(server: &MockServer) -> Meilisearch {
    let config = MeilisearchConfig { url: server.uri(), master_key: Some(MASTER_KEY.into()) };
    Meilisearch::new(&config, Clock::fixed("2026-03-01T12:00:00Z".parse().unwrap())).unwrap()
}

/// A server that takes every task, has always just done it, and knows no staged index.
async fn server() -> MockServer {
    let server = MockServer::start().await;
    answer(&server, "GET", "/indexes/products_staged", 404, ABSENT).await;
    answer(&server, "GET", "/tasks/7", 200, DONE).await;
    for method in ["POST", "PATCH", "DELETE"] {
        let taken = ResponseTemplate::new(202).set_body_raw(TASK, "application/json");
        Mock::given(matchers::method(method)).respond_with(taken).with_priority(200).mount(&server).await;
    }
    server
}

async fn answer(server: &MockServer, method: &str, path: &str, status: u16, body: &str) {
    let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
    Mock::given(matchers::method(method)).and(matchers::path(path)).respond_with(answer).mount(server).await;
}

/// Every call but the looks at tasks: method, path with its query, body.
async fn calls(server: &MockServer) -> Vec<(String, Value)> {
    let line = |request: &Request| {
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        assert_eq!(request.headers["authorization"], format!("Bearer {MASTER_KEY}"), "every call carries the key");
        let body = if request.body.is_empty() { Value::Null } else { serde_json::from_slice(&request.body).unwrap() };
        (format!("{} {}{query}", request.method, request.url.path()), body)
    };
    let calls: Vec<_> = server.received_requests().await.unwrap().iter().map(line).collect();
    calls.into_iter().filter(|(line, _)| !line.contains("/tasks/")).collect()
}

fn store() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0xada))
}

fn mug() -> ProductDocument {
    let id = ProductId::from_uuid(Uuid::from_u128(0x4711));
    let published_at: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let prices = BTreeMap::from([("EUR".to_owned(), 1_990)]);
    let secret = "Handmade".to_owned();
    ProductDocument {
        id,
        published_at,
        prices,
        tags: vec![tag("sale")],
        skus: vec!["M-1".into()],
        description: secret,
        ..branded("Red mug", "Acme", "Red")
    }
}

#[tokio::test]
async fn the_index_is_set_up_once_and_documents_say_whose_they_are() {
    let server = server().await;
    let engine = engine(&server);
    engine.index(store(), &[mug()]).await.unwrap();
    engine.remove(store(), &[mug().id]).await.unwrap();
    let tenant = "00000000-0000-0000-0000-000000000ada";
    let key = format!("{tenant}_00000000-0000-0000-0000-000000004711");
    let settings = json!({
        "searchableAttributes": ["title", "brand", "tags", "categories", "product_type", "option_values", "skus", "description"],
        "filterableAttributes": ["tenant_id", "category_slugs", "tag_slugs", "brand", "product_type", "in_stock", "options", "prices"],
        "sortableAttributes": ["prices", "published_at", "title"],
        "displayedAttributes": ["document"],
        "rankingRules": ["sort", "words", "typo", "proximity", "attribute", "exactness", "published_at:desc"],
        "typoTolerance": {
            "enabled": true, "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9},
            "disableOnAttributes": ["skus"], "disableOnNumbers": true,
        },
        "faceting": {"maxValuesPerFacet": 300, "sortFacetValuesBy": {"*": "count"}},
        "pagination": {"maxTotalHits": 1000},
    });
    let document = json!({
        "key": key, "tenant_id": tenant, "title": "Red mug", "brand": "Acme", "tags": ["sale"], "categories": [], "product_type": null,
        "option_values": ["Red"], "skus": ["M-1"], "description": "Handmade", "category_slugs": [], "tag_slugs": ["sale"],
        "options": ["colour=Red"], "prices": {"EUR": 1990}, "in_stock": true, "published_at": 1_767_225_600_000_000_i64,
        "document": {
            "id": mug().id, "slug": "red-mug", "title": "Red mug", "brand": "Acme", "product_type": null, "categories": [],
            "tags": [{"slug": "sale", "name": "sale"}], "options": [{"name": "Colour", "values": ["Red"]}], "image": null,
            "prices": {"EUR": 1990}, "in_stock": true, "published_at": "2026-01-01T00:00:00Z",
        },
    });
    let expected = [
        ("POST /indexes", json!({"uid": "products", "primaryKey": "key"})),
        ("PATCH /indexes/products/settings", settings),
        ("GET /indexes/products_staged", Value::Null),
        ("POST /indexes/products/documents?primaryKey=key", json!([document])),
        ("GET /indexes/products_staged", Value::Null),
        ("POST /indexes/products/documents/delete-batch", json!([key])),
    ];
    let calls = calls(&server).await;
    for (i, (line, body)) in expected.iter().enumerate() {
        assert_eq!((calls[i].0.as_str(), &calls[i].1), (*line, body));
    }
    assert_eq!(calls.len(), expected.len());
}

#[tokio::test]
async fn documents_are_handed_in_a_thousand_at_a_time() {
    let server = server().await;
    let documents: Vec<_> = (0..2_001).map(|_| branded("Mug", "Acme", "Red")).collect();
    engine(&server).index(store(), &documents).await.unwrap();
    let calls = calls(&server).await;
    let sizes: Vec<_> =
        calls.iter().filter(|(line, _)| line.contains("/documents")).map(|(_, body)| body.as_array().unwrap().len()).collect();
    assert_eq!(sizes, [1_000, 1_000, 1]);
}

#[tokio::test]
async fn a_question_is_one_multi_search_with_a_search_for_each_filtered_facet() {
    let server = server().await;
    let (face, count) =
        (json!({"document": ProductDocument { skus: vec![], description: String::new(), ..mug() }}), json!({"Acme": 1, "Bolt": 2}));
    let reply = json!({"results": [
        {"indexUid": "products", "hits": [face], "query": "mug", "processingTimeMs": 1, "limit": 24, "offset": 24, "estimatedTotalHits": 25,
         "facetDistribution": {"options": {"colour=Red": 1, "size=M": 1, "colour=Blue": 3}}, "facetStats": {}},
        {"indexUid": "products", "hits": [], "query": "mug", "processingTimeMs": 1, "limit": 0, "offset": 0, "estimatedTotalHits": 3,
         "facetDistribution": {"brand": count}, "facetStats": {}},
    ]});
    answer(&server, "POST", "/multi-search", 200, &reply.to_string()).await;
    let values = BTreeMap::from([
        (Field::Brand, vec!["Acme".to_owned(), "x\" OR tenant_id = \"y".to_owned()]),
        (Field::InStock, vec!["true".to_owned()]),
        (Field::Option("size".into()), vec!["M".to_owned()]),
    ]);
    let price = PriceRange { at_least: Some(1_000), at_most: Some(2_000) };
    let query = Query {
        text: Some("mug".into()),
        filters: Filters { values, price },
        facets: vec![Field::Brand, Field::Option("colour".into())],
        sort: Sort::PriceDescending,
        from: 24,
        ..Query::all(euro(), 24)
    };
    let found = engine(&server).query(store(), &query).await.unwrap();
    assert_eq!((titles(&found), found.total), (vec!["Red mug".to_owned()], 25));
    assert_eq!(counts(&found, &Field::Brand), [("Bolt", 2), ("Acme", 1)]);
    assert_eq!(counts(&found, &Field::Option("colour".into())), [("Blue", 3), ("Red", 1)]);

    let tenant = "tenant_id = \"00000000-0000-0000-0000-000000000ada\"";
    let brand = r#"brand IN ["Acme", "x\" OR tenant_id = \"y"]"#;
    let rest = r#"in_stock IN ["true"] AND options IN ["size=M"] AND prices.EUR >= 1000 AND prices.EUR <= 2000"#;
    let expected = json!({"queries": [
        {"indexUid": "products", "q": "mug", "filter": format!("{tenant} AND {brand} AND {rest}"), "facets": ["options"],
         "sort": ["prices.EUR:desc"], "offset": 24, "limit": 24, "attributesToRetrieve": ["document"], "matchingStrategy": "all"},
        {"indexUid": "products", "q": "mug", "filter": format!("{tenant} AND {rest}"), "facets": ["brand"],
         "offset": 0, "limit": 0, "attributesToRetrieve": ["document"], "matchingStrategy": "all"},
    ]});
    assert_eq!(calls(&server).await, [("POST /multi-search".to_owned(), expected)]);
}

#[tokio::test]
async fn all_is_rebuilt_beside_the_index_that_answers_and_swapped_in() {
    let server = server().await;
    let engine = engine(&server);
    let staged = engine.stage().await.unwrap().expect("Meilisearch rebuilds beside");
    staged.index(store(), &[]).await.unwrap();
    engine.promote().await.unwrap();
    let lines: Vec<_> =
        calls(&server).await.into_iter().map(|(line, body)| (line, if body.is_array() { body } else { Value::Null })).collect();
    let swap = json!([{"indexes": ["products", "products_staged"]}]);
    let expected = [
        ("POST /indexes", Value::Null),
        ("PATCH /indexes/products/settings", Value::Null),
        ("DELETE /indexes/products_staged", Value::Null),
        ("POST /indexes", Value::Null),
        ("PATCH /indexes/products_staged/settings", Value::Null),
        ("POST /swap-indexes", swap),
        ("DELETE /indexes/products_staged", Value::Null),
    ];
    assert_eq!(lines, expected.map(|(line, body)| (line.to_owned(), body)));
}

#[tokio::test]
async fn what_is_indexed_is_read_in_pages() {
    let server = server().await;
    let key = format!("{}_{}", store().uuid(), mug().id.uuid());
    answer(
        &server,
        "POST",
        "/indexes/products/documents/fetch",
        200,
        &json!({"results": [{"key": key}], "offset": 0, "limit": 1000, "total": 1}).to_string(),
    )
    .await;
    assert_eq!(engine(&server).indexed(store()).await.unwrap(), [mug().id]);
    let filter = "tenant_id = \"00000000-0000-0000-0000-000000000ada\"";
    let expected = json!({"filter": filter, "fields": ["key"], "offset": 0, "limit": 1000});
    assert_eq!(calls(&server).await, [("POST /indexes/products/documents/fetch".to_owned(), expected)]);
}

#[tokio::test]
async fn a_browser_gets_a_key_to_its_store_for_minutes() {
    let server = server().await;
    let taken = json!({"message": "`uid` field value is already an existing API key.", "code": "api_key_already_exists", "type": "invalid_request", "link": "x"});
    answer(&server, "POST", "/keys", 409, &taken.to_string()).await;
    let engine = engine(&server);
    // The key is there already: its id is ours, the same in every process.
    let uid: Uuid = {
        let _ = engine.browser_key(store()).await;
        calls(&server).await[0].1["uid"].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(uid.get_version_num(), 4, "Meilisearch takes no other");
    answer(&server, "GET", &format!("/keys/{uid}"), 200, &json!({"uid": uid, "key": "the-signing-key", "actions": ["search"]}).to_string())
        .await;
    let key = engine.browser_key(store()).await.unwrap().expect("the server has keys");

    let wanted = &calls(&server).await[0].1;
    assert_eq!((&wanted["actions"], &wanted["indexes"]), (&json!(["search"]), &json!(["products"])), "the key can do nothing but search");
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(&key.token, &DecodingKey::from_secret(b"the-signing-key"), &validation).unwrap().claims;
    let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
    let filter = "tenant_id = \"00000000-0000-0000-0000-000000000ada\"";
    assert_eq!(claims, json!({"apiKeyUid": uid, "searchRules": {"products": {"filter": filter}}, "exp": now.timestamp() + 600}));
}

#[tokio::test]
async fn an_engine_that_is_away_is_unavailable_and_nobody_waits_long() {
    let is_away =
        |error: &Error| error.kind() == Kind::Unavailable && error.code() == "search.unavailable" && error.retry_after().is_some();
    let nobody = Meilisearch::new(&MeilisearchConfig { url: "http://127.0.0.1:9".into(), master_key: None }, Clock::system()).unwrap();
    assert!(is_away(&nobody.query(store(), &Query::all(euro(), 24)).await.unwrap_err()));
    assert!(is_away(&nobody.index(store(), &[mug()]).await.unwrap_err()));
    assert_eq!(nobody.browser_key(store()).await.unwrap(), None, "without a master key nothing is signed");

    let server = MockServer::start().await;
    answer(&server, "POST", "/multi-search", 503, "<html>").await;
    assert!(is_away(&engine(&server).query(store(), &Query::all(euro(), 24)).await.unwrap_err()));

    let server = MockServer::start().await;
    let never = ResponseTemplate::new(200).set_delay(std::time::Duration::from_mins(1));
    Mock::given(matchers::any()).respond_with(never).mount(&server).await;
    let asked = Instant::now();
    assert!(is_away(&engine(&server).query(store(), &Query::all(euro(), 24)).await.unwrap_err()));
    assert!(asked.elapsed().as_secs() < 10, "a shopper does not wait for a dead engine");
}

#[tokio::test]
async fn a_refusal_keeps_its_words_and_an_index_that_never_was_is_empty() {
    let server = MockServer::start().await;
    answer(&server, "POST", "/multi-search", 400, ABSENT).await;
    let facets = vec![Field::Brand];
    let found = engine(&server).query(store(), &Query { facets, ..Query::all(euro(), 24) }).await.unwrap();
    assert_eq!((found.hits.len(), found.total, found.facets.len()), (0, 0, 1));

    let server = MockServer::start().await;
    let refusal = r#"{"message":"The API key is invalid.","code":"invalid_api_key","type":"auth","link":"x"}"#;
    answer(&server, "POST", "/multi-search", 403, refusal).await;
    let error = engine(&server).query(store(), &Query::all(euro(), 24)).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { code, .. } if code == "invalid_api_key"), "{error}");
    assert_eq!(error.kind(), Kind::Internal);
}
