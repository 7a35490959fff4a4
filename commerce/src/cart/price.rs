//! The one statement that prices a cart.

use std::sync::LazyLock;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};
use serde_json::Value as Json;
use tenancy::TenantTx;
use uuid::Uuid;

use super::Error;
use super::content::{Cart, CartLine, MAX_LINES};
use super::priced::{Offer, PricedCart, PricedLine, Terms, assemble, shipped_grams};
use crate::clock::Clock;
use crate::ids::{CartId, ProductId, VariantId};
use crate::money::{Currency, Money};
use crate::shipping::quote;
use crate::tax::{self, RateTable};

/// What the statement found: the cart as it stands today, or a copy of it that is newer than what was known.
pub(super) enum Found {
    Priced(Box<PricedCart>),
    Newer(Box<Cart>),
}

/// Prices `cart` for `country`, in one statement, unless there is a copy newer than `known`, the version that was read.
///
/// # Errors
/// The store does not accept the cart's currency; an amount leaves the range of money.
pub(super) async fn price(tx: &TenantTx, cart: &Cart, known: i64, country: Option<&str>) -> Result<Found, Error> {
    let variants: Vec<Uuid> = cart.lines.iter().map(|line| line.variant_id.uuid()).collect();
    let mut values = vec![variants.into(), cart.currency.code().into(), cart.id.into(), known.into()];
    values.extend(country.map(Into::into));
    let sql = if country.is_some() { &*IN_COUNTRY } else { &*NOWHERE };
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let rows = tx.query_all_raw(statement).await?;
    let mut rows = rows.iter().map(|row| Row::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?;
    let first = rows.first_mut().ok_or_else(|| DbErr::RecordNotFound("the store has no settings".into()))?;
    let store = Store {
        newer: first.newer.take(),
        accepts: first.accepts.unwrap_or_default(),
        prices_include_tax: first.prices_include_tax.unwrap_or_default(),
        rates: first.rates.take(),
        offers: first.offers.take(),
    };
    if let Some(newer) = store.newer {
        let newer = serde_json::from_value(newer).map_err(|error| DbErr::Json(error.to_string()))?;
        return Ok(Found::Newer(Box::new(newer)));
    }
    if !store.accepts {
        return Err(Error::CurrencyNotAccepted(cart.currency));
    }
    let mut offers: Vec<Option<Offer>> = cart.lines.iter().map(|_| None).collect();
    for row in rows {
        let place = row.position.and_then(|position| usize::try_from(position - 1).ok());
        if let Some((place, offer)) = place.zip(place.and_then(|place| cart.lines.get(place)).map(|line| row.offer(line, cart.currency))) {
            offers[place] = offer?;
        }
    }
    let grams = shipped_grams(offers.iter().flatten().map(|offer| &offer.line));
    let terms = Terms {
        prices_include_tax: store.prices_include_tax,
        rates: country.map(|country| RateTable::new(country, tax::rates::parse_table(store.rates))),
        quotes: quote::quotes(&quote::parse_offers(store.offers), cart.currency, grams),
    };
    assemble(cart.clone(), offers, terms).map(|priced| Found::Priced(Box::new(priced)))
}

/// Prices lines that no cart holds any more, those of an open checkout, as the catalogue and the store's rules stand now.
///
/// # Errors
/// The store no longer accepts the currency; an amount leaves the range of money.
pub async fn price_lines(
    tx: &TenantTx,
    clock: &Clock,
    currency: Currency,
    lines: &[(VariantId, u32)],
    country: Option<&str>,
) -> Result<PricedCart, Error> {
    let mut wish = Cart::empty(CartId::new(), currency, clock.now());
    wish.lines = lines.iter().map(|&(variant_id, quantity)| CartLine::unseen(variant_id, quantity)).collect();
    match price(tx, &wish, 0, country).await? {
        Found::Priced(priced) => Ok(*priced),
        // No copy bears an id that was made a moment ago.
        Found::Newer(_) => Err(Error::NotFound),
    }
}

struct Store {
    newer: Option<Json>,
    accepts: bool,
    prices_include_tax: bool,
    rates: Option<Json>,
    offers: Option<Json>,
}

#[derive(FromQueryResult)]
struct Row {
    // On the first row only.
    newer: Option<Json>,
    accepts: Option<bool>,
    prices_include_tax: Option<bool>,
    rates: Option<Json>,
    offers: Option<Json>,
    // One of each line; `position` counts from 1 and is absent where the cart is empty.
    position: Option<i64>,
    product_id: Option<ProductId>,
    variant_id: Option<VariantId>,
    slug: Option<String>,
    product_title: Option<String>,
    variant_title: Option<String>,
    sku: Option<String>,
    image_url: Option<String>,
    amount: Option<i64>,
    weight_grams: Option<i32>,
    requires_shipping: Option<bool>,
    is_stock_tracked: Option<bool>,
    tax_class: Option<String>,
    available: Option<i64>,
    backorders: Option<bool>,
}

impl Row {
    /// The line as it is offered; nothing, where it is not for sale.
    fn offer(self, line: &CartLine, currency: Currency) -> Result<Option<Offer>, Error> {
        let (Some(product_id), Some(variant_id), Some(amount)) = (self.product_id, self.variant_id, self.amount) else { return Ok(None) };
        let unit_price = Money::new(amount, currency);
        let is_stock_tracked = self.is_stock_tracked.unwrap_or(true);
        let is_counted = is_stock_tracked && self.backorders != Some(true);
        let priced = PricedLine {
            id: line.id,
            variant_id,
            product_id,
            product_slug: self.slug.unwrap_or_default(),
            product_title: self.product_title.unwrap_or_default(),
            variant_title: self.variant_title.unwrap_or_default(),
            sku: self.sku,
            image_url: self.image_url,
            quantity: line.quantity,
            unit_price,
            subtotal: unit_price.times(line.quantity)?,
            weight_grams: self.weight_grams.unwrap_or_default(),
            requires_shipping: self.requires_shipping.unwrap_or(true),
            is_stock_tracked,
            tax_class: self.tax_class.unwrap_or_default(),
        };
        Ok(Some(Offer { line: priced, available: is_counted.then(|| self.available.unwrap_or_default()) }))
    }
}

/// Two texts, so that neither asks for what it does not need: Postgres then keeps one plan for each, instead of planning
/// this statement (a millisecond) whenever it is cheaper to run with the country left out.
static NOWHERE: LazyLock<String> = LazyLock::new(|| sql("NULL::json", "NULL::json"));
static IN_COUNTRY: LazyLock<String> = LazyLock::new(|| sql(&tax::rates::table_json("$5"), &quote::offers_json("$5", "$2")));

/// $1 variants, $2 currency, $3 cart, $4 the version that was read, $5 the country.
///
/// Laterals with a limit, so that each line is an index walk whatever the planner believes of the tables' sizes.
fn sql(rates: &str, offers: &str) -> String {
    format!(
        "WITH store AS MATERIALIZED (
           SELECT settings.tenant_id, newer.body AS newer, $2 = ANY (settings.currencies) AS accepts, settings.prices_include_tax,
                  {rates} AS rates, {offers} AS offers
           FROM store_settings AS settings
           LEFT JOIN carts AS newer ON newer.tenant_id = settings.tenant_id AND newer.id = $3 AND newer.version > $4
             AND newer.expires_at > now()
           WHERE settings.tenant_id = (SELECT current_setting('app.tenant_id')::uuid)
         )
         SELECT CASE WHEN is_first THEN store.newer END AS newer, store.accepts, store.prices_include_tax,
                CASE WHEN is_first THEN store.rates END AS rates, CASE WHEN is_first THEN store.offers END AS offers,
                wanted.position, offer.*, stock.available, stock.backorders, image.image_url
         FROM store
         LEFT JOIN (
           SELECT variant_id, position FROM unnest($1::uuid[]) WITH ORDINALITY AS line (variant_id, position)
           WHERE position BETWEEN 1 AND {MAX_LINES}
         ) AS wanted ON true
         CROSS JOIN LATERAL (SELECT coalesce(wanted.position, 1) = 1 AS is_first) AS place
         LEFT JOIN LATERAL (
           SELECT variant.id AS variant_id, product.id AS product_id, product.slug, product.title AS product_title,
                  variant.title AS variant_title, variant.sku, price.amount, variant.weight_grams, variant.requires_shipping,
                  variant.is_stock_tracked, variant.tax_class
           FROM variants AS variant
           JOIN products AS product ON product.tenant_id = variant.tenant_id AND product.id = variant.product_id AND product.status = 'published'
           JOIN prices AS price ON price.tenant_id = variant.tenant_id AND price.variant_id = variant.id AND price.currency = $2
           WHERE variant.tenant_id = store.tenant_id AND variant.id = wanted.variant_id
           LIMIT 1
         ) AS offer ON true
         LEFT JOIN LATERAL (
           SELECT sum(greatest(on_hand - reserved - safety_stock, 0)) AS available, bool_or(backorder = 'allow') AS backorders
           FROM stock_levels WHERE tenant_id = store.tenant_id AND variant_id = offer.variant_id
         ) AS stock ON true
         LEFT JOIN LATERAL (
           SELECT url AS image_url FROM product_images
           WHERE tenant_id = store.tenant_id AND product_id = offer.product_id AND url IS NOT NULL AND (variant_id IS NULL OR variant_id = offer.variant_id)
           ORDER BY variant_id NULLS LAST, position, id
           LIMIT 1
         ) AS image ON true
         ORDER BY wanted.position"
    )
}
