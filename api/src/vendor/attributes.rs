use chrono::{DateTime, Utc};
use commerce::{
    catalog::attributes::{self, AttributeChanges, GivenChoice, NewAttribute, Target},
    ids::{AttributeChoiceId, AttributeId},
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, IfMatch, Once, PathId, Replay, Vendor},
    json::{AttributeKind, Created, Id, NoContent, Page, Patch, Tagged},
};

pub(super) fn router() -> Router {
    Router::with_path("attributes").get(list).post(create).push(Router::with_path("{id}").get(show).patch(update).delete(delete))
}

/// What the store says of products beside the words that all stores use. Product types carry it.
#[derive(Debug, Serialize, ToSchema)]
struct AttributeDefinition {
    id: Id<AttributeId>,
    /// By which programs know it.
    code: String,
    name: String,
    kind: AttributeKind,
    /// Of a number.
    unit: Option<String>,
    /// Of a reference.
    target: Option<ReferenceTarget>,
    /// Whether shoppers can narrow lists and searches by it.
    is_filterable: bool,
    /// In their order.
    choices: Vec<AttributeChoice>,
    /// Also the `ETag`.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AttributeChoice {
    id: Id<AttributeChoiceId>,
    label: String,
    /// `#rrggbb`
    swatch: Option<String>,
}

/// What a reference names.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReferenceTarget {
    Product,
    Category,
}

/// An attribute to be. Its code and its kind never change.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateAttribute {
    /// Lower-case letters, digits and underscores, beginning with a letter.
    #[salvo(schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "material"))]
    code: String,
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: String,
    kind: AttributeKind,
    /// Of a number: `cm`.
    #[salvo(schema(max_length = 20))]
    unit: Option<String>,
    /// Of a reference, which needs it.
    target: Option<ReferenceTarget>,
    /// Whether shoppers can narrow lists and searches by it: not texts and references.
    #[serde(default)]
    is_filterable: bool,
    /// Of a choice, a multiple choice or a swatch: 200 at most.
    #[garde(length(max = 200))]
    #[serde(default)]
    choices: Vec<GiveChoice>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GiveChoice {
    /// Of a choice that is there; absent: a new one.
    id: Option<Id<AttributeChoiceId>>,
    #[salvo(schema(min_length = 1, max_length = 100))]
    label: String,
    /// A colour, which a swatch needs.
    #[salvo(schema(pattern = "^#[0-9a-fA-F]{6}$"))]
    swatch: Option<String>,
}

/// Fields that are absent stay; `null` clears.
#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ChangeAttribute {
    #[salvo(schema(min_length = 1, max_length = 100))]
    name: Option<String>,
    #[serde(default)]
    unit: Patch<String>,
    is_filterable: Option<bool>,
    /// All of them, in their order. One that is left out must not be the value of a product.
    #[garde(inner(length(max = 200)))]
    choices: Option<Vec<GiveChoice>>,
}

/// List all attributes by code.
#[endpoint]
async fn list(vendor: Vendor) -> Result<Page<AttributeDefinition>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::whole(attributes::list(&tx).await?.into_iter().map(Into::into).collect()))
}

/// Show an attribute.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<AttributeId>) -> Result<Tagged<AttributeDefinition>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(tagged(attributes::find(&tx, id.0).await?))
}

/// Create an attribute. Products have it once a product type does.
#[endpoint]
async fn create(
    vendor: Vendor,
    state: State,
    once: Once,
    body: Body<CreateAttribute>,
) -> Result<Replay<Created<AttributeDefinition>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let made = attributes::create(&tx, &state.clock, body.0.into()).await?;
    once.commit(tx, &state.clock, Created::at(format!("/vendor/v1/attributes/{}", made.id), made.into())).await
}

/// Change an attribute.
#[endpoint]
async fn update(
    vendor: Vendor,
    state: State,
    id: PathId<AttributeId>,
    seen: IfMatch,
    body: Body<ChangeAttribute>,
) -> Result<Tagged<AttributeDefinition>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    let attribute = attributes::change(&tx, &state.clock, id.0, seen.version(), body.0.into()).await?;
    tx.commit().await?;
    Ok(tagged(attribute))
}

/// Delete an attribute that no product type has.
///
/// Values that products kept of it go with it.
#[endpoint]
async fn delete(vendor: Vendor, id: PathId<AttributeId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    attributes::delete(&tx, id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

fn tagged(attribute: attributes::Attribute) -> Tagged<AttributeDefinition> {
    Tagged { version: attribute.version, body: attribute.into() }
}

impl From<CreateAttribute> for NewAttribute {
    fn from(asked: CreateAttribute) -> Self {
        let target = asked.target.map(|target| match target {
            ReferenceTarget::Product => Target::Product,
            ReferenceTarget::Category => Target::Category,
        });
        Self {
            code: asked.code,
            name: asked.name,
            kind: asked.kind.into(),
            unit: asked.unit,
            target,
            is_filterable: asked.is_filterable,
            choices: asked.choices.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ChangeAttribute> for AttributeChanges {
    fn from(asked: ChangeAttribute) -> Self {
        Self {
            name: asked.name,
            unit: asked.unit.change(),
            is_filterable: asked.is_filterable,
            choices: asked.choices.map(|choices| choices.into_iter().map(Into::into).collect()),
        }
    }
}

impl From<GiveChoice> for GivenChoice {
    fn from(asked: GiveChoice) -> Self {
        Self { id: asked.id.map(|id| id.0), label: asked.label, swatch: asked.swatch }
    }
}

impl From<attributes::Attribute> for AttributeDefinition {
    fn from(attribute: attributes::Attribute) -> Self {
        let target = attribute.target.map(|target| match target {
            Target::Product => ReferenceTarget::Product,
            Target::Category => ReferenceTarget::Category,
        });
        let choice = |it: attributes::Choice| AttributeChoice { id: it.id.into(), label: it.label, swatch: it.swatch };
        Self {
            id: attribute.id.into(),
            code: attribute.code,
            name: attribute.name,
            kind: attribute.kind.into(),
            unit: attribute.unit,
            target,
            is_filterable: attribute.is_filterable,
            choices: attribute.choices.into_iter().map(choice).collect(),
            version: attribute.version,
            created_at: attribute.created_at,
            updated_at: attribute.updated_at,
        }
    }
}
