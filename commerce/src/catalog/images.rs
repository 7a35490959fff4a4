//! Images of a product, by URL; the first is its face.

use sea_orm::FromQueryResult;
use tenancy::TenantTx;

use super::{
    Error, NewImage, Product, detail,
    events::ProductChange,
    new_product::{self, Faults},
    rows::Rows,
    settle,
};
use crate::{
    clock::Clock,
    ids::{ImageId, ProductId, VariantId},
    sql,
    text::clean_text,
};

/// What a vendor may change about an image. Absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct ImageChanges {
    pub alt: Option<String>,
    /// `Some(None)`: a picture of the whole product.
    pub variant_id: Option<Option<VariantId>>,
    /// Its place among the product's images, from 0.
    pub position: Option<i32>,
}

/// Adds an image after the others.
///
/// # Errors
/// `Invalid`, `VariantNotFound`, `ProductNotFound`, `VersionMoved`.
pub async fn add(tx: &TenantTx, clock: &Clock, product: ProductId, expected: Option<i64>, new: NewImage) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    owns(&whole, new.variant_id)?;
    let (mut faults, mut rows) = (Faults::default(), Rows::default());
    faults.at_most("/images", whole.images.len() + 1, new_product::MOST_IMAGES);
    rows.images.push(new_product::image(&mut faults, "", product, whole.images.len(), &new));
    faults.done(())?;
    rows.insert(tx, clock, None).await?;
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}

/// Changes an image's words, its variant or its place.
///
/// # Errors
/// `ImageNotFound`, `VariantNotFound`, `Invalid`, `ProductNotFound`, `VersionMoved`.
pub async fn change(
    tx: &TenantTx,
    clock: &Clock,
    (product, id): (ProductId, ImageId),
    expected: Option<i64>,
    changes: ImageChanges,
) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    owns(&detail::find(tx, product).await?, changes.variant_id.flatten())?;
    let alt = changes.alt.as_deref().map(|alt| clean_text("/alt", alt, 500)).transpose()?;
    let text = "UPDATE product_images SET alt = coalesce($4, alt), variant_id = CASE WHEN $5 THEN $6 ELSE variant_id END
                WHERE tenant_id = $1 AND product_id = $2 AND id = $3";
    let variant = changes.variant_id.flatten();
    let values = [
        tx.tenant().into(),
        product.into(),
        id.into(),
        alt.into(),
        changes.variant_id.is_some().into(),
        variant.map(VariantId::uuid).into(),
    ];
    if sql::run(tx, text, values).await? == 0 {
        return Err(Error::ImageNotFound(id));
    }
    if let Some(position) = changes.position {
        place(tx, product, id, position).await?;
    }
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}

/// Removes an image.
///
/// # Errors
/// `ImageNotFound`, `ProductNotFound`, `VersionMoved`.
pub async fn remove(tx: &TenantTx, clock: &Clock, (product, id): (ProductId, ImageId), expected: Option<i64>) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let text = "DELETE FROM product_images WHERE tenant_id = $1 AND product_id = $2 AND id = $3";
    if sql::run(tx, text, [tx.tenant().into(), product.into(), id.into()]).await? == 0 {
        return Err(Error::ImageNotFound(id));
    }
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}

fn owns(whole: &Product, variant: Option<VariantId>) -> Result<(), Error> {
    match variant {
        Some(id) if !whole.variants.iter().any(|variant| variant.id == id) => Err(Error::VariantNotFound(id)),
        _ => Ok(()),
    }
}

/// Puts the image at a place and counts the others on.
async fn place(tx: &TenantTx, product: ProductId, id: ImageId, position: i32) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Row {
        id: ImageId,
    }
    let text = "SELECT id FROM product_images WHERE tenant_id = $1 AND product_id = $2 AND id <> $3 ORDER BY position, id";
    let others: Vec<Row> = sql::all(tx, text, [tx.tenant().into(), product.into(), id.into()]).await?;
    let mut order: Vec<uuid::Uuid> = others.iter().map(|row| row.id.uuid()).collect();
    let at = usize::try_from(position).map_err(|_| Error::at("/position", "range", "must not be negative"))?;
    order.insert(at.min(order.len()), id.uuid());
    let text = "UPDATE product_images i SET position = x.place - 1 FROM unnest($2::uuid[]) WITH ORDINALITY AS x (id, place)
                WHERE i.tenant_id = $1 AND i.id = x.id AND i.position <> x.place - 1";
    sql::run(tx, text, [tx.tenant().into(), order.into()]).await?;
    Ok(())
}
