use chrono::{DateTime, Utc};
use commerce::{
    checkout::{self, Details, NewCheckout, PlaceOrder, View},
    ids::{CartId, CheckoutId, CheckoutLineId, OrderId, PaymentId, ProductId, ShippingMethodId, VariantId},
    payments::gateways::{self, GatewayKind},
};
use salvo::{
    Response, Router, Writer,
    http::HeaderValue,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};

use super::shipping_options::ShippingOption;
use crate::{
    Problem, State,
    context::{Body, Once, PathId, Shopper},
    json::{Address, Created, Id, Json, Money, Patch, PictureUrl},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).patch(update).push(Router::with_path("complete").post(complete));
    Router::with_path("checkouts").post(create).push(one)
}

/// A priced, addressed, reserved attempt to buy a cart. Whoever knows its id may read and complete it; a customer's, only they.
#[derive(Debug, Serialize, ToSchema)]
struct Checkout {
    id: Id<CheckoutId>,
    cart_id: Id<CartId>,
    /// `open`, `completing`, `completed`, `expired` or `cancelled`.
    status: &'static str,
    email: Option<String>,
    shipping_address: Option<Address>,
    billing_address: Option<Address>,
    shipping_method_id: Option<Id<ShippingMethodId>>,
    lines: Vec<CheckoutLine>,
    prices_include_tax: bool,
    subtotal: Money,
    shipping_total: Money,
    /// Contained in the total where prices include tax, added to it where they do not.
    tax_total: Money,
    total: Money,
    tax_lines: Vec<TaxLine>,
    /// How the goods may be sent to the address.
    shipping_options: Vec<ShippingOption>,
    /// What is missing before it can be completed: `email`, `shipping_address`, `shipping_method_id`.
    requirements: Vec<&'static str>,
    /// The payment that is under way, or that paid.
    payment: Option<CheckoutPayment>,
    /// Until then the stock is held.
    expires_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CheckoutLine {
    id: Id<CheckoutLineId>,
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    product_title: String,
    variant_title: String,
    sku: Option<String>,
    image_url: Option<PictureUrl>,
    quantity: i32,
    unit_price: Money,
    subtotal: Money,
    tax_total: Money,
}

/// The tax on a line, or on the shipping where there is no line, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaxLine {
    pub(super) line_id: Option<String>,
    pub(super) name: String,
    pub(super) country: String,
    pub(super) tax_class: String,
    /// `"19"` is nineteen per cent.
    pub(super) percent: String,
    pub(super) taxable: Money,
    pub(super) amount: Money,
    /// `rate`, `zero_rated`, or `no_rate` where the store has set none.
    pub(super) reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct CheckoutPayment {
    id: Id<PaymentId>,
    gateway: GatewayName,
    /// `pending`, `requires_action`, `authorized` or `captured`.
    status: &'static str,
    amount: Money,
    action: Option<PaymentAction>,
}

/// Who moves the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GatewayName {
    /// Pretends. Tokens: `test_success`, `test_declined`, `test_requires_action`, `test_lost_reply`.
    Test,
    /// Bank transfer or cash on delivery: the order stands at once, the money comes later.
    Manual,
}

impl From<GatewayKind> for GatewayName {
    fn from(kind: GatewayKind) -> Self {
        match kind {
            GatewayKind::Test => Self::Test,
            GatewayKind::Manual => Self::Manual,
        }
    }
}

impl From<GatewayName> for GatewayKind {
    fn from(name: GatewayName) -> Self {
        match name {
            GatewayName::Test => Self::Test,
            GatewayName::Manual => Self::Manual,
        }
    }
}

/// What the shopper has to do before the payment can go on. Afterwards, complete again with the same Idempotency-Key.
#[derive(Debug, Serialize, ToSchema)]
struct PaymentAction {
    /// `test_challenge`: POST `{"approve": true}` to `path`.
    r#type: &'static str,
    path: String,
}

