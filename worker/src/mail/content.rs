//! What mails tell, ready to be printed: amounts with their currency, days by the store's calendar, addresses as lines.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use commerce::{
    address::Address,
    catalog::ONLY_VARIANT,
    ids::StockLevelId,
    orders::{self, Fulfillment, FulfillmentLine, Order, OrderLine, OrderTaxLine},
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use serde::Serialize;
use tenancy::TenantTx;

use super::without_links;
use crate::{call::JobError, links::Links};

/// In whose name a mail is written.
#[derive(Clone, Debug, Serialize)]
pub struct Store {
    pub name: String,
    pub contact_email: String,
    pub url: String,
    #[serde(skip)]
    pub slug: String,
    #[serde(skip)]
    pub time_zone: Tz,
}

#[derive(FromQueryResult)]
struct StoreRow {
    name: String,
    contact_email: String,
    time_zone: String,
    slug: String,
}

impl Store {
    /// # Errors
    /// The store has no settings, or Postgres is away.
    pub async fn load(tx: &TenantTx, links: &Links) -> Result<Self, JobError> {
        let ask = "SELECT s.name, s.contact_email, s.time_zone, t.slug FROM store_settings s JOIN tenants t ON t.id = s.tenant_id";
        let row = StoreRow::find_by_statement(Statement::from_string(tx.get_database_backend(), ask)).one(tx).await?;
        let row = row.ok_or_else(|| JobError::fail(anyhow::anyhow!("the store has no settings")))?;
        let time_zone = row.time_zone.parse().unwrap_or(Tz::UTC);
        Ok(Self { name: row.name, contact_email: row.contact_email, url: links.store(&row.slug), slug: row.slug, time_zone })
    }

    /// As strangers are told of it.
    pub fn without_links(self) -> Self {
        Self { name: without_links(&self.name), ..self }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct OrderView {
    pub number: i64,
    pub placed_on: String,
    pub url: String,
    pub lines: Vec<LineView>,
    pub subtotal: String,
    pub shipping_method: Option<String>,
    pub shipping_total: String,
    pub taxes: Vec<TaxView>,
    pub prices_include_tax: bool,
    pub total: String,
    pub ship_to: Option<Vec<String>>,
    pub bill_to: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct LineView {
    pub title: String,
    pub variant: Option<String>,
    pub sku: Option<String>,
    pub quantity: i32,
    pub unit_price: Option<String>,
    pub total: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct TaxView {
    /// `VAT 19%`.
    pub name: String,
    pub amount: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct ParcelView {
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub tracking_url: Option<String>,
    /// Nothing of the order is left to send.
    pub is_complete: bool,
    pub lines: Vec<LineView>,
}

impl OrderView {
    /// # Errors
    /// Postgres is away.
    pub async fn load(tx: &TenantTx, links: &Links, store: &Store, order: &Order) -> Result<Self, JobError> {
        let (bought, taxes) = (orders::lines(tx, order.id).await?, orders::tax_lines(tx, order.id).await?);
        Ok(Self {
            number: order.number,
            placed_on: day(order.placed_at, store.time_zone),
            url: links.order(&store.slug, order.tenant_id, order.id),
            lines: bought.iter().map(|line| LineView::bought(order, line)).collect(),
            subtotal: order.money(order.subtotal).printed(),
            shipping_method: order.shipping_method_name.clone(),
            shipping_total: order.money(order.shipping_total).printed(),
            taxes: taxes_by_rate(order, &taxes),
            prices_include_tax: order.prices_include_tax,
            total: order.money(order.total).printed(),
            ship_to: order.shipping_address.as_ref().map(address),
            bill_to: order.billing_address.as_ref().filter(|billing| order.shipping_address.as_ref() != Some(*billing)).map(address),
        })
    }
}

/// What is getting scarce, and where.
#[derive(Clone, Debug, Serialize, FromQueryResult)]
pub struct LowStockView {
    pub title: String,
    pub variant: Option<String>,
    pub sku: Option<String>,
    pub location: String,
    pub available: i32,
    pub reorder_point: i32,
}

impl LowStockView {
    /// # Errors
    /// Postgres is away.
    pub async fn load(tx: &TenantTx, level: StockLevelId, available: i32, reorder_point: i32) -> Result<Option<Self>, DbErr> {
        let ask =
            "SELECT p.title, nullif(v.title, $4) AS variant, v.sku, loc.name AS location, $2::int AS available, $3::int AS reorder_point
                   FROM stock_levels l JOIN variants v ON v.id = l.variant_id JOIN products p ON p.id = v.product_id
                   JOIN locations loc ON loc.id = l.location_id WHERE l.id = $1";
        let values = [level.into(), available.into(), reorder_point.into(), ONLY_VARIANT.into()];
        Self::find_by_statement(Statement::from_sql_and_values(tx.get_database_backend(), ask, values)).one(tx).await
    }
}

impl LineView {
    fn bought(order: &Order, line: &OrderLine) -> Self {
        Self {
            title: line.product_title.clone(),
            variant: Some(line.variant_title.clone()).filter(|title| !title.is_empty() && title != ONLY_VARIANT),
            sku: line.sku.clone(),
            quantity: line.quantity,
            unit_price: Some(order.money(line.unit_price).printed()),
            total: order.money(line.subtotal).printed(),
        }
    }

    fn sent(order: &Order, line: &OrderLine, quantity: i32) -> Self {
        Self { quantity, unit_price: None, total: String::new(), ..Self::bought(order, line) }
    }
}

impl ParcelView {
    pub fn of(order: &Order, lines: &[OrderLine], fulfillment: &Fulfillment, sent: &[FulfillmentLine]) -> Self {
        let quantity = |line: &OrderLine| sent.iter().find(|part| part.order_line_id == line.id).map(|part| part.quantity);
        Self {
            carrier: fulfillment.carrier.clone(),
            tracking_number: fulfillment.tracking_number.clone(),
            tracking_url: fulfillment.tracking_url.clone(),
            is_complete: lines.iter().filter(|line| line.requires_shipping).all(|line| quantity(line) == Some(line.quantity)),
            lines: lines.iter().filter_map(|line| Some(LineView::sent(order, line, quantity(line)?))).collect(),
        }
    }
}

/// One line a rate, as it stands on a bill; rates that charged nothing are left out.
fn taxes_by_rate(order: &Order, lines: &[OrderTaxLine]) -> Vec<TaxView> {
    let mut rates: Vec<(String, i64)> = Vec::new();
    for line in lines.iter().filter(|line| line.amount != 0) {
        let percent = line.percent.normalize().to_string();
        let name = if line.name.contains(&percent) { line.name.clone() } else { format!("{} {percent}%", line.name) };
        match rates.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += line.amount,
            None => rates.push((name, line.amount)),
        }
    }
    rates.into_iter().map(|(name, sum)| TaxView { name, amount: order.money(sum).printed() }).collect()
}

fn address(address: &Address) -> Vec<String> {
    let place = [address.postcode.as_deref(), Some(address.city.as_str())].into_iter().flatten().collect::<Vec<_>>().join(" ");
    [
        Some(address.name.clone()),
        address.company.clone(),
        Some(address.line1.clone()),
        address.line2.clone(),
        Some(place),
        address.region.clone(),
        Some(country(&address.country)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn country(code: &str) -> String {
    rust_iso3166::from_alpha2(code).map_or_else(|| code.to_owned(), |country| country.name.to_owned())
}

fn day(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%-d %B %Y").to_string()
}
