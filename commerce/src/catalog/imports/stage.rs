//! Takes a file in: its rows are staged by product, in the transaction that answers the vendor.

use std::collections::HashMap;

use serde::Serialize;
use tenancy::TenantTx;
use uuid::Uuid;

use super::{
    Import,
    file::{self, File, Row, RowFault},
    find,
};
use crate::{
    catalog::{Error, events::ImportRequested},
    clock::Clock,
    ids::{ImportErrorId, ImportId},
    outbox, sql,
    text::clean_line,
};

/// Products written at once, and rows a product may have.
const CHUNK: usize = 500;
const MOST_ROWS_OF_A_PRODUCT: u32 = 1000;

#[derive(Serialize)]
struct Staged {
    position: usize,
    handle: String,
    first_row: u32,
    row_count: u32,
    body: Vec<Row>,
}

/// Stages a file (CSV in Shopify's product format) and asks for it to be imported.
///
/// # Errors
/// `FileRefused` when the file cannot be read: empty, too large, a required column missing.
pub async fn request(tx: &TenantTx, clock: &Clock, file_name: Option<&str>, bytes: &[u8]) -> Result<Import, Error> {
    if bytes.len() > file::MOST_BYTES {
        return Err(Error::FileRefused(format!("the file is larger than {} MiB", file::MOST_BYTES / 1024 / 1024)));
    }
    let file_name = file_name.map(|name| clean_line("/file_name", name, 255)).transpose()?;
    let text = file::decode(bytes).map_err(Error::FileRefused)?;
    let mut file = File::open(&text).map_err(Error::FileRefused)?;
    let id = ImportId::new();
    let insert = "INSERT INTO imports (tenant_id, id, format, file_name, status, columns, total_rows, created_at)
                  VALUES ($1, $2, 'shopify_csv', $3, 'pending', $4, 0, $5)";
    let values = [tx.tenant().into(), id.into(), file_name.into(), file.columns.keys().into(), clock.now().into()];
    sql::run(tx, insert, values).await?;
    let (rows, unplaced) = stage_rows(tx, id, &mut file).await?;
    if rows == 0 {
        return Err(Error::FileRefused("the file has headings but no rows".into()));
    }
    let count = "UPDATE imports SET total_rows = $3, processed_rows = $4, failed_rows = $4 WHERE tenant_id = $1 AND id = $2";
    sql::run(tx, count, [tx.tenant().into(), id.into(), rows.cast_signed().into(), unplaced.cast_signed().into()]).await?;
    outbox::record(tx, clock, &ImportRequested { import_id: id }).await?;
    find(tx, id).await
}

/// How many rows the file has, and how many of them belong to no product.
async fn stage_rows(tx: &TenantTx, id: ImportId, file: &mut File<'_>) -> Result<(u32, u32), Error> {
    let (mut rows, mut unplaced) = (0, 0);
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut chunk: Vec<Staged> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    let mut faults = Vec::new();
    while let Some(placed) = file.next().map_err(Error::FileRefused)? {
        rows += 1;
        let (handle, row) = match placed {
            Ok(placed) => placed,
            Err(fault) => {
                unplaced += 1;
                faults.push(fault);
                continue;
            }
        };
        let place = seen.len();
        let count = seen.entry(handle.clone()).or_insert(0);
        *count += 1;
        if *count > MOST_ROWS_OF_A_PRODUCT {
            unplaced += 1;
            let message = format!("a product has at most {MOST_ROWS_OF_A_PRODUCT} rows");
            faults.push(RowFault { row: row.n, field: "Handle".into(), message });
            continue;
        }
        let index = *at.entry(handle.clone()).or_insert_with(|| {
            chunk.push(Staged { position: place, handle, first_row: row.n, row_count: 0, body: Vec::new() });
            chunk.len() - 1
        });
        chunk[index].row_count += 1;
        chunk[index].body.push(row);
        if chunk.len() >= CHUNK {
            write(tx, id, &chunk, &faults).await?;
            chunk.clear();
            at.clear();
            faults.clear();
        }
    }
    write(tx, id, &chunk, &faults).await?;
    Ok((rows, unplaced))
}

/// Rows of a handle that was staged before are put behind its others.
async fn write(tx: &TenantTx, id: ImportId, chunk: &[Staged], faults: &[RowFault]) -> Result<(), Error> {
    if !chunk.is_empty() {
        let text = "
            INSERT INTO import_products AS p (tenant_id, import_id, position, handle, first_row, row_count, body, status)
            SELECT $1, $2, x.position, x.handle, x.first_row, x.row_count, x.body, 'staged'
            FROM jsonb_to_recordset($3) AS x (position integer, handle text, first_row integer, row_count integer, body jsonb)
            ON CONFLICT (tenant_id, import_id, handle)
              DO UPDATE SET row_count = p.row_count + excluded.row_count, body = p.body || excluded.body";
        sql::run(tx, text, [tx.tenant().into(), id.into(), sql::json(chunk)?]).await?;
    }
    write_faults(tx, id, faults).await
}

/// Keeps what was wrong with rows.
pub(super) async fn write_faults(tx: &TenantTx, id: ImportId, faults: &[RowFault]) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Line {
        id: Uuid,
        row: u32,
        field: String,
        message: String,
    }
    if faults.is_empty() {
        return Ok(());
    }
    let lines: Vec<Line> = faults
        .iter()
        .map(|fault| Line {
            id: ImportErrorId::new().uuid(),
            row: fault.row,
            field: fault.field.chars().take(200).collect(),
            message: fault.message.chars().take(1000).collect(),
        })
        .collect();
    let text = "INSERT INTO import_errors (tenant_id, id, import_id, row, field, message)
                SELECT $1, x.id, $2, x.row, x.field, x.message
                FROM jsonb_to_recordset($3) AS x (id uuid, row integer, field text, message text)";
    sql::run(tx, text, [tx.tenant().into(), id.into(), sql::json(&lines)?]).await?;
    Ok(())
}
