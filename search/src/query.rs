//! What may be asked, as a closed list, and what is answered.

use std::{collections::BTreeMap, fmt, str::FromStr};

use commerce::{fault::FieldFault, ids::ProductId, money::Currency, page::MAX_LIMIT};

use crate::{
    Error, ProductDocument,
    document::{Image, option_key},
};

/// How far a shopper can page: only the first this many hits can be reached.
pub const WINDOW: u64 = 1_000;
/// How many values of a facet are answered, the most frequent first.
pub const MAX_FACET_VALUES: usize = 100;

const MAX_TEXT: usize = 200;
const MAX_FACETS: usize = 20;
const MAX_VALUES: usize = 50;

/// A question to one store. `check` bounds it; backends are given checked queries only.
#[derive(Clone, Debug)]
pub struct Query {
    /// All its words must be found; the last may be unfinished. None finds everything.
    pub text: Option<String>,
    pub filters: Filters,
    /// Which counts are wanted.
    pub facets: Vec<Field>,
    pub sort: Sort,
    /// Prices are filtered and sorted in this currency.
    pub currency: Currency,
    pub limit: u64,
    /// How many hits come before the page.
    pub from: u64,
}

/// Values of one field are alternatives; fields, and the price, must all fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    pub values: BTreeMap<Field, Vec<String>>,
    pub price: PriceRange,
}

/// Bounds in minor units, both included. A product without a price in the currency is in no range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriceRange {
    pub at_least: Option<i64>,
    pub at_most: Option<i64>,
}

impl PriceRange {
    pub fn is_open(self) -> bool {
        self.at_least.is_none() && self.at_most.is_none()
    }
}

/// What can be filtered by and counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Slug of a category; products of the categories below it are in it.
    Category,
    /// Slug of a tag.
    Tag,
    Brand,
    ProductType,
    /// `true` or `false`.
    InStock,
    /// `option.<key>`, with the key of [`option_key`].
    Option(String),
    /// `attribute.<code>`
    Attribute(String),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be category, tag, brand, product_type, in_stock, option.<name> or attribute.<code>")]
pub struct FieldError;

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        Ok(match text {
            "category" => Self::Category,
            "tag" => Self::Tag,
            "brand" => Self::Brand,
            "product_type" => Self::ProductType,
            "in_stock" => Self::InStock,
            named => {
                if let Some(code) = named.strip_prefix("attribute.") {
                    return Self::attribute(code);
                }
                let name = named.strip_prefix("option.").ok_or(FieldError)?;
                let key = option_key(name);
                if key.is_empty() || key.chars().count() > 100 {
                    return Err(FieldError);
                }
                Self::Option(key)
            }
        })
    }
}

impl Field {
    fn attribute(code: &str) -> Result<Self, FieldError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if code.is_empty() || code.len() > 40 || !code.bytes().all(is_plain) {
            return Err(FieldError);
        }
        Ok(Self::Attribute(code.to_owned()))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Category => f.write_str("category"),
            Self::Tag => f.write_str("tag"),
            Self::Brand => f.write_str("brand"),
            Self::ProductType => f.write_str("product_type"),
            Self::InStock => f.write_str("in_stock"),
            Self::Option(key) => write!(f, "option.{key}"),
            Self::Attribute(code) => write!(f, "attribute.{code}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Sort {
    /// Best first; without a text, newest first.
    #[default]
    Relevance,
    Newest,
    /// Lowest first; products without a price in the currency last.
    Price,
    /// Highest first; products without a price in the currency last.
    PriceDescending,
    Title,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be relevance, newest, price, -price or title")]
pub struct SortError;

impl FromStr for Sort {
    type Err = SortError;

    fn from_str(text: &str) -> Result<Self, SortError> {
        Ok(match text {
            "relevance" => Self::Relevance,
            "newest" => Self::Newest,
            "price" => Self::Price,
            "-price" => Self::PriceDescending,
            "title" => Self::Title,
            _ => return Err(SortError),
        })
    }
}

/// A page of hits and the counts that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub hits: Vec<ProductDocument>,
    /// How many products fit. A backend may stop counting at [`WINDOW`].
    pub total: u64,
    /// In the order they were asked for.
    pub facets: Vec<FacetCounts>,
}

/// The values of one field and how many products have them, counted as if this field were not filtered by: choosing a
/// second value of it adds to the hits, so the shopper must see what it would add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetCounts {
    pub field: Field,
    /// Most frequent first, then by value.
    pub values: Vec<(String, u64)>,
}

