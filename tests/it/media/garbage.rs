//! What nobody shows is cleared away, and nothing else is.

use chrono::TimeDelta;
use commerce::{
    catalog::{NewImage, images},
    clock::Clock,
    ids::MediaId,
    media,
};
use serde_json::{Value, json};
use tests::{Guest, Store, World, a_product, pictures};

use super::{fetch, files, show, upload};

fn id(media: &Value) -> MediaId {
    media["id"].as_str().unwrap().parse().unwrap()
}

/// A round, so many hours from now.
async fn collect(world: &World, store: &Store, hours: i64) -> (usize, usize) {
    let clock = Clock::fixed(world.clock.now() + TimeDelta::hours(hours));
    let swept = media::collect_garbage(&world.db(store), &world.ctx.objects, &clock, None).await.unwrap();
    world.run_jobs().await;
    (swept.rows, swept.objects)
}

#[tokio::test]
async fn what_nothing_shows_for_a_day_is_gone_with_its_files() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let (shown, unused) = (upload(&world, &ada, pictures::png(20, 20, 1)).await, upload(&world, &ada, pictures::png(20, 20, 2)).await);
    let product = show(&world, &ada, &shown).await;
    world.run_jobs().await;
    assert_eq!(collect(&world, &ada, 23).await, (0, 0), "not before a day has passed");
    assert_eq!(collect(&world, &ada, 25).await, (1, 1));
    let vendor = world.vendor(&ada);
    vendor.get(format!("media/{}", id(&unused))).await.refused(404, "media.not_found");
    assert_eq!(vendor.get(format!("media/{}", id(&shown))).await.ok()["status"], "ready");
    let kept = files(&world);
    assert!(kept.len() == 4 && kept.iter().all(|key| key.contains(&id(&shown).uuid().to_string())), "{kept:?}");

    // Taken off its product it has a day more, counted from the round that has noticed.
    let image = vendor.get(&product).await.ok()["images"][0]["id"].as_str().unwrap().to_owned();
    vendor.delete(format!("{product}/images/{image}")).await.ok();
    assert_eq!(collect(&world, &ada, 26).await, (0, 0));
    assert_eq!(collect(&world, &ada, 51).await, (1, 1));
    assert_eq!(files(&world), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_product_shows_again_stays() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let media = upload(&world, &ada, pictures::png(20, 20, 1)).await;
    world.run_jobs().await;
    assert_eq!(collect(&world, &ada, 1).await, (0, 0));
    show(&world, &ada, &media).await;
    assert_eq!(collect(&world, &ada, 100).await, (0, 0));
    assert_eq!(files(&world).len(), 4);
}

#[tokio::test]
async fn a_deleted_picture_is_gone_at_once_and_a_shown_one_is_not_deleted() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let (shown, unused) = (upload(&world, &ada, pictures::png(20, 20, 1)).await, upload(&world, &ada, pictures::png(20, 20, 2)).await);
    show(&world, &ada, &shown).await;
    world.run_jobs().await;
    world.vendor(&ada).delete(format!("media/{}", id(&shown))).await.refused(409, "media.in_use");
    assert_eq!(world.vendor(&ada).delete(format!("media/{}", id(&unused))).await.status(), 204);
    world.run_jobs().await;
    assert!(files(&world).iter().all(|key| key.contains(&id(&shown).uuid().to_string())));
}

/// An order's line is a copy: its picture is there as long as the order is.
#[tokio::test]
async fn what_was_bought_goes_on_being_shown_by_its_order() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let media = upload(&world, &ada, pictures::png(20, 20, 1)).await;
    let mug = a_product().create(&world, &ada).await;
    let path = format!("products/{}", mug.id);
    let with_image = world.vendor(&ada).post(format!("{path}/images"), &json!({ "media_id": media["id"] })).await.ok();
    world.run_jobs().await;
    let order = Guest::of(&world, &ada).buy(&mug, 1).await;
    let link = format!("orders/{}?token={}", order["id"].as_str().unwrap(), order["token"].as_str().unwrap());
    let bought = world.shopper(&ada).get(&link).await.ok()["lines"][0]["image_url"].clone();
    assert_eq!(fetch(&world, &bought).await.status(), 200);
    world.vendor(&ada).delete(format!("{path}/images/{}", with_image["images"][0]["id"].as_str().unwrap())).await.ok();
    assert_eq!(collect(&world, &ada, 1).await, (0, 0));
    assert_eq!(collect(&world, &ada, 100).await, (0, 0));
    assert_eq!(fetch(&world, &bought).await.status(), 200);
}

