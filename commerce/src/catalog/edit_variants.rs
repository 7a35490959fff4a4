//! Many variants of one product edited at once: all of it or nothing, in a number of statements that does not grow with them.

use std::collections::{HashMap, HashSet};

use sea_orm::FromQueryResult;
use tenancy::TenantTx;
use uuid::Uuid;

use super::{
    Error, NewVariant, Product,
    attribute_values::{self, Wanted},
    currencies, detail,
    events::ProductChange,
    options, settle,
    variant_plan::{Changed, Code, Created, Plan, Removed},
    variants::VariantChanges,
};
use crate::{
    clock::Clock,
    fault::FieldFault,
    ids::{ProductId, VariantId},
    sql,
};

/// What shall become of a product's variants. What is not named stays.
#[derive(Clone, Debug, Default)]
pub struct VariantEdit {
    pub changed: Vec<(VariantId, VariantChanges)>,
    pub created: Vec<NewVariant>,
    pub removed: Vec<VariantId>,
}

/// Changes, adds and removes variants. What one gives up (a SKU, a barcode, a combination) another of them may take.
///
/// # Errors
/// `Invalid` names every wrong field; `Conflicts` every SKU and barcode that the store has elsewhere, or every variant that has been
/// ordered and cannot go; `InUse` when one is held by a checkout; `NothingToSell`, `ProductNotFound`, `VersionMoved`.
pub async fn edit_variants(
    tx: &TenantTx,
    clock: &Clock,
    product: ProductId,
    expected: Option<i64>,
    edit: VariantEdit,
) -> Result<Product, Error> {
    let place = |list: &str, at: usize| format!("/{list}/{at}");
    let changed: Vec<Changed> =
        edit.changed.into_iter().enumerate().map(|(at, (id, changes))| Changed { pointer: place("variants", at), id, changes }).collect();
    let created: Vec<Created> = edit.created.into_iter().enumerate().map(|(at, new)| Created::at(place("create", at), new)).collect();
    let removed: Vec<Removed> = edit.removed.into_iter().enumerate().map(|(at, id)| Removed { pointer: place("delete", at), id }).collect();
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    write(tx, clock, &whole, &changed, &created, &removed).await
}

/// Carries out an edit of a product that the caller holds and has just read.
///
/// # Errors
/// As [`edit_variants`].
pub(super) async fn write(
    tx: &TenantTx,
    clock: &Clock,
    whole: &Product,
    changed: &[Changed],
    created: &[Created],
    removed: &[Removed],
) -> Result<Product, Error> {
    let product = whole.id;
    let plan = Plan::of(whole, &currencies::of_store(tx).await?, changed, created, removed)?;
    let vacated = vacate(tx, &plan, changed, removed).await?;
    remove(tx, product, removed).await?;
    if !(vacated.skus.is_empty() && vacated.barcodes.is_empty()) {
        sql::run(tx, VACATE, [tx.tenant().into(), product.into(), vacated.skus.into(), vacated.barcodes.into()]).await?;
    }
    if !plan.changes.is_empty() {
        sql::run(tx, CHANGE, [tx.tenant().into(), product.into(), sql::json(&plan.changes)?, clock.now().into()]).await?;
    }
    if !plan.rechosen.is_empty() {
        let text = "DELETE FROM variant_option_values WHERE tenant_id = $1 AND variant_id = ANY ($2)";
        sql::run(tx, text, [tx.tenant().into(), plan.rechosen.into()]).await?;
    }
    if !plan.repriced.is_empty() {
        let (variants, codes): (Vec<Uuid>, Vec<String>) =
            plan.rows.prices.iter().map(|price| (price.variant_id, price.currency.to_owned())).unzip();
        sql::run(tx, UNPRICE, [tx.tenant().into(), plan.repriced.into(), variants.into(), codes.into()]).await?;
    }
    if !plan.rows.is_empty() {
        plan.rows.insert(tx, clock, None).await?;
    }
    let of_changed = changed.iter().map(|one| (one.id, &one.pointer, &one.changes.attributes));
    let of_created = created.iter().zip(&plan.created).map(|(one, id)| (*id, &one.pointer, &one.new.attributes));
    let wanted: Vec<Wanted<'_>> = of_changed
        .chain(of_created)
        .map(|(id, pointer, given)| Wanted { variant: Some(id), pointer: format!("{pointer}/attributes"), given })
        .collect();
    attribute_values::set(tx, product, &wanted).await?;
    options::tidy(tx, product, plan.left).await?;
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}

/// Variants that must give up their SKU, or their barcode, before others of the edit can take it.
#[derive(Default)]
struct Vacated {
    skus: Vec<Uuid>,
    barcodes: Vec<Uuid>,
}

