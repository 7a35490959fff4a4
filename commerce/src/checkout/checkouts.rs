//! Reading checkouts and writing down what they come to.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder, Set, Statement,
};
use tenancy::TenantTx;

use super::{
    Checkout, CheckoutLine, CheckoutTaxLine, Error, Status,
    entity::{checkout, checkout_line, checkout_tax_line},
    totals::{Pricing, Terms, price},
};
use crate::{
    cart::{self, PricedCart},
    clock::Clock,
    ids::{CheckoutId, CheckoutLineId, CustomerId, TaxLineId, VariantId},
    inventory::reservations::Demand,
    payments::{self, Payment},
    shipping::{self, Quote},
    tax::TaxLine,
};

/// A checkout with all that a shopper sees of it.
#[derive(Clone, Debug)]
pub struct View {
    pub checkout: Checkout,
    pub lines: Vec<CheckoutLine>,
    pub tax_lines: Vec<CheckoutTaxLine>,
    /// How the goods may be sent to the address.
    pub shipping_options: Vec<Quote>,
    /// What is missing before it can be completed.
    pub requirements: Vec<Requirement>,
    /// The payment that is under way, or that paid.
    pub payment: Option<Payment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    Email,
    ShippingAddress,
    ShippingMethod,
}

impl Requirement {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::ShippingAddress => "shipping_address",
            Self::ShippingMethod => "shipping_method_id",
        }
    }

    pub(super) const fn pointer(self) -> &'static str {
        match self {
            Self::Email => "/email",
            Self::ShippingAddress => "/shipping_address",
            Self::ShippingMethod => "/shipping_method_id",
        }
    }
}

/// A checkout under lock, with what the database's clock says of it.
pub(super) struct Locked {
    pub checkout: Checkout,
    /// Past its time.
    pub is_expired: bool,
    /// Whoever was completing it has had time enough.
    pub is_stale: bool,
}

/// The checkout, as the customer who asks sees it, or a guest.
///
/// # Errors
/// `NotFound`, also when it is another customer's.
pub async fn show(tx: &TenantTx, (id, customer): (CheckoutId, Option<CustomerId>)) -> Result<View, Error> {
    let checkout = checkout::Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::NotFound)?;
    checkout.check_seen_by(customer)?;
    let lines = lines(tx, id).await?;
    let options = match &checkout.shipping_address {
        Some(address) if checkout.status == Status::Open => {
            let options = shipping::options(tx, &address.country, checkout.currency, shipped_grams(&lines)).await;
            options?
        }
        _ => Vec::new(),
    };
    let payment = payments::lock_of_checkout(tx, id).await?.into_iter().find(|payment| payment.status.is_live());
    let tax_lines = tax_lines(tx, id).await?;
    Ok(view(checkout, lines, tax_lines, options, payment))
}

pub(super) fn view(
    checkout: Checkout,
    lines: Vec<CheckoutLine>,
    tax_lines: Vec<CheckoutTaxLine>,
    options: Vec<Quote>,
    payment: Option<Payment>,
) -> View {
    let requirements = requirements(&checkout, &lines);
    let is_shipped = lines.iter().any(|line| line.requires_shipping);
    let shipping_options = if is_shipped { options } else { Vec::new() };
    View { checkout, lines, tax_lines, shipping_options, requirements, payment }
}

pub(super) fn requirements(checkout: &Checkout, lines: &[CheckoutLine]) -> Vec<Requirement> {
    let is_shipped = lines.iter().any(|line| line.requires_shipping);
    let asked = [
        (checkout.email.is_none(), Requirement::Email),
        (is_shipped && checkout.shipping_address.is_none(), Requirement::ShippingAddress),
        (is_shipped && checkout.shipping_method_id.is_none(), Requirement::ShippingMethod),
    ];
    asked.into_iter().filter_map(|(is_missing, requirement)| is_missing.then_some(requirement)).collect()
}

