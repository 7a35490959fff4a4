//! One step of an import: a batch of staged products, in one transaction with the progress it makes.

use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::FromQueryResult;
use serde::Serialize;
use tenancy::{TenantDb, TenantTx};
use uuid::Uuid;

use super::{
    Import, Status,
    compare::{Known, Level, Outcome, compare},
    file::{Row, RowFault},
    find,
    stage::write_faults,
    wanted::{self, Context, Wanted},
    write::{Changes, REASON},
};
use crate::{
    catalog::{
        Error, Product, barcodes, currencies, detail,
        events::{ImportCompleted, ProductChange, ProductChanged},
        settle, tags,
    },
    clock::Clock,
    fault::{Fault, Kind},
    ids::{ImportId, StockLevelId, VariantId},
    inventory::levels::Backorder,
    outbox, sql,
};

/// Products of a step: large enough to make bulk statements pay, small enough that its locks are short.
const BATCH: i64 = 250;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub total_rows: i32,
    pub processed_rows: i32,
    /// Nothing is left to do.
    pub is_done: bool,
}

/// Takes the next batch of an import into the catalogue. To be called until [`Progress::is_done`]; calling it again after
/// a kill, or twice at once, is right.
///
/// # Errors
/// `ImportNotFound`; `NoDefaultLocation`; the database is away.
pub async fn run_step(db: &TenantDb, clock: &Clock, id: ImportId) -> Result<Progress, Error> {
    match step(db, clock, id, BATCH).await {
        Err(error) if is_about_data(&error) => {
            // Somebody took a slug or a SKU meanwhile, or a product of the batch is one that the schema refuses. Alone, it
            // hinders no other.
            tracing::warn!(import.id = %id, error = %error, "A batch of an import was refused; taking one product");
            match step(db, clock, id, 1).await {
                Err(error) if is_about_data(&error) => pass_over(db, clock, id, &error).await,
                done => done,
            }
        }
        done => done,
    }
}

/// Not about the store as a whole, and not about a service that is away.
fn is_about_data(error: &Error) -> bool {
    !matches!(error, Error::ImportNotFound(_) | Error::Inventory(_)) && error.kind() != Kind::Unavailable
}

#[derive(FromQueryResult)]
struct Staged {
    position: i32,
    handle: String,
    first_row: i32,
    row_count: i32,
    body: sea_orm::JsonValue,
}

async fn step(db: &TenantDb, clock: &Clock, id: ImportId, size: i64) -> Result<Progress, Error> {
    let tx = db.begin().await?;
    let Some((import, staged)) = take(&tx, clock, id, size).await? else { return settled(&tx, id).await };
    let mut tally = Tally::default();
    if !staged.is_empty() {
        import_products(&tx, clock, &import, &staged, &mut tally).await?;
        write_faults(&tx, id, &tally.faults).await?;
    }
    let progress = advance(&tx, clock, id, &tally, staged.len() < usize::try_from(size).unwrap_or(1)).await?;
    tx.commit().await?;
    Ok(progress)
}

/// The import, held until the end of the transaction, and its next products; nothing when it has ended.
async fn take(tx: &TenantTx, clock: &Clock, id: ImportId, size: i64) -> Result<Option<(Import, Vec<Staged>)>, Error> {
    let start = "UPDATE imports SET status = 'processing', started_at = coalesce(started_at, $3)
                 WHERE tenant_id = $1 AND id = $2 AND status IN ('pending', 'processing')";
    if sql::run(tx, start, [tx.tenant().into(), id.into(), clock.now().into()]).await? == 0 {
        return Ok(None);
    }
    let next = "SELECT position, handle, first_row, row_count, body FROM import_products
                WHERE tenant_id = $1 AND import_id = $2 AND status = 'staged' ORDER BY position LIMIT $3";
    let staged = sql::all(tx, next, [tx.tenant().into(), id.into(), size.into()]).await?;
    Ok(Some((find(tx, id).await?, staged)))
}

async fn settled(tx: &TenantTx, id: ImportId) -> Result<Progress, Error> {
    let import = find(tx, id).await?;
    Ok(Progress { total_rows: import.total_rows, processed_rows: import.processed_rows, is_done: import.status != Status::Pending })
}

#[derive(Default)]
struct Tally {
    created: i32,
    updated: i32,
    unchanged: i32,
    rows: i32,
    failed_rows: i32,
    faults: Vec<RowFault>,
    outcomes: Vec<ProductOutcome>,
}

#[derive(Serialize)]
struct ProductOutcome {
    position: i32,
    status: &'static str,
}

