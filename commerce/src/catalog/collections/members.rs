//! The products of a collection that is chosen by hand, in the order of its people; and what any collection holds.

use std::collections::{HashMap, HashSet};

use sea_orm::{FromQueryResult, Value};
use tenancy::TenantTx;
use uuid::Uuid;

use super::{
    super::{Error, Status, new_product::Faults},
    Collection, begin, find, told,
};
use crate::{
    clock::Clock,
    ids::{CollectionId, ProductId},
    page::{Cursor, CursorError, Page, PageQuery},
    sql,
};

pub const MOST_MEMBERS: usize = 5000;

/// Places are given this far apart, so that a product can be put between two others and no third one moves.
const GAP: i32 = 65_536;

/// A product in a collection.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Member {
    pub id: ProductId,
    pub slug: String,
    pub title: String,
    pub status: Status,
    place: i32,
}

/// What a collection holds: one that is chosen by hand in its order, also what shoppers may not see; one that is made by a rule in the
/// order of ids, what is published.
///
/// # Errors
/// `CollectionNotFound`; `Cursor` when the page was not continued from this list.
pub async fn members(tx: &TenantTx, id: CollectionId, page: &PageQuery) -> Result<Page<Member>, Error> {
    let collection = find(tx, id).await?;
    let (tenant, sort) = (tx.tenant(), format!("members:{id}"));
    let (mut place, mut last) = (-1, Uuid::nil());
    if let Some(cursor) = &page.after {
        let cursor = cursor.for_list(Some(tenant), &sort)?;
        (place, last) = (cursor.key.parse().map_err(|_| CursorError)?, cursor.id);
    }
    let text = if collection.rule.is_none() {
        "SELECT p.id, p.slug, p.title, p.status, m.position AS place FROM collection_products m
         JOIN products p ON p.tenant_id = $1 AND p.id = m.product_id
         WHERE m.tenant_id = $1 AND m.collection_id = $2 AND (m.position, m.product_id) > ($3, $4) ORDER BY m.position, m.product_id LIMIT $5"
    } else {
        "SELECT p.id, p.slug, p.title, p.status, 0 AS place FROM store_settings t
         JOIN product_shelves h ON h.tenant_id = $1 AND h.currency = t.currency
         JOIN products p ON p.tenant_id = $1 AND p.id = h.product_id
         WHERE t.tenant_id = $1 AND h.shelf_id = $2 AND (0, h.product_id) > (least($3, 0), $4) ORDER BY h.product_id LIMIT $5"
    };
    let values: [Value; 5] = [tenant.into(), id.into(), place.into(), last.into(), (page.limit.cast_signed() + 1).into()];
    let rows: Vec<Member> = sql::all(tx, text, values).await?;
    Ok(Page::of(rows, page.limit, |row| Cursor::new(Some(tenant), &sort, row.place.to_string(), row.id.uuid())))
}

/// Sets all products of a collection, in their order.
///
/// # Errors
/// `CollectionByRule`; `Invalid` names each that does not exist or comes twice; `CollectionNotFound`, `VersionMoved`.
pub async fn set(
    tx: &TenantTx,
    clock: &Clock,
    id: CollectionId,
    expected: Option<i64>,
    products: &[ProductId],
) -> Result<Collection, Error> {
    let before = open(tx, clock, id, expected).await?;
    let touched: HashSet<Uuid> = before.iter().map(|(product, _)| *product).chain(products.iter().map(|product| product.uuid())).collect();
    hold(tx, products, &touched).await?;
    let order: Vec<Uuid> = products.iter().map(|product| product.uuid()).collect();
    write(tx, id, &before, &numbered(&order)).await?;
    told(tx, clock, id).await
}

