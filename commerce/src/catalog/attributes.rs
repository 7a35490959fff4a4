//! Attributes: what a store says of its products beside the words that all stores use. Each has a kind that its values are read
//! by, which never changes; so does its code, by which programs know it.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenancy::TenantTx;
use uuid::Uuid;

use super::{Error, detail, events::AttributeChanged, new_product::Faults};
use crate::{
    clock::Clock,
    ids::{AttributeChoiceId, AttributeId},
    outbox, sql,
};

const MOST_ATTRIBUTES: usize = 200;
const MOST_CHOICES: usize = 200;

/// How the values of an attribute are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Text,
    /// HTML, made safe when it is written.
    RichText,
    Number,
    Boolean,
    Date,
    Choice,
    MultiChoice,
    /// A choice that has a colour.
    Swatch,
    Reference,
}

/// What a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Product,
    Category,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::RichText => "rich_text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Choice => "choice",
            Self::MultiChoice => "multi_choice",
            Self::Swatch => "swatch",
            Self::Reference => "reference",
        }
    }

    const fn has_choices(self) -> bool {
        matches!(self, Self::Choice | Self::MultiChoice | Self::Swatch)
    }

    const fn may_filter(self) -> bool {
        !matches!(self, Self::Text | Self::RichText | Self::Reference)
    }
}

impl Target {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Category => "category",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Attribute {
    #[serde(deserialize_with = "detail::id")]
    pub id: AttributeId,
    pub code: String,
    pub name: String,
    pub kind: Kind,
    pub unit: Option<String>,
    pub target: Option<Target>,
    pub is_filterable: bool,
    pub choices: Vec<Choice>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Choice {
    #[serde(deserialize_with = "detail::id")]
    pub id: AttributeChoiceId,
    pub label: String,
    /// `#rrggbb`
    pub swatch: Option<String>,
}

#[derive(Clone, Debug)]
pub struct NewAttribute {
    pub code: String,
    pub name: String,
    pub kind: Kind,
    /// Of a number.
    pub unit: Option<String>,
    /// Of a reference.
    pub target: Option<Target>,
    pub is_filterable: bool,
    pub choices: Vec<GivenChoice>,
}

/// A choice that is there, by its id, or a new one.
#[derive(Clone, Debug)]
pub struct GivenChoice {
    pub id: Option<AttributeChoiceId>,
    pub label: String,
    pub swatch: Option<String>,
}

/// Absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct AttributeChanges {
    pub name: Option<String>,
    pub unit: Option<Option<String>>,
    pub is_filterable: Option<bool>,
    /// All of them, in their order.
    pub choices: Option<Vec<GivenChoice>>,
}

/// All attributes by code.
pub async fn list(tx: &TenantTx) -> Result<Vec<Attribute>, Error> {
    load(tx, "true", None).await
}

/// The attribute with this id.
///
/// # Errors
/// `AttributeNotFound`.
pub async fn find(tx: &TenantTx, id: AttributeId) -> Result<Attribute, Error> {
    load(tx, "a.id = $2", Some(id)).await?.pop().ok_or(Error::AttributeNotFound(id))
}

async fn load(tx: &TenantTx, condition: &str, id: Option<AttributeId>) -> Result<Vec<Attribute>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        attribute: String,
    }
    let text = format!(
        "SELECT json_build_object('id', a.id, 'code', a.code, 'name', a.name, 'kind', a.kind, 'unit', a.unit, 'target', a.target,
           'is_filterable', a.is_filterable, 'version', a.version, 'created_at', a.created_at, 'updated_at', a.updated_at,
           'choices', coalesce((SELECT json_agg(json_build_object('id', c.id, 'label', c.label, 'swatch', c.swatch)
               ORDER BY c.position, c.id) FROM attribute_choices c WHERE c.tenant_id = $1 AND c.attribute_id = a.id), '[]'))::text
           AS attribute
         FROM attributes a WHERE a.tenant_id = $1 AND {condition} ORDER BY a.code"
    );
    let rows: Vec<Row> = sql::all(tx, &text, std::iter::once(tx.tenant().into()).chain(id.map(Into::into))).await?;
    rows.iter().map(|row| sql::read(&row.attribute).map_err(Error::from)).collect()
}

