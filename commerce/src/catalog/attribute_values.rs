//! Values of attributes: of a product, or of one of its variants, as its product type says.

use std::{
    collections::{BTreeMap, HashSet},
    str::FromStr,
};

use chrono::{Datelike, NaiveDate};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::{TenantTx, TypedId};
use uuid::Uuid;

use super::{
    CategoryName, Error,
    attributes::{Choice, Kind, Target},
    description, detail,
    events::{ProductChange, ProductChanged},
    new_product::Faults,
    product_types::Level,
};
use crate::{
    clock::Clock,
    fault::FieldFault,
    ids::{AttributeChoiceId, AttributeId, AttributeValueId, CategoryId, ProductId, VariantId},
    outbox, sql,
    text::clean_text,
};

const MOST_TEXT: usize = 1000;
const MOST_CHOSEN: usize = 50;
/// Numbers are kept as millionths: six decimals, and a million millions at most.
const DECIMALS: u32 = 6;
const MOST_MEASURE: i64 = 1_000_000_000_000_000_000;
/// 1970-01-01, as days are counted from the first of year 1.
const EPOCH: i32 = 719_163;

/// Values by the codes of their attributes, as JSON writes them; `null` clears.
pub type Given = BTreeMap<String, Value>;

/// An attribute that a product or a variant has a value of.
#[derive(Clone, Debug, Deserialize)]
pub struct Attribute {
    pub code: String,
    pub name: String,
    pub kind: Kind,
    pub unit: Option<String>,
    /// One, or several of a multiple choice.
    pub values: Vec<AttributeValue>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeValue {
    /// Plain, or HTML that was made safe.
    Text(String),
    /// A number in millionths, a date in days since 1970, a truth as 0 or 1.
    Measure(i64),
    Choice(Choice),
    Product(Referred),
    Category(CategoryName),
}

/// A product that another one refers to.
#[derive(Clone, Debug, Deserialize)]
pub struct Referred {
    #[serde(deserialize_with = "detail::id")]
    pub id: ProductId,
    pub slug: String,
    pub title: String,
    pub is_published: bool,
}

/// Millionths as a number.
pub fn number(measure: i64) -> Decimal {
    Decimal::new(measure, DECIMALS).normalize()
}

/// Days since 1970 as a date.
pub fn date(measure: i64) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(measure).ok()?.checked_add(EPOCH)?)
}

/// A number in millionths, if it can be kept.
pub(super) fn millionths(text: &str) -> Option<i64> {
    let number = Decimal::from_str(text).ok()?.checked_mul(Decimal::from(1_000_000))?;
    number.fract().is_zero().then(|| number.to_i64()).flatten().filter(|measure| (-MOST_MEASURE..=MOST_MEASURE).contains(measure))
}

/// A date (`2026-03-01`) in days since 1970.
pub(super) fn days(text: &str) -> Option<i64> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10)?;
    Some(i64::from(date.num_days_from_ce() - EPOCH))
}

/// What is given to a product (no variant) or to one of its variants, and where in the request.
pub(super) struct Wanted<'a> {
    pub variant: Option<VariantId>,
    pub pointer: String,
    pub given: &'a Given,
}

/// An attribute of the product's type.
#[derive(Deserialize)]
struct Definition {
    #[serde(deserialize_with = "detail::id")]
    attribute_id: AttributeId,
    code: String,
    kind: Kind,
    target: Option<Target>,
    level: Level,
    is_required: bool,
    choices: HashSet<Uuid>,
}

#[derive(Default, Serialize)]
struct Row {
    id: Uuid,
    variant_id: Option<Uuid>,
    attribute_id: Uuid,
    position: usize,
    content: Option<String>,
    measure: Option<i64>,
    choice_id: Option<Uuid>,
    target_product_id: Option<Uuid>,
    target_category_id: Option<Uuid>,
}

#[derive(Serialize)]
struct Cleared {
    variant_id: Option<Uuid>,
    attribute_id: Uuid,
}