/// Puts products at a place among the others (from 0; none: the last), in this order. Those that are there already move.
///
/// # Errors
/// As [`set`]; `Invalid` also when they would be too many.
pub async fn place(
    tx: &TenantTx,
    clock: &Clock,
    id: CollectionId,
    expected: Option<i64>,
    (products, position): (&[ProductId], Option<usize>),
) -> Result<Collection, Error> {
    let before = open(tx, clock, id, expected).await?;
    let moved: Vec<Uuid> = products.iter().map(|product| product.uuid()).collect();
    let others: Vec<(Uuid, i32)> = before.iter().filter(|(product, _)| !moved.contains(product)).copied().collect();
    let at = position.map_or(others.len(), |position| position.min(others.len()));
    let between = (at.checked_sub(1).and_then(|at| others.get(at)), others.get(at));
    let after = if let Some(places) = room(between.0.map(|(_, place)| *place), between.1.map(|(_, place)| *place), moved.len()) {
        moved.iter().copied().zip(places).collect::<Vec<_>>()
    } else {
        let mut order: Vec<Uuid> = others.iter().map(|(product, _)| *product).collect();
        order.splice(at..at, moved.iter().copied());
        numbered(&order)
    };
    let touched: HashSet<Uuid> = after.iter().map(|(product, _)| *product).collect();
    hold(tx, products, &touched).await?;
    let all: Vec<(Uuid, i32)> = others.into_iter().filter(|(product, _)| !touched.contains(product)).chain(after).collect();
    write(tx, id, &before, &all).await?;
    told(tx, clock, id).await
}

/// Takes products out of a collection. Those that are not in it are no matter.
///
/// # Errors
/// `CollectionByRule`, `CollectionNotFound`, `VersionMoved`.
pub async fn take_out(
    tx: &TenantTx,
    clock: &Clock,
    id: CollectionId,
    expected: Option<i64>,
    products: &[ProductId],
) -> Result<Collection, Error> {
    let before = open(tx, clock, id, expected).await?;
    let gone: HashSet<Uuid> = products.iter().map(|product| product.uuid()).collect();
    hold(tx, &[], &gone).await?;
    let rest: Vec<(Uuid, i32)> = before.iter().filter(|(product, _)| !gone.contains(product)).copied().collect();
    write(tx, id, &before, &rest).await?;
    told(tx, clock, id).await
}

/// Takes the collection and says what it holds, with the places.
async fn open(tx: &TenantTx, clock: &Clock, id: CollectionId, expected: Option<i64>) -> Result<Vec<(Uuid, i32)>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        product_id: Uuid,
        position: i32,
    }
    begin(tx, clock, id, expected).await?;
    if find(tx, id).await?.rule.is_some() {
        return Err(Error::CollectionByRule);
    }
    let text =
        "SELECT product_id, position FROM collection_products WHERE tenant_id = $1 AND collection_id = $2 ORDER BY position, product_id";
    let rows: Vec<Row> = sql::all(tx, text, [tx.tenant().into(), id.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.product_id, row.position)).collect())
}

/// Takes the rows of the products whose place changes, so that whoever saves one at the same moment sees its new place or is seen here.
async fn hold(tx: &TenantTx, given: &[ProductId], touched: &HashSet<Uuid>) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Known {
        id: Uuid,
    }
    let ids: Vec<Uuid> = touched.iter().copied().collect();
    let text = "SELECT id FROM products WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE";
    let known: Vec<Known> = sql::all(tx, text, [tx.tenant().into(), ids.into()]).await?;
    let known: HashSet<Uuid> = known.into_iter().map(|row| row.id).collect();
    let (mut faults, mut seen) = (Faults::default(), HashSet::new());
    for (at, product) in given.iter().enumerate() {
        let pointer = format!("/products/{at}");
        if !known.contains(&product.uuid()) {
            faults.add(pointer, "unknown", "names a product that does not exist");
        } else if !seen.insert(*product) {
            faults.add(pointer, "duplicate", "the product is given twice");
        }
    }
    faults.done(())
}