/// Makes an attribute. It belongs to no product type yet.
///
/// # Errors
/// `CodeTaken`, `Invalid`.
pub async fn create(tx: &TenantTx, clock: &Clock, new: NewAttribute) -> Result<Attribute, Error> {
    let mut faults = Faults::default();
    let name = faults.line("/name", &new.name, 100);
    let unit = faults.optional("/unit", new.unit.as_deref(), 20);
    fits(&mut faults, &new);
    let choices = choices(&mut faults, new.kind, &new.choices);
    faults.done(())?;
    if list(tx).await?.len() >= MOST_ATTRIBUTES {
        return Err(Error::at("/code", "too_many", format!("a store has at most {MOST_ATTRIBUTES} attributes")));
    }
    let id = AttributeId::new();
    let text = "INSERT INTO attributes (tenant_id, id, code, name, kind, unit, target, is_filterable, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
    let values = [
        tx.tenant().into(),
        id.into(),
        new.code.into(),
        name.into(),
        new.kind.as_str().into(),
        unit.into(),
        new.target.map(Target::as_str).into(),
        new.is_filterable.into(),
        clock.now().into(),
    ];
    sql::run(tx, text, values).await?;
    write_choices(tx, id, &choices).await?;
    find(tx, id).await
}

/// Changes an attribute; the products that have it are found anew by search.
///
/// # Errors
/// `ChoiceInUse` when a choice that is left out is the value of a product; `LabelTaken`; `AttributeNotFound`, `VersionMoved`,
/// `Invalid`.
pub async fn change(
    tx: &TenantTx,
    clock: &Clock,
    id: AttributeId,
    expected: Option<i64>,
    changes: AttributeChanges,
) -> Result<Attribute, Error> {
    let held = "UPDATE attributes SET version = version + 1, updated_at = $4
                WHERE tenant_id = $1 AND id = $2 AND ($3::bigint IS NULL OR version = $3)";
    let touched = sql::run(tx, held, [tx.tenant().into(), id.into(), expected.into(), clock.now().into()]).await?;
    let attribute = find(tx, id).await?;
    if let Some(expected) = expected.filter(|_| touched == 0) {
        return Err(Error::VersionMoved { expected, actual: attribute.version });
    }
    let mut faults = Faults::default();
    let name = changes.name.as_deref().map(|name| faults.line("/name", name, 100));
    let unit = changes.unit.as_ref().map(|unit| faults.optional("/unit", unit.as_deref(), 20));
    if unit.as_ref().is_some_and(Option::is_some) && attribute.kind != Kind::Number {
        faults.add("/unit", "kind", "only numbers have a unit");
    }
    if changes.is_filterable == Some(true) && !attribute.kind.may_filter() {
        faults.add("/is_filterable", "kind", UNFILTERED);
    }
    let given = changes.choices.as_ref().map(|given| {
        known(&mut faults, &attribute, given);
        choices(&mut faults, attribute.kind, given)
    });
    faults.done(())?;
    let text = "UPDATE attributes SET name = coalesce($3, name), unit = CASE WHEN $4 THEN $5 ELSE unit END,
                  is_filterable = coalesce($6, is_filterable) WHERE tenant_id = $1 AND id = $2";
    let values = [tx.tenant().into(), id.into(), name.into(), unit.is_some().into(), unit.flatten().into(), changes.is_filterable.into()];
    sql::run(tx, text, values).await?;
    if let Some(choices) = given {
        write_choices(tx, id, &choices).await?;
    }
    outbox::record(tx, clock, &AttributeChanged { attribute_id: id }).await?;
    find(tx, id).await
}

/// Removes an attribute that no product type has, with the values that products kept of it.
///
/// # Errors
/// `AttributeInUse`, `AttributeNotFound`.
pub async fn delete(tx: &TenantTx, id: AttributeId) -> Result<(), Error> {
    find(tx, id).await?;
    // Its values go first: they hold its choices.
    sql::run(tx, "DELETE FROM attribute_values WHERE tenant_id = $1 AND attribute_id = $2", [tx.tenant().into(), id.into()]).await?;
    sql::run(tx, "DELETE FROM attributes WHERE tenant_id = $1 AND id = $2", [tx.tenant().into(), id.into()]).await?;
    Ok(())
}

const UNFILTERED: &str = "texts and references cannot be filtered by; a choice can";

