//! Options: what distinguishes a product's variants.

use tenancy::TenantTx;

use super::{
    Error, Product, combinations, detail,
    events::ProductChange,
    new_product::{Faults, MOST_OPTIONS},
    rows::{ChoiceRow, OptionRow, Rows, ValueRow},
    settle,
};
use crate::{
    clock::Clock,
    ids::{OptionId, OptionValueId, ProductId},
    sql,
    text::clean_line,
};

/// New names of an option and of its values.
#[derive(Clone, Debug, Default)]
pub struct OptionChanges {
    pub name: Option<String>,
    pub values: Vec<(OptionValueId, String)>,
}

/// Adds an option; every variant there is gets `value`.
///
/// # Errors
/// `Invalid`, `ValueTaken` when an option has this name, `ProductNotFound`, `VersionMoved`.
pub async fn add(
    tx: &TenantTx,
    clock: &Clock,
    product: ProductId,
    expected: Option<i64>,
    (name, value): (&str, &str),
) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    let mut faults = Faults::default();
    faults.at_most("/options", whole.options.len() + 1, MOST_OPTIONS);
    let (name, value) = (faults.line("/name", name, 100), faults.line("/value", value, 100));
    faults.done(())?;
    let (option, first) = (OptionId::new().uuid(), OptionValueId::new().uuid());
    let rows = Rows {
        options: vec![OptionRow { id: option, product_id: product.uuid(), name, position: whole.options.len() }],
        values: vec![ValueRow { id: first, option_id: option, value, position: 0 }],
        choices: whole
            .variants
            .iter()
            .map(|variant| ChoiceRow { variant_id: variant.id.uuid(), option_id: option, option_value_id: first })
            .collect(),
        ..Rows::default()
    };
    rows.insert(tx, clock, None).await?;
    finish(tx, clock, product).await
}

/// Gives an option or its values other names; titles of variants follow.
///
/// # Errors
/// `OptionNotFound`, `Invalid`, `ValueTaken`, `ProductNotFound`, `VersionMoved`.
pub async fn change(
    tx: &TenantTx,
    clock: &Clock,
    (product, id): (ProductId, OptionId),
    expected: Option<i64>,
    changes: OptionChanges,
) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    find(&detail::find(tx, product).await?, id)?;
    if let Some(name) = &changes.name {
        let name = clean_line("/name", name, 100)?;
        let text = "UPDATE product_options SET name = $3 WHERE tenant_id = $1 AND id = $2";
        sql::run(tx, text, [tx.tenant().into(), id.into(), name.into()]).await?;
    }
    for (at, (value_id, value)) in changes.values.iter().enumerate() {
        let pointer = format!("/values/{at}");
        let value = clean_line(&format!("{pointer}/value"), value, 100)?;
        let text = "UPDATE option_values SET value = $4 WHERE tenant_id = $1 AND option_id = $2 AND id = $3";
        if sql::run(tx, text, [tx.tenant().into(), id.into(), (*value_id).into(), value.into()]).await? == 0 {
            return Err(Error::at(format!("{pointer}/id"), "unknown", "is not a value of this option"));
        }
    }
    finish(tx, clock, product).await
}

/// Removes an option.
///
/// # Errors
/// `OptionDistinguishes` when two variants would then be the same; `OptionNotFound`, `ProductNotFound`, `VersionMoved`.
pub async fn remove(tx: &TenantTx, clock: &Clock, (product, id): (ProductId, OptionId), expected: Option<i64>) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    find(&whole, id)?;
    let rest: Vec<&str> = whole.options.iter().filter(|option| option.id != id).map(|option| option.name.as_str()).collect();
    let left: Vec<combinations::Choices> = whole
        .variants
        .iter()
        .map(|variant| {
            let others = whole.choices(variant).filter(|(option, _)| option.id != id);
            others.map(|(option, value)| (option.name.clone(), value.value.clone())).collect()
        })
        .collect();
    let placed: Vec<_> = left.iter().map(|choices| (String::new(), choices)).collect();
    if !combinations::faults(&rest, &placed).is_empty() {
        return Err(Error::OptionDistinguishes(id));
    }
    sql::run(tx, "DELETE FROM product_options WHERE tenant_id = $1 AND id = $2", [tx.tenant().into(), id.into()]).await?;
    finish(tx, clock, product).await
}

fn find(whole: &Product, id: OptionId) -> Result<(), Error> {
    whole.options.iter().any(|option| option.id == id).then_some(()).ok_or(Error::OptionNotFound(id))
}

async fn finish(tx: &TenantTx, clock: &Clock, product: ProductId) -> Result<Product, Error> {
    tidy(tx, product).await?;
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}

/// Drops values that no variant stands for, and renames the variants after their values.
pub(super) async fn tidy(tx: &TenantTx, product: ProductId) -> Result<(), Error> {
    let text = "
        WITH gone AS (
          DELETE FROM option_values c USING product_options o
          WHERE o.tenant_id = $1 AND o.product_id = $2 AND c.tenant_id = $1 AND c.option_id = o.id
            AND EXISTS (SELECT FROM variants v WHERE v.tenant_id = $1 AND v.product_id = $2)
            AND NOT EXISTS (SELECT FROM variant_option_values w WHERE w.tenant_id = $1 AND w.option_value_id = c.id))
        UPDATE variants v SET title = named.title
        FROM (SELECT v.id, coalesce(left(string_agg(c.value, ' / ' ORDER BY o.position, o.id), 320), 'Default') AS title
              FROM variants v
              LEFT JOIN (variant_option_values w
                JOIN product_options o ON o.tenant_id = $1 AND o.id = w.option_id
                JOIN option_values c ON c.tenant_id = $1 AND c.id = w.option_value_id) ON w.tenant_id = $1 AND w.variant_id = v.id
              WHERE v.tenant_id = $1 AND v.product_id = $2 GROUP BY v.id) named
        WHERE v.tenant_id = $1 AND v.id = named.id AND v.title <> named.title";
    sql::run(tx, text, [tx.tenant().into(), product.into()]).await?;
    Ok(())
}
