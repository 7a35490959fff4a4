//! Product types: which attributes the products of a type have, and which of them they must have to be published.
//!
//! A product has the type whose name it bears; a name that no type has is a label without attributes. Values of attributes that
//! a product's type does not have are kept and not shown: they are there again when it has them.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenancy::TenantTx;
use uuid::Uuid;

use super::{
    Error,
    collections::{self, Field},
    detail,
    events::{ProductChange, ProductChanged, ProductTypeChanged},
    new_product::Faults,
};
use crate::{
    clock::Clock,
    ids::{AttributeId, ProductId, ProductTypeId},
    outbox, sql,
};

const MOST_TYPES: usize = 500;
const MOST_ATTRIBUTES: usize = 50;

/// Whose values they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Product,
    Variant,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ProductType {
    #[serde(deserialize_with = "detail::id")]
    pub id: ProductTypeId,
    pub name: String,
    /// In the order in which they are shown.
    pub attributes: Vec<Assigned>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Assigned {
    #[serde(deserialize_with = "detail::id")]
    pub attribute_id: AttributeId,
    pub code: String,
    pub level: Level,
    pub is_required: bool,
}

/// An attribute that products of a type shall have.
#[derive(Clone, Copy, Debug)]
pub struct Assignment {
    pub attribute_id: AttributeId,
    pub level: Level,
    pub is_required: bool,
}

/// All types by name.
pub async fn list(tx: &TenantTx) -> Result<Vec<ProductType>, Error> {
    load(tx, "true", None).await
}

/// The type with this id.
///
/// # Errors
/// `ProductTypeNotFound`.
pub async fn find(tx: &TenantTx, id: ProductTypeId) -> Result<ProductType, Error> {
    load(tx, "t.id = $2", Some(id)).await?.pop().ok_or(Error::ProductTypeNotFound(id))
}

async fn load(tx: &TenantTx, condition: &str, id: Option<ProductTypeId>) -> Result<Vec<ProductType>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        product_type: String,
    }
    let text = format!(
        "SELECT json_build_object('id', t.id, 'name', t.name, 'version', t.version, 'created_at', t.created_at,
           'updated_at', t.updated_at, 'attributes', coalesce((SELECT json_agg(json_build_object('attribute_id', a.id, 'code', a.code,
               'level', ta.level, 'is_required', ta.is_required) ORDER BY ta.position, a.id)
             FROM product_type_attributes ta JOIN attributes a ON a.tenant_id = $1 AND a.id = ta.attribute_id
             WHERE ta.tenant_id = $1 AND ta.product_type_id = t.id), '[]'))::text AS product_type
         FROM product_types t WHERE t.tenant_id = $1 AND {condition} ORDER BY t.name, t.id"
    );
    let rows: Vec<Row> = sql::all(tx, &text, std::iter::once(tx.tenant().into()).chain(id.map(Into::into))).await?;
    rows.iter().map(|row| sql::read(&row.product_type).map_err(Error::from)).collect()
}

/// Makes a type. Products that bear its name already have it from now on.
///
/// # Errors
/// `NameTaken`, `Invalid`.
pub async fn create(tx: &TenantTx, clock: &Clock, name: &str, attributes: &[Assignment]) -> Result<ProductType, Error> {
    let mut faults = Faults::default();
    let name = faults.line("/name", name, 100);
    differ(&mut faults, attributes);
    faults.done(())?;
    if list(tx).await?.len() >= MOST_TYPES {
        return Err(Error::at("/name", "too_many", format!("a store has at most {MOST_TYPES} product types")));
    }
    let id = ProductTypeId::new();
    let text = "INSERT INTO product_types (tenant_id, id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)";
    sql::run(tx, text, [tx.tenant().into(), id.into(), name.into(), clock.now().into()]).await?;
    assign(tx, id, attributes).await?;
    collections::unsettle(tx, clock, &[Field::Attribute]).await?;
    outbox::record(tx, clock, &ProductTypeChanged { product_type_id: id }).await?;
    find(tx, id).await
}

/// Gives a type another name, which its products then bear, or other attributes. Values of attributes that it loses are kept and
/// not shown.
///
/// # Errors
/// `NameTaken`, `ProductTypeNotFound`, `VersionMoved`, `Invalid`.
pub async fn change(
    tx: &TenantTx,
    clock: &Clock,
    id: ProductTypeId,
    expected: Option<i64>,
    (name, attributes): (Option<String>, Option<Vec<Assignment>>),
) -> Result<ProductType, Error> {
    let mut faults = Faults::default();
    let name = name.as_deref().map(|name| faults.line("/name", name, 100));
    differ(&mut faults, attributes.as_deref().unwrap_or_default());
    faults.done(())?;
    let held = "UPDATE product_types SET version = version + 1, updated_at = $4
                WHERE tenant_id = $1 AND id = $2 AND ($3::bigint IS NULL OR version = $3)";
    let touched = sql::run(tx, held, [tx.tenant().into(), id.into(), expected.into(), clock.now().into()]).await?;
    let before = find(tx, id).await?;
    if let Some(expected) = expected.filter(|_| touched == 0) {
        return Err(Error::VersionMoved { expected, actual: before.version });
    }
    // Before the products: whoever settles a collection takes its row first.
    collections::unsettle(tx, clock, &[Field::Type, Field::Attribute]).await?;
    if let Some(name) = name.filter(|name| *name != before.name) {
        rename(tx, clock, &before, name).await?;
    }
    if let Some(attributes) = attributes {
        assign(tx, id, &attributes).await?;
    }
    outbox::record(tx, clock, &ProductTypeChanged { product_type_id: id }).await?;
    find(tx, id).await
}

