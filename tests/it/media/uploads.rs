//! Files that vendors send: what is taken, what is refused, and that it is kept once.

use serde_json::{Value, json};
use tests::{World, pictures};

use super::{fetch, files, show, upload};

#[tokio::test]
async fn a_picture_is_sent_made_and_seen_in_the_shop() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let sent = world.vendor(&ada).upload("media", "image/png", pictures::png(800, 600, 1)).await;
    assert_eq!(sent.status(), 201, "{}", sent.text());
    let media = sent.ok();
    assert_eq!(sent.header("location"), Some(format!("/vendor/v1/media/{}", media["id"].as_str().unwrap()).as_str()));
    assert_eq!((&media["status"], &media["content_type"], &media["url"]), (&json!("uploaded"), &json!("image/png"), &Value::Null));
    assert_eq!((&media["width"], &media["height"]), (&json!(800), &json!(600)));

    let product = show(&world, &ada, &media).await;
    let waiting = world.vendor(&ada).get(&product).await.ok();
    assert_eq!((&waiting["images"][0]["status"], &waiting["images"][0]["url"]), (&json!("processing"), &Value::Null));
    assert_eq!(world.shopper(&ada).get(&product).await.ok()["images"], json!([]), "there is nothing to show yet");

    world.run_jobs().await;
    let vendors = world.vendor(&ada).get(&product).await.ok();
    assert_eq!((&vendors["images"][0]["status"], &vendors["version"]), (&json!("ready"), &waiting["version"]));
    let shoppers = world.shopper(&ada).get(&product).await.ok();
    let image = &shoppers["images"][0];
    assert_eq!((&image["width"], &image["height"], &image["alt"]), (&json!(800), &json!(600), &json!("A mug")));
    let sizes: Vec<String> = image["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| format!("{} {}x{}", source["format"].as_str().unwrap(), source["width"], source["height"]))
        .collect();
    let wanted = |format: &str| ["160x120", "320x240", "640x480", "800x600"].map(|size| format!("{format} {size}"));
    assert_eq!(sizes, [wanted("avif"), wanted("webp"), wanted("jpeg")].concat());

    let card = &world.shopper(&ada).get("products").await.ok()["data"][0]["image"];
    assert_eq!(pictures::decoded(fetch(&world, &card["url"]).await.body()).dimensions(), (640, 480));
    assert!(card["sources"].as_array().unwrap().iter().all(|source| source["width"].as_u64() <= Some(640)), "{card}");
    let listed = world.vendor(&ada).get("products").await.ok();
    assert_eq!(listed["data"][0]["image_url"], card["url"]);
    let found = world.shopper(&ada).get("search?q=mug").await.ok();
    assert_eq!(found["data"][0]["image"]["url"], card["url"]);
}

#[tokio::test]
async fn equal_bytes_are_kept_once_in_a_store_and_apart_in_two() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let file = pictures::jpeg(40, 30, 0);
    let first = upload(&world, &ada, file.clone()).await;
    let again = upload(&world, &ada, file.clone()).await;
    let theirs = upload(&world, &bob, file).await;
    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["id"], theirs["id"]);
    world.run_jobs().await;
    let kept = files(&world);
    assert_eq!(kept.iter().filter(|key| key.starts_with("originals/")).count(), 2, "{kept:?}");
    assert_eq!(kept.len(), 2 * (1 + 3), "{kept:?}");
    for key in &kept {
        assert!(key.contains(&ada.id.uuid().to_string()) != key.contains(&bob.id.uuid().to_string()), "{key}");
    }
}

#[tokio::test]
async fn many_who_send_the_same_at_once_send_one_picture() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let file = pictures::jpeg(40, 30, 7);
    let sent = futures::future::join_all((0..8).map(|_| upload(&world, &ada, file.clone()))).await;
    assert!(sent.iter().all(|media| media["id"] == sent[0]["id"]), "{sent:?}");
    assert_eq!(world.vendor(&ada).get("media").await.ok()["data"].as_array().unwrap().len(), 1);
    world.run_jobs().await;
}

