//! How long until what follows has followed.

use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::json;

use super::report::Report;
use super::shop::{self, Shop};
use crate::demo::{Client, text};
use crate::http::{self, Connection};
use crate::services::Services;

const CHANGES: usize = 20;
const IMPORTED: usize = 10_000;

/// Waits until no fact and no job is on its way.
pub(super) async fn quiet(services: &Services) -> anyhow::Result<()> {
    let begun = Instant::now();
    while services.sql("stoa", "SELECT (SELECT count(*) FROM facts WHERE relayed_at IS NULL) + (SELECT count(*) FROM waiting_jobs)")?.trim()
        != "0"
    {
        if begun.elapsed() > Duration::from_mins(5) {
            bail!("facts are still not relayed after five minutes");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // The last jobs have left the queue; give them time to end.
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(())
}

/// Change → searchable, asked from outside; fact → job start, as the worker counts it.
pub(super) async fn measure(services: &Services, shop: &Shop, report: &mut Report) -> anyhow::Result<()> {
    let port = services.ports.of("api");
    let mut vendor = Client::open(port, "localhost").await?.with_token(&shop.secret_key);
    let mut storefront = Client::open(port, &shop.host).await?;
    let mut seconds = Vec::new();
    for number in 0..CHANGES {
        let found = storefront.get(&format!("/storefront/v1/products/{}", shop.slugs[number * 7])).await?;
        // A word that nothing else has.
        let word = format!("zephyrine{}", (b'a' + u8::try_from(number).unwrap_or(0)) as char);
        vendor
            .send("PATCH", &format!("/vendor/v1/products/{}", text(&found, "/id")?), &json!({ "title": format!("The {word} kettle") }))
            .await?;
        let changed = Instant::now();
        while storefront.get(&format!("/storefront/v1/search?q={word}&limit=1")).await?["data"].as_array().is_none_or(Vec::is_empty) {
            if changed.elapsed() > Duration::from_mins(1) {
                bail!("a change was not searchable after a minute");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        seconds.push(changed.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    report.figure("change → searchable, median", seconds[CHANGES / 2] * 1000.0, "ms");
    report.figure("change → searchable, slowest", seconds[CHANGES - 1] * 1000.0, "ms");
    for (quantile, name) in [("0.5", "median"), ("0.99", "p99")] {
        if let Some(value) = job_start_delay(services, quantile).await? {
            report.figure(&format!("fact → job start, {name}"), value * 1000.0, "ms");
        }
    }
    Ok(())
}

async fn job_start_delay(services: &Services, quantile: &str) -> anyhow::Result<Option<f64>> {
    let question = http::request("GET", "localhost", "/metrics", &[], None);
    let metrics = Connection::open(services.ports.of("worker-internal")).await?.send(&question).await?.text();
    let of_search = |line: &&str| {
        line.starts_with("stoa_job_start_delay_seconds{")
            && line.contains("lane=\"search\"")
            && line.contains(&format!("quantile=\"{quantile}\""))
    };
    Ok(metrics.lines().filter(of_search).find_map(|line| line.rsplit(' ').next()?.parse().ok()))
}

/// A file of 10,000 products into an empty store, until the import says that it is done.
pub(super) async fn import(services: &Services, report: &mut Report) -> anyhow::Result<()> {
    let (_, key) = shop::store(services, "bench-import").await?;
    let mut client = Client::open(services.ports.of("api"), "localhost").await?.with_token(&key).with_header("Content-Type: text/csv");
    let begun = Instant::now();
    let answer = client.ask("POST", "/vendor/v1/imports", None, Some(file().as_bytes())).await?;
    if answer.status >= 300 {
        bail!("the import was refused: {}", answer.text());
    }
    let path = format!("/vendor/v1/imports/{}", text(&answer.json()?, "/id")?);
    loop {
        let import = client.get(&path).await?;
        match text(&import, "/status")?.as_str() {
            "completed" if import["created_products"] == IMPORTED => break,
            "completed" | "failed" | "cancelled" => bail!("the import ended as {import}"),
            _ if begun.elapsed() > Duration::from_mins(10) => bail!("the import was not done within ten minutes: {import}"),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    report.figure("import of 10,000 products", begun.elapsed().as_secs_f64(), "s");
    Ok(())
}

fn file() -> String {
    let mut text = String::from(
        "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,\
         Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Image Src\n",
    );
    for number in 0..IMPORTED {
        writeln!(
            text,
            "thing-{number},Thing {number},<p>The {number}th thing.</p>,Maker {},Things,\"tag {}, all\",true,Title,Default Title,T-{number},250,shopify,12,deny,{}.50,https://images.example/{number}.jpg",
            number % 40,
            number % 15,
            5 + number % 95
        )
        .ok();
    }
    text
}
