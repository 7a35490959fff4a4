//! Categories: a tree that a store's people shape and its shoppers walk.

use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder};
use tenancy::TenantTx;
use uuid::Uuid;

pub use super::entity::category::Model as Category;
use super::{
    Error, attribute_values,
    entity::category,
    events::{CategoryChanged, ProductChange, ProductChanged},
    listing::{self, CategoryRef},
    new_product::Faults,
    old_slugs,
};
use crate::{
    clock::Clock,
    ids::{CategoryId, ProductId},
    outbox, sql,
    text::Slug,
};

/// How deep the tree may grow, and how many categories it may have.
const MOST_LEVELS: usize = 10;
const MOST_CATEGORIES: usize = 1000;

#[derive(Clone, Debug, Default)]
pub struct NewCategory {
    pub name: String,
    /// Suggested by the name when absent.
    pub slug: Option<String>,
    pub parent_id: Option<CategoryId>,
}

/// Absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct CategoryChanges {
    pub name: Option<String>,
    pub slug: Option<String>,
}

/// All categories, each after the one above it; siblings in their order.
pub async fn list(tx: &TenantTx) -> Result<Vec<Category>, Error> {
    let all = category::Entity::find().filter(category::Column::TenantId.eq(tx.tenant()));
    let rows = all.order_by_asc(category::Column::Position).order_by_asc(category::Column::Id).all(tx).await?;
    let mut tree = Vec::with_capacity(rows.len());
    walk(&rows, None, &mut tree);
    Ok(tree)
}

fn walk(rows: &[Category], parent: Option<CategoryId>, tree: &mut Vec<Category>) {
    for row in rows.iter().filter(|row| row.parent_id == parent) {
        tree.push(row.clone());
        walk(rows, Some(row.id), tree);
    }
}

/// The category with this id.
///
/// # Errors
/// `CategoryNotFound`.
pub async fn find(tx: &TenantTx, id: CategoryId) -> Result<Category, Error> {
    category::Entity::find_by_id((tx.tenant(), id)).one(tx).await?.ok_or(Error::CategoryNotFound(id))
}

/// Adds a category after its siblings.
///
/// # Errors
/// `SlugTaken`, `Invalid` (also when the parent does not exist, or the tree would be too deep or too large).
pub async fn create(tx: &TenantTx, clock: &Clock, new: NewCategory) -> Result<Category, Error> {
    let mut faults = Faults::default();
    let name = faults.line("/name", &new.name, 100);
    let slug = faults.slug("/slug", new.slug.as_deref(), &name);
    faults.done(())?;
    let tree = lock(tx).await?;
    if tree.len() >= MOST_CATEGORIES {
        return Err(Error::at("/name", "too_many", format!("a store has at most {MOST_CATEGORIES} categories")));
    }
    deep_enough(&tree, new.parent_id, 1)?;
    let position = tree.iter().filter(|sibling| sibling.parent_id == new.parent_id).map(|sibling| sibling.position + 1).max();
    let id = CategoryId::new();
    let text = "INSERT INTO categories (tenant_id, id, slug, name, parent_id, position, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
    let values = [
        tx.tenant().into(),
        id.into(),
        slug.as_str().into(),
        name.into(),
        new.parent_id.map(CategoryId::uuid).into(),
        position.unwrap_or(0).into(),
        clock.now().into(),
    ];
    sql::run(tx, text, values).await?;
    old_slugs::CATEGORIES.take(tx, &slug).await?;
    told(tx, clock, id).await
}

/// Gives a category another name or slug; the slug that it had leads on to it.
///
/// # Errors
/// `CategoryNotFound`, `SlugTaken`, `Invalid`.
pub async fn change(tx: &TenantTx, clock: &Clock, id: CategoryId, changes: CategoryChanges) -> Result<Category, Error> {
    let mut faults = Faults::default();
    let name = changes.name.as_deref().map(|name| faults.line("/name", name, 100));
    let slug = changes.slug.as_deref().map(|slug| faults.slug("/slug", Some(slug), ""));
    faults.done(())?;
    let text = "UPDATE categories SET name = coalesce($3, name), updated_at = $4 WHERE tenant_id = $1 AND id = $2";
    if sql::run(tx, text, [tx.tenant().into(), id.into(), name.into(), clock.now().into()]).await? == 0 {
        return Err(Error::CategoryNotFound(id));
    }
    if let Some(slug) = &slug {
        old_slugs::CATEGORIES.replace(tx, clock, id.uuid(), slug).await?;
    }
    told(tx, clock, id).await
}