/// Sets and clears values of a product that the caller holds. Four statements, however many values.
///
/// # Errors
/// `Invalid` names every value that is not right: of an attribute that the product's type does not have at this level, of
/// another kind, of a choice or a thing that does not exist; or a required one cleared while the product is published.
pub(super) async fn set(tx: &TenantTx, product: ProductId, wanted: &[Wanted<'_>]) -> Result<(), Error> {
    if wanted.iter().all(|wanted| wanted.given.is_empty()) {
        return Ok(());
    }
    let (definitions, is_published) = definitions(tx, product).await?;
    let (mut faults, mut rows, mut cleared) = (Faults::default(), Vec::new(), Vec::new());
    let mut references = Vec::new();
    for wanted in wanted {
        let level = if wanted.variant.is_some() { Level::Variant } else { Level::Product };
        let variant_id = wanted.variant.map(VariantId::uuid);
        for (code, value) in wanted.given {
            let pointer = format!("{}/{}", wanted.pointer, code.replace('~', "~0").replace('/', "~1"));
            let Some(definition) = definitions.iter().find(|one| one.code == *code && one.level == level) else {
                faults.add(pointer, "unknown_attribute", "is no attribute that the product's type has here");
                continue;
            };
            let attribute_id = definition.attribute_id.uuid();
            cleared.push(Cleared { variant_id, attribute_id });
            if value.is_null() {
                if definition.is_required && is_published {
                    faults.add(pointer, "required", "must not be cleared while the product is published");
                }
                continue;
            }
            match read(&pointer, definition, value) {
                Ok(read) => {
                    for (position, form) in read.into_iter().enumerate() {
                        let targets = [form.target_product_id, form.target_category_id];
                        references.extend(targets.into_iter().flatten().map(|target| (target, pointer.clone())));
                        rows.push(Row { id: AttributeValueId::new().uuid(), variant_id, attribute_id, position, ..form });
                    }
                }
                Err(fault) => faults.0.push(fault),
            }
        }
    }
    exist(tx, &mut faults, references).await?;
    faults.done(())?;
    let text = "DELETE FROM attribute_values v USING jsonb_to_recordset($3) AS x (variant_id uuid, attribute_id uuid)
                WHERE v.tenant_id = $1 AND v.product_id = $2 AND v.attribute_id = x.attribute_id
                  AND v.variant_id IS NOT DISTINCT FROM x.variant_id";
    sql::run(tx, text, [tx.tenant().into(), product.into(), sql::json(&cleared)?]).await?;
    if !rows.is_empty() {
        sql::run(tx, INSERT, [tx.tenant().into(), product.into(), sql::json(&rows)?]).await?;
    }
    Ok(())
}

const INSERT: &str = "
INSERT INTO attribute_values (tenant_id, id, product_id, variant_id, attribute_id, position, content, measure, choice_id,
  target_product_id, target_category_id)
SELECT $1, x.id, $2, x.variant_id, x.attribute_id, x.position, x.content, x.measure, x.choice_id, x.target_product_id,
  x.target_category_id
FROM jsonb_to_recordset($3) AS x (id uuid, variant_id uuid, attribute_id uuid, position integer, content text, measure bigint,
  choice_id uuid, target_product_id uuid, target_category_id uuid)";

/// Gives a product, and its variants, the values that another and its variants have. `twins`: each variant and its copy.
pub(super) async fn copy(tx: &TenantTx, from: ProductId, to: ProductId, twins: &[(VariantId, VariantId)]) -> Result<(), Error> {
    let (old, new): (Vec<Uuid>, Vec<Uuid>) = twins.iter().map(|(old, new)| (old.uuid(), new.uuid())).unzip();
    let text = "INSERT INTO attribute_values (tenant_id, id, product_id, variant_id, attribute_id, position, content, measure, choice_id,
                  target_product_id, target_category_id)
                SELECT $1, gen_random_uuid(), $3, x.new, v.attribute_id, v.position, v.content, v.measure, v.choice_id,
                  v.target_product_id, v.target_category_id
                FROM attribute_values v LEFT JOIN unnest($4::uuid[], $5::uuid[]) AS x (old, new) ON x.old = v.variant_id
                WHERE v.tenant_id = $1 AND v.product_id = $2 AND (v.variant_id IS NULL OR x.new IS NOT NULL)";
    sql::run(tx, text, [tx.tenant().into(), from.into(), to.into(), old.into(), new.into()]).await?;
    Ok(())
}

