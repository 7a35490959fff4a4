//! Files and addresses meant to do harm.

use serde_json::{Value, json};
use tests::{World, pictures};
use tokio::net::TcpListener;

use super::{fetch, files, show, upload};

/// T103: a file that is a picture and something else too, telling more than it shows: what is sent to browsers was made from its pixels
/// alone, upright.
#[tokio::test]
async fn t103_nothing_that_came_from_outside_is_served() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let canary = "52.5163N 13.3777E <script>alert(document.domain)</script>";
    let mut file = pictures::jpeg_of_a_camera(64, 40, canary);
    file.extend_from_slice(b"PK\x03\x04<script>alert(2)</script>");
    let media = upload(&world, &ada, file).await;
    assert_eq!((&media["width"], &media["height"]), (&json!(40), &json!(64)), "upright");
    world.run_jobs().await;
    let ready = world.vendor(&ada).get(format!("media/{}", media["id"].as_str().unwrap())).await.ok();
    for source in ready["sources"].as_array().unwrap() {
        let shown = fetch(&world, &source["url"]).await;
        for word in [&b"<script"[..], b"52.5163", b"PK\x03\x04", b"Exif"] {
            assert!(!shown.body().windows(word.len()).any(|part| part == word), "{source} holds {:?}", String::from_utf8_lossy(word));
        }
    }
    let jpeg = pictures::decoded(fetch(&world, &ready["url"]).await.body());
    assert_eq!(jpeg.dimensions(), (40, 64));
    // A quarter turn to the right brings the red left half up.
    let (up, down) = (jpeg.get_pixel(20, 5).0, jpeg.get_pixel(20, 58).0);
    assert!(up[0] > up[2] && down[2] > down[0], "{up:?} {down:?}");
    let original = files(&world).into_iter().find(|key| key.starts_with("originals/")).unwrap();
    for path in [format!("/{original}"), format!("/media/{original}"), format!("/media/../{original}"), format!("/media/%2e%2e/{original}")]
    {
        assert_eq!(world.anybody("/").get(&path).await.status(), 404, "{path}");
    }
}

/// T103: a few bytes that stand for more pixels than a machine has room for.
#[tokio::test]
async fn t103_a_picture_that_unpacks_to_gigabytes_is_refused_by_its_head() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    // A GIF says its size in its first ten bytes.
    let mut bomb = pictures::gif(8, 8);
    bomb[6..10].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    let refused = world.vendor(&ada).upload("media", "image/gif", bomb).await.refused(422, "media.too_many_pixels");
    assert!(refused["detail"].as_str().unwrap().contains("50000000"), "{refused}");
    assert!(files(&world).is_empty(), "nothing of it is kept");
    world.run_jobs().await;
}

/// T100: an address inside, by whatever spelling, is refused where it is named and not called where it is found later.
#[tokio::test]
async fn t100_a_picture_is_not_fetched_from_inside() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = inside.local_addr().unwrap().port();
    let addresses = [
        format!("http://127.0.0.1:{port}/a.png"),
        format!("https://127.0.0.1:{port}/a.png"),
        "https://2130706433/a.png".to_owned(),
        "https://0x7f.1/a.png".to_owned(),
        "https://0177.0.0.1/a.png".to_owned(),
        "https://10.0.0.1/a.png".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://100.64.0.1/a.png".to_owned(),
        "https://[::1]/a.png".to_owned(),
        "https://[::ffff:127.0.0.1]/a.png".to_owned(),
        "https://localhost/a.png".to_owned(),
        "https://redis.internal:6379/a.png".to_owned(),
        "https://stoa.test/a.png".to_owned(),
        "https://user:word@example.com/a.png".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1:6379/_FLUSHALL".to_owned(),
    ];
    for address in &addresses {
        let refused = world.vendor(&ada).post("media", &json!({ "url": address })).await.refused(422, "media.unfetchable");
        assert_eq!(refused["errors"][0]["pointer"], "/url", "{address}");
    }
    let product = tests::a_product().pictured(&addresses[0]).pictured(&addresses[1]).create(&world, &ada).await;
    world.run_jobs().await;
    for image in world.vendor(&ada).get(format!("products/{}", product.id)).await.ok()["images"].as_array().unwrap() {
        assert_eq!(image["status"], "failed", "{image}");
        assert!(!image["failure"].as_str().unwrap().contains("refused the connection"), "{image}");
    }
    let called = tokio::time::timeout(std::time::Duration::from_millis(100), inside.accept()).await;
    assert!(called.is_err(), "somebody called");
}

/// A picture belongs to one store: others neither see it nor show it, and its files lie under no other store's address.
#[tokio::test]
async fn another_stores_picture_looks_absent() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let media = upload(&world, &ada, pictures::png(30, 20, 1)).await;
    let product = show(&world, &ada, &media).await;
    world.run_jobs().await;
    let (own, never) = (format!("media/{}", media["id"].as_str().unwrap()), "media/media_01h2xcejqtf2nbrexx3vqjhp41");
    let stranger = world.vendor(&bob);
    for path in [own.as_str(), never] {
        stranger.get(path).await.refused(404, "media.not_found");
        stranger.patch(path, &json!({ "focal_point": null })).await.refused(404, "media.not_found");
        stranger.delete(path).await.refused(404, "media.not_found");
    }
    assert_eq!(stranger.get("media").await.ok()["data"], json!([]));
    let theirs = tests::a_product().create(&world, &bob).await;
    let refusal = |id: Value| {
        let stranger = stranger.clone();
        async move {
            let image =
                stranger.post(format!("products/{}/images", theirs.id), &json!({ "media_id": id })).await.refused(422, "catalog.invalid");
            let new = json!({ "title": "Theft", "images": [{ "media_id": id }] });
            let product = stranger.post("products", &new).await.refused(422, "catalog.invalid");
            (image["errors"].clone(), product["errors"].clone())
        }
    };
    let seen = refusal(media["id"].clone()).await;
    assert_eq!(seen, refusal(json!("media_01h2xcejqtf2nbrexx3vqjhp41")).await, "absent and another's look the same");
    assert_eq!((&seen.0[0]["pointer"], &seen.1[0]["pointer"]), (&json!("/media_id"), &json!("/images/0/media_id")));

    let url = world.shopper(&ada).get(&product).await.ok()["images"][0]["url"].as_str().unwrap().to_owned();
    let path = url.trim_start_matches("http://stoa.test");
    assert_eq!(world.anybody("/").get(path).await.status(), 200);
    let moved = path.replace(&ada.id.uuid().to_string(), &bob.id.uuid().to_string());
    for other in [
        moved,
        path.to_uppercase().replace("/MEDIA/", "/media/"),
        path.replace(".jpg", ".png"),
        format!("{path}/.."),
        path.replace('-', ""),
    ] {
        assert_eq!(world.anybody("/").get(&other).await.status(), 404, "{other}");
    }
    world.run_jobs().await;
}