/// Moves a category, with all below it, under another (or to the top) and to a place among its siblings, from 0.
///
/// # Errors
/// `CategoryCycle` when it would stand below itself; `CategoryNotFound`; `Invalid` names the parent or the position.
pub async fn move_to(
    tx: &TenantTx,
    clock: &Clock,
    id: CategoryId,
    parent: Option<CategoryId>,
    position: Option<u32>,
) -> Result<Category, Error> {
    let tree = lock(tx).await?;
    if !tree.iter().any(|category| category.id == id) {
        return Err(Error::CategoryNotFound(id));
    }
    if parent.is_some_and(|parent| ancestors(&tree, parent).contains(&id)) {
        return Err(Error::CategoryCycle);
    }
    deep_enough(&tree, parent, height(&tree, id))?;
    let moves = tree.iter().any(|category| category.id == id && category.parent_id != parent);
    let products = if moves { hold(tx, &tree, id).await? } else { Vec::new() };
    let mut siblings: Vec<Uuid> =
        tree.iter().filter(|other| other.parent_id == parent && other.id != id).map(|other| other.id.uuid()).collect();
    let at = position.map_or(siblings.len(), |position| siblings.len().min(position as usize));
    siblings.insert(at, id.uuid());
    let text = "UPDATE categories c SET position = x.place - 1, updated_at = $5,
                  parent_id = CASE WHEN c.id = $3 THEN $4 ELSE c.parent_id END
                FROM unnest($2::uuid[]) WITH ORDINALITY AS x (id, place)
                WHERE c.tenant_id = $1 AND c.id = x.id AND (c.id = $3 OR c.position <> x.place - 1)";
    let values = [tx.tenant().into(), siblings.into(), id.into(), parent.map(CategoryId::uuid).into(), clock.now().into()];
    sql::run(tx, text, values).await?;
    // They stand below other categories now.
    listing::refresh(tx, &products).await?;
    told(tx, clock, id).await
}

/// Puts all categories below one (or at the top) into this order.
///
/// # Errors
/// `Invalid` when these are not exactly the ones that stand there.
pub async fn reorder(tx: &TenantTx, clock: &Clock, parent: Option<CategoryId>, order: &[CategoryId]) -> Result<Vec<Category>, Error> {
    let tree = lock(tx).await?;
    let siblings: Vec<&Category> = tree.iter().filter(|category| category.parent_id == parent).collect();
    if siblings.len() != order.len() || !siblings.iter().all(|sibling| order.contains(&sibling.id)) {
        let detail = format!("must name each of the {} categories that stand there once", siblings.len());
        return Err(Error::at("/categories", "incomplete", detail));
    }
    let moved: Vec<CategoryChanged> = order
        .iter()
        .zip(0..)
        .filter(|(id, place)| !siblings.iter().any(|sibling| sibling.id == **id && sibling.position == *place))
        .map(|(id, _)| CategoryChanged { category_id: *id })
        .collect();
    let ids: Vec<Uuid> = order.iter().map(|id| id.uuid()).collect();
    let text = "UPDATE categories c SET position = x.place - 1, updated_at = $3 FROM unnest($2::uuid[]) WITH ORDINALITY AS x (id, place)
                WHERE c.tenant_id = $1 AND c.id = x.id AND c.position <> x.place - 1";
    sql::run(tx, text, [tx.tenant().into(), ids.into(), clock.now().into()]).await?;
    outbox::record_all(tx, clock, &moved).await?;
    let mut rows = list(tx).await?;
    rows.retain(|category| category.parent_id == parent);
    Ok(rows)
}

/// A category with what stands above and directly below it.
#[derive(Clone, Debug)]
pub struct Place {
    pub category: Category,
    /// From the top down.
    pub above: Vec<Category>,
    /// In their order.
    pub below: Vec<Category>,
}

/// What a shopper finds under a name.
#[derive(Clone, Debug)]
pub enum Found {
    Here(Box<Place>),
    /// The name is a slug that the category had; this is the one that it has.
    Moved(String),
}

/// The category that a URL names, with its place in the tree: one statement, whatever its depth.
///
/// # Errors
/// `NameNotFound`.
pub async fn find_named(tx: &TenantTx, name: &CategoryRef) -> Result<Found, Error> {
    let tree = list(tx).await?;
    let is_named = |category: &&Category| match name {
        CategoryRef::Id(id) => category.id == *id,
        CategoryRef::Slug(slug) => category.slug == *slug,
    };
    if let Some(category) = tree.iter().find(is_named).cloned() {
        let line = ancestors(&tree, category.id);
        let above = line.iter().skip(1).rev().filter_map(|id| tree.iter().find(|other| other.id == *id).cloned()).collect();
        let below = tree.iter().filter(|other| other.parent_id == Some(category.id)).cloned().collect();
        return Ok(Found::Here(Box::new(Place { category, above, below })));
    }
    let (text, slug) = match name {
        CategoryRef::Id(id) => (id.to_string(), None),
        CategoryRef::Slug(slug) => (slug.clone(), slug.parse::<Slug>().ok()),
    };
    let successor = match slug {
        Some(slug) => old_slugs::CATEGORIES.successor(tx, &slug).await?,
        None => None,
    };
    successor.map(Found::Moved).ok_or(Error::NameNotFound("category", text))
}

