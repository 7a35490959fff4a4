//! Tags: flat labels. Naming one on a product makes it; equal slugs are one tag.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use tenancy::TenantTx;
use uuid::Uuid;

pub use super::entity::tag::Model as Tag;
use super::{
    Error, collections,
    entity::tag,
    events::{ProductChange, ProductChanged},
    new_product::Faults,
    rows::TagRow,
    slugs,
};
use crate::{
    clock::Clock,
    ids::{ProductId, TagId},
    outbox, sql,
    text::clean_line,
};

/// All tags by name. Bounded: a store that has more than this has no use for a list of them.
const MOST_LISTED: u64 = 1000;

pub async fn list(tx: &TenantTx) -> Result<Vec<Tag>, Error> {
    let by_slug = tag::Entity::find().filter(tag::Column::TenantId.eq(tx.tenant())).order_by_asc(tag::Column::Slug);
    Ok(by_slug.limit(MOST_LISTED).all(tx).await?)
}

/// Gives a tag another name; its slug follows.
///
/// # Errors
/// `TagNotFound`, `SlugTaken`, `Invalid`.
pub async fn rename(tx: &TenantTx, clock: &Clock, id: TagId, name: &str) -> Result<Tag, Error> {
    let name = clean_line("/name", name, 100)?;
    let slug = slugs::of(&name).ok_or_else(|| Error::at("/name", "slug", "must have a letter or a digit"))?;
    let text = "UPDATE tags SET name = $3, slug = $4 WHERE tenant_id = $1 AND id = $2";
    let renamed = sql::run(tx, text, [tx.tenant().into(), id.into(), name.into(), slug.into()]).await?;
    if renamed == 0 {
        return Err(Error::TagNotFound(id));
    }
    tell_products(tx, clock, id).await?;
    tag::Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::TagNotFound(id))
}

/// Removes a tag from the store and from every product.
///
/// # Errors
/// `TagNotFound`.
pub async fn delete(tx: &TenantTx, clock: &Clock, id: TagId) -> Result<(), Error> {
    // Before the products: whoever settles a collection takes its row first.
    collections::unsettle(tx, clock, &[collections::Field::Tag]).await?;
    tell_products(tx, clock, id).await?;
    let text = "WITH shelf AS (DELETE FROM product_shelves WHERE tenant_id = $1 AND shelf_id = $2)
                DELETE FROM tags WHERE tenant_id = $1 AND id = $2";
    if sql::run(tx, text, [tx.tenant().into(), id.into()]).await? == 0 { Err(Error::TagNotFound(id)) } else { Ok(()) }
}

/// Every product that bears the tag has changed.
async fn tell_products(tx: &TenantTx, clock: &Clock, id: TagId) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: ProductId,
    }
    let text = "UPDATE products p SET version = p.version + 1, updated_at = $3 FROM product_tags t
                WHERE p.tenant_id = $1 AND t.tenant_id = $1 AND t.tag_id = $2 AND p.id = t.product_id RETURNING p.id";
    let bearers: Vec<Row> = sql::all(tx, text, [tx.tenant().into(), id.into(), clock.now().into()]).await?;
    let told: Vec<ProductChanged> =
        bearers.into_iter().map(|row| ProductChanged { product_id: row.id, change: ProductChange::Edited }).collect();
    Ok(outbox::record_all(tx, clock, &told).await?)
}

/// Clean names by slug, faults told at `/tags/…`.
pub(super) fn named(faults: &mut Faults, names: &[String]) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        let pointer = format!("/tags/{at}");
        let name = faults.line(&pointer, name, 100);
        match slugs::of(&name) {
            Some(slug) => {
                tags.entry(slug).or_insert(name);
            }
            None if name.is_empty() => {}
            None => faults.add(pointer, "slug", "must have a letter or a digit"),
        }
    }
    tags
}

/// The ids of these tags by slug; those that are missing are made. In the order of slugs, so that two writers who make
/// the same tags wait for each other and never for ever.
pub(super) async fn ensure(tx: &TenantTx, clock: &Clock, tags: &BTreeMap<String, String>) -> Result<BTreeMap<String, TagId>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: TagId,
        slug: String,
    }
    #[derive(Serialize)]
    struct New<'a> {
        id: Uuid,
        slug: &'a str,
        name: &'a str,
    }
    if tags.is_empty() {
        return Ok(BTreeMap::new());
    }
    let slugs: Vec<String> = tags.keys().cloned().collect();
    let known: Vec<Row> =
        sql::all(tx, "SELECT id, slug FROM tags WHERE tenant_id = $1 AND slug = ANY ($2)", [tx.tenant().into(), slugs.into()]).await?;
    let mut ids: BTreeMap<String, TagId> = known.into_iter().map(|row| (row.slug, row.id)).collect();
    let missing: Vec<New<'_>> =
        tags.iter().filter(|(slug, _)| !ids.contains_key(*slug)).map(|(slug, name)| New { id: TagId::new().uuid(), slug, name }).collect();
    if !missing.is_empty() {
        let text = "INSERT INTO tags AS t (tenant_id, id, slug, name, created_at)
                    SELECT $1, x.id, x.slug, x.name, $3 FROM jsonb_to_recordset($2) AS x (id uuid, slug text, name text) ORDER BY x.slug
                    ON CONFLICT (tenant_id, slug) DO UPDATE SET name = t.name RETURNING t.id, t.slug";
        let made: Vec<Row> = sql::all(tx, text, [tx.tenant().into(), sql::json(&missing)?, clock.now().into()]).await?;
        ids.extend(made.into_iter().map(|row| (row.slug, row.id)));
    }
    Ok(ids)
}

pub(super) fn rows(product: ProductId, tags: &BTreeMap<String, TagId>) -> Vec<TagRow> {
    tags.values().map(|tag| TagRow { product_id: product.uuid(), tag_id: tag.uuid() }).collect()
}