/// Who must let go of what others of this edit are to have.
///
/// # Errors
/// `Conflicts` names what is somebody else's and stays so.
async fn vacate(tx: &TenantTx, plan: &Plan, changed: &[Changed], removed: &[Removed]) -> Result<Vacated, Error> {
    #[derive(FromQueryResult)]
    struct Owner {
        id: VariantId,
        code: String,
        is_sku: bool,
    }
    if plan.codes.is_empty() {
        return Ok(Vacated::default());
    }
    let named =
        |is_sku: bool| plan.codes.iter().filter(|code| code.is_sku == is_sku).map(|code| code.text.clone()).collect::<Vec<String>>();
    let text = "SELECT id, sku AS code, true AS is_sku FROM variants WHERE tenant_id = $1 AND sku = ANY ($2)
                UNION ALL SELECT id, barcode, false FROM variants
                WHERE tenant_id = $1 AND barcode = ANY ($3) AND NOT is_barcode_shared";
    let owners: Vec<Owner> = sql::all(tx, text, [tx.tenant().into(), named(true).into(), named(false).into()]).await?;
    let owners: HashMap<(bool, &str), VariantId> = owners.iter().map(|owner| ((owner.is_sku, owner.code.as_str()), owner.id)).collect();
    let gone: HashSet<VariantId> = removed.iter().map(|one| one.id).collect();
    let changing: HashMap<VariantId, &VariantChanges> = changed.iter().map(|one| (one.id, &one.changes)).collect();
    let gives_up = |owner: VariantId, code: &Code| {
        changing.get(&owner).is_some_and(|changes| if code.is_sku { changes.sku.is_some() } else { changes.barcode.is_some() })
    };
    let (mut vacated, mut taken) = (Vacated::default(), Vec::new());
    for code in &plan.codes {
        match owners.get(&(code.is_sku, code.text.as_str())) {
            Some(owner) if Some(*owner) != code.of && !gone.contains(owner) => {
                if gives_up(*owner, code) {
                    if code.is_sku { &mut vacated.skus } else { &mut vacated.barcodes }.push(owner.uuid());
                } else {
                    taken.push((code.is_sku, code.fault("taken", "another variant of this store has")));
                }
            }
            _ => {}
        }
    }
    let Some((is_sku, _)) = taken.first() else { return Ok(vacated) };
    let code = if *is_sku { "catalog.sku_taken" } else { "catalog.barcode_taken" };
    Err(Error::Conflicts(code, taken.into_iter().map(|(_, fault)| fault).collect()))
}

/// Removes variants that were never ordered.
///
/// # Errors
/// `Conflicts` names those that were.
async fn remove(tx: &TenantTx, product: ProductId, removed: &[Removed]) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Gone {
        id: VariantId,
    }
    if removed.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = removed.iter().map(|one| one.id.uuid()).collect();
    let text = "DELETE FROM variants v WHERE v.tenant_id = $1 AND v.product_id = $2 AND v.id = ANY ($3) AND NOT EXISTS (
                  SELECT FROM order_lines l WHERE l.tenant_id = $1 AND l.product_id = $2 AND l.variant_id = v.id) RETURNING v.id";
    let gone: Vec<Gone> = sql::all(tx, text, [tx.tenant().into(), product.into(), ids.into()]).await?;
    let gone: HashSet<VariantId> = gone.into_iter().map(|row| row.id).collect();
    let kept = removed.iter().filter(|one| !gone.contains(&one.id));
    let faults: Vec<FieldFault> =
        kept.map(|one| FieldFault::new(one.pointer.clone(), "in_use", "has been ordered: its history stays")).collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Conflicts("catalog.in_use", faults)) }
}

/// A unique key is asked row by row, so whoever swaps must first let go.
const VACATE: &str = "
UPDATE variants SET sku = CASE WHEN id = ANY ($3) THEN NULL ELSE sku END, barcode = CASE WHEN id = ANY ($4) THEN NULL ELSE barcode END
WHERE tenant_id = $1 AND product_id = $2 AND (id = ANY ($3) OR id = ANY ($4))";

const CHANGE: &str = "
UPDATE variants v SET sku = CASE WHEN x.has_sku THEN x.sku ELSE v.sku END,
  barcode = CASE WHEN x.has_barcode THEN x.barcode ELSE v.barcode END, is_barcode_shared = v.is_barcode_shared AND NOT x.has_barcode,
  weight_grams = coalesce(x.weight_grams, v.weight_grams), requires_shipping = coalesce(x.requires_shipping, v.requires_shipping),
  is_stock_tracked = coalesce(x.is_stock_tracked, v.is_stock_tracked), tax_class = coalesce(x.tax_class, v.tax_class), updated_at = $4
FROM jsonb_to_recordset($3) AS x (id uuid, has_sku boolean, sku text, has_barcode boolean, barcode text, weight_grams integer,
  requires_shipping boolean, is_stock_tracked boolean, tax_class text)
WHERE v.tenant_id = $1 AND v.product_id = $2 AND v.id = x.id";

/// What stays is replaced by the insert that follows.
const UNPRICE: &str = "
DELETE FROM prices p WHERE p.tenant_id = $1 AND p.variant_id = ANY ($2)
  AND NOT EXISTS (SELECT FROM unnest($3::uuid[], $4::text[]) AS x (variant_id, currency)
    WHERE x.variant_id = p.variant_id AND x.currency = p.currency)";
