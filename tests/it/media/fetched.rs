//! Pictures that stores name by their addresses: fetched in the background, politely, and never lost.

use std::time::Duration;

use chrono::TimeDelta;
use commerce::{
    catalog::{self, Fetched},
    clock::Clock,
};
use serde_json::{Value, json};
use tests::{Store, World, a_product, pictures};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use super::fetch;

async fn answering(answers: &[(&str, ResponseTemplate)]) -> MockServer {
    let server = MockServer::start().await;
    for (at, answer) in answers {
        Mock::given(method("GET")).and(path(*at)).respond_with(answer.clone()).mount(&server).await;
    }
    server
}

fn file(bytes: Vec<u8>, kind: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(bytes, kind)
}

async fn images(world: &World, store: &Store, product: &catalog::Product) -> Vec<Value> {
    world.vendor(store).get(format!("products/{}", product.id)).await.ok()["images"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_address_is_shown_until_our_own_picture_is_there() {
    let world = World::calling_itself().await;
    let ada = world.tenant("ada").await;
    let there = answering(&[("/mug.png", file(pictures::png(90, 60, 1), "application/octet-stream"))]).await;
    let address = format!("{}/mug.png", there.uri());
    let mug = a_product().pictured(&address).create(&world, &ada).await;
    let twin = a_product().titled("Twin").pictured(&address).create(&world, &ada).await;
    let awaited = images(&world, &ada, &mug).await;
    assert_eq!((&awaited[0]["status"], &awaited[0]["url"]), (&json!("awaited"), &json!(address)));
    let path = format!("products/{}", mug.id);
    assert_eq!(world.shopper(&ada).get(&path).await.ok()["images"][0]["url"], json!(address));

    world.run_jobs().await;
    let ready = images(&world, &ada, &mug).await;
    assert_eq!((&ready[0]["status"], &ready[0]["source_url"], &ready[0]["width"]), (&json!("ready"), &json!(address), &json!(90)));
    assert_eq!(pictures::decoded(fetch(&world, &ready[0]["url"]).await.body()).dimensions(), (90, 60));
    assert_eq!(world.shopper(&ada).get(&path).await.ok()["images"][0]["url"], ready[0]["url"]);
    assert_eq!(images(&world, &ada, &twin).await[0]["media_id"], ready[0]["media_id"], "equal bytes are one picture");
    let media = world.vendor(&ada).get("media").await.ok();
    assert_eq!((media["data"].as_array().unwrap().len(), &media["data"][0]["created_by"]), (1, &json!("system")));
}

#[tokio::test]
async fn what_could_not_be_fetched_says_so_and_goes_on_showing_the_address() {
    let world = World::calling_itself().await;
    let ada = world.tenant("ada").await;
    let there = answering(&[
        ("/page", file(b"<html>".to_vec(), "image/png")),
        ("/drawing", file(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "image/png")),
        ("/moved", ResponseTemplate::new(302).insert_header("location", "/mug.png")),
        ("/mug.png", file(pictures::png(10, 10, 1), "image/png")),
        ("/round", ResponseTemplate::new(302).insert_header("location", "/round")),
        ("/ill", ResponseTemplate::new(503)),
    ])
    .await;
    let mut product = a_product();
    for name in ["gone", "page", "drawing", "moved", "round", "ill"] {
        product = product.pictured(&format!("{}/{name}", there.uri()));
    }
    let product = product.create(&world, &ada).await;
    world.run_jobs().await;
    let found: Vec<(String, String)> = images(&world, &ada, &product)
        .await
        .iter()
        .map(|image| (image["status"].as_str().unwrap().to_owned(), image["failure"].as_str().unwrap_or_default().to_owned()))
        .collect();
    let wanted = [
        ("failed", "answered 404"),
        ("failed", "none of JPEG"),
        ("failed", "SVG"),
        ("ready", ""),
        ("failed", "on and on"),
        ("awaited", ""),
    ];
    for ((status, failure), (wanted, why)) in found.iter().zip(wanted) {
        assert!(status == wanted && failure.contains(why), "{found:?}");
    }
    let shown = world.shopper(&ada).get(format!("products/{}", product.id)).await.ok();
    assert_eq!(shown["images"].as_array().unwrap().len(), 6, "nothing is lost");
    assert_eq!(shown["images"][0]["url"], json!(format!("{}/gone", there.uri())));
}

/// T103: who is ill is asked again, later each time and not for ever; who dies at it leaves it to the next.
#[tokio::test]
async fn t103_who_does_not_answer_is_asked_again_later_and_not_for_ever() {
    let mut world = World::calling_itself().await;
    let ada = world.tenant("ada").await;
    let there = answering(&[("/ill", ResponseTemplate::new(503))]).await;
    let product = a_product().pictured(&format!("{}/ill", there.uri())).create(&world, &ada).await;
    let clock = Clock::fixed(world.clock.now());
    let db = world.db(&ada);
    let fetch = || catalog::fetch_images(&db, &world.ctx.objects, &world.ctx.outside, &clock);
    for minutes in [5, 30, 180, 1440] {
        assert_eq!(fetch().await.unwrap(), Fetched::One);
        clock.advance(TimeDelta::minutes(minutes) - TimeDelta::seconds(1));
        assert_eq!(fetch().await.unwrap(), Fetched::Nothing, "not before {minutes} minutes");
        assert_eq!(images(&world, &ada, &product).await[0]["status"], "awaited");
        clock.advance(TimeDelta::seconds(1));
    }
    assert_eq!(fetch().await.unwrap(), Fetched::One);
    let given_up = images(&world, &ada, &product).await;
    assert_eq!((&given_up[0]["status"], &given_up[0]["url"]), (&json!("failed"), &given_up[0]["source_url"]));
    clock.advance(TimeDelta::days(30));
    assert_eq!(fetch().await.unwrap(), Fetched::Nothing);
    assert_eq!(there.received_requests().await.unwrap().len(), 5);
    world.leave_facts();
}

/// T103: an answer without end, and one that drips.
#[tokio::test]
async fn t103_an_answer_is_bounded_in_bytes_and_in_time() {
    let world = World::calling_itself().await;
    let ada = world.tenant("ada").await;
    let there = answering(&[
        ("/huge", file(vec![0xff; 20 * 1024 * 1024 + 1], "image/jpeg")),
        ("/slow", file(pictures::png(10, 10, 1), "image/png").set_delay(Duration::from_mins(1))),
    ])
    .await;
    let vendor = world.vendor(&ada);
    vendor.post("media", &json!({ "url": format!("{}/huge", there.uri()) })).await.refused(413, "media.too_large");
    let begun = std::time::Instant::now();
    vendor.post("media", &json!({ "url": format!("{}/slow", there.uri()) })).await.refused(422, "media.unfetched");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    world.run_jobs().await;
}

/// T102: whoever answers with an address inside is not followed there.
#[tokio::test]
async fn t102_a_redirect_is_judged_as_the_first_address_was() {
    let world = World::calling_itself().await;
    let ada = world.tenant("ada").await;
    let there = answering(&[
        ("/inside", ResponseTemplate::new(302).insert_header("location", "http://10.0.0.1/a.png")),
        ("/metadata", ResponseTemplate::new(307).insert_header("location", "//169.254.169.254/latest")),
        ("/file", ResponseTemplate::new(301).insert_header("location", "file:///etc/passwd")),
        ("/mug", ResponseTemplate::new(308).insert_header("location", "/mug.png")),
        ("/mug.png", file(pictures::png(12, 10, 1), "text/plain")),
    ])
    .await;
    for name in ["inside", "metadata", "file"] {
        let asked = json!({ "url": format!("{}/{name}", there.uri()) });
        let refused = world.vendor(&ada).post("media", &asked).await.refused(422, "media.unfetchable");
        assert!(refused["detail"].as_str().unwrap().contains("cannot be called"), "{refused}");
    }
    let media = world.vendor(&ada).post("media", &json!({ "url": format!("{}/mug", there.uri()) })).await.ok();
    assert_eq!((&media["width"], &media["content_type"]), (&json!(12), &json!("image/png")));
    world.run_jobs().await;
}
