use chrono::{DateTime, Utc};
use commerce::{
    catalog::old_slugs::{self, OldSlug},
    ids::ProductId,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::Serialize;
use tenancy::Permission;

use crate::{
    Problem,
    context::{PathId, PathText, Vendor},
    json::{NoContent, Page},
};

/// Below `products/{id}`.
pub(super) fn router() -> Router {
    Router::with_path("old-slugs").get(list).push(Router::with_path("{slug}").delete(delete))
}

/// A slug that a product had. Shoppers who ask for it are sent on to the present one.
#[derive(Debug, Serialize, ToSchema)]
struct FormerSlug {
    slug: String,
    replaced_at: DateTime<Utc>,
}

/// List the slugs that a product had, the last one first.
///
/// 100 are kept. One that another product takes is no longer among them.
#[endpoint]
async fn list(vendor: Vendor, id: PathId<ProductId>) -> Result<Page<FormerSlug>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::whole(old_slugs::list(&tx, id.0).await?.into_iter().map(Into::into).collect()))
}

/// Forget a slug that a product had: it leads nowhere from now on.
#[endpoint]
async fn delete(vendor: Vendor, id: PathId<ProductId>, slug: PathText) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    old_slugs::forget(&tx, id.0, &slug.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

impl From<OldSlug> for FormerSlug {
    fn from(old: OldSlug) -> Self {
        Self { slug: old.slug, replaced_at: old.replaced_at }
    }
}