/// What an attribute of this kind has, and what it has not.
fn fits(faults: &mut Faults, new: &NewAttribute) {
    if !is_code(&new.code) {
        faults.add("/code", "code", "must be 1 to 40 lower-case letters, digits and underscores, beginning with a letter");
    }
    if new.unit.is_some() && new.kind != Kind::Number {
        faults.add("/unit", "kind", "only numbers have a unit");
    }
    match (new.kind, new.target) {
        (Kind::Reference, None) => faults.add("/target", "required", "must say what is referred to"),
        (Kind::Reference, Some(_)) | (_, None) => {}
        (_, Some(_)) => faults.add("/target", "kind", "only references have a target"),
    }
    if new.is_filterable && !new.kind.may_filter() {
        faults.add("/is_filterable", "kind", UNFILTERED);
    }
    for (at, choice) in new.choices.iter().enumerate() {
        if choice.id.is_some() {
            faults.add(format!("/choices/{at}/id"), "unknown", "a new attribute has no choices yet: leave the id out");
        }
    }
}

pub(super) fn is_code(code: &str) -> bool {
    let mut bytes = code.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && code.len() <= 40
}

fn known(faults: &mut Faults, attribute: &Attribute, given: &[GivenChoice]) {
    for (at, choice) in given.iter().enumerate() {
        if choice.id.is_some_and(|id| !attribute.choices.iter().any(|known| known.id == id)) {
            faults.add(format!("/choices/{at}/id"), "unknown", "is not a choice of this attribute");
        }
    }
}

#[derive(Serialize)]
struct ChoiceRow {
    id: Uuid,
    label: String,
    swatch: Option<String>,
    position: usize,
}

fn choices(faults: &mut Faults, kind: Kind, given: &[GivenChoice]) -> Vec<ChoiceRow> {
    if !given.is_empty() && !kind.has_choices() {
        faults.add("/choices", "kind", "attributes of this kind have no choices");
    }
    faults.at_most("/choices", given.len(), MOST_CHOICES);
    let mut rows: Vec<ChoiceRow> = Vec::new();
    for (position, choice) in given.iter().enumerate() {
        let pointer = format!("/choices/{position}");
        let label = faults.line(&format!("{pointer}/label"), &choice.label, 100);
        if rows.iter().any(|other| other.label == label) {
            faults.add(format!("{pointer}/label"), "duplicate", "another choice has this label");
        }
        let id = choice.id.unwrap_or_else(AttributeChoiceId::new).uuid();
        if rows.iter().any(|other| other.id == id) {
            faults.add(format!("{pointer}/id"), "duplicate", "the choice is given twice");
        }
        let swatch = choice.swatch.as_deref().map(str::to_ascii_lowercase);
        let is_colour = |text: &str| {
            text.strip_prefix('#').is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        };
        match &swatch {
            Some(colour) if !is_colour(colour) => faults.add(format!("{pointer}/swatch"), "colour", "must be a colour such as `#1e90ff`"),
            None if kind == Kind::Swatch => faults.add(format!("{pointer}/swatch"), "required", "must be a colour such as `#1e90ff`"),
            Some(_) | None => {}
        }
        rows.push(ChoiceRow { id, label, swatch, position });
    }
    rows
}

async fn write_choices(tx: &TenantTx, id: AttributeId, choices: &[ChoiceRow]) -> Result<(), Error> {
    let kept: Vec<Uuid> = choices.iter().map(|choice| choice.id).collect();
    let gone = "DELETE FROM attribute_choices WHERE tenant_id = $1 AND attribute_id = $2 AND NOT id = ANY ($3)";
    sql::run(tx, gone, [tx.tenant().into(), id.into(), kept.into()]).await?;
    let text = "INSERT INTO attribute_choices (tenant_id, id, attribute_id, label, swatch, position)
                SELECT $1, x.id, $2, x.label, x.swatch, x.position
                FROM jsonb_to_recordset($3) AS x (id uuid, label text, swatch text, position integer)
                ON CONFLICT (tenant_id, id) DO UPDATE SET label = excluded.label, swatch = excluded.swatch, position = excluded.position";
    sql::run(tx, text, [tx.tenant().into(), id.into(), sql::json(choices)?]).await?;
    Ok(())
}