impl Tally {
    fn count(&mut self, staged: &Staged, status: &'static str) {
        self.rows += staged.row_count;
        match status {
            "created" => self.created += 1,
            "updated" => self.updated += 1,
            "unchanged" => self.unchanged += 1,
            _ => self.failed_rows += staged.row_count,
        }
        self.outcomes.push(ProductOutcome { position: staged.position, status });
    }
}

async fn import_products(tx: &TenantTx, clock: &Clock, import: &Import, staged: &[Staged], tally: &mut Tally) -> Result<(), Error> {
    let columns: HashSet<String> = import.columns.iter().cloned().collect();
    let context = Context { columns: &columns, currency: currencies::of_store(tx).await?.main };
    let mut wanted: Vec<(&Staged, Wanted)> = Vec::new();
    for product in staged {
        match read(product, &context) {
            Ok(read) => wanted.push((product, read)),
            Err(faults) => {
                tally.faults.extend(faults);
                tally.count(product, "failed");
            }
        }
    }
    let existing = existing(tx, &wanted).await?;
    let named: BTreeMap<String, String> = wanted.iter().filter_map(|(_, wanted)| wanted.tags.clone()).flatten().collect();
    let tags = tags::ensure(tx, clock, &named).await?;
    let levels = levels(tx, existing.values()).await?;
    let mut skus = skus(tx, &wanted).await?;
    let named = wanted.iter().flat_map(|(_, wanted)| &wanted.variants).filter_map(|variant| variant.barcode.clone().flatten());
    let mut barcodes = barcodes::owners(tx, named.collect()).await?;
    let mut changes = Changes::default();
    let mut told = Vec::new();
    for (staged, wanted) in &wanted {
        let known = Known { tags: &tags, levels: &levels, skus: &skus, barcodes: &barcodes, now: clock.now() };
        let first_row = u32::try_from(staged.first_row).unwrap_or(1);
        match compare(wanted, existing.get(&wanted.slug), first_row, &known, &mut changes) {
            Ok(Outcome::Created(product_id)) => {
                told.push(ProductChanged { product_id, change: ProductChange::Created });
                tally.count(staged, "created");
            }
            Ok(Outcome::Updated(product_id, change)) => {
                told.push(ProductChanged { product_id, change });
                tally.count(staged, "updated");
            }
            Ok(Outcome::Unchanged) => tally.count(staged, "unchanged"),
            Err(faults) => {
                tally.faults.extend(faults);
                tally.count(staged, "failed");
                continue;
            }
        }
        // The SKUs and barcodes of this product are taken for those after it.
        for variant in &wanted.variants {
            if let Some(Some(sku)) = &variant.sku {
                skus.entry(sku.clone()).or_insert_with(VariantId::new);
            }
            if let Some(Some(barcode)) = &variant.barcode {
                barcodes.entry(barcode.clone()).or_insert_with(VariantId::new);
            }
        }
    }
    changes.write(tx, clock).await?;
    settle::end_all(tx, clock, &told).await
}

fn read(staged: &Staged, context: &Context<'_>) -> Result<Wanted, Vec<RowFault>> {
    let rows: Vec<Row> = serde_json::from_value(staged.body.clone()).map_err(|error| {
        vec![RowFault { row: u32::try_from(staged.first_row).unwrap_or(1), field: "row".into(), message: error.to_string() }]
    })?;
    wanted::read(&staged.handle, &rows, context)
}

/// The products of the batch that are there, by slug; held until the end, so that no one edits them meanwhile.
async fn existing(tx: &TenantTx, wanted: &[(&Staged, Wanted)]) -> Result<HashMap<String, Product>, Error> {
    let slugs: Vec<String> = wanted.iter().map(|(_, wanted)| wanted.slug.clone()).collect();
    let hold = "SELECT id FROM products WHERE tenant_id = $1 AND slug = ANY ($2) ORDER BY id FOR UPDATE";
    if sql::run(tx, hold, [tx.tenant().into(), slugs.clone().into()]).await? == 0 {
        return Ok(HashMap::new());
    }
    let products = detail::load_by_slug(tx, slugs).await?;
    Ok(products.into_iter().map(|product| (product.slug.clone(), product)).collect())
}

