//! Options: what distinguishes a product's variants.

use tenancy::TenantTx;
use uuid::Uuid;

use super::{
    Error, OptionValue, Product, ProductOption, combinations, detail,
    events::ProductChange,
    new_product::{Faults, MOST_OPTIONS, MOST_VALUES},
    rows::{ChoiceRow, OptionRow, Rows, ValueRow},
    settle,
};
use crate::{
    clock::Clock,
    ids::{OptionId, OptionValueId, ProductId},
    sql,
};

/// What a vendor may change about an option. Absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct OptionChanges {
    pub name: Option<String>,
    /// Its place among the product's options, from 0.
    pub position: Option<usize>,
    /// Values with their new words.
    pub values: Vec<(OptionValueId, String)>,
    /// All of its values, in their new order.
    pub order: Option<Vec<OptionValueId>>,
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

/// Gives an option or its values other names or another place; titles of variants follow.
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
    let whole = detail::find(tx, product).await?;
    let option = find(&whole, id)?;
    let mut faults = Faults::default();
    let name = changes.name.as_deref().map(|name| faults.line("/name", name, 100));
    let values = renamed(&mut faults, option, &changes.values);
    let order = changes.order.as_ref().map(|order| ordered(&mut faults, option, order));
    faults.done(())?;
    if let Some(name) = name {
        let text = "UPDATE product_options SET name = $3 WHERE tenant_id = $1 AND id = $2";
        sql::run(tx, text, [tx.tenant().into(), id.into(), name.into()]).await?;
    }
    if let Some(position) = changes.position {
        let mut places: Vec<Uuid> = whole.options.iter().map(|option| option.id.uuid()).filter(|other| *other != id.uuid()).collect();
        places.insert(position.min(places.len()), id.uuid());
        sql::run(tx, PLACE_OPTIONS, [tx.tenant().into(), places.into()]).await?;
    }
    rename(tx, option, values).await?;
    if let Some(order) = order {
        sql::run(tx, PLACE_VALUES, [tx.tenant().into(), id.into(), order.into()]).await?;
    }
    finish(tx, clock, product).await
}

const PLACE_OPTIONS: &str = "
UPDATE product_options o SET position = x.place - 1 FROM unnest($2::uuid[]) WITH ORDINALITY AS x (id, place)
WHERE o.tenant_id = $1 AND o.id = x.id AND o.position <> x.place - 1";

const PLACE_VALUES: &str = "
UPDATE option_values c SET position = x.place - 1 FROM unnest($3::uuid[]) WITH ORDINALITY AS x (id, place)
WHERE c.tenant_id = $1 AND c.option_id = $2 AND c.id = x.id AND c.position <> x.place - 1";

/// Values with clean new words, each of which is an option's own.
fn renamed(faults: &mut Faults, option: &ProductOption, values: &[(OptionValueId, String)]) -> Vec<(Uuid, String)> {
    let mut clean: Vec<(Uuid, String)> = Vec::with_capacity(values.len());
    for (at, (id, value)) in values.iter().enumerate() {
        let value = faults.line(&format!("/values/{at}/value"), value, 100);
        if !option.values.iter().any(|known| known.id == *id) {
            faults.add(format!("/values/{at}/id"), "unknown", "is not a value of this option");
        } else if clean.iter().any(|(other, _)| *other == id.uuid()) {
            faults.add(format!("/values/{at}/id"), "duplicate", "the value is given twice");
        }
        clean.push((id.uuid(), value));
    }
    clean
}

/// Two values may swap their words: whichever stands in another's way lets go first.
async fn rename(tx: &TenantTx, option: &ProductOption, values: Vec<(Uuid, String)>) -> Result<(), Error> {
    if values.is_empty() {
        return Ok(());
    }
    let stands_in_the_way = |known: &&OptionValue| {
        let id = known.id.uuid();
        values.iter().any(|(other, _)| *other == id) && values.iter().any(|(other, word)| *other != id && *word == known.value)
    };
    let in_the_way: Vec<Uuid> = option.values.iter().filter(stands_in_the_way).map(|known| known.id.uuid()).collect();
    if !in_the_way.is_empty() {
        let text = "UPDATE option_values SET value = id::text WHERE tenant_id = $1 AND id = ANY ($2)";
        sql::run(tx, text, [tx.tenant().into(), in_the_way.into()]).await?;
    }
    let (ids, words): (Vec<Uuid>, Vec<String>) = values.into_iter().unzip();
    let text = "UPDATE option_values c SET value = x.value FROM unnest($3::uuid[], $4::text[]) AS x (id, value)
                WHERE c.tenant_id = $1 AND c.option_id = $2 AND c.id = x.id AND c.value <> x.value";
    sql::run(tx, text, [tx.tenant().into(), option.id.into(), ids.into(), words.into()]).await?;
    Ok(())
}

