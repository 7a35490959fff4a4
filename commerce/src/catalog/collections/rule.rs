//! Rules of collections: conditions that a product fits or does not. They are kept as they were given, with what they name, and asked
//! by Postgres wherever a product's rows are brought up to date ([`super::super::listing`]).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use serde::{
    Deserialize, Serialize,
    de::{
        IntoDeserializer as _,
        value::{Error as Unread, StrDeserializer},
    },
};
use tenancy::{TenantTx, TypedId};
use uuid::Uuid;

use super::super::{
    Error,
    attribute_values::{days, millionths},
    attributes::Kind,
    currencies::{self, Currencies},
    new_product::Faults,
};
use crate::{
    fault::FieldFault,
    ids::{AttributeChoiceId, CategoryId, TagId},
    money::{Currency, Money},
    sql,
    text::clean_line,
};

pub const MOST_CONDITIONS: usize = 20;

/// How many of its conditions a product must fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fits {
    #[default]
    All,
    Any,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    pub fits: Fits,
    pub conditions: Vec<Condition>,
}

/// What is asked of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Type,
    Brand,
    Tag,
    /// It stands in the category or below it.
    Category,
    /// Its lowest price.
    Price,
    Attribute,
    /// A variant can be bought now.
    InStock,
    PublishedAt,
}

/// One condition, as it is given: which of the fields it needs depends on what is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub field: Field,
    /// Fitted by whatever does not fit it otherwise.
    pub is_not: bool,
    /// The type, the brand, the id of a tag, of a category or of a choice, or the attribute's value.
    pub value: Option<String>,
    /// Of an attribute.
    pub code: Option<String>,
    /// Least and most of a price, a number, a date or a time; either end may be open.
    pub min: Option<String>,
    pub max: Option<String>,
    /// Of a price; the store's main one when absent.
    pub currency: Option<String>,
}

/// A condition with what it names, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    given: Condition,
    attribute_id: Option<Uuid>,
    id: Option<Uuid>,
    least: Option<i64>,
    most: Option<i64>,
}

impl Field {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Brand => "brand",
            Self::Tag => "tag",
            Self::Category => "category",
            Self::Price => "price",
            Self::Attribute => "attribute",
            Self::InStock => "in_stock",
            Self::PublishedAt => "published_at",
        }
    }
}

impl Fits {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
        }
    }
}

/// A rule in the form that it is kept in.
///
/// # Errors
/// `Invalid` names every condition that is not right.
pub(super) async fn keep(tx: &TenantTx, rule: &Rule) -> Result<serde_json::Value, Error> {
    let mut faults = Faults::default();
    if rule.conditions.is_empty() {
        faults.add("/rule/conditions", "required", "must have at least one condition");
    }
    faults.at_most("/rule/conditions", rule.conditions.len(), MOST_CONDITIONS);
    faults = Faults(faults.done(Vec::new())?);
    let (named, currencies) = (named(tx, &rule.conditions).await?, currencies::of_store(tx).await?);
    let mut kept = Vec::with_capacity(rule.conditions.len());
    for (at, condition) in rule.conditions.iter().enumerate() {
        let pointer = format!("/rule/conditions/{at}");
        match read(&pointer, condition, &named, &currencies) {
            Ok(condition) => kept.push(condition),
            Err(fault) => faults.0.push(fault),
        }
    }
    faults.done(())?;
    serde_json::to_value(kept).map_err(|error| sea_orm::DbErr::Json(error.to_string()).into())
}

/// The conditions that were kept.
pub(super) fn shown(kept: &serde_json::Value) -> Result<Vec<Condition>, Error> {
    let kept: Vec<Kept> = Vec::deserialize(kept).map_err(|error| sea_orm::DbErr::Json(error.to_string()))?;
    Ok(kept.into_iter().map(|kept| kept.given).collect())
}

/// What conditions may name, as far as the store has it.
#[derive(Default)]
struct Named {
    attributes: HashMap<String, (Uuid, Kind)>,
    /// With the attribute that a choice belongs to.
    things: HashMap<Uuid, Option<Uuid>>,
}