/// Writes what has another place than before, and the shelf of those.
async fn write(tx: &TenantTx, id: CollectionId, before: &[(Uuid, i32)], after: &[(Uuid, i32)]) -> Result<(), Error> {
    let mut faults = Faults::default();
    faults.at_most("/products", after.len(), MOST_MEMBERS);
    faults.done(())?;
    let (was, is_now): (HashMap<Uuid, i32>, HashMap<Uuid, i32>) = (before.iter().copied().collect(), after.iter().copied().collect());
    let gone: Vec<Uuid> = before.iter().map(|(product, _)| *product).filter(|product| !is_now.contains_key(product)).collect();
    let moved = after.iter().filter(|(product, place)| was.get(product) != Some(place));
    let (products, places): (Vec<Uuid>, Vec<i32>) = moved.copied().unzip();
    let touched: Vec<Uuid> = gone.iter().chain(&products).copied().collect();
    if touched.is_empty() {
        return Ok(());
    }
    // A product that went meanwhile took its place with it.
    let text = "
        WITH gone AS (DELETE FROM collection_products WHERE tenant_id = $1 AND collection_id = $2 AND product_id = ANY ($3))
        INSERT INTO collection_products AS m (tenant_id, collection_id, product_id, position)
        SELECT $1, $2, x.id, x.place FROM unnest($4::uuid[], $5::integer[]) AS x (id, place)
        JOIN products p ON p.tenant_id = $1 AND p.id = x.id
        ON CONFLICT (tenant_id, collection_id, product_id) DO UPDATE SET position = excluded.position";
    sql::run(tx, text, [tx.tenant().into(), id.into(), gone.into(), products.into(), places.into()]).await?;
    sql::run(tx, SHELVE, [tx.tenant().into(), id.into(), touched.into()]).await?;
    Ok(())
}

const SHELVE: &str = "
WITH due AS MATERIALIZED (
  SELECT l.product_id, l.currency, l.published_at, l.title_key, l.price_from, m.position
  FROM collection_products m JOIN product_listings l ON l.tenant_id = $1 AND l.product_id = m.product_id
  WHERE m.tenant_id = $1 AND m.collection_id = $2 AND m.product_id = ANY ($3)),
taken_off AS (
  DELETE FROM product_shelves h WHERE h.tenant_id = $1 AND h.shelf_id = $2 AND h.product_id = ANY ($3)
    AND NOT EXISTS (SELECT FROM due d WHERE d.product_id = h.product_id AND d.currency = h.currency))
INSERT INTO product_shelves AS h (tenant_id, shelf_id, currency, product_id, published_at, title_key, price_from, place)
SELECT $1, $2, d.currency, d.product_id, d.published_at, d.title_key, d.price_from, d.position FROM due d
ON CONFLICT (tenant_id, shelf_id, currency, product_id) DO UPDATE SET place = excluded.place
WHERE h.place IS DISTINCT FROM excluded.place";

/// Places from the first on, with gaps.
fn numbered(order: &[Uuid]) -> Vec<(Uuid, i32)> {
    order.iter().copied().zip(1..).map(|(product, count): (Uuid, i32)| (product, count.saturating_mul(GAP))).collect()
}

/// So many places between two others, evenly; none when there is no room.
fn room(above: Option<i32>, below: Option<i32>, count: usize) -> Option<Vec<i32>> {
    let count = i32::try_from(count).ok()?;
    let from = above.unwrap_or(0);
    let step = match below {
        None => GAP,
        Some(below) => (below - from).checked_div(count.checked_add(1)?)?.min(GAP),
    };
    if step < 1 {
        return None;
    }
    (1..=count).map(|at| at.checked_mul(step)?.checked_add(from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_finds_room_between_two_others_while_there_is_some() {
        assert_eq!(room(None, None, 2), Some(vec![GAP, 2 * GAP]));
        assert_eq!(room(Some(10), Some(13), 2), Some(vec![11, 12]));
        assert_eq!(room(Some(10), Some(12), 2), None);
        assert_eq!(room(None, Some(1), 1), None);
        assert_eq!(room(Some(i32::MAX - 1), None, 1), None);
        assert_eq!(room(Some(5), None, 0), Some(vec![]));
        let most = numbered(&vec![Uuid::nil(); MOST_MEMBERS]);
        assert!(most.last().is_some_and(|(_, place)| *place < i32::MAX / 4), "room is left after the last");
    }
}