#[tokio::test]
async fn what_a_file_is_its_content_says() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    for (claimed, file, found) in [
        ("image/jpeg", pictures::png(8, 6, 0), "image/png"),
        ("image/png", pictures::jpeg(8, 6, 0), "image/jpeg"),
        ("image/x-anything", pictures::gif(8, 6), "image/gif"),
    ] {
        assert_eq!(vendor.upload("media", claimed, file).await.ok()["content_type"], found);
    }
    for (claimed, file, status, code) in [
        ("image/svg+xml", b"<svg/>".to_vec(), 422, "media.svg_refused"),
        ("image/png", b"<?xml version=\"1.0\"?><svg onload=\"alert(1)\"/>".to_vec(), 422, "media.svg_refused"),
        ("image/png", b"<!doctype html><script>alert(1)</script>".to_vec(), 422, "media.unreadable"),
        ("image/png", Vec::new(), 422, "media.unreadable"),
        ("image/jpeg", pictures::jpeg(8, 6, 0)[..20].to_vec(), 422, "media.unreadable"),
        ("text/html", pictures::jpeg(8, 6, 0), 415, "request.unsupported_media_type"),
        ("image/jpeg", vec![0; 20 * 1024 * 1024 + 1], 413, "request.too_large"),
    ] {
        vendor.upload("media", claimed, file).await.refused(status, code);
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn a_picture_that_breaks_off_fails_and_says_so() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let whole = pictures::png(200, 150, 3);
    let media = upload(&world, &ada, whole[..whole.len() / 2].to_vec()).await;
    let product = show(&world, &ada, &media).await;
    world.run_jobs().await;
    let path = format!("media/{}", media["id"].as_str().unwrap());
    let failed = world.vendor(&ada).get(&path).await.ok();
    assert_eq!((&failed["status"], &failed["sources"]), (&json!("failed"), &json!([])));
    let image = world.vendor(&ada).get(&product).await.ok()["images"][0].clone();
    assert_eq!((&image["status"], &image["failure"]), (&json!("failed"), &failed["failure"]));
    assert!(image["failure"].as_str().unwrap().contains("damaged"), "{image}");
    let again = upload(&world, &ada, whole[..whole.len() / 2].to_vec()).await;
    assert_eq!((&again["id"], &again["status"]), (&media["id"], &json!("uploaded")), "sent again, it is tried again");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_repeated_upload_under_one_key_is_one_and_another_file_is_refused() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada).with_key("picture-1");
    let first = vendor.upload("media", "image/png", pictures::png(9, 9, 1)).await.ok();
    let again = vendor.upload("media", "image/png", pictures::png(9, 9, 1)).await;
    assert_eq!((again.status(), again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.ok()["id"], first["id"]);
    vendor.upload("media", "image/png", pictures::png(9, 9, 2)).await.refused(422, "idempotency.key_reused");
    world.run_jobs().await;
}

#[tokio::test]
async fn a_focal_point_goes_with_the_picture() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let media = upload(&world, &ada, pictures::jpeg(50, 40, 0)).await;
    let product = show(&world, &ada, &media).await;
    world.run_jobs().await;
    let path = format!("media/{}", media["id"].as_str().unwrap());
    let vendor = world.vendor(&ada);
    let outside = vendor.patch(&path, &json!({ "focal_point": { "x": 0.5, "y": 1.01 } })).await.refused(422, "media.invalid");
    assert_eq!(outside["errors"][0]["pointer"], "/focal_point/y");
    let point = json!({ "x": 0.25, "y": 0.123 });
    let changed = vendor.patch(&path, &json!({ "focal_point": { "x": 0.25, "y": 0.1234 } })).await.ok();
    assert_eq!(changed["focal_point"], point);
    assert_eq!(world.shopper(&ada).get(&product).await.ok()["images"][0]["focal_point"], point);
    assert_eq!(world.shopper(&ada).get("products").await.ok()["data"][0]["image"]["focal_point"], point);
    assert_eq!(vendor.patch(&path, &json!({ "focal_point": null })).await.ok()["focal_point"], Value::Null);
    assert_eq!(world.shopper(&ada).get(&product).await.ok()["images"][0]["focal_point"], Value::Null);
    world.run_jobs().await;
}

#[tokio::test]
async fn pictures_cost_no_statement_more() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let product = tests::a_product().create(&world, &ada).await;
    let shopper = world.shopper(&ada).with("cache-control", "no-cache");
    let paths = [format!("products/{}", product.id), "products".to_owned(), "search?q=mug".to_owned()];
    world.run_jobs().await;
    let mut bare = Vec::new();
    for path in &paths {
        shopper.get(path).await.ok();
        bare.push(world.count_statements(shopper.get(path)).await.0);
    }
    for seed in 0..3 {
        let media = upload(&world, &ada, pictures::jpeg(20, 20, seed)).await;
        world.vendor(&ada).post(format!("products/{}/images", product.id), &json!({ "media_id": media["id"] })).await.ok();
    }
    world.run_jobs().await;
    for (path, bare) in paths.iter().zip(bare) {
        let (statements, answer) = world.count_statements(shopper.get(path)).await;
        assert!(answer.ok().to_string().contains("/media/"), "{path}");
        assert_eq!(statements, bare, "{path}");
    }
}
