use chrono::{DateTime, Utc};
use commerce::{
    cart::{self, Details, NewCart, NewLine, PricedCart},
    ids::{CartId, CartLineId, ProductId, VariantId},
    money::Currency,
    text::Email,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};

use super::cart_lines;
use crate::{
    Problem, State,
    context::{Body, PathId, Shopper},
    json::{Address, Created, Id, Json, Money, NoContent, Patch, PictureUrl},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{cart}").get(show).patch(update).delete(delete).push(cart_lines::router());
    Router::with_path("carts").post(create).push(one)
}

/// A cart as it stands now: prices, stock, tax and shipping are read anew for each answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Cart {
    /// The key to a guest's cart: who knows it may read and change it. Keep it as you would keep a cookie. A customer's cart
    /// opens to its customer alone.
    id: Id<CartId>,
    /// Counts edits.
    version: i64,
    currency: String,
    email: Option<String>,
    shipping_address: Option<Address>,
    /// Whether prices hold their tax.
    prices_include_tax: bool,
    lines: Vec<Line>,
    /// Lines that cannot be bought now: not for sale, or without a price in this currency. They cost nothing.
    unavailable: Vec<UnavailableLine>,
    warnings: Vec<Warning>,
    /// What a checkout will ask for.
    requirements: Vec<Requirement>,
    totals: Totals,
    /// When the cart is forgotten, unless it is changed before.
    expires_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "CartLine"))]
struct Line {
    id: Id<CartLineId>,
    variant_id: Id<VariantId>,
    product_id: Id<ProductId>,
    product_slug: String,
    product_title: String,
    variant_title: String,
    sku: Option<String>,
    image_url: Option<PictureUrl>,
    quantity: u32,
    unit_price: Money,
    subtotal: Money,
    requires_shipping: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct UnavailableLine {
    id: Id<CartLineId>,
    variant_id: Id<VariantId>,
    quantity: u32,
}

/// Something a shopper should be told before buying.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "CartWarning"))]
struct Warning {
    code: WarningCode,
    /// The line it is about; absent where it is about the cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    line_id: Option<Id<CartLineId>>,
    /// `price_changed`: what the line cost when it was last touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Money>,
    /// `price_changed`: what it costs now.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Money>,
    /// `stock_short`: how many are left, where they are ten or fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<u32>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WarningCode {
    PriceChanged,
    StockShort,
    Unavailable,
    /// The store does not ship these goods to the country of the address.
    NotShipped,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[salvo(schema(name = "CartRequirement"))]
enum Requirement {
    Email,
    ShippingAddress,
    ShippingMethod,
}

/// Estimates are there once the country of the shipping address is known.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "CartTotals"))]
struct Totals {
    subtotal: Money,
    /// By the cheapest method.
    shipping_estimate: Option<Money>,
    tax_estimate: Option<Money>,
    /// The subtotal and, as far as they are known, the estimates.
    total: Money,
}

/// A cart to be. Prices are never taken from the caller.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CreateCart {
    /// One of the store's currencies; its main one by default.
    #[garde(skip)]
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>, pattern = "^[A-Z]{3}$"))]
    currency: Option<Currency>,
    #[garde(length(max = cart::MAX_LINES), dive)]
    #[serde(default)]
    #[salvo(schema(max_items = 200))]
    lines: Vec<AddLine>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct AddLine {
    #[garde(skip)]
    variant_id: Id<VariantId>,
    #[garde(range(min = 1, max = cart::MAX_QUANTITY))]
    #[salvo(schema(minimum = 1, maximum = 10000))]
    quantity: u32,
}

/// What is known of the buyer. Absent leaves, `null` clears.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeCart {
    #[garde(skip)]
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>, max_length = 254))]
    email: Patch<Email>,
    #[garde(skip)]
    #[serde(default)]
    shipping_address: Patch<Address>,
    /// May change while the cart is empty.
    #[garde(skip)]
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>, pattern = "^[A-Z]{3}$"))]
    currency: Option<Currency>,
}

/// Make a cart, empty or with lines.
///
/// Its id is the key to it: a guest has no other. A customer's cart is theirs alone; the one that goes with them from device to
/// device is `GET /storefront/v1/customer/cart`.
#[endpoint]
async fn create(shopper: Shopper, state: State, body: Body<CreateCart>) -> Result<Created<Cart>, Problem> {
    let currency = match body.0.currency {
        Some(currency) => currency,
        None => shopper.store.currency.parse().map_err(Problem::internal)?,
    };
    let lines = body.0.lines.into_iter().map(NewLine::from).collect();
    let made = shopper.carts(&state).create(&shopper.db, NewCart { currency, lines }).await?;
    Ok(Created::at(format!("/storefront/v1/carts/{}", made.cart.id), made.into()))
}

