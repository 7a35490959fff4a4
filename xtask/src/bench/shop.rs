//! The shop that is asked, filled through the vendor API, and its neighbours, copied from it row by row.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::demo::{Client, text};
use crate::services::Services;

const PRODUCTS: usize = 1000;
const CATEGORIES: usize = 20;
const KINDS: [&str; 10] = ["Kettle", "Lantern", "Blanket", "Basket", "Carafe", "Hammock", "Compass", "Pillow", "Teapot", "Whetstone"];
const MATERIALS: [&str; 10] = ["Oak", "Linen", "Copper", "Enamel", "Willow", "Granite", "Merino", "Cedar", "Brass", "Hemp"];

pub(super) struct Shop {
    pub id: String,
    pub host: String,
    pub secret_key: String,
    pub slugs: Vec<String>,
    pub variants: Vec<String>,
    /// Each finds 24 products or more.
    pub words: Vec<String>,
}

/// Opens a store on the largest plan, so that its limits are not what is measured.
pub(super) async fn store(services: &Services, slug: &str) -> anyhow::Result<(String, String)> {
    let request = json!({
        "email": format!("owner@{slug}.example"), "password": format!("{slug}-bench-owner"), "owner_name": "Owner",
        "slug": slug, "name": "Bench", "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true,
    });
    let mut client = Client::open(services.ports.of("api"), "localhost").await?;
    let opened = client.send("POST", "/vendor/v1/stores", &request).await?;
    services.sql("stoa", &format!("UPDATE tenants SET plan = 'plus' WHERE slug = '{slug}'; NOTIFY stoa_tenants"))?;
    let tenant = services.sql("stoa", &format!("SELECT id FROM tenants WHERE slug = '{slug}'"))?;
    Ok((tenant.trim().to_owned(), text(&opened, "/secret_key")?))
}

/// 1,000 products of two variants each in 20 categories.
pub(super) async fn open(services: &Services) -> anyhow::Result<Shop> {
    let slug = "bench";
    let (id, secret_key) = store(services, slug).await?;
    let mut client = Client::open(services.ports.of("api"), "localhost").await?.with_token(&secret_key);
    let mut categories = Vec::new();
    for number in 0..CATEGORIES {
        let made = client.send("POST", "/vendor/v1/categories", &json!({ "name": format!("Category {number}") })).await?;
        categories.push(text(&made, "/id")?);
    }
    let mut shop = Shop { host: format!("{slug}.localhost"), id, secret_key, slugs: Vec::new(), variants: Vec::new(), words: Vec::new() };
    for number in 0..PRODUCTS {
        let made = client.send("POST", "/vendor/v1/products", &product(number, &categories[number % CATEGORIES])).await?;
        client.act(&format!("/vendor/v1/products/{}/publish", text(&made, "/id")?)).await?;
        shop.slugs.push(text(&made, "/slug")?);
        for variant in made["variants"].as_array().into_iter().flatten() {
            shop.variants.push(text(variant, "/id")?);
        }
    }
    shop.words = KINDS.iter().chain(&MATERIALS).map(|word| word.to_lowercase()).collect();
    Ok(shop)
}

fn product(number: usize, category: &str) -> Value {
    let (kind, material) = (KINDS[number % 10], MATERIALS[number / 10 % 10]);
    let price = |extra: usize| json!({ "price": { "amount": format!("{}.90", 9 + number % 90 + extra), "currency": "EUR" } });
    let variant = |size: &str, extra: usize| json!({ "options": { "Size": size }, "sku": format!("B-{number:04}-{size}"), "weight_grams": 400, "prices": [price(extra)], "on_hand": 900_000 });
    json!({
        "title": format!("{material} {kind} No. {number}"),
        "description": format!("<p>A {} made of {}, the {number}th of its kind, made to be used every day and to outlast its owner.</p>", kind.to_lowercase(), material.to_lowercase()),
        "brand": format!("Maker {}", number % 25),
        "options": [{ "name": "Size", "values": ["S", "L"] }],
        "variants": [variant("S", 0), variant("L", 5)],
        "categories": [category],
        "tags": [material, kind],
        "images": [{ "url": format!("https://images.example/{number}.jpg"), "alt": kind }],
    })
}

/// Copies every row of the shop's catalogue to other tenants: keys start with the tenant, so the same ids may stand in each.
pub(super) async fn neighbours(services: &Services, shop: &Shop, count: u32) -> anyhow::Result<()> {
    let tables = services.sql(
        "stoa",
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
         WHERE c.relkind = 'r' AND c.relname NOT IN ('tenant_hosts', 'api_keys', 'facts', 'waiting_jobs', 'handled_jobs', 'idempotency_keys') ORDER BY 1",
    )?;
    let mut script = String::from("SET session_replication_role = replica; SET synchronous_commit = off;\n");
    writeln!(
        script,
        "CREATE TEMP TABLE others AS SELECT gen_random_uuid() AS id, n FROM generate_series(1, {count}) n;
         INSERT INTO tenants SELECT o.id, 'neighbour-' || o.n, 'Neighbour ' || o.n, 'active', NULL, 'standard', 'main', now(), now() FROM others o;
         INSERT INTO tenant_hosts SELECT 'neighbour-' || o.n || '.localhost', o.id, 'platform', now(), now() FROM others o;"
    )?;
    for table in tables.lines() {
        let columns = services.sql(
            "stoa",
            &format!(
                "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                 WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname <> 'tenant_id'"
            ),
        )?;
        let columns = columns.trim();
        writeln!(
            script,
            "INSERT INTO {table} (tenant_id, {columns}) SELECT o.id, {} FROM {table} t CROSS JOIN others o WHERE t.tenant_id = '{}';",
            columns.split(", ").map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", "),
            shop.id
        )?;
    }
    script.push_str("ANALYZE;\n");
    services.sql_file("stoa", &script).await?;
    services.sql("stoa", "VACUUM").map(|_| ())
}