/// The checkout, locked until the transaction ends.
pub(super) async fn lock(tx: &TenantTx, id: CheckoutId) -> Result<Locked, Error> {
    let sql = "SELECT *, expires_at < now() AS is_expired,
                      coalesce(completing_at < now() - interval '20 seconds', true) AS is_stale
               FROM checkouts WHERE tenant_id = $1 AND id = $2 FOR UPDATE";
    let values = [tx.tenant().into(), id.into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?.ok_or(Error::NotFound)?;
    let checkout = Checkout::from_query_result(&row, "")?;
    Ok(Locked { checkout, is_expired: row.try_get("", "is_expired")?, is_stale: row.try_get("", "is_stale")? })
}

pub(super) async fn lines(tx: &TenantTx, id: CheckoutId) -> Result<Vec<CheckoutLine>, Error> {
    let found = checkout_line::Entity::find()
        .filter(checkout_line::Column::TenantId.eq(tx.tenant()))
        .filter(checkout_line::Column::CheckoutId.eq(id))
        .order_by_asc(checkout_line::Column::Position)
        .all(tx);
    Ok(found.await?)
}

pub(super) async fn tax_lines(tx: &TenantTx, id: CheckoutId) -> Result<Vec<CheckoutTaxLine>, Error> {
    let found = checkout_tax_line::Entity::find()
        .filter(checkout_tax_line::Column::TenantId.eq(tx.tenant()))
        .filter(checkout_tax_line::Column::CheckoutId.eq(id))
        .order_by_asc(checkout_tax_line::Column::Id)
        .all(tx);
    Ok(found.await?)
}

/// Units of each counted variant.
pub(super) fn demands(lines: &[CheckoutLine]) -> Vec<Demand> {
    let counted = lines.iter().filter(|line| line.is_stock_tracked);
    counted.map(|line| Demand { variant: line.variant_id, quantity: line.quantity }).collect()
}

fn shipped_grams(lines: &[CheckoutLine]) -> i64 {
    let shipped = lines.iter().filter(|line| line.requires_shipping);
    shipped.map(|line| i64::from(line.weight_grams) * i64::from(line.quantity)).sum()
}

/// Prices the checkout's lines anew, as the catalogue and the store's rules stand now, for its address and method.
pub(super) async fn reprice(
    tx: &TenantTx,
    clock: &Clock,
    checkout: &Checkout,
    lines: &[CheckoutLine],
) -> Result<(Pricing, Vec<Quote>), Error> {
    let wanted: Vec<(VariantId, u32)> = lines.iter().map(|line| (line.variant_id, u32::try_from(line.quantity).unwrap_or(0))).collect();
    let country = checkout.shipping_address.as_ref().map(|address| address.country.as_str());
    let priced = cart::price_lines(tx, clock, checkout.currency, &wanted, country).await?;
    if !priced.unavailable.is_empty() {
        let gone = |line: &&CheckoutLine| priced.unavailable.iter().any(|other| other.variant_id == line.variant_id);
        let pointers = lines.iter().filter(gone).map(|line| format!("/lines/{}", line.position)).collect();
        return Err(Error::Unavailable { pointers });
    }
    pricing(priced, checkout.shipping_method_id)
}

/// What a priced cart comes to with a shipping method, and what methods there are.
pub(super) fn pricing(priced: PricedCart, method: Option<crate::ids::ShippingMethodId>) -> Result<(Pricing, Vec<Quote>), Error> {
    let terms = Terms {
        currency: priced.cart.currency,
        prices_include_tax: priced.prices_include_tax,
        rates: priced.rates.as_ref(),
        options: &priced.shipping_options,
        method,
    };
    Ok((price(priced.lines, &terms)?, priced.shipping_options))
}

/// Puts the money of a pricing into the checkout's row.
pub(super) fn apply(checkout: &mut Checkout, pricing: &Pricing) {
    checkout.shipping_method_name = pricing.shipping.as_ref().map(|quote| quote.name.clone());
    checkout.prices_include_tax = pricing.prices_include_tax;
    checkout.subtotal = pricing.subtotal.minor;
    checkout.shipping_total = pricing.shipping_total.minor;
    checkout.tax_total = pricing.tax_total.minor;
    checkout.total = pricing.total.minor;
}

/// Makes the rows of a pricing; lines keep the ids they had.
pub(super) fn rows(checkout: &Checkout, pricing: &Pricing, before: &[CheckoutLine]) -> (Vec<CheckoutLine>, Vec<CheckoutTaxLine>) {
    let known: HashMap<VariantId, CheckoutLineId> = before.iter().map(|line| (line.variant_id, line.id)).collect();
    let lines: Vec<CheckoutLine> = pricing
        .lines
        .iter()
        .enumerate()
        .map(|(place, line)| CheckoutLine {
            tenant_id: checkout.tenant_id,
            id: known.get(&line.variant_id).copied().unwrap_or_else(CheckoutLineId::new),
            checkout_id: checkout.id,
            variant_id: line.variant_id,
            product_id: line.product_id,
            position: i32::try_from(place).unwrap_or(i32::MAX),
            product_title: line.product_title.clone(),
            variant_title: line.variant_title.clone(),
            sku: line.sku.clone(),
            image_url: line.image_url.clone(),
            quantity: i32::try_from(line.quantity).unwrap_or(i32::MAX),
            unit_price: line.unit_price.minor,
            subtotal: line.subtotal.minor,
            tax_total: pricing.line_taxes.get(place).map_or(0, |tax| tax.amount.minor),
            weight_grams: line.weight_grams,
            requires_shipping: line.requires_shipping,
            is_stock_tracked: line.is_stock_tracked,
            tax_class: line.tax_class.clone(),
        })
        .collect();
    let of_lines = lines.iter().zip(&pricing.line_taxes).map(|(line, tax)| tax_row(checkout, Some(line.id), tax));
    let of_shipping = pricing.shipping_tax.iter().map(|tax| tax_row(checkout, None, tax));
    let tax_lines = of_lines.chain(of_shipping).collect();
    (lines, tax_lines)
}

fn tax_row(checkout: &Checkout, line: Option<CheckoutLineId>, tax: &TaxLine) -> CheckoutTaxLine {
    CheckoutTaxLine {
        tenant_id: checkout.tenant_id,
        id: TaxLineId::new(),
        checkout_id: checkout.id,
        line_id: line,
        name: tax.name.clone(),
        country: tax.country.clone(),
        tax_class: tax.tax_class.clone(),
        percent: tax.percent,
        taxable: tax.taxable.minor,
        amount: tax.amount.minor,
        reason: tax.reason.as_str().to_owned(),
    }
}

/// Writes a new pricing over the old one: its tax lines always, its lines where they are others now.
pub(super) async fn replace_lines(
    tx: &TenantTx,
    id: CheckoutId,
    (before, after): (&[CheckoutLine], &[CheckoutLine]),
    tax_lines: &[CheckoutTaxLine],
) -> Result<(), Error> {
    let old_taxes = checkout_tax_line::Entity::delete_many().filter(checkout_tax_line::Column::TenantId.eq(tx.tenant()));
    old_taxes.filter(checkout_tax_line::Column::CheckoutId.eq(id)).exec(tx).await?;
    if before == after {
        return insert_tax_lines(tx, tax_lines).await;
    }
    let old_lines = checkout_line::Entity::delete_many().filter(checkout_line::Column::TenantId.eq(tx.tenant()));
    old_lines.filter(checkout_line::Column::CheckoutId.eq(id)).exec(tx).await?;
    insert_lines(tx, after, tax_lines).await
}

pub(super) async fn insert_lines(tx: &TenantTx, lines: &[CheckoutLine], tax_lines: &[CheckoutTaxLine]) -> Result<(), Error> {
    let rows = lines.iter().cloned().map(IntoActiveModel::into_active_model);
    checkout_line::Entity::insert_many(rows).exec_without_returning(tx).await?;
    insert_tax_lines(tx, tax_lines).await
}

async fn insert_tax_lines(tx: &TenantTx, tax_lines: &[CheckoutTaxLine]) -> Result<(), Error> {
    if !tax_lines.is_empty() {
        let rows = tax_lines.iter().cloned().map(IntoActiveModel::into_active_model);
        checkout_tax_line::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Moves the checkout to a status that ends what was going on.
pub(super) async fn set_status(tx: &TenantTx, clock: &Clock, checkout: Checkout, status: Status) -> Result<Checkout, Error> {
    let version = checkout.version + 1;
    let mut row = checkout.into_active_model();
    row.status = Set(status);
    row.completing_at = Set(None);
    row.version = Set(version);
    row.updated_at = Set(clock.now());
    Ok(row.update(tx).await?)
}
