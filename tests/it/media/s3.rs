//! The whole way with an S3 that somebody else wrote (npm's `s3rver`, which knows keys by their ids): sent, made, shown, cleared away.

use std::process::Stdio;

use chrono::TimeDelta;
use commerce::{
    clock::Clock,
    media::{self, MediaConfig},
};
use serde_json::json;
use tests::{World, pictures, settings};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::{fetch, files, show, upload};

const BUCKET: &str = "pictures";
/// What `s3rver` knows.
const KEY: &str = "S3RVER";

struct S3 {
    endpoint: String,
    _process: Child,
    /// It goes on telling: a pipe that nobody holds would end it.
    _told: Lines<BufReader<ChildStdout>>,
}

async fn s3() -> Option<S3> {
    let Some(folder) = settings::s3_server() else {
        eprintln!("SKIPPED: STOA_TEST_S3RVER does not name the folder of npm's s3rver; pictures in S3 were not tried");
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/s3_server.mjs");
    let place = std::env::temp_dir().join(format!("stoa-tests-s3-{}", std::process::id()));
    let mut process = Command::new("node")
        .args([script, &format!("{folder}/lib/s3rver.js"), place.to_str().unwrap(), BUCKET])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("node runs");
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.starts_with("http://127.0.0.1:") {
            return Some(S3 { endpoint: line, _process: process, _told: lines });
        }
    }
    panic!("the S3 server did not start");
}

fn config(s3: &S3, key: &str) -> MediaConfig {
    MediaConfig::S3 {
        bucket: BUCKET.to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(s3.endpoint.clone()),
        keys: Some((key.to_owned(), KEY.to_owned())),
    }
}

#[tokio::test]
async fn pictures_live_in_s3() {
    let Some(s3) = s3().await else { return };
    let world = World::keeping_pictures_in(config(&s3, KEY)).await;
    let ada = world.tenant("ada").await;
    let (shown, unused) = (upload(&world, &ada, pictures::png(300, 200, 1)).await, upload(&world, &ada, pictures::png(30, 20, 2)).await);
    let product = show(&world, &ada, &shown).await;
    world.run_jobs().await;
    let image = world.shopper(&ada).get(&product).await.ok()["images"][0].clone();
    assert_eq!(image["sources"].as_array().unwrap().len(), 6);
    for source in image["sources"].as_array().unwrap() {
        let answer = fetch(&world, &source["url"]).await;
        assert_eq!((answer.status(), answer.header("content-length")), (200, Some(answer.body().len().to_string().as_str())), "{source}");
    }
    assert_eq!(pictures::decoded(fetch(&world, &image["url"]).await.body()).dimensions(), (300, 200));
    let missing = image["url"].as_str().unwrap().replace("-300.", "-299.");
    fetch(&world, &json!(missing)).await.refused(404, "media.not_found");

    let (db, late) = (world.db(&ada), Clock::fixed(world.clock.now() + TimeDelta::hours(30)));
    let stray = media::Original::of(pictures::png(20, 20, 9).into()).unwrap();
    media::place(&db, &world.ctx.objects, stray).await.unwrap();
    let swept = media::collect_garbage(&db, &world.ctx.objects, &late, None).await.unwrap();
    assert_eq!((swept.rows, swept.next), (1, None));
    world.run_jobs().await;
    let again = media::collect_garbage(&db, &world.ctx.objects, &late, None).await.unwrap();
    assert_eq!((swept.objects, again.rows, again.objects), (2, 0, 0), "the stray, and what the job would have removed");
    world.vendor(&ada).get(format!("media/{}", unused["id"].as_str().unwrap())).await.refused(404, "media.not_found");
    assert_eq!(fetch(&world, &image["url"]).await.status(), 200);
    assert_eq!(files(&world), Vec::<String>::new(), "nothing lies in a folder");
}

#[tokio::test]
async fn a_bucket_that_refuses_us_is_told_as_away_and_leaves_no_row() {
    let Some(s3) = s3().await else { return };
    let world = World::keeping_pictures_in(config(&s3, "SOMEBODY")).await;
    let ada = world.tenant("ada").await;
    let refused = world.vendor(&ada).upload("media", "image/png", pictures::png(30, 20, 1)).await;
    assert_eq!((refused.status(), refused.header("retry-after")), (503, Some("5")), "{}", refused.text());
    assert!(!refused.text().contains("SOMEBODY") && !refused.text().contains(&s3.endpoint), "{}", refused.text());
    assert_eq!(world.vendor(&ada).get("media").await.ok()["data"], json!([]));
    world.run_jobs().await;
}
