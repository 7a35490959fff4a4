//! Two believable stores and one operator, made once through the same API a merchant would call.
//!
//! What was made is remembered in `.dev/demo.json`. A start that was interrupted goes on where it stopped, because every
//! call has an idempotency key of its own.

mod catalogue;
mod client;
mod fill;

pub(crate) use client::{Client, text};

use std::path::PathBuf;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::console::{heading, say, step};
use crate::dev::programs::{self, Profile};
use crate::services::Services;

const OPERATOR: (&str, &str) = ("operator@stoa.example", "stoa-demo-operator");
/// Known to everybody, as the password is: `cargo xtask operator code` shows the code of the moment.
pub(crate) const OPERATOR_SECRET: &str = "STOADEMOSTOADEMOSTOADEMOSTOADEMO";

/// What a demo store is, before it is opened.
struct Plan {
    slug: &'static str,
    name: &'static str,
    currency: &'static str,
    country: &'static str,
    time_zone: &'static str,
    prices_include_tax: bool,
    sku_prefix: &'static str,
    catalogue: &'static str,
}

const PLANS: [Plan; 2] = [
    Plan {
        slug: "lindgrove",
        name: "Lindgrove",
        currency: "EUR",
        country: "DE",
        time_zone: "Europe/Berlin",
        prices_include_tax: true,
        sku_prefix: "LG",
        catalogue: include_str!("lindgrove.txt"),
    },
    Plan {
        slug: "harbor-and-pine",
        name: "Harbor & Pine",
        currency: "USD",
        country: "US",
        time_zone: "America/New_York",
        prices_include_tax: false,
        sku_prefix: "HP",
        catalogue: include_str!("harbor-and-pine.txt"),
    },
];

/// What a person needs to try a demo store.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DemoStore {
    pub slug: String,
    pub name: String,
    pub email: String,
    pub password: String,
    pub publishable_key: String,
    pub secret_key: String,
    filled: bool,
}

/// Opens and fills the demo stores that are missing, and makes the operator.
pub(crate) async fn fill(services: &Services) -> anyhow::Result<Vec<DemoStore>> {
    let file = services.folder.join("demo.json");
    let mut stores = remembered(services, &file).await;
    let operator_is_made = services.folder.join("operator-is-made");
    if stores.is_empty() || !operator_is_made.exists() {
        step("operator", operator(services)).await?;
        std::fs::write(&operator_is_made, "")?;
    }
    for (at, plan) in PLANS.iter().enumerate() {
        if stores.len() == at {
            stores.push(open(services, plan).await.with_context(|| format!("opening {}", plan.name))?);
            remember(&file, &stores)?;
        }
        if let Some(store) = stores.get_mut(at).filter(|store| !store.filled) {
            step(&format!("{} with its catalogue", plan.name), fill::store(services, plan, store)).await?;
            store.filled = true;
            remember(&file, &stores)?;
        }
    }
    Ok(stores)
}

/// The stores of an earlier start, unless their data have gone.
async fn remembered(services: &Services, file: &PathBuf) -> Vec<DemoStore> {
    let stores: Vec<DemoStore> = std::fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    for store in &stores {
        let host = format!("{}.localhost", store.slug);
        let alive = async { Client::open(services.ports.of("api"), &host).await?.get("/storefront/v1/store").await };
        if alive.await.is_err() {
            return Vec::new();
        }
    }
    stores
}

fn remember(file: &PathBuf, stores: &[DemoStore]) -> anyhow::Result<()> {
    Ok(std::fs::write(file, serde_json::to_vec_pretty(stores)?)?)
}

async fn operator(services: &Services) -> anyhow::Result<()> {
    let mut command = programs::program(services, Profile::Debug, "stoa-api")?;
    command
        .env("STOA_OPERATOR_PASSWORD", OPERATOR.1)
        .env("STOA_OPERATOR_SECRET", OPERATOR_SECRET)
        .env("STOA_INTERNAL_LISTEN", "127.0.0.1:0");
    programs::run(services, command, &["operator", "add", "--email", OPERATOR.0, "--name", "Demo operator"], "migrate").await
}

async fn open(services: &Services, plan: &Plan) -> anyhow::Result<DemoStore> {
    let (email, password) = (format!("owner@{}.example", plan.slug), format!("{}-demo-owner", plan.slug));
    let request = json!({
        "email": email, "password": password, "owner_name": format!("Owner of {}", plan.name),
        "slug": plan.slug, "name": plan.name, "currency": plan.currency, "country": plan.country,
        "time_zone": plan.time_zone, "prices_include_tax": plan.prices_include_tax,
    });
    let mut client = Client::open(services.ports.of("api"), "localhost").await?;
    let opened = client.send("POST", "/vendor/v1/stores", &request).await?;
    Ok(DemoStore {
        slug: plan.slug.to_owned(),
        name: plan.name.to_owned(),
        publishable_key: text(&opened, "/publishable_key")?,
        secret_key: text(&opened, "/secret_key")?,
        email,
        password,
        filled: false,
    })
}

/// What a person can do now.
pub(crate) fn explain(services: &Services, stores: &[DemoStore]) {
    let api = services.ports.of("api");
    heading("\nStores");
    for store in stores {
        say(&format!("{}  http://{}.localhost:{api}/storefront/v1/store", store.name, store.slug));
        say(&format!("  vendor sign-in   {} / {}", store.email, store.password));
        say(&format!("  publishable key  {}", store.publishable_key));
        say(&format!("  secret key       {}", store.secret_key));
    }
    heading("\nPlatform");
    say(&format!("operator sign-in   {} / {}, and the code that `cargo xtask operator code` shows", OPERATOR.0, OPERATOR.1));
    say(&format!("  authenticator    {OPERATOR_SECRET}"));
    for audience in ["storefront", "vendor", "platform"] {
        say(&format!("reference          http://localhost:{api}/docs/{audience}"));
    }
    say(&format!("mail               http://localhost:{}/", services.ports.of("mail")));
    say(&format!("metrics            http://127.0.0.1:{}/metrics", services.ports.of("api-internal")));
    say(&format!("logs               {}", services.folder.join("log").display()));
    let [first, second] = stores else { return };
    heading("\nTry");
    say(&format!("curl -s 'http://{}.localhost:{api}/storefront/v1/products?limit=3'", first.slug));
    say(&format!("curl -s 'http://{}.localhost:{api}/storefront/v1/search?q=hamock'", second.slug));
    say(&format!("curl -s -H 'Authorization: Bearer {}' 'http://localhost:{api}/vendor/v1/stock-levels?limit=3'", first.secret_key));
}
