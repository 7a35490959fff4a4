//! Many want what there is little of: how long until each knows.

use std::time::Instant;

use anyhow::ensure;
use serde_json::json;

use super::journey::Caller;
use super::load::join;
use super::report::Report;
use super::shop::Shop;
use crate::demo::{Client, text};
use crate::http::Connection;
use crate::services::Services;

const BUYERS: usize = 50;
const STOCK: usize = 10;

/// Fifty buyers at once, each with a connection of their own, of a thing of which there are ten.
pub(super) async fn measure(services: &Services, shop: &Shop, report: &mut Report) -> anyhow::Result<()> {
    let port = services.ports.of("api");
    let mut vendor = Client::open(port, "localhost").await?.with_token(&shop.secret_key);
    let product = json!({
        "title": "The last ten", "variants": [{ "weight_grams": 100, "on_hand": STOCK, "prices": [{ "price": { "amount": "5.00", "currency": "EUR" } }] }],
    });
    let made = vendor.send("POST", "/vendor/v1/products", &product).await?;
    vendor.act(&format!("/vendor/v1/products/{}/publish", text(&made, "/id")?)).await?;
    let cart = json!({ "lines": [{ "variant_id": text(&made, "/variants/0/id")?, "quantity": 1 }] });
    let mut connections = Vec::new();
    for _ in 0..BUYERS {
        connections.push(Connection::open(port).await?);
    }
    let begun = Instant::now();
    let buyers = connections.iter_mut().enumerate().map(async |(number, connection)| {
        let mut buyer = Caller::new(connection, &shop.host);
        buyer.checkout(&cart, number).await?;
        anyhow::Ok(buyer.turn.failed)
    });
    let outcomes = join(buyers.collect()).await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    report.figure("50 buyers of 10 units, until all know", begun.elapsed().as_secs_f64(), "s");
    let count = |wanted: Option<u16>| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    ensure!((count(None), count(Some(409))) == (STOCK, BUYERS - STOCK), "not ten orders and forty refusals: {outcomes:?}");
    Ok(())
}
