//! Images of a product: pictures of the store, or addresses whose files are fetched; the first is the product's face.

use sea_orm::{DbErr, FromQueryResult};
use tenancy::TenantTx;

use super::{
    Error, NewImage, Product, detail,
    events::ProductChange,
    new_product::{self, Faults},
    rows::{ImageRow, Rows},
    settle,
};
use crate::{
    clock::Clock,
    ids::{ImageId, MediaId, ProductId, VariantId},
    media, sql,
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
/// `Invalid` (also when there is no picture of this id), `VariantNotFound`, `ProductNotFound`, `VersionMoved`.
pub async fn add(tx: &TenantTx, clock: &Clock, product: ProductId, expected: Option<i64>, new: NewImage) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    owns(&whole, new.variant_id)?;
    let (mut faults, mut rows) = (Faults::default(), Rows::default());
    faults.at_most("/images", whole.images.len() + 1, new_product::MOST_IMAGES);
    rows.images.push(new_product::image(&mut faults, "", product, whole.images.len(), &new));
    faults.done(())?;
    hold(tx, &mut rows.images, |_| "/media_id".to_owned()).await?;
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

/// Fills in what images that are named by their picture show of it. The pictures stay as they are until the transaction ends.
///
/// # Errors
/// `Invalid` where there is no such picture, by the pointer of its place in `images`.
pub(super) async fn hold(tx: &TenantTx, images: &mut [ImageRow], pointer: impl Fn(usize) -> String) -> Result<(), Error> {
    let named: Vec<MediaId> = images.iter().filter_map(|image| image.media_id).map(MediaId::from_uuid).collect();
    let held = media::hold(tx, &named).await?;
    let mut faults = Faults::default();
    for (at, image) in images.iter_mut().enumerate() {
        let Some(id) = image.media_id.map(MediaId::from_uuid) else { continue };
        match held.get(&id) {
            Some(media) => {
                image.url = media.picture.as_ref().map(media::Picture::card_path);
                image.picture.clone_from(&media.picture);
                image.failure.clone_from(&media.failure);
            }
            None => faults.add(pointer(at), "unknown", "names a picture that does not exist"),
        }
    }
    faults.done(())
}

/// Has every product that shows a picture show it as it is now: ready, failed, with another focal point.
///
/// A product's version is not counted on: nobody has edited it, and whoever edits it meanwhile need not begin again.
///
/// # Errors
/// The database is away.
pub async fn show(tx: &TenantTx, clock: &Clock, id: MediaId) -> Result<(), Error> {
    let products = settle::take_showing(tx, id).await?;
    let held = media::hold(tx, &[id]).await?;
    let Some(media) = held.get(&id).filter(|_| !products.is_empty()) else { return Ok(()) };
    let text = "UPDATE product_images SET picture = $3, url = coalesce($4, url), failure = $5 WHERE tenant_id = $1 AND media_id = $2";
    let picture = media.picture.as_ref().map(serde_json::to_value).transpose().map_err(|error| DbErr::Json(error.to_string()))?;
    let path = media.picture.as_ref().map(media::Picture::card_path);
    let values = [tx.tenant().into(), id.into(), picture.into(), path.into(), media.failure.clone().into()];
    sql::run(tx, text, values).await?;
    settle::end_all(tx, clock, &products).await
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
