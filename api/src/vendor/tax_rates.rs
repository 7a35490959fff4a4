use chrono::{DateTime, Utc};
use commerce::{
    ids::TaxRateId,
    tax::{
        self,
        rates::{self, NewRate, RateChanges},
    },
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, Paging, PathId, Vendor},
    json::{Created, Id, Json, NoContent, Page},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).patch(update).delete(delete);
    Router::with_path("tax-rates").get(list).post(create).push(one)
}

/// What the store charges in a country on a class of goods.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaxRate {
    id: Id<TaxRateId>,
    country: String,
    tax_class: String,
    name: String,
    /// Text, such as `19` or `8.875`.
    percent: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CreateTaxRate {
    /// ISO 3166-1 alpha-2.
    #[garde(length(max = 2))]
    #[salvo(schema(pattern = "^[A-Z]{2}$"))]
    country: String,
    /// The class that variants name; `standard` by default.
    #[garde(length(max = 32))]
    #[serde(default = "standard")]
    #[salvo(schema(pattern = "^[a-z][a-z0-9_]{0,31}$"))]
    tax_class: String,
    /// As it is shown on receipts.
    #[garde(length(chars, max = 100))]
    #[salvo(schema(min_length = 1, max_length = 100, example = "VAT"))]
    name: String,
    /// Text from 0 to 100 with at most four decimals.
    #[garde(length(max = 8))]
    #[salvo(schema(pattern = "^[0-9]{1,3}(\\.[0-9]{1,4})?$", example = "19"))]
    percent: String,
}

/// Absent leaves. A rate of another country or class is another rate.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeTaxRate {
    #[garde(inner(length(chars, max = 100)))]
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    #[garde(inner(length(max = 8)))]
    #[salvo(schema(pattern = "^[0-9]{1,3}(\\.[0-9]{1,4})?$"))]
    percent: Option<String>,
}

/// List the tax rates, the oldest first.
#[endpoint]
async fn list(vendor: Vendor, paging: Paging) -> Result<Page<TaxRate>, Problem> {
    vendor.require(Permission::ReadSettings)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(rates::list(&tx, &paging.0).await?))
}

/// Show a tax rate.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<TaxRateId>) -> Result<Json<TaxRate>, Problem> {
    vendor.require(Permission::ReadSettings)?;
    let tx = vendor.db.begin().await?;
    Ok(Json(rates::find(&tx, id.0).await?.into()))
}

/// Add a tax rate.
#[endpoint]
async fn create(vendor: Vendor, state: State, body: Body<CreateTaxRate>) -> Result<Created<TaxRate>, Problem> {
    vendor.require(Permission::WriteSettings)?;
    let tx = vendor.db.begin().await?;
    let rate = rates::create(&tx, &state.clock, body.0.into()).await?;
    tx.commit().await?;
    Ok(Created::at(format!("/vendor/v1/tax-rates/{}", rate.id), rate.into()))
}

/// Change the name or the percentage of a tax rate.
///
/// Open checkouts are priced anew; orders keep the figures they were placed with.
#[endpoint]
async fn update(vendor: Vendor, state: State, id: PathId<TaxRateId>, body: Body<ChangeTaxRate>) -> Result<Json<TaxRate>, Problem> {
    vendor.require(Permission::WriteSettings)?;
    let tx = vendor.db.begin().await?;
    let rate = rates::change(&tx, &state.clock, id.0, body.0.into()).await?;
    tx.commit().await?;
    Ok(Json(rate.into()))
}

/// Remove a tax rate: its country and class are untaxed from now on.
#[endpoint]
async fn delete(vendor: Vendor, id: PathId<TaxRateId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteSettings)?;
    let tx = vendor.db.begin().await?;
    rates::remove(&tx, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

pub(super) fn standard() -> String {
    tax::STANDARD_CLASS.to_owned()
}

impl From<tax::TaxRate> for TaxRate {
    fn from(rate: tax::TaxRate) -> Self {
        Self {
            id: rate.id.into(),
            country: rate.country,
            tax_class: rate.tax_class,
            name: rate.name,
            percent: rate.percent.normalize().to_string(),
            created_at: rate.created_at,
            updated_at: rate.updated_at,
        }
    }
}

impl From<CreateTaxRate> for NewRate {
    fn from(asked: CreateTaxRate) -> Self {
        Self { country: asked.country, tax_class: asked.tax_class, name: asked.name, percent: asked.percent }
    }
}

impl From<ChangeTaxRate> for RateChanges {
    fn from(asked: ChangeTaxRate) -> Self {
        Self { name: asked.name, percent: asked.percent }
    }
}