impl From<gateways::Action> for PaymentAction {
    fn from(action: gateways::Action) -> Self {
        match action {
            gateways::Action::TestChallenge { path } => Self { r#type: "test_challenge", path },
        }
    }
}

impl From<View> for Checkout {
    fn from(view: View) -> Self {
        let View { checkout, lines, tax_lines, shipping_options, requirements, payment } = view;
        let money = |minor| Money(checkout.money(minor));
        Self {
            id: checkout.id.into(),
            cart_id: checkout.cart_id.into(),
            status: checkout.status.as_str(),
            lines: lines.into_iter().map(|line| shown_line(line, money)).collect(),
            prices_include_tax: checkout.prices_include_tax,
            subtotal: money(checkout.subtotal),
            shipping_total: money(checkout.shipping_total),
            tax_total: money(checkout.tax_total),
            total: money(checkout.total),
            tax_lines: tax_lines.into_iter().map(|tax| shown_tax(tax, money)).collect(),
            shipping_options: shipping_options.into_iter().map(Into::into).collect(),
            requirements: requirements.into_iter().map(checkout::Requirement::as_str).collect(),
            payment: payment.map(|payment| CheckoutPayment {
                id: payment.id.into(),
                gateway: payment.gateway.into(),
                status: payment.status.as_str(),
                amount: payment.money().into(),
                action: payment.action.map(Into::into),
            }),
            email: checkout.email,
            shipping_address: checkout.shipping_address.map(Into::into),
            billing_address: checkout.billing_address.map(Into::into),
            shipping_method_id: checkout.shipping_method_id.map(Into::into),
            expires_at: checkout.expires_at,
        }
    }
}

fn shown_line(line: checkout::CheckoutLine, money: impl Fn(i64) -> Money) -> CheckoutLine {
    CheckoutLine {
        id: line.id.into(),
        product_id: line.product_id.into(),
        variant_id: line.variant_id.into(),
        product_title: line.product_title,
        variant_title: line.variant_title,
        sku: line.sku,
        image_url: line.image_url.map(PictureUrl),
        quantity: line.quantity,
        unit_price: money(line.unit_price),
        subtotal: money(line.subtotal),
        tax_total: money(line.tax_total),
    }
}

fn shown_tax(tax: checkout::CheckoutTaxLine, money: impl Fn(i64) -> Money) -> TaxLine {
    TaxLine {
        line_id: tax.line_id.map(|id| id.to_string()),
        name: tax.name,
        country: tax.country,
        tax_class: tax.tax_class,
        percent: tax.percent.normalize().to_string(),
        taxable: money(tax.taxable),
        amount: money(tax.amount),
        reason: tax.reason,
    }
}

/// A cart to be bought. Details that are left out are taken from the cart.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateCheckout {
    cart_id: Id<CartId>,
    email: Option<String>,
    shipping_address: Option<Address>,
    billing_address: Option<Address>,
    shipping_method_id: Option<Id<ShippingMethodId>>,
}

/// What may change of an open checkout: absent leaves, `null` clears.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeCheckout {
    #[serde(default)]
    email: Patch<String>,
    #[serde(default)]
    shipping_address: Patch<Address>,
    #[serde(default)]
    billing_address: Patch<Address>,
    #[serde(default)]
    shipping_method_id: Patch<Id<ShippingMethodId>>,
}

/// What the shopper agrees to pay, and how.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CompleteCheckout {
    /// The total that the shopper was shown; if it has changed, nothing is paid (409 `checkout.total_changed`).
    expected_total: Money,
    payment: PayBy,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PayBy {
    gateway: GatewayName,
    /// What the gateway's own form gave. Never a card number.
    #[salvo(schema(max_length = 255))]
    token: Option<String>,
}

