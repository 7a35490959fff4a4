//! What is in a demo store: categories, products with stock, and what delivery costs.

use serde_json::{Value, json};

use super::catalogue::{self, Product, amount, slug};
use super::client::{Client, text};
use super::{DemoStore, Plan};
use crate::services::Services;

pub(super) async fn store(services: &Services, plan: &Plan, store: &DemoStore) -> anyhow::Result<()> {
    let mut client = Client::open(services.ports.of("api"), "localhost").await?.with_token(&store.secret_key);
    let images = format!("http://localhost:{}/images", services.ports.of("mail"));
    let mut parents: Vec<(String, String)> = Vec::new();
    let mut number = 0;
    for section in catalogue::read(plan.catalogue)? {
        let parent = section.parent.as_ref().and_then(|name| parents.iter().find(|(known, _)| known == name)).map(|(_, id)| id.clone());
        let mut request = json!({ "name": section.name });
        if let Some(parent) = parent {
            request["parent_id"] = parent.into();
        }
        let key = format!("demo-category-{}", slug(&section.name));
        let category = text(&client.post("/vendor/v1/categories", &key, &request).await?, "/id")?;
        parents.push((section.name, category.clone()));
        for product in &section.products {
            number += 1;
            let request = request_for(plan, product, number, &category, &images);
            let made = client.post("/vendor/v1/products", &format!("demo-product-{number}"), &request).await?;
            let id = text(&made, "/id")?;
            client.act(&format!("/vendor/v1/products/{id}/publish")).await?;
        }
    }
    reorder_points(&mut client).await?;
    delivery(&mut client, plan).await
}

fn request_for(plan: &Plan, product: &Product, number: usize, category: &str, images: &str) -> Value {
    let slug = slug(&product.title);
    let variants: Vec<Value> = product
        .variants
        .iter()
        .enumerate()
        .map(|(at, variant)| {
            let money = |cents| json!({ "amount": amount(cents), "currency": plan.currency });
            let mut price = json!({ "price": money(variant.cents) });
            let surcharge = variant.cents.saturating_sub(product.variants[0].cents);
            if let Some(was) = product.compare_at {
                price["compare_at"] = money(was + surcharge);
            }
            json!({
                "options": variant.values,
                "sku": format!("{}-{number:03}-{:02}", plan.sku_prefix, at + 1),
                "weight_grams": product.grams,
                "prices": [price],
                // Between 3 and 62, the same on every machine.
                "on_hand": 3 + (number * 17 + at * 11) % 60,
            })
        })
        .collect();
    let pictures: Vec<Value> = (1..=2).map(|n| json!({ "url": format!("{images}/{slug}-{n}.png"), "alt": product.title })).collect();
    json!({
        "title": product.title,
        "slug": slug,
        "description": format!("<p>{}</p>", product.description),
        "brand": product.brand,
        "options": product.options.iter().map(|(name, values)| json!({ "name": name, "values": values })).collect::<Vec<_>>(),
        "variants": variants,
        "categories": [category],
        "tags": product.tags,
        "images": pictures,
    })
}

/// Every level warns at five.
async fn reorder_points(client: &mut Client) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let page = client.get(&format!("/vendor/v1/stock-levels?limit=100{after}")).await?;
        for level in page["data"].as_array().into_iter().flatten() {
            let path = format!("/vendor/v1/stock-levels/{}", text(level, "/id")?);
            client.send("PATCH", &path, &json!({ "reorder_point": 5 })).await?;
        }
        match page.pointer("/page/next").and_then(Value::as_str) {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(()),
        }
    }
}

/// A second way to send within the country, priced by weight, beside the flat one every store starts with.
async fn delivery(client: &mut Client, plan: &Plan) -> anyhow::Result<()> {
    let zones = client.get("/vendor/v1/shipping-zones?limit=1").await?;
    let zone = text(&zones, "/data/0/id")?;
    let rate = |grams: Option<u32>, price: &str| json!({ "up_to_grams": grams, "amount": { "amount": price, "currency": plan.currency } });
    let request = json!({
        "zone_id": zone, "name": "Parcel by weight", "kind": "by_weight",
        "rates": [rate(Some(1_000), "4.90"), rate(Some(5_000), "7.90"), rate(None, "14.90")],
    });
    client.post("/vendor/v1/shipping-methods", "demo-parcel", &request).await.map(|_| ())
}