/// Whoever died between the file and its row has left a file that nobody knows.
#[tokio::test]
async fn a_file_without_a_row_goes_when_it_is_a_day_old() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let kept = upload(&world, &ada, pictures::png(20, 20, 1)).await;
    show(&world, &ada, &kept).await;
    world.run_jobs().await;
    let stray = media::Original::of(pictures::png(20, 20, 9).into()).unwrap();
    media::place(&world.db(&ada), &world.ctx.objects, stray).await.unwrap();
    assert_eq!(files(&world).len(), 5);
    assert_eq!(collect(&world, &ada, 23).await, (0, 0), "its row may still come");
    assert_eq!(collect(&world, &ada, 25).await, (0, 1));
    let left = files(&world);
    assert!(left.len() == 4 && left.iter().all(|key| key.contains(&id(&kept).uuid().to_string())), "{left:?}");
}

/// The round sees a picture that nothing shows; before it deletes the row, somebody has begun to show it.
#[tokio::test]
async fn a_picture_that_is_just_being_shown_is_not_taken_away() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let media = upload(&world, &ada, pictures::png(20, 20, 1)).await;
    let product = a_product().create(&world, &ada).await;
    world.run_jobs().await;
    let showing = world.begin(&ada).await;
    let new = NewImage { media_id: Some(id(&media)), ..NewImage::default() };
    images::add(&showing, &world.clock, product.id, None, new).await.unwrap();
    let late = Clock::fixed(world.clock.now() + TimeDelta::hours(48));
    let (db, objects) = (world.db(&ada), world.ctx.objects.clone());
    let round = tokio::spawn(async move { media::collect_garbage(&db, &objects, &late, None).await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    showing.commit().await.unwrap();
    assert_eq!(round.await.unwrap().unwrap().rows, 0);
    assert_eq!(world.vendor(&ada).get(format!("media/{}", id(&media))).await.ok()["status"], "ready");
    world.run_jobs().await;
    assert_eq!(files(&world).len(), 4);
}

/// The bytes of a picture that is about to go are sent once more: the sender gets a picture that stays, or is told to try again.
#[tokio::test]
async fn bytes_that_were_forgotten_meanwhile_are_not_promised() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let file = pictures::png(20, 20, 1);
    let media = upload(&world, &ada, file.clone()).await;
    world.run_jobs().await;
    let again = media::Original::of(file.clone().into()).unwrap();
    let placed = media::place(&world.db(&ada), &world.ctx.objects, again).await.unwrap();
    assert_eq!(collect(&world, &ada, 48).await, (1, 1));
    let tx = world.begin(&ada).await;
    let refused = media::record(&tx, &world.clock, &placed, "system").await.unwrap_err();
    assert!(matches!(refused, media::Error::Stopped), "{refused}");
    drop(tx);
    let anew = upload(&world, &ada, file).await;
    assert_ne!(anew["id"], media["id"]);
    world.run_jobs().await;
    assert_eq!(world.vendor(&ada).get(format!("media/{}", id(&anew))).await.ok()["status"], json!("ready"));
}

#[tokio::test]
async fn the_schedule_sees_to_every_store_that_has_pictures() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    for store in [&ada, &bob] {
        upload(&world, store, pictures::png(20, 20, 1)).await;
    }
    world.run_jobs().await;
    let tx = world.state.database.platform().begin().await.unwrap();
    let mut wanted = vec![ada.id, bob.id];
    wanted.sort();
    assert_eq!(media::tenants_with_media(&tx).await.unwrap(), wanted);
}