/// Tells that the products which refer to a thing, or show it as related, have changed: it is about to go, and all that with it.
pub(super) async fn forget_target(tx: &TenantTx, clock: &Clock, target: Uuid) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Referring {
        id: ProductId,
    }
    let text = "UPDATE products p SET version = p.version + 1, updated_at = $3
                WHERE p.tenant_id = $1 AND p.id <> $2 AND p.id IN (
                  SELECT v.product_id FROM attribute_values v WHERE v.tenant_id = $1 AND v.target_product_id = $2
                  UNION SELECT v.product_id FROM attribute_values v WHERE v.tenant_id = $1 AND v.target_category_id = $2
                  UNION SELECT r.product_id FROM related_products r WHERE r.tenant_id = $1 AND r.related_id = $2)
                RETURNING p.id";
    let referring: Vec<Referring> = sql::all(tx, text, [tx.tenant().into(), target.into(), clock.now().into()]).await?;
    let told: Vec<ProductChanged> =
        referring.into_iter().map(|row| ProductChanged { product_id: row.id, change: ProductChange::Edited }).collect();
    Ok(outbox::record_all(tx, clock, &told).await?)
}

async fn definitions(tx: &TenantTx, product: ProductId) -> Result<(Vec<Definition>, bool), Error> {
    #[derive(FromQueryResult)]
    struct Found {
        definitions: String,
        is_published: bool,
    }
    let text = "SELECT p.status = 'published' AS is_published, coalesce((
                  SELECT json_agg(json_build_object('attribute_id', a.id, 'code', a.code, 'kind', a.kind, 'target', a.target,
                    'level', ta.level, 'is_required', ta.is_required,
                    'choices', coalesce((SELECT json_agg(c.id) FROM attribute_choices c WHERE c.tenant_id = $1 AND c.attribute_id = a.id), '[]')))
                  FROM product_types t
                  JOIN product_type_attributes ta ON ta.tenant_id = $1 AND ta.product_type_id = t.id
                  JOIN attributes a ON a.tenant_id = $1 AND a.id = ta.attribute_id
                  WHERE t.tenant_id = $1 AND t.name = p.product_type), '[]')::text AS definitions
                FROM products p WHERE p.tenant_id = $1 AND p.id = $2";
    let found: Option<Found> = sql::one(tx, text, [tx.tenant().into(), product.into()]).await?;
    let found = found.ok_or_else(|| Error::ProductNotFound(product.to_string()))?;
    Ok((sql::read(&found.definitions)?, found.is_published))
}

/// A value in the form that it is kept in.
fn read(pointer: &str, definition: &Definition, value: &Value) -> Result<Vec<Row>, FieldFault> {
    let wrong = |detail: &str| FieldFault::new(pointer, "value", detail);
    let text = || value.as_str().ok_or_else(|| wrong("must be text"));
    let one = |row: Row| Ok(vec![row]);
    let choice = |value: &Value| {
        let id = value.as_str().and_then(|text| text.parse::<AttributeChoiceId>().ok()).map(TypedId::uuid);
        let id = id.filter(|id| definition.choices.contains(id)).ok_or_else(|| wrong("must be the id of a choice of this attribute"))?;
        Ok(Row { choice_id: Some(id), ..Row::default() })
    };
    match definition.kind {
        Kind::Text => one(Row { content: Some(clean_text(pointer, text()?, MOST_TEXT)?), ..Row::default() }),
        Kind::RichText => one(Row { content: Some(description::clean(pointer, text()?)?), ..Row::default() }),
        Kind::Number => {
            let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let measure = millionths(&written).ok_or_else(|| wrong("must be a number with at most 6 decimals, such as \"12.5\""))?;
            one(Row { measure: Some(measure), ..Row::default() })
        }
        Kind::Boolean => {
            let truth = value.as_bool().ok_or_else(|| wrong("must be true or false"))?;
            one(Row { measure: Some(i64::from(truth)), ..Row::default() })
        }
        Kind::Date => {
            let days = days(text()?).ok_or_else(|| wrong("must be a date such as 2026-03-01"))?;
            one(Row { measure: Some(days), ..Row::default() })
        }
        Kind::Choice | Kind::Swatch => one(choice(value)?),
        Kind::MultiChoice => {
            let list = value.as_array().filter(|list| (1..=MOST_CHOSEN).contains(&list.len()));
            let list = list.ok_or_else(|| wrong("must be a list of 1 to 50 ids of choices"))?;
            let rows = list.iter().map(choice).collect::<Result<Vec<Row>, FieldFault>>()?;
            let distinct: HashSet<Option<Uuid>> = rows.iter().map(|row| row.choice_id).collect();
            if distinct.len() == rows.len() { Ok(rows) } else { Err(wrong("must name each choice once")) }
        }
        Kind::Reference => match definition.target {
            Some(Target::Category) => {
                let id: CategoryId = text()?.parse().map_err(|_| wrong("must be the id of a category"))?;
                one(Row { target_category_id: Some(id.uuid()), ..Row::default() })
            }
            Some(Target::Product) | None => {
                let id: ProductId = text()?.parse().map_err(|_| wrong("must be the id of a product"))?;
                one(Row { target_product_id: Some(id.uuid()), ..Row::default() })
            }
        },
    }
}