/// Removes a type that no product has.
///
/// # Errors
/// `ProductTypeInUse`, `ProductTypeNotFound`.
pub async fn delete(tx: &TenantTx, id: ProductTypeId) -> Result<(), Error> {
    find(tx, id).await?;
    let text = "DELETE FROM product_types t WHERE t.tenant_id = $1 AND t.id = $2
                AND NOT EXISTS (SELECT FROM products p WHERE p.tenant_id = $1 AND p.product_type = t.name)";
    if sql::run(tx, text, [tx.tenant().into(), id.into()]).await? == 0 { Err(Error::ProductTypeInUse) } else { Ok(()) }
}

fn differ(faults: &mut Faults, attributes: &[Assignment]) {
    faults.at_most("/attributes", attributes.len(), MOST_ATTRIBUTES);
    for (at, assignment) in attributes.iter().enumerate() {
        if attributes[..at].iter().any(|other| other.attribute_id == assignment.attribute_id) {
            faults.add(format!("/attributes/{at}/attribute_id"), "duplicate", "the attribute is given twice");
        }
    }
}

/// Its products bear the new name; each has changed.
async fn rename(tx: &TenantTx, clock: &Clock, before: &ProductType, name: String) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: ProductId,
    }
    let text = "UPDATE product_types SET name = $3 WHERE tenant_id = $1 AND id = $2";
    sql::run(tx, text, [tx.tenant().into(), before.id.into(), name.as_str().into()]).await?;
    let text = "UPDATE products SET product_type = $3, version = version + 1, updated_at = $4
                WHERE tenant_id = $1 AND product_type = $2 RETURNING id";
    let values = [tx.tenant().into(), before.name.as_str().into(), name.into(), clock.now().into()];
    let bearers: Vec<Row> = sql::all(tx, text, values).await?;
    let told: Vec<ProductChanged> =
        bearers.into_iter().map(|row| ProductChanged { product_id: row.id, change: ProductChange::Edited }).collect();
    Ok(outbox::record_all(tx, clock, &told).await?)
}

async fn assign(tx: &TenantTx, id: ProductTypeId, attributes: &[Assignment]) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Row {
        attribute_id: Uuid,
        level: Level,
        is_required: bool,
        position: usize,
    }
    #[derive(FromQueryResult)]
    struct Known {
        id: AttributeId,
    }
    let ids: Vec<Uuid> = attributes.iter().map(|assignment| assignment.attribute_id.uuid()).collect();
    let text = "SELECT id FROM attributes WHERE tenant_id = $1 AND id = ANY ($2)";
    let known: Vec<Known> = sql::all(tx, text, [tx.tenant().into(), ids.clone().into()]).await?;
    if let Some(at) = attributes.iter().position(|one| !known.iter().any(|known| known.id == one.attribute_id)) {
        return Err(Error::at(format!("/attributes/{at}/attribute_id"), "unknown", "names an attribute that does not exist"));
    }
    let row = |(position, one): (usize, &Assignment)| Row {
        attribute_id: one.attribute_id.uuid(),
        level: one.level,
        is_required: one.is_required,
        position,
    };
    let rows: Vec<Row> = attributes.iter().enumerate().map(row).collect();
    let gone = "DELETE FROM product_type_attributes WHERE tenant_id = $1 AND product_type_id = $2 AND NOT attribute_id = ANY ($3)";
    sql::run(tx, gone, [tx.tenant().into(), id.into(), ids.into()]).await?;
    let text = "INSERT INTO product_type_attributes (tenant_id, product_type_id, attribute_id, level, is_required, position)
                SELECT $1, $2, x.attribute_id, x.level, x.is_required, x.position
                FROM jsonb_to_recordset($3) AS x (attribute_id uuid, level text, is_required boolean, position integer)
                ON CONFLICT (tenant_id, product_type_id, attribute_id)
                  DO UPDATE SET level = excluded.level, is_required = excluded.is_required, position = excluded.position";
    sql::run(tx, text, [tx.tenant().into(), id.into(), sql::json(&rows)?]).await?;
    Ok(())
}
