use chrono::{DateTime, Utc};
use commerce::{
    catalog::imports::{self, ImportFault, MOST_BYTES},
    ids::ImportId,
};
use salvo::{
    Router, Writer,
    oapi::{ToParameters, ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Csv, Once, Paging, PathId, Query, Replay, Vendor},
    json::{Accepted, Id, Json, Page},
};

pub(super) fn router() -> Router {
    let one = Router::with_path("{id}").get(show).push(Router::with_path("errors").get(errors));
    Router::with_path("imports").get(list).post(create).push(one)
}

/// A file of products on its way into the catalogue.
#[derive(Debug, Serialize, ToSchema)]
struct Import {
    id: Id<ImportId>,
    file_name: Option<String>,
    status: ImportStatus,
    total_rows: i32,
    processed_rows: i32,
    created_products: i32,
    updated_products: i32,
    /// They were as the file wants them already.
    unchanged_products: i32,
    /// Rows that were not taken over; `errors` says why.
    failed_rows: i32,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ImportStatus {
    Pending,
    Processing,
    Completed,
    Failed,
    Cancelled,
}

/// What was wrong with a row of the file.
#[derive(Debug, Serialize, ToSchema)]
struct RowError {
    /// As a spreadsheet counts: the headings are row 1.
    row: i32,
    /// The heading of the column.
    field: String,
    message: String,
}

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
struct FileFacts {
    /// How the file is called, to find it again.
    #[garde(length(chars, max = 255))]
    file_name: Option<String>,
}

/// Import products from a CSV file in Shopify's product format.
///
/// The file is staged at once and taken into the catalogue in the background; follow it by `GET`. `Handle`, `Title` and
/// `Variant Price` are required columns; prices are in the store's main currency. A product is known by its handle, a variant
/// by its option values. `Vendor` is the brand; `SEO Title`, `SEO Description` and `Variant Barcode` are taken over too. Importing the same file again changes nothing. UTF-8, UTF-16 and Windows-1252 are understood, and
/// commas, semicolons and tabs.
#[endpoint]
async fn create(
    vendor: Vendor,
    state: State,
    facts: Query<FileFacts>,
    file: Csv<MOST_BYTES>,
    once: Once,
) -> Result<Replay<Accepted<Import>>, Problem> {
    vendor.require(Permission::WriteProducts)?;
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let import = imports::request(&tx, &state.clock, facts.0.file_name.as_deref(), &file.0).await?;
    once.commit(tx, &state.clock, Accepted::at(format!("/vendor/v1/imports/{}", import.id), import.into())).await
}

/// List the imports, the newest first.
#[endpoint]
async fn list(vendor: Vendor, paging: Paging) -> Result<Page<Import>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(imports::list(&tx, &paging.0).await?))
}

/// Show how far an import has come.
#[endpoint]
async fn show(vendor: Vendor, id: PathId<ImportId>) -> Result<Json<Import>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Json(imports::find(&tx, id.0).await?.into()))
}

/// List what was wrong with the file, by row.
#[endpoint]
async fn errors(vendor: Vendor, id: PathId<ImportId>, paging: Paging) -> Result<Page<RowError>, Problem> {
    vendor.require(Permission::ReadProducts)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::of(imports::errors(&tx, id.0, &paging.0).await?))
}

impl From<imports::Import> for Import {
    fn from(import: imports::Import) -> Self {
        let status = match import.status {
            imports::Status::Pending => ImportStatus::Pending,
            imports::Status::Processing => ImportStatus::Processing,
            imports::Status::Completed => ImportStatus::Completed,
            imports::Status::Failed => ImportStatus::Failed,
            imports::Status::Cancelled => ImportStatus::Cancelled,
        };
        Self {
            id: import.id.into(),
            file_name: import.file_name,
            status,
            total_rows: import.total_rows,
            processed_rows: import.processed_rows,
            created_products: import.created_products,
            updated_products: import.updated_products,
            unchanged_products: import.unchanged_products,
            failed_rows: import.failed_rows,
            created_at: import.created_at,
            started_at: import.started_at,
            finished_at: import.finished_at,
        }
    }
}

impl From<ImportFault> for RowError {
    fn from(fault: ImportFault) -> Self {
        Self { row: fault.row, field: fault.field, message: fault.message }
    }
}
