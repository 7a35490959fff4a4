use commerce::{
    catalog::{
        attribute_values::{self, Referred, date, number},
        attributes::{self, Kind},
    },
    ids::{AttributeChoiceId, CategoryId, ProductId},
};
use salvo::oapi::ToSchema;
use serde::{Deserialize, Serialize};

use super::Id;

/// What a product or a variant is, in a store's own words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Attribute {
    code: String,
    name: String,
    kind: AttributeKind,
    /// Of a number.
    unit: Option<String>,
    value: AttributeValue,
}

/// How values are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributeKind {
    Text,
    /// HTML, safe to show.
    RichText,
    Number,
    Boolean,
    Date,
    Choice,
    MultiChoice,
    /// A choice that has a colour.
    Swatch,
    /// Another product, or a category.
    Reference,
}

/// By kind: text for texts, numbers (`"12.5"`) and dates (`"2026-03-01"`), true or false, a choice, a list of choices, or what is
/// referred to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum AttributeValue {
    Text(String),
    Truth(bool),
    Choice(Chosen),
    Choices(Vec<Chosen>),
    Product(ReferredProduct),
    Category(ReferredCategory),
}

#[derive(Clone, Debug, Serialize, ToSchema)]
struct Chosen {
    id: Id<AttributeChoiceId>,
    label: String,
    /// `#rrggbb`
    swatch: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
struct ReferredProduct {
    id: Id<ProductId>,
    slug: String,
    title: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
struct ReferredCategory {
    id: Id<CategoryId>,
    slug: String,
    name: String,
}

impl Attribute {
    /// All of them.
    pub fn for_vendors(attributes: Vec<attribute_values::Attribute>) -> Vec<Self> {
        attributes.into_iter().filter_map(Self::of).collect()
    }

    /// Without those that refer to products which shoppers may not see.
    pub fn for_shoppers(attributes: Vec<attribute_values::Attribute>) -> Vec<Self> {
        let is_hidden = |value: &attribute_values::AttributeValue| {
            matches!(value, attribute_values::AttributeValue::Product(Referred { is_published: false, .. }))
        };
        attributes.into_iter().filter(|attribute| !attribute.values.iter().any(is_hidden)).filter_map(Self::of).collect()
    }

    fn of(attribute: attribute_values::Attribute) -> Option<Self> {
        let value = AttributeValue::of(attribute.kind, attribute.values)?;
        Some(Self { code: attribute.code, name: attribute.name, kind: attribute.kind.into(), unit: attribute.unit, value })
    }
}

impl AttributeValue {
    fn of(kind: Kind, values: Vec<attribute_values::AttributeValue>) -> Option<Self> {
        use attribute_values::AttributeValue as Kept;
        if kind == Kind::MultiChoice {
            let chosen = values.into_iter().filter_map(|value| if let Kept::Choice(choice) = value { Some(choice.into()) } else { None });
            return Some(Self::Choices(chosen.collect()));
        }
        Some(match values.into_iter().next()? {
            Kept::Text(text) => Self::Text(text),
            Kept::Measure(measure) => match kind {
                Kind::Boolean => Self::Truth(measure == 1),
                Kind::Date => Self::Text(date(measure)?.to_string()),
                _ => Self::Text(number(measure).to_string()),
            },
            Kept::Choice(choice) => Self::Choice(choice.into()),
            Kept::Product(product) => Self::Product(ReferredProduct { id: product.id.into(), slug: product.slug, title: product.title }),
            Kept::Category(it) => Self::Category(ReferredCategory { id: it.id.into(), slug: it.slug, name: it.name }),
        })
    }
}

impl From<attributes::Choice> for Chosen {
    fn from(choice: attributes::Choice) -> Self {
        Self { id: choice.id.into(), label: choice.label, swatch: choice.swatch }
    }
}

impl From<Kind> for AttributeKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::RichText => Self::RichText,
            Kind::Number => Self::Number,
            Kind::Boolean => Self::Boolean,
            Kind::Date => Self::Date,
            Kind::Choice => Self::Choice,
            Kind::MultiChoice => Self::MultiChoice,
            Kind::Swatch => Self::Swatch,
            Kind::Reference => Self::Reference,
        }
    }
}

impl From<AttributeKind> for Kind {
    fn from(kind: AttributeKind) -> Self {
        match kind {
            AttributeKind::Text => Self::Text,
            AttributeKind::RichText => Self::RichText,
            AttributeKind::Number => Self::Number,
            AttributeKind::Boolean => Self::Boolean,
            AttributeKind::Date => Self::Date,
            AttributeKind::Choice => Self::Choice,
            AttributeKind::MultiChoice => Self::MultiChoice,
            AttributeKind::Swatch => Self::Swatch,
            AttributeKind::Reference => Self::Reference,
        }
    }
}