fn ordered(faults: &mut Faults, option: &ProductOption, order: &[OptionValueId]) -> Vec<Uuid> {
    let is_whole = order.len() == option.values.len() && option.values.iter().all(|value| order.contains(&value.id));
    if !is_whole {
        faults.add("/order", "incomplete", format!("must name each of the {} values of the option once", option.values.len()));
    }
    order.iter().map(|value| value.uuid()).collect()
}

/// Adds values to an option, after the others. No variant stands for them yet: they are made, or generated, afterwards.
///
/// # Errors
/// `Invalid` names those that are there already, and says when they are too many; `OptionNotFound`, `ProductNotFound`, `VersionMoved`.
pub async fn add_values(
    tx: &TenantTx,
    clock: &Clock,
    (product, id): (ProductId, OptionId),
    expected: Option<i64>,
    values: &[String],
) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    let option = find(&whole, id)?;
    let mut faults = Faults::default();
    faults.at_most("/values", option.values.len() + values.len(), MOST_VALUES);
    let mut rows = Rows::default();
    for (at, value) in values.iter().enumerate() {
        let value = faults.line(&format!("/values/{at}"), value, 100);
        if option.values.iter().any(|known| known.value == value) || rows.values.iter().any(|row| row.value == value) {
            faults.add(format!("/values/{at}"), "duplicate", "the option has this value already");
        }
        rows.values.push(ValueRow { id: OptionValueId::new().uuid(), option_id: id.uuid(), value, position: option.values.len() + at });
    }
    faults.done(())?;
    rows.insert(tx, clock, None).await?;
    finish(tx, clock, product).await
}

/// Removes a value that no variant stands for.
///
/// # Errors
/// `ValueInUse`, `OptionValueNotFound`, `OptionNotFound`, `ProductNotFound`, `VersionMoved`.
pub async fn remove_value(
    tx: &TenantTx,
    clock: &Clock,
    (product, id, value): (ProductId, OptionId, OptionValueId),
    expected: Option<i64>,
) -> Result<Product, Error> {
    settle::begin(tx, clock, product, expected).await?;
    let whole = detail::find(tx, product).await?;
    if !find(&whole, id)?.values.iter().any(|known| known.id == value) {
        return Err(Error::OptionValueNotFound(value));
    }
    if whole.variants.iter().any(|variant| variant.value_ids.contains(&value)) {
        return Err(Error::ValueInUse);
    }
    let text = "DELETE FROM option_values WHERE tenant_id = $1 AND option_id = $2 AND id = $3";
    sql::run(tx, text, [tx.tenant().into(), id.into(), value.into()]).await?;
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

fn find(whole: &Product, id: OptionId) -> Result<&ProductOption, Error> {
    whole.options.iter().find(|option| option.id == id).ok_or(Error::OptionNotFound(id))
}

async fn finish(tx: &TenantTx, clock: &Clock, product: ProductId) -> Result<Product, Error> {
    tidy(tx, product, Vec::new()).await?;
    settle::end(tx, clock, product, ProductChange::Edited).await?;
    detail::find(tx, product).await
}

/// Drops those of the values `left` that no variant stands for any more, and names the variants after their values.
pub(super) async fn tidy(tx: &TenantTx, product: ProductId, left: Vec<Uuid>) -> Result<(), Error> {
    let text = "
        WITH gone AS (
          DELETE FROM option_values c WHERE c.tenant_id = $1 AND c.id = ANY ($3)
            AND NOT EXISTS (SELECT FROM variant_option_values w WHERE w.tenant_id = $1 AND w.option_value_id = c.id))
        UPDATE variants v SET title = named.title
        FROM (SELECT v.id, coalesce(left(string_agg(c.value, ' / ' ORDER BY o.position, o.id), 320), 'Default') AS title
              FROM variants v
              LEFT JOIN (variant_option_values w
                JOIN product_options o ON o.tenant_id = $1 AND o.id = w.option_id
                JOIN option_values c ON c.tenant_id = $1 AND c.id = w.option_value_id) ON w.tenant_id = $1 AND w.variant_id = v.id
              WHERE v.tenant_id = $1 AND v.product_id = $2 GROUP BY v.id) named
        WHERE v.tenant_id = $1 AND v.id = named.id AND v.title <> named.title";
    sql::run(tx, text, [tx.tenant().into(), product.into(), left.into()]).await?;
    Ok(())
}