async fn levels(tx: &TenantTx, products: impl Iterator<Item = &Product>) -> Result<HashMap<VariantId, Level>, Error> {
    #[derive(FromQueryResult)]
    struct Found {
        id: StockLevelId,
        variant_id: VariantId,
        on_hand: i32,
        backorder: Backorder,
        has_moved: bool,
    }
    let variants: Vec<Uuid> = products.flat_map(|product| &product.variants).map(|variant| variant.id.uuid()).collect();
    if variants.is_empty() {
        return Ok(HashMap::new());
    }
    let text = "SELECT s.id, s.variant_id, s.on_hand, s.backorder, s.reserved > 0 OR EXISTS (SELECT FROM stock_movements m
                  WHERE m.tenant_id = $1 AND m.stock_level_id = s.id AND m.reason IS DISTINCT FROM $3) AS has_moved
                FROM stock_levels s JOIN locations l ON l.tenant_id = $1 AND l.id = s.location_id AND l.is_default
                WHERE s.tenant_id = $1 AND s.variant_id = ANY ($2)";
    let rows: Vec<Found> = sql::all(tx, text, [tx.tenant().into(), variants.into(), REASON.into()]).await?;
    let level =
        |row: Found| (row.variant_id, Level { id: row.id, on_hand: row.on_hand, backorder: row.backorder, has_moved: row.has_moved });
    Ok(rows.into_iter().map(level).collect())
}

/// Who has the SKUs that the batch names.
async fn skus(tx: &TenantTx, wanted: &[(&Staged, Wanted)]) -> Result<HashMap<String, VariantId>, Error> {
    #[derive(FromQueryResult)]
    struct Owner {
        sku: String,
        id: VariantId,
    }
    let named = wanted.iter().flat_map(|(_, wanted)| &wanted.variants).filter_map(|variant| variant.sku.clone().flatten());
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let text = "SELECT sku, id FROM variants WHERE tenant_id = $1 AND sku = ANY ($2)";
    let owners: Vec<Owner> = sql::all(tx, text, [tx.tenant().into(), named.into()]).await?;
    Ok(owners.into_iter().map(|owner| (owner.sku, owner.id)).collect())
}

/// Writes the progress down, and the end when this was the last batch.
async fn advance(tx: &TenantTx, clock: &Clock, id: ImportId, tally: &Tally, is_done: bool) -> Result<Progress, Error> {
    #[derive(FromQueryResult)]
    struct Sums {
        total_rows: i32,
        processed_rows: i32,
        created_products: i32,
        updated_products: i32,
        unchanged_products: i32,
        failed_rows: i32,
    }
    if !tally.outcomes.is_empty() {
        let text = "UPDATE import_products p SET status = x.status FROM jsonb_to_recordset($3) AS x (position integer, status text)
                    WHERE p.tenant_id = $1 AND p.import_id = $2 AND p.position = x.position";
        sql::run(tx, text, [tx.tenant().into(), id.into(), sql::json(&tally.outcomes)?]).await?;
    }
    let text = "UPDATE imports SET processed_rows = processed_rows + $3, created_products = created_products + $4,
                  updated_products = updated_products + $5, unchanged_products = unchanged_products + $6,
                  failed_rows = failed_rows + $7, status = CASE WHEN $8 THEN 'completed' ELSE status END,
                  finished_at = CASE WHEN $8 THEN $9 END
                WHERE tenant_id = $1 AND id = $2
                RETURNING total_rows, processed_rows, created_products, updated_products, unchanged_products, failed_rows";
    let values = [
        tx.tenant().into(),
        id.into(),
        tally.rows.into(),
        tally.created.into(),
        tally.updated.into(),
        tally.unchanged.into(),
        tally.failed_rows.into(),
        is_done.into(),
        clock.now().into(),
    ];
    let sums: Sums = sql::one(tx, text, values).await?.ok_or(Error::ImportNotFound(id))?;
    if is_done {
        let completed = ImportCompleted {
            import_id: id,
            created_products: sums.created_products,
            updated_products: sums.updated_products,
            unchanged_products: sums.unchanged_products,
            failed_rows: sums.failed_rows,
        };
        outbox::record(tx, clock, &completed).await?;
    }
    Ok(Progress { total_rows: sums.total_rows, processed_rows: sums.processed_rows, is_done })
}

/// Gives up the next product, with the reason.
async fn pass_over(db: &TenantDb, clock: &Clock, id: ImportId, why: &Error) -> Result<Progress, Error> {
    let tx = db.begin().await?;
    let Some((_, staged)) = take(&tx, clock, id, 1).await? else { return settled(&tx, id).await };
    let mut tally = Tally::default();
    for product in &staged {
        let message = if why.kind() == Kind::Internal { "could not be stored".to_owned() } else { why.to_string() };
        tally.faults.push(RowFault { row: u32::try_from(product.first_row).unwrap_or(1), field: "row".into(), message });
        tally.count(product, "failed");
    }
    write_faults(&tx, id, &tally.faults).await?;
    let progress = advance(&tx, clock, id, &tally, staged.is_empty()).await?;
    tx.commit().await?;
    Ok(progress)
}