/// Says which references name nothing of this store.
async fn exist(tx: &TenantTx, faults: &mut Faults, references: Vec<(Uuid, String)>) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Known {
        id: Uuid,
    }
    if references.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = references.iter().map(|(id, _)| *id).collect();
    let text = "SELECT id FROM products WHERE tenant_id = $1 AND id = ANY ($2)
                UNION ALL SELECT id FROM categories WHERE tenant_id = $1 AND id = ANY ($2)";
    let known: Vec<Known> = sql::all(tx, text, [tx.tenant().into(), ids.into()]).await?;
    for (id, pointer) in references {
        if !known.iter().any(|row| row.id == id) {
            faults.add(pointer, "unknown", "names something that does not exist");
        }
    }
    Ok(())
}

/// SQL for the attributes that an owner (`owner`: a condition on `f`, the values) has at a level, as JSON, in the order of its
/// type. Stands inside a statement whose `p` is the product.
pub(super) fn shown(level: &str, owner: &str) -> String {
    format!(
        "coalesce((SELECT json_agg(json_build_object('code', a.code, 'name', a.name, 'kind', a.kind, 'unit', a.unit, 'values', own.list)
      ORDER BY ta.position, a.id)
    FROM product_types pt
    JOIN product_type_attributes ta ON ta.tenant_id = $1 AND ta.product_type_id = pt.id AND ta.level = '{level}'
    JOIN attributes a ON a.tenant_id = $1 AND a.id = ta.attribute_id
    CROSS JOIN LATERAL (
      SELECT json_agg(CASE WHEN f.content IS NOT NULL THEN json_build_object('text', f.content)
        WHEN f.measure IS NOT NULL THEN json_build_object('measure', f.measure)
        WHEN c.id IS NOT NULL THEN json_build_object('choice', json_build_object('id', c.id, 'label', c.label, 'swatch', c.swatch))
        WHEN rp.id IS NOT NULL THEN json_build_object('product', json_build_object('id', rp.id, 'slug', rp.slug, 'title', rp.title,
          'is_published', rp.status = 'published'))
        ELSE json_build_object('category', json_build_object('id', rc.id, 'slug', rc.slug, 'name', rc.name)) END
        ORDER BY c.position, f.position) AS list
      FROM attribute_values f
      LEFT JOIN attribute_choices c ON c.tenant_id = $1 AND c.id = f.choice_id
      LEFT JOIN products rp ON rp.tenant_id = $1 AND rp.id = f.target_product_id
      LEFT JOIN categories rc ON rc.tenant_id = $1 AND rc.id = f.target_category_id
      WHERE f.tenant_id = $1 AND f.product_id = p.id AND f.attribute_id = a.id AND {owner}) own
    WHERE pt.tenant_id = $1 AND pt.name = p.product_type AND own.list IS NOT NULL), '[]')"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_exact_and_come_back_as_they_were() {
        for (text, measure) in [("12.5", 12_500_000), ("-0.000001", -1), ("1000000000000", MOST_MEASURE), ("7", 7_000_000)] {
            assert_eq!(millionths(text), Some(measure), "{text}");
            assert_eq!(number(measure).to_string(), text);
        }
        for wrong in ["0.0000001", "1000000000000.000001", "1e30", "NaN", "", "ten", "99999999999999999999999999999999"] {
            assert_eq!(millionths(wrong), None, "{wrong}");
        }
        for (text, measure) in [("1970-01-01", 0), ("2026-03-01", 20_513), ("1969-12-31", -1)] {
            assert_eq!(days(text), Some(measure), "{text}");
            assert_eq!(date(measure).unwrap().to_string(), text);
        }
        for wrong in ["2026-3-1", "2026-02-30", "01.03.2026", "+2026-03-01", ""] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }
}
