use commerce::catalog::{
    collections::{Condition, Field, Fits, Rule},
    listing::Sort,
};
use salvo::oapi::ToSchema;
use serde::{Deserialize, Serialize};

/// In what order a collection shows its products.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub enum CollectionSort {
    /// As they were put: only of a collection that is chosen by hand.
    #[serde(rename = "manual")]
    Manual,
    #[serde(rename = "newest")]
    Newest,
    #[serde(rename = "title")]
    Title,
    #[serde(rename = "price")]
    Price,
    #[serde(rename = "-price")]
    PriceDescending,
}

/// Which products belong to a collection: those that fit all of its conditions, or any of them.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionRule {
    /// Whether a product must fit all conditions, or any of them; `all` when absent.
    #[serde(default)]
    fits: RuleFits,
    /// 1 to 20.
    conditions: Vec<RuleCondition>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RuleFits {
    #[default]
    All,
    Any,
}

/// What is asked of a product. A condition takes the fields that it needs and no others.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleCondition {
    field: RuleField,
    /// Fitted by whatever does not fit it otherwise.
    #[serde(default)]
    is_not: bool,
    /// The type, the brand, the id of a tag, of a category or of an attribute's choice, or `true` or `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// The code of the attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The least of a price (`"9.90"`), a number, a date or a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<String>,
    /// The most of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<String>,
    /// Of a price; the store's main one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RuleField {
    Type,
    Brand,
    Tag,
    /// It stands in the category or below it.
    Category,
    /// Its lowest price.
    Price,
    Attribute,
    /// A variant of it can be bought now.
    InStock,
    PublishedAt,
}

impl From<CollectionSort> for Sort {
    fn from(sort: CollectionSort) -> Self {
        match sort {
            CollectionSort::Manual => Self::Manual,
            CollectionSort::Newest => Self::Newest,
            CollectionSort::Title => Self::Title,
            CollectionSort::Price => Self::PriceUp,
            CollectionSort::PriceDescending => Self::PriceDown,
        }
    }
}

impl From<Sort> for CollectionSort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Manual => Self::Manual,
            Sort::Newest => Self::Newest,
            Sort::Title => Self::Title,
            Sort::PriceUp => Self::Price,
            Sort::PriceDown => Self::PriceDescending,
        }
    }
}

impl From<CollectionRule> for Rule {
    fn from(rule: CollectionRule) -> Self {
        let fits = match rule.fits {
            RuleFits::All => Fits::All,
            RuleFits::Any => Fits::Any,
        };
        Self { fits, conditions: rule.conditions.into_iter().map(Into::into).collect() }
    }
}

impl From<Rule> for CollectionRule {
    fn from(rule: Rule) -> Self {
        let fits = match rule.fits {
            Fits::All => RuleFits::All,
            Fits::Any => RuleFits::Any,
        };
        Self { fits, conditions: rule.conditions.into_iter().map(Into::into).collect() }
    }
}

impl From<RuleCondition> for Condition {
    fn from(asked: RuleCondition) -> Self {
        let field = match asked.field {
            RuleField::Type => Field::Type,
            RuleField::Brand => Field::Brand,
            RuleField::Tag => Field::Tag,
            RuleField::Category => Field::Category,
            RuleField::Price => Field::Price,
            RuleField::Attribute => Field::Attribute,
            RuleField::InStock => Field::InStock,
            RuleField::PublishedAt => Field::PublishedAt,
        };
        let RuleCondition { is_not, value, code, min, max, currency, .. } = asked;
        Self { field, is_not, value, code, min, max, currency }
    }
}

impl From<Condition> for RuleCondition {
    fn from(condition: Condition) -> Self {
        let field = match condition.field {
            Field::Type => RuleField::Type,
            Field::Brand => RuleField::Brand,
            Field::Tag => RuleField::Tag,
            Field::Category => RuleField::Category,
            Field::Price => RuleField::Price,
            Field::Attribute => RuleField::Attribute,
            Field::InStock => RuleField::InStock,
            Field::PublishedAt => RuleField::PublishedAt,
        };
        let Condition { is_not, value, code, min, max, currency, .. } = condition;
        Self { field, is_not, value, code, min, max, currency }
    }
}