/// What a search box may offer while a shopper types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub product: ProductId,
    pub slug: String,
    pub title: String,
    pub image: Option<Image>,
}

impl Query {
    /// Everything of the store, newest first.
    pub fn all(currency: Currency, limit: u64) -> Self {
        Self { text: None, filters: Filters::default(), facets: Vec::new(), sort: Sort::Relevance, currency, limit, from: 0 }
    }

    /// Whether the query is within the bounds that every backend can answer.
    ///
    /// # Errors
    /// `Invalid`, with each field that is not.
    pub fn check(&self) -> Result<(), Error> {
        let mut faults = Vec::new();
        let mut refuse = |is_wrong: bool, pointer: &str, code, detail: String| {
            if is_wrong {
                faults.push(FieldFault::new(pointer, code, detail));
            }
        };
        let length = self.text.as_ref().map_or(0, |text| text.chars().count());
        refuse(length > MAX_TEXT, "/q", "too_long", format!("must have at most {MAX_TEXT} characters"));
        refuse(!(1..=MAX_LIMIT).contains(&self.limit), "/limit", "range", format!("must be 1 to {MAX_LIMIT}"));
        refuse(self.from >= WINDOW, "/after", "window", format!("only the first {WINDOW} hits can be reached"));
        refuse(self.facets.len() > MAX_FACETS, "/facets", "too_many", format!("at most {MAX_FACETS} facets can be counted at once"));
        let fields = self.filters.values.len();
        refuse(fields > MAX_FACETS, "/", "too_many", format!("at most {MAX_FACETS} fields can be filtered by at once"));
        for (field, values) in &self.filters.values {
            let pointer = format!("/{field}");
            refuse(!(1..=MAX_VALUES).contains(&values.len()), &pointer, "too_many", format!("must have 1 to {MAX_VALUES} values"));
            let is_odd = |value: &String| value.is_empty() || value.chars().count() > MAX_TEXT || value.chars().any(char::is_control);
            refuse(values.iter().any(is_odd), &pointer, "value", format!("must be 1 to {MAX_TEXT} plain characters"));
            let is_bool = values.iter().all(|value| matches!(value.as_str(), "true" | "false"));
            refuse(*field == Field::InStock && !is_bool, &pointer, "value", "must be true or false".into());
        }
        let price = self.filters.price;
        refuse(price.at_least.is_some_and(|least| least < 0), "/price_from", "range", "must not be negative".into());
        refuse(price.at_most.is_some_and(|most| most < 0), "/price_to", "range", "must not be negative".into());
        if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
    }
}

impl From<&ProductDocument> for Suggestion {
    fn from(document: &ProductDocument) -> Self {
        Self { product: document.id, slug: document.slug.clone(), title: document.title.clone(), image: document.image.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_a_closed_list() {
        for text in ["category", "tag", "brand", "product_type", "in_stock", "option.shoe-size", "attribute.shoe_size"] {
            assert_eq!(text.parse::<Field>().unwrap().to_string(), text);
        }
        assert_eq!("option.Shoe Size".parse::<Field>().unwrap(), Field::Option("shoe-size".into()));
        for text in ["", "tenant_id", "option.", "option.=", "options", "price", "attribute.", "attribute.A", "attribute.a=b"] {
            assert_eq!(text.parse::<Field>(), Err(FieldError), "{text:?}");
        }
    }

    #[test]
    fn a_query_out_of_bounds_names_what_is() {
        let mut query = Query::all("EUR".parse().unwrap(), 101);
        query.from = WINDOW;
        query.text = Some("x".repeat(201));
        query.filters.values.insert(Field::InStock, vec!["maybe".into()]);
        query.filters.values.insert(Field::Brand, vec!["a\u{1f}b".into()]);
        let Err(Error::Invalid(faults)) = query.check() else { panic!("must be refused") };
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/q", "/limit", "/after", "/brand", "/in_stock"]);
    }
}