/// What became of completing.
#[derive(Debug, Serialize, ToSchema)]
struct Completed {
    /// `placed`, or `requires_action`.
    status: &'static str,
    order: Option<PlacedOrder>,
    action: Option<PaymentAction>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PlacedOrder {
    id: Id<OrderId>,
    number: i64,
    total: Money,
    /// Opens `GET /storefront/v1/orders/{id}?token=`. A secret of the shopper.
    token: String,
}

/// Open a checkout.
///
/// Prices the cart, holds its stock, and says what is missing. Opening another checkout of the same cart calls off the
/// first, so a repeated request leaves one. 409 `checkout.out_of_stock` names the lines of which there is too little.
#[endpoint]
async fn create(shopper: Shopper, state: State, body: Body<CreateCheckout>) -> Result<Created<Checkout>, Problem> {
    let CreateCheckout { cart_id, email, shipping_address, billing_address, shipping_method_id } = body.0;
    let details = Details {
        email: email.map(Some),
        shipping_address: shipping_address.map(|address| Some(address.into())),
        billing_address: billing_address.map(|address| Some(address.into())),
        shipping_method: shipping_method_id.map(|id| Some(id.0)),
    };
    let new = NewCheckout { cart: cart_id.0, details };
    let view = checkout::open(&shopper.db, &shopper.carts(&state), &state.clock, &shopper.store, new).await?;
    Ok(Created::at(format!("/storefront/v1/checkouts/{}", view.checkout.id), view.into()))
}

/// Show a checkout.
#[endpoint]
async fn show(shopper: Shopper, id: PathId<CheckoutId>) -> Result<Json<Checkout>, Problem> {
    let tx = shopper.db.begin().await?;
    Ok(Json(checkout::show(&tx, (id.0, shopper.customer())).await?.into()))
}

/// Change an open checkout.
///
/// Any change prices it anew and holds its stock for the full time again.
#[endpoint]
async fn update(shopper: Shopper, state: State, id: PathId<CheckoutId>, body: Body<ChangeCheckout>) -> Result<Json<Checkout>, Problem> {
    let details = Details {
        email: body.0.email.change(),
        shipping_address: body.0.shipping_address.change(),
        billing_address: body.0.billing_address.change(),
        shipping_method: body.0.shipping_method_id.change::<Id<_>>().map(|id| id.map(|id| id.0)),
    };
    let tx = shopper.db.begin().await?;
    let view = checkout::change(&tx, &state.clock, &shopper.store, (id.0, shopper.customer()), details).await?;
    tx.commit().await?;
    Ok(Json(view.into()))
}

/// Complete a checkout.
///
/// Needs `Idempotency-Key`. Sent again under the same key it resumes the same payment: it charges once and answers with the
/// same order. 402 `payments.declined` leaves the checkout open for another payment under a new key; 503
/// `payments.provider_unreachable` means that nobody knows yet: send it again under the same key.
#[endpoint]
async fn complete(
    shopper: Shopper,
    state: State,
    id: PathId<CheckoutId>,
    once: Once,
    body: Body<CompleteCheckout>,
    res: &mut Response,
) -> Result<Json<Completed>, Problem> {
    let scope = once.require()?;
    let request = PlaceOrder {
        checkout: id.0,
        customer: shopper.customer(),
        expected_total: body.0.expected_total.0,
        gateway: body.0.payment.gateway.into(),
        token: body.0.payment.token,
        idempotency_key: scope.key.clone(),
        fingerprint: scope.fingerprint,
    };
    let outcome = checkout::place_order(&shopper.db, &state.gateways, &state.clock, &shopper.store, &request).await?;
    Ok(answer(&shopper, &state, outcome, res))
}

fn answer(shopper: &Shopper, state: &State, outcome: checkout::Outcome, res: &mut Response) -> Json<Completed> {
    match outcome {
        checkout::Outcome::ActionRequired { action, .. } => {
            Json(Completed { status: "requires_action", order: None, action: Some(action.into()) })
        }
        checkout::Outcome::Placed { order, is_replay } => {
            if is_replay {
                res.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
            }
            let token = state.order_links.token(shopper.store.id, order.id);
            let placed = PlacedOrder { id: order.id.into(), number: order.number, total: order.money(order.total).into(), token };
            Json(Completed { status: "placed", order: Some(placed), action: None })
        }
    }
}