/// Show a cart, priced as of now.
#[endpoint]
async fn show(shopper: Shopper, state: State, cart: PathId<CartId>) -> Result<Json<Cart>, Problem> {
    Ok(Json(shopper.carts(&state).get(&shopper.db, cart.0).await?.into()))
}

/// Set who buys and where it goes.
#[endpoint]
async fn update(shopper: Shopper, state: State, cart: PathId<CartId>, body: Body<ChangeCart>) -> Result<Json<Cart>, Problem> {
    let ChangeCart { email, shipping_address, currency } = body.0;
    let details = Details { email: email.change(), shipping_address: shipping_address.change(), currency };
    Ok(Json(shopper.carts(&state).set_details(&shopper.db, cart.0, details).await?.into()))
}

/// Delete a cart and all it knows of its owner.
#[endpoint]
async fn delete(shopper: Shopper, state: State, cart: PathId<CartId>) -> Result<NoContent, Problem> {
    shopper.carts(&state).delete(&shopper.db, cart.0).await?;
    Ok(NoContent)
}

impl From<AddLine> for NewLine {
    fn from(asked: AddLine) -> Self {
        Self { variant_id: asked.variant_id.0, quantity: asked.quantity }
    }
}

impl From<PricedCart> for Cart {
    fn from(priced: PricedCart) -> Self {
        let version = priced.cart.version();
        let cart::Totals { subtotal, shipping_estimate, tax_estimate, total } = priced.totals;
        Self {
            id: priced.cart.id.into(),
            version,
            currency: priced.cart.currency.to_string(),
            email: priced.cart.email.map(Email::into_string),
            shipping_address: priced.cart.shipping_address.map(Address::from),
            prices_include_tax: priced.prices_include_tax,
            lines: priced.lines.into_iter().map(Line::from).collect(),
            unavailable: priced.unavailable.into_iter().map(UnavailableLine::from).collect(),
            warnings: priced.warnings.into_iter().map(Warning::from).collect(),
            requirements: priced.requirements.into_iter().map(Requirement::from).collect(),
            totals: Totals {
                subtotal: subtotal.into(),
                shipping_estimate: shipping_estimate.map(Money),
                tax_estimate: tax_estimate.map(Money),
                total: total.into(),
            },
            expires_at: priced.cart.expires_at,
        }
    }
}

impl From<cart::PricedLine> for Line {
    fn from(line: cart::PricedLine) -> Self {
        Self {
            id: line.id.into(),
            variant_id: line.variant_id.into(),
            product_id: line.product_id.into(),
            product_slug: line.product_slug,
            product_title: line.product_title,
            variant_title: line.variant_title,
            sku: line.sku,
            image_url: line.image_url.map(PictureUrl),
            quantity: line.quantity,
            unit_price: line.unit_price.into(),
            subtotal: line.subtotal.into(),
            requires_shipping: line.requires_shipping,
        }
    }
}

impl From<cart::CartLine> for UnavailableLine {
    fn from(line: cart::CartLine) -> Self {
        Self { id: line.id.into(), variant_id: line.variant_id.into(), quantity: line.quantity }
    }
}

impl From<cart::Warning> for Warning {
    fn from(warning: cart::Warning) -> Self {
        let about = |code, line: Option<CartLineId>| Self { code, line_id: line.map(Id), from: None, to: None, available: None };
        match warning {
            cart::Warning::PriceChanged { line, from, to } => {
                Self { from: Some(from.into()), to: Some(to.into()), ..about(WarningCode::PriceChanged, Some(line)) }
            }
            cart::Warning::StockShort { line, available } => Self { available, ..about(WarningCode::StockShort, Some(line)) },
            cart::Warning::Unavailable { line } => about(WarningCode::Unavailable, Some(line)),
            cart::Warning::NotShipped => about(WarningCode::NotShipped, None),
        }
    }
}

impl From<cart::Requirement> for Requirement {
    fn from(requirement: cart::Requirement) -> Self {
        match requirement {
            cart::Requirement::Email => Self::Email,
            cart::Requirement::ShippingAddress => Self::ShippingAddress,
            cart::Requirement::ShippingMethod => Self::ShippingMethod,
        }
    }
}