async fn named(tx: &TenantTx, conditions: &[Condition]) -> Result<Named, Error> {
    #[derive(FromQueryResult)]
    struct Found {
        id: Uuid,
        attribute_id: Option<Uuid>,
        code: Option<String>,
        kind: Option<String>,
    }
    let ids: Vec<Uuid> = conditions.iter().filter_map(|condition| id_of(condition.value.as_deref()?)).collect();
    let codes: Vec<String> = conditions.iter().filter_map(|condition| condition.code.clone()).collect();
    if ids.is_empty() && codes.is_empty() {
        return Ok(Named::default());
    }
    let text = "SELECT id, NULL::uuid AS attribute_id, NULL AS code, NULL AS kind FROM tags WHERE tenant_id = $1 AND id = ANY ($2)
                UNION ALL SELECT id, NULL, NULL, NULL FROM categories WHERE tenant_id = $1 AND id = ANY ($2)
                UNION ALL SELECT id, attribute_id, NULL, NULL FROM attribute_choices WHERE tenant_id = $1 AND id = ANY ($2)
                UNION ALL SELECT id, id, code, kind FROM attributes WHERE tenant_id = $1 AND code = ANY ($3)";
    let found: Vec<Found> = sql::all(tx, text, [tx.tenant().into(), ids.into(), codes.into()]).await?;
    let mut named = Named::default();
    for row in found {
        if let Some((code, kind)) = row.code.zip(row.kind.and_then(|kind| kind_of(&kind))) {
            named.attributes.insert(code, (row.id, kind));
        } else {
            named.things.insert(row.id, row.attribute_id);
        }
    }
    Ok(named)
}

fn kind_of(word: &str) -> Option<Kind> {
    Kind::deserialize::<StrDeserializer<'_, Unread>>(word.into_deserializer()).ok()
}

/// The id of any of the things that a condition names.
fn id_of(text: &str) -> Option<Uuid> {
    let tag = text.parse::<TagId>().map(TypedId::uuid);
    tag.or_else(|_| text.parse::<CategoryId>().map(TypedId::uuid)).or_else(|_| text.parse::<AttributeChoiceId>().map(TypedId::uuid)).ok()
}

/// A condition with what it names. Fields that it does not need are refused, so that nobody believes in them.
fn read(pointer: &str, given: &Condition, named: &Named, currencies: &Currencies) -> Result<Kept, FieldFault> {
    let wrong = |field: &str, code: &'static str, detail: &str| FieldFault::new(format!("{pointer}/{field}"), code, detail);
    let needed = |field: &str, text: &Option<String>| text.clone().ok_or_else(|| wrong(field, "required", "is needed here"));
    let mut kept = Kept { given: given.clone(), attribute_id: None, id: None, least: None, most: None };
    let uses: &[&str] = match given.field {
        Field::Type | Field::Brand => {
            kept.given.value = Some(clean_line(&format!("{pointer}/value"), &needed("value", &given.value)?, 100)?);
            &["value"]
        }
        Field::Tag | Field::Category => {
            let text = needed("value", &given.value)?;
            let id = match given.field {
                Field::Tag => text.parse::<TagId>().map(TypedId::uuid),
                _ => text.parse::<CategoryId>().map(TypedId::uuid),
            };
            let id = id.ok().filter(|id| named.things.contains_key(id));
            kept.id = Some(id.ok_or_else(|| wrong("value", "unknown", "names something that does not exist"))?);
            &["value"]
        }
        Field::Price => {
            let currency = match &given.currency {
                None => currencies.main,
                Some(code) => code
                    .parse::<Currency>()
                    .ok()
                    .filter(|currency| currencies.all.contains(currency))
                    .ok_or_else(|| wrong("currency", "currency", "the store does not sell in it"))?,
            };
            kept.given.currency = Some(currency.code().to_owned());
            (kept.least, kept.most) = between(pointer, given, |text| Money::parse(text, currency).ok().map(|money| money.minor))?;
            &["min", "max", "currency"]
        }
        Field::PublishedAt => {
            (kept.least, kept.most) =
                between(pointer, given, |text| text.parse::<DateTime<Utc>>().ok().map(|time| time.timestamp_micros()))?;
            &["min", "max"]
        }
        Field::InStock => &[],
        Field::Attribute => attribute(pointer, given, named, &mut kept)?,
    };
    let all = [("value", &given.value), ("code", &given.code), ("min", &given.min), ("max", &given.max), ("currency", &given.currency)];
    match all.iter().find(|(name, text)| text.is_some() && !uses.contains(name)) {
        Some((name, _)) => Err(wrong(name, "unexpected", "means nothing here")),
        None => Ok(kept),
    }
}

