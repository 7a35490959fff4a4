//! Slugs that products, categories and collections had: they lead on to the thing, until another of its kind takes them.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use tenancy::TenantTx;
use uuid::Uuid;

use super::{Error, detail};
use crate::{clock::Clock, ids::ProductId, sql, text::Slug};

/// Of one thing; the oldest are forgotten first.
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

/// The statements for one kind of thing that has a slug.
pub(super) struct Named {
    successor: &'static str,
    replace: &'static str,
    take: &'static str,
}

/// A kind of thing: its table, the table of the slugs that it had, the column of the latter that names the former, and which of them
/// shoppers may see. The update hangs on `was`, which is therefore read before it.
macro_rules! named {
    ($things:literal, $slugs:literal, $owner:literal, $shown:literal) => {
        Named {
            successor: concat!(
                "SELECT p.slug FROM ",
                $slugs,
                " s JOIN ",
                $things,
                " p ON p.tenant_id = $1 AND p.id = s.",
                $owner,
                " AND ",
                $shown,
                " WHERE s.tenant_id = $1 AND s.slug = $2"
            ),
            replace: concat!(
                "WITH was AS MATERIALIZED (SELECT p.id, p.slug FROM ",
                $things,
                " p WHERE p.tenant_id = $1 AND p.id = $2 AND p.slug <> $3),
                 kept AS (
                   INSERT INTO ",
                $slugs,
                " (tenant_id, slug, ",
                $owner,
                ", replaced_at) SELECT $1, was.slug, was.id, $4 FROM was
                   ON CONFLICT (tenant_id, slug) DO UPDATE SET ",
                $owner,
                " = excluded.",
                $owner,
                ", replaced_at = excluded.replaced_at),
                 retaken AS (DELETE FROM ",
                $slugs,
                " s WHERE s.tenant_id = $1 AND s.slug = $3),
                 too_many AS (
                   DELETE FROM ",
                $slugs,
                " s WHERE s.tenant_id = $1 AND s.",
                $owner,
                " = $2 AND s.slug <> $3 AND s.slug IN (
                     SELECT o.slug FROM ",
                $slugs,
                " o WHERE o.tenant_id = $1 AND o.",
                $owner,
                " = $2 AND o.slug <> $3
                     ORDER BY o.replaced_at DESC, o.slug OFFSET $5 - 1))
                 UPDATE ",
                $things,
                " p SET slug = $3 FROM was WHERE p.tenant_id = $1 AND p.id = was.id"
            ),
            take: concat!("DELETE FROM ", $slugs, " WHERE tenant_id = $1 AND slug = $2"),
        }
    };
}

pub(super) const PRODUCTS: Named = named!("products", "product_slugs", "product_id", "p.status = 'published'");
pub(super) const CATEGORIES: Named = named!("categories", "category_slugs", "category_id", "true");
pub(super) const COLLECTIONS: Named = named!("collections", "collection_slugs", "collection_id", "p.status = 'published'");

impl Named {
    /// The slug that the thing which had this one has now, if shoppers may see it.
    pub(super) async fn successor(&self, tx: &TenantTx, slug: &Slug) -> Result<Option<String>, Error> {
        #[derive(FromQueryResult)]
        struct Row {
            slug: String,
        }
        let row: Option<Row> = sql::one(tx, self.successor, [tx.tenant().into(), slug.as_str().into()]).await?;
        Ok(row.map(|row| row.slug))
    }

    /// Gives a thing another slug and keeps the one that it had. The caller holds its row; the slug is taken from whoever had it
    /// before.
    ///
    /// # Errors
    /// `SlugTaken` when another of its kind has it now.
    pub(super) async fn replace(&self, tx: &TenantTx, clock: &Clock, id: Uuid, slug: &str) -> Result<(), Error> {
        let values = [tx.tenant().into(), id.into(), slug.into(), clock.now().into(), MOST_KEPT.into()];
        sql::run(tx, self.replace, values).await?;
        Ok(())
    }

    /// Takes a slug from whoever had it before: something new has it.
    pub(super) async fn take(&self, tx: &TenantTx, slug: &str) -> Result<(), Error> {
        sql::run(tx, self.take, [tx.tenant().into(), slug.into()]).await?;
        Ok(())
    }
}
