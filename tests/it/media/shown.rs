//! What is sent to browsers, and how.

use serde_json::json;
use tests::{World, pictures};

use super::{fetch, show, upload};

#[tokio::test]
async fn an_address_always_shows_the_same_and_says_so() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let media = upload(&world, &ada, pictures::png(400, 300, 1)).await;
    show(&world, &ada, &media).await;
    world.run_jobs().await;
    let ready = world.vendor(&ada).get(format!("media/{}", media["id"].as_str().unwrap())).await.ok();
    assert_eq!(ready["status"], "ready");
    for source in ready["sources"].as_array().unwrap() {
        let shown = fetch(&world, &source["url"]).await;
        assert_eq!(shown.status(), 200, "{source}");
        assert_eq!(shown.header("content-type"), Some(format!("image/{}", source["format"].as_str().unwrap()).as_str()));
        for (name, value) in [
            ("cache-control", "public, max-age=31536000, immutable"),
            ("content-security-policy", "sandbox; default-src 'none'"),
            ("x-content-type-options", "nosniff"),
            ("access-control-allow-origin", "*"),
        ] {
            assert_eq!(shown.header(name), Some(value), "{name}");
        }
        let name = source["url"].as_str().unwrap().rsplit('/').next().unwrap();
        assert_eq!(shown.header("content-disposition"), Some(format!("inline; filename=\"{name}\"").as_str()));
        if source["format"] == "avif" {
            assert_eq!(&shown.body()[4..12], b"ftypavif");
        } else {
            let size = pictures::decoded(shown.body()).dimensions();
            assert_eq!(json!([size.0, size.1]), json!([source["width"], source["height"]]));
        }
    }
    let path = ready["url"].as_str().unwrap().trim_start_matches("http://stoa.test").to_owned();
    let anybody = world.anybody("/");
    let tag = anybody.get(&path).await.header("etag").unwrap().to_owned();
    let known = anybody.with("if-none-match", &tag).get(&path).await;
    assert_eq!((known.status(), known.body().len(), known.header("etag")), (304, 0, Some(tag.as_str())));
    let (head, get) = (anybody.head(&path).await, anybody.get(&path).await);
    assert_eq!((head.status(), head.body().len()), (200, 0));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(get.header("content-length"), Some(get.body().len().to_string().as_str()));
}

#[tokio::test]
async fn what_can_be_seen_through_stays_so() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let media = upload(&world, &ada, pictures::png_with_holes(300, 200)).await;
    world.run_jobs().await;
    let ready = world.vendor(&ada).get(format!("media/{}", media["id"].as_str().unwrap())).await.ok();
    let formats: Vec<&str> = ready["sources"].as_array().unwrap().iter().map(|source| source["format"].as_str().unwrap()).collect();
    assert_eq!(formats, ["avif", "avif", "webp", "webp", "png", "png"]);
    for source in ready["sources"].as_array().unwrap().iter().skip(2) {
        let shown = pictures::decoded(fetch(&world, &source["url"]).await.body());
        let (width, height) = shown.dimensions();
        assert_eq!((shown.get_pixel(2, height / 2).0[3], shown.get_pixel(width - 2, height / 2).0[3]), (255, 0), "{source}");
        // Nothing of the hidden half has bled over the edge.
        assert!(shown.get_pixel(2, height / 2).0[0] > 150, "{source}");
    }
}

#[tokio::test]
async fn a_store_that_is_suspended_shows_nothing() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let media = upload(&world, &ada, pictures::png(20, 20, 1)).await;
    world.run_jobs().await;
    let url = world.vendor(&ada).get(format!("media/{}", media["id"].as_str().unwrap())).await.ok()["url"].clone();
    assert_eq!(fetch(&world, &url).await.status(), 200);
    let operator = world.operator().await;
    operator.post(format!("tenants/{}/suspend", ada.id), &json!({ "reason": "A test" })).await.ok();
    fetch(&world, &url).await.refused(404, "media.not_found");
    operator.post(format!("tenants/{}/reactivate", ada.id), &json!({ "reason": "A test" })).await.ok();
    assert_eq!(fetch(&world, &url).await.status(), 200);
    world.run_jobs().await;
}
