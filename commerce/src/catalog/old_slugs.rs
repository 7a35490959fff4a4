//! Slugs that products had: they lead on to the product, until another product takes them.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use tenancy::TenantTx;

use super::{Error, detail};
use crate::{clock::Clock, ids::ProductId, sql, text::Slug};

/// Of one product; the oldest are forgotten first.
const MOST_KEPT: i32 = 100;

/// A slug that a product had, and until when.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OldSlug {
    pub slug: String,
    pub replaced_at: DateTime<Utc>,
}

/// The slugs that a product had, the last one first.
///
/// # Errors
/// `ProductNotFound`.
pub async fn list(tx: &TenantTx, product: ProductId) -> Result<Vec<OldSlug>, Error> {
    detail::find(tx, product).await?;
    let text = "SELECT slug, replaced_at FROM product_slugs WHERE tenant_id = $1 AND product_id = $2 ORDER BY replaced_at DESC, slug";
    Ok(sql::all(tx, text, [tx.tenant().into(), product.into()]).await?)
}

/// Forgets a slug that a product had: what is asked for by it is absent from now on.
///
/// # Errors
/// `SlugNotFound`.
pub async fn forget(tx: &TenantTx, product: ProductId, slug: &str) -> Result<(), Error> {
    let text = "DELETE FROM product_slugs WHERE tenant_id = $1 AND product_id = $2 AND slug = $3";
    let forgotten = sql::run(tx, text, [tx.tenant().into(), product.into(), slug.into()]).await?;
    if forgotten == 0 { Err(Error::SlugNotFound(slug.to_owned())) } else { Ok(()) }
}

/// The slug that the published product which had this one has now.
pub(super) async fn successor(tx: &TenantTx, slug: &Slug) -> Result<Option<String>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        slug: String,
    }
    let text = "SELECT p.slug FROM product_slugs s JOIN products p ON p.tenant_id = $1 AND p.id = s.product_id AND p.status = 'published'
                WHERE s.tenant_id = $1 AND s.slug = $2";
    let row: Option<Row> = sql::one(tx, text, [tx.tenant().into(), slug.as_str().into()]).await?;
    Ok(row.map(|row| row.slug))
}

/// Gives a product another slug and keeps the one that it had. The caller holds the product's row; the slug is taken from
/// whoever had it before.
///
/// # Errors
/// `SlugTaken` when another product has it now.
pub(super) async fn replace(tx: &TenantTx, clock: &Clock, product: ProductId, slug: &str) -> Result<(), Error> {
    let values = [tx.tenant().into(), product.into(), slug.into(), clock.now().into(), MOST_KEPT.into()];
    sql::run(tx, REPLACE, values).await?;
    Ok(())
}

/// The update hangs on `was`, which is therefore read before it.
const REPLACE: &str = "
WITH was AS MATERIALIZED (SELECT p.id, p.slug FROM products p WHERE p.tenant_id = $1 AND p.id = $2 AND p.slug <> $3),
kept AS (
  INSERT INTO product_slugs (tenant_id, slug, product_id, replaced_at) SELECT $1, was.slug, was.id, $4 FROM was
  ON CONFLICT (tenant_id, slug) DO UPDATE SET product_id = excluded.product_id, replaced_at = excluded.replaced_at),
retaken AS (DELETE FROM product_slugs s WHERE s.tenant_id = $1 AND s.slug = $3),
too_many AS (
  DELETE FROM product_slugs s WHERE s.tenant_id = $1 AND s.product_id = $2 AND s.slug <> $3 AND s.slug IN (
    SELECT o.slug FROM product_slugs o WHERE o.tenant_id = $1 AND o.product_id = $2 AND o.slug <> $3
    ORDER BY o.replaced_at DESC, o.slug OFFSET $5 - 1))
UPDATE products p SET slug = $3 FROM was WHERE p.tenant_id = $1 AND p.id = was.id";