/// Removes a category that has none below it; its products stay.
///
/// # Errors
/// `CategoryNotEmpty`, `CategoryNotFound`.
pub async fn delete(tx: &TenantTx, clock: &Clock, id: CategoryId) -> Result<(), Error> {
    let tree = lock(tx).await?;
    if tree.iter().any(|category| category.parent_id == Some(id)) {
        return Err(Error::CategoryNotEmpty);
    }
    let products = hold(tx, &tree, id).await?;
    attribute_values::forget_target(tx, clock, id.uuid()).await?;
    if sql::run(tx, "DELETE FROM categories WHERE tenant_id = $1 AND id = $2", [tx.tenant().into(), id.into()]).await? == 0 {
        return Err(Error::CategoryNotFound(id));
    }
    listing::refresh(tx, &products).await?;
    let told: Vec<_> = products.into_iter().map(|product_id| ProductChanged { product_id, change: ProductChange::Edited }).collect();
    outbox::record_all(tx, clock, &told).await?;
    Ok(outbox::record(tx, clock, &CategoryChanged { category_id: id }).await?)
}

async fn told(tx: &TenantTx, clock: &Clock, id: CategoryId) -> Result<Category, Error> {
    outbox::record(tx, clock, &CategoryChanged { category_id: id }).await?;
    find(tx, id).await
}

/// The whole tree, which no one else changes the shape of until this transaction ends: two moves that are each right
/// could make a cycle together.
async fn lock(tx: &TenantTx) -> Result<Vec<Category>, Error> {
    sql::run(tx, "SELECT pg_advisory_xact_lock(hashtextextended('categories:' || $1::text, 0))", [tx.tenant().uuid().to_string().into()])
        .await?;
    list(tx).await
}

/// The products in a category or below it, held until this transaction ends, as is who may join them: a product saved at the
/// same moment either waits for the tree as it will be, or is seen here.
async fn hold(tx: &TenantTx, tree: &[Category], id: CategoryId) -> Result<Vec<ProductId>, Error> {
    #[derive(FromQueryResult)]
    struct Held {
        id: ProductId,
    }
    let branch: Vec<Uuid> =
        tree.iter().filter(|category| ancestors(tree, category.id).contains(&id)).map(|category| category.id.uuid()).collect();
    let text = "SELECT FROM categories WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR UPDATE";
    sql::run(tx, text, [tx.tenant().into(), branch.clone().into()]).await?;
    let text = "SELECT p.id FROM products p WHERE p.tenant_id = $1 AND p.id IN (
                  SELECT pc.product_id FROM product_categories pc WHERE pc.tenant_id = $1 AND pc.category_id = ANY ($2))
                ORDER BY p.id FOR NO KEY UPDATE";
    let held: Vec<Held> = sql::all(tx, text, [tx.tenant().into(), branch.into()]).await?;
    Ok(held.into_iter().map(|product| product.id).collect())
}

/// The category and all above it. Ends also on a tree that is none.
fn ancestors(tree: &[Category], id: CategoryId) -> Vec<CategoryId> {
    let mut line = Vec::new();
    let mut at = Some(id);
    while let Some(id) = at.filter(|id| !line.contains(id)) {
        line.push(id);
        at = tree.iter().find(|category| category.id == id).and_then(|category| category.parent_id);
    }
    line
}

/// How many levels the category and all below it take.
fn height(tree: &[Category], id: CategoryId) -> usize {
    tree.iter().map(|category| ancestors(tree, category.id)).filter_map(|line| line.iter().position(|up| *up == id)).max().unwrap_or(0) + 1
}

fn deep_enough(tree: &[Category], parent: Option<CategoryId>, height: usize) -> Result<(), Error> {
    let Some(parent) = parent else { return Ok(()) };
    if !tree.iter().any(|category| category.id == parent) {
        return Err(Error::at("/parent_id", "unknown", "names a category that does not exist"));
    }
    if ancestors(tree, parent).len() + height > MOST_LEVELS {
        return Err(Error::at("/parent_id", "too_deep", format!("the tree has at most {MOST_LEVELS} levels")));
    }
    Ok(())
}