fn attribute(pointer: &str, given: &Condition, named: &Named, kept: &mut Kept) -> Result<&'static [&'static str], FieldFault> {
    let wrong = |field: &str, code: &'static str, detail: &str| FieldFault::new(format!("{pointer}/{field}"), code, detail);
    let code = given.code.as_deref().unwrap_or_default();
    let (attribute, kind) = *named.attributes.get(code).ok_or_else(|| wrong("code", "unknown", "is no attribute of this store"))?;
    kept.attribute_id = Some(attribute);
    match kind {
        Kind::Choice | Kind::MultiChoice | Kind::Swatch => {
            let id = given.value.as_deref().and_then(|text| text.parse::<AttributeChoiceId>().ok()).map(TypedId::uuid);
            let id = id.filter(|id| named.things.get(id) == Some(&Some(attribute)));
            kept.id = Some(id.ok_or_else(|| wrong("value", "unknown", "must be the id of a choice of this attribute"))?);
            Ok(&["code", "value"])
        }
        Kind::Boolean => {
            let truth = given.value.as_deref().and_then(|text| text.parse::<bool>().ok());
            let truth = i64::from(truth.ok_or_else(|| wrong("value", "value", "must be `true` or `false`"))?);
            (kept.least, kept.most) = (Some(truth), Some(truth));
            Ok(&["code", "value"])
        }
        Kind::Number | Kind::Date => {
            (kept.least, kept.most) = between(pointer, given, if kind == Kind::Date { days } else { millionths })?;
            Ok(&["code", "min", "max"])
        }
        Kind::Text | Kind::RichText | Kind::Reference => Err(wrong("code", "kind", "texts and references are not compared")),
    }
}

/// Both ends of a range, at least one of which is given.
fn between(pointer: &str, given: &Condition, read: impl Fn(&str) -> Option<i64>) -> Result<(Option<i64>, Option<i64>), FieldFault> {
    let end = |field: &str, text: &Option<String>| match text.as_deref().map(&read) {
        Some(None) => Err(FieldFault::new(format!("{pointer}/{field}"), "value", "cannot be read")),
        Some(Some(value)) => Ok(Some(value)),
        None => Ok(None),
    };
    match (end("min", &given.min)?, end("max", &given.max)?) {
        (None, None) => Err(FieldFault::new(format!("{pointer}/min"), "required", "`min` or `max` is needed here")),
        (Some(least), Some(most)) if least > most => Err(FieldFault::new(format!("{pointer}/max"), "range", "must not be below `min`")),
        range => Ok(range),
    }
}

/// SQL for the pairs of a product (`product_id`) and a collection (`collection_id`) whose rule it fits. Stands among the other parts
/// of the statement that brings a product's rows up to date. Values of attributes that the product's type does not have count as
/// little as they are shown. `OFFSET 0` has each condition asked once, though its answer is used twice.
pub(in crate::catalog) const FITTING: &str = "
SELECT f.id AS product_id, c.id AS collection_id FROM faces f
JOIN products p ON p.tenant_id = $1 AND p.id = f.id
CROSS JOIN collections c CROSS JOIN LATERAL (
  SELECT CASE c.fits WHEN 'all' THEN bool_and(one.fits <> one.is_not) ELSE bool_or(one.fits <> one.is_not) END AS fits FROM (
    SELECT r.is_not, CASE r.field
      WHEN 'type' THEN p.product_type IS NOT DISTINCT FROM r.value
      WHEN 'brand' THEN p.brand IS NOT DISTINCT FROM r.value
      WHEN 'tag' THEN EXISTS (SELECT FROM product_tags t WHERE t.tenant_id = $1 AND t.product_id = p.id AND t.tag_id = r.id)
      WHEN 'category' THEN EXISTS (SELECT FROM above a WHERE a.product_id = p.id AND a.id = r.id)
      WHEN 'price' THEN EXISTS (SELECT FROM sold s WHERE s.product_id = p.id AND s.currency = r.currency
        AND s.price_from >= coalesce(r.least, s.price_from) AND s.price_from <= coalesce(r.most, s.price_from))
      WHEN 'published_at' THEN (extract(epoch FROM f.published_at) * 1000000)::bigint
        BETWEEN coalesce(r.least, -9223372036854775808) AND coalesce(r.most, 9223372036854775807)
      WHEN 'in_stock' THEN EXISTS (SELECT FROM variants v WHERE v.tenant_id = $1 AND v.product_id = p.id
        AND (NOT v.is_stock_tracked OR EXISTS (SELECT FROM stock_levels l WHERE l.tenant_id = $1 AND l.variant_id = v.id
          AND (l.backorder = 'allow' OR l.on_hand - l.reserved - l.safety_stock > 0))))
      ELSE EXISTS (SELECT FROM attribute_values v
        JOIN product_types y ON y.tenant_id = $1 AND y.name = p.product_type
        JOIN product_type_attributes ta ON ta.tenant_id = $1 AND ta.product_type_id = y.id AND ta.attribute_id = v.attribute_id
          AND ta.level = CASE WHEN v.variant_id IS NULL THEN 'product' ELSE 'variant' END
        WHERE v.tenant_id = $1 AND v.product_id = p.id AND v.attribute_id = r.attribute_id
          AND CASE WHEN r.id IS NOT NULL THEN v.choice_id = r.id
            ELSE v.measure >= coalesce(r.least, v.measure) AND v.measure <= coalesce(r.most, v.measure) END) END AS fits
    FROM jsonb_to_recordset(c.conditions) AS r (field text, is_not boolean, value text, currency text, id uuid, attribute_id uuid,
      least bigint, most bigint) OFFSET 0) one) asked
