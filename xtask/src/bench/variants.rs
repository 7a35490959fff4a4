//! What a product of many variants costs: made, edited in one request, and shown.

use std::time::Instant;

use serde_json::{Value, json};

use super::report::Report;
use super::shop;
use crate::demo::{Client, text};
use crate::services::Services;

const EDITS: usize = 7;
const SIZES: [(usize, usize, usize); 2] = [(400, 20, 20), (2000, 50, 40)];

pub(super) async fn measure(services: &Services, report: &mut Report) -> anyhow::Result<()> {
    let port = services.ports.of("api");
    let (_, key) = shop::store(services, "bench-variants").await?;
    let mut vendor = Client::open(port, "localhost").await?.with_token(&key);
    let mut storefront = Client::open(port, "bench-variants.localhost").await?.with_header("Cache-Control: no-cache");
    for (count, of_first, of_second) in SIZES {
        let values = |letter: char, count: usize| (0..count).map(|at| format!("{letter}{at}")).collect::<Vec<_>>();
        let options = json!([{ "name": "A", "values": values('a', of_first) }, { "name": "B", "values": values('b', of_second) }]);
        let product = json!({ "title": format!("Of {count}"), "options": options });
        let made = vendor.send("POST", "/vendor/v1/products", &product).await?;
        let path = format!("/vendor/v1/products/{}", text(&made, "/id")?);
        let price = |minor: usize| json!([{ "price": { "amount": format!("{minor}.90"), "currency": "EUR" } }]);
        let matrix = json!({ "sku_pattern": "{product}-{values}", "prices": price(19), "on_hand": 10 });
        let begun = Instant::now();
        let whole = vendor.send("POST", &format!("{path}/variants/generate"), &matrix).await?;
        report.figure(&format!("{count} variants made of a matrix"), begun.elapsed().as_secs_f64() * 1000.0, "ms");
        let mut taken = Vec::new();
        for round in 0..EDITS {
            let edit = |(at, variant): (usize, &Value)| json!({ "id": variant["id"], "sku": format!("S-{count}-{round}-{at}"), "weight_grams": 100 + round, "prices": price(10 + round) });
            let edits: Vec<Value> = whole["variants"].as_array().into_iter().flatten().enumerate().map(edit).collect();
            let body = json!({ "variants": edits });
            let begun = Instant::now();
            vendor.send("PATCH", &format!("{path}/variants"), &body).await?;
            taken.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        report.figure(&format!("{count} variants edited at once, median"), median(&mut taken), "ms");
        vendor.act(&format!("{path}/publish")).await?;
        let (mut taken, mut bytes) = (Vec::new(), 0);
        for _ in 0..EDITS {
            let begun = Instant::now();
            bytes = storefront.ask("GET", &format!("/storefront/v1/products/of-{count}"), None, None).await?.bytes;
            taken.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        report.figure(&format!("a page of {count} variants, median"), median(&mut taken), "ms");
        report.figure(&format!("a page of {count} variants"), f64::from(u32::try_from(bytes / 1024)?), "KiB");
    }
    Ok(())
}

fn median(taken: &mut [f64]) -> f64 {
    taken.sort_by(f64::total_cmp);
    taken[taken.len() / 2]
}
