//! A process may die at any instant, and the place of the files may not answer: nothing that is shown is lost, and what was begun is
//! ended by whoever comes next.

use chrono::TimeDelta;
use commerce::{
    clock::Clock,
    ids::MediaId,
    media::{self, Renderer, Turn},
};
use serde_json::json;
use tests::{Store, World, pictures, stumbling::Stumbling};

use super::{fetch, files, show, upload};

/// Files of the picture that these tests use: three formats of two sizes.
const FILES: i64 = 6;

async fn all_are_there(world: &World, store: &Store, id: MediaId) {
    let ready = world.vendor(store).get(format!("media/{id}")).await.ok();
    assert_eq!(ready["status"], "ready");
    let sources = ready["sources"].as_array().unwrap();
    assert_eq!(i64::try_from(sources.len()).unwrap(), FILES);
    for source in sources {
        assert_eq!(fetch(world, &source["url"]).await.status(), 200, "{source}");
    }
}

#[tokio::test]
async fn a_picture_whose_making_is_cut_short_is_made_by_the_next() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    let stumbling = Stumbling::in_folder(&world.media_folder());
    for calls in 0..FILES {
        let media = upload(&world, &ada, pictures::png(200, 150, u8::try_from(calls).unwrap())).await;
        let id: MediaId = media["id"].as_str().unwrap().parse().unwrap();
        stumbling.after(calls);
        let (db, renderer) = (world.db(&ada), Renderer::default());
        let cut = media::make_variants(&db, &stumbling.objects(), &renderer, &world.clock, id).await;
        assert!(matches!(cut, Err(media::Error::Store(_))), "after {calls} calls: {cut:?}");
        assert_eq!(world.vendor(&ada).get(format!("media/{id}")).await.ok()["status"], "uploaded", "after {calls} calls");
        stumbling.after(i64::MAX);
        while media::make_variants(&db, &stumbling.objects(), &renderer, &world.clock, id).await.unwrap() == Turn::Goes {}
        all_are_there(&world, &ada, id).await;
        // Once more, by a job that was told of it late: nothing is made twice.
        stumbling.after(0);
        assert_eq!(media::make_variants(&db, &stumbling.objects(), &renderer, &world.clock, id).await.unwrap(), Turn::Ended);
    }
    world.leave_facts();
}

#[tokio::test]
async fn many_at_one_picture_make_it_once_and_whole() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let media = upload(&world, &ada, pictures::png(200, 150, 1)).await;
    let id: MediaId = media["id"].as_str().unwrap().parse().unwrap();
    let makers = (0..4).map(|_| async {
        let renderer = Renderer::default();
        while media::make_variants(&world.db(&ada), &world.ctx.objects, &renderer, &world.clock, id).await.unwrap() == Turn::Goes {}
    });
    futures::future::join_all(makers).await;
    all_are_there(&world, &ada, id).await;
    world.run_jobs().await;
}

#[tokio::test]
async fn a_file_that_could_not_be_kept_has_no_row() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    let stumbling = Stumbling::in_folder(&world.media_folder());
    stumbling.after(0);
    let original = media::Original::of(pictures::png(20, 20, 1).into()).unwrap();
    let placed = media::place(&world.db(&ada), &stumbling.objects(), original).await;
    assert!(matches!(placed, Err(media::Error::Store(_))), "{placed:?}");
    assert_eq!(world.vendor(&ada).get("media").await.ok()["data"], json!([]));
    world.leave_facts();
}

/// A removal that is cut short at any call leaves files that the next round finds, and never touches another picture.
#[tokio::test]
async fn garbage_that_was_half_removed_is_removed_by_the_next_round() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    let stumbling = Stumbling::in_folder(&world.media_folder());
    let kept = upload(&world, &ada, pictures::png(200, 150, 200)).await;
    show(&world, &ada, &kept).await;
    world.run_jobs().await;
    let late = Clock::fixed(world.clock.now() + TimeDelta::hours(30));
    for calls in 0..=FILES {
        let gone = upload(&world, &ada, pictures::png(200, 150, u8::try_from(calls).unwrap())).await;
        let id: MediaId = gone["id"].as_str().unwrap().parse().unwrap();
        world.run_jobs().await;
        let tx = world.begin(&ada).await;
        media::delete(&tx, &world.clock, id).await.unwrap();
        tx.commit().await.unwrap();
        stumbling.after(calls);
        let cut = media::remove_objects(&world.db(&ada), &stumbling.objects(), id).await;
        assert!(matches!(cut, Err(media::Error::Store(_))), "after {calls} calls: {cut:?}");
        let swept = media::collect_garbage(&world.db(&ada), &world.ctx.objects, &late, None).await.unwrap();
        assert_eq!(swept.objects, 1, "after {calls} calls");
        let left = files(&world);
        let kept_id = kept["id"].as_str().unwrap().parse::<MediaId>().unwrap().uuid().to_string();
        assert!(left.iter().all(|key| key.contains(&kept_id)) && i64::try_from(left.len()).unwrap() == FILES + 1, "{left:?}");
    }
    world.leave_facts();
}