WHERE c.tenant_id = $1 AND c.kind = 'rule' AND asked.fits";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(field: Field) -> Condition {
        Condition { field, is_not: false, value: None, code: None, min: None, max: None, currency: None }
    }

    #[test]
    fn a_condition_has_what_it_needs_and_nothing_else() {
        let euro: Currency = "EUR".parse().unwrap();
        let currencies = Currencies { main: euro, all: vec![euro] };
        let (width, colour) = (Uuid::now_v7(), Uuid::now_v7());
        let red = AttributeChoiceId::new();
        let named = Named {
            attributes: [("width".to_owned(), (width, Kind::Number)), ("colour".to_owned(), (colour, Kind::Swatch))].into(),
            things: [(red.uuid(), Some(colour))].into(),
        };
        let text = |text: &str| Some(text.to_owned());
        let price = Condition { min: text("9.90"), max: text("20"), ..of(Field::Price) };
        let kept = read("", &price, &named, &currencies).unwrap();
        assert_eq!((kept.least, kept.most, kept.given.currency.as_deref()), (Some(990), Some(2000), Some("EUR")));
        let wide = Condition { code: text("width"), min: text("1.5"), ..of(Field::Attribute) };
        let kept = read("", &wide, &named, &currencies).unwrap();
        assert_eq!((kept.attribute_id, kept.least, kept.most), (Some(width), Some(1_500_000), None));
        let is_red = Condition { code: text("colour"), value: Some(red.to_string()), ..of(Field::Attribute) };
        assert_eq!(read("", &is_red, &named, &currencies).unwrap().id, Some(red.uuid()));
        let cases = [
            (of(Field::Brand), "/value", "required"),
            (Condition { value: text("x"), ..of(Field::InStock) }, "/value", "unexpected"),
            (Condition { value: text("tag_01h2xcejqtf2nbrexx3vqjhp41"), ..of(Field::Tag) }, "/value", "unknown"),
            (of(Field::Price), "/min", "required"),
            (Condition { min: text("2"), max: text("1"), ..of(Field::Price) }, "/max", "range"),
            (Condition { min: text("1.999"), ..of(Field::Price) }, "/min", "value"),
            (Condition { min: text("1"), currency: text("USD"), ..of(Field::Price) }, "/currency", "currency"),
            (Condition { min: text("yesterday"), ..of(Field::PublishedAt) }, "/min", "value"),
            (Condition { code: text("height"), ..of(Field::Attribute) }, "/code", "unknown"),
            (Condition { code: text("width"), value: text("2"), min: text("1"), ..of(Field::Attribute) }, "/value", "unexpected"),
        ];
        for (condition, pointer, code) in cases {
            let fault = read("", &condition, &named, &currencies).unwrap_err();
            assert_eq!((fault.pointer.as_str(), fault.code), (pointer, code), "{condition:?}");
        }
    }
}
