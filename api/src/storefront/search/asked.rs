//! What a shopper asks, read from the query string: a closed list, except that stores name their own options.

use std::collections::BTreeMap;

use commerce::{
    catalog::AttributeFilters,
    fault::FieldFault,
    money::{Currency, Money},
    page::{Cursor, CursorError, DEFAULT_LIMIT},
    text::clean_text,
};
use garde::Validate;
use salvo::{
    Depot, Extractible, Request,
    extract::Metadata,
    oapi::{BasicType, Components, EndpointArgRegister, Object, Operation, Parameter, ParameterIn, Required, ToParameters},
};
use search::{Field, Filters, PriceRange, Query, Sort};
use serde::Deserialize;
use tenancy::Tenant;

use crate::{Problem, context::PLAIN};

const MAX_TEXT: usize = 200;
const SORTS: [&str; 5] = ["relevance", "newest", "price", "-price", "title"];
const DEFAULT_SUGGESTIONS: u64 = 5;

/// The query string of a search, not yet understood: what it means depends on the store.
pub(super) struct Asked {
    parameters: BTreeMap<String, Vec<String>>,
}

impl Asked {
    /// # Errors
    /// 422 with each parameter that is wrong.
    pub(super) fn query(self, store: &Tenant) -> Result<Query, Problem> {
        let mut reader = Reader { faults: Vec::new(), parameters: self.parameters };
        let currency = reader.currency(store)?;
        let sort: Sort = reader.one("sort", |text| text.parse().map_err(to_text)).unwrap_or_default();
        let price = |text: &str| Money::parse(text, currency).map(|money| money.minor).map_err(to_text);
        let range = PriceRange { at_least: reader.one("price_from", price), at_most: reader.one("price_to", price) };
        let text = reader.take("q").map(|text| clean_text("/q", &text, MAX_TEXT)).transpose().unwrap_or_else(|fault| {
            reader.faults.push(fault);
            None
        });
        let facets = reader.facets();
        let limit = reader.one("limit", |text| text.parse().map_err(|_| "must be a whole number".to_owned())).unwrap_or(DEFAULT_LIMIT);
        let after = reader.take("after");
        let attributes = reader.attributes();
        let mut values = reader.fields();
        values.extend(attributes);
        if !reader.faults.is_empty() {
            return Err(Problem::invalid(reader.faults));
        }
        let from = after.map_or(Ok(0), |after| place(&after, store, sort))?;
        Ok(Query { text, filters: Filters { values, price: range }, facets, sort, currency, limit, from })
    }
}

/// Takes parameters one after the other; what is left must be fields.
struct Reader {
    parameters: BTreeMap<String, Vec<String>>,
    faults: Vec<FieldFault>,
}

impl Reader {
    fn take(&mut self, name: &str) -> Option<String> {
        let mut values = self.parameters.remove(name)?;
        if values.len() > 1 {
            self.faults.push(FieldFault::new(format!("/{name}"), "repeated", "must be given once"));
        }
        values.pop()
    }

    fn one<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match read(&self.take(name)?) {
            Ok(value) => Some(value),
            Err(detail) => {
                self.faults.push(FieldFault::new(format!("/{name}"), "value", detail));
                None
            }
        }
    }

    /// A currency in which the store sells; its main one when none is asked for.
    fn currency(&mut self, store: &Tenant) -> Result<Currency, Problem> {
        let sold_in = |text: &str| {
            let is_sold_in = store.currencies.iter().any(|currency| currency == text);
            if is_sold_in { text.parse().map_err(to_text) } else { Err(format!("must be one of {}", store.currencies.join(", "))) }
        };
        let asked = self.one("currency", sold_in);
        asked.map_or_else(|| main_currency(store), Ok)
    }

    fn facets(&mut self) -> Vec<Field> {
        let mut facets = Vec::new();
        let names = self.parameters.remove("facets").unwrap_or_default();
        for name in names.iter().flat_map(|names| names.split(',')).map(str::trim).filter(|name| !name.is_empty()) {
            match name.parse() {
                Ok(field) if facets.contains(&field) => {}
                Ok(field) => facets.push(field),
                Err(error) => self.faults.push(FieldFault::new("/facets", "value", to_text::<search::FieldError>(error))),
            }
        }
        facets
    }

    /// `attribute=code:value`, as in the list of products.
    fn attributes(&mut self) -> BTreeMap<Field, Vec<String>> {
        let given = self.parameters.remove("attribute").unwrap_or_default();
        let read = AttributeFilters::read(&given).and_then(AttributeFilters::exact).unwrap_or_else(|fault| {
            self.faults.push(fault);
            BTreeMap::new()
        });
        read.into_iter().map(|(code, values)| (Field::Attribute(code), values)).collect()
    }

    fn fields(&mut self) -> BTreeMap<Field, Vec<String>> {
        let mut fields: BTreeMap<Field, Vec<String>> = BTreeMap::new();
        for (name, values) in std::mem::take(&mut self.parameters) {
            match name.parse::<Field>() {
                // One way to say it: `attribute=code:value`.
                Ok(Field::Attribute(_)) => {
                    let fault = FieldFault::new(format!("/{name}"), "unknown_field", "must be `attribute=code:value`");
                    self.faults.push(fault);
                }
                Ok(field) => fields.entry(field).or_default().extend(values),
                Err(error) => self.faults.push(FieldFault::new(format!("/{name}"), "unknown_field", to_text(error))),
            }
        }
        fields
    }
}

fn to_text<E: std::fmt::Display>(error: E) -> String {
    error.to_string()
}

pub(super) fn main_currency(store: &Tenant) -> Result<Currency, Problem> {
    store.currency.parse().map_err(Problem::internal)
}

/// The name of an order, in cursors.
pub(super) fn order(sort: Sort) -> String {
    format!("search:{sort:?}")
}

/// How many hits come before the page that a cursor opens.
fn place(after: &str, store: &Tenant, sort: Sort) -> Result<u64, Problem> {
    let cursor = Cursor::parse(after)?;
    cursor.for_list(Some(store.id), &order(sort))?;
    Ok(cursor.key.parse().map_err(|_| CursorError)?)
}

impl<'ex> Extractible<'ex> for Asked {
    fn metadata() -> &'static Metadata {
        &PLAIN
    }

    #[expect(refining_impl_trait, reason = "a named error reads better")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, Problem> {
        let parameters = req.queries().iter_all().map(|(name, values)| (name.clone(), values.clone())).collect();
        Ok(Self { parameters })
    }
}

impl EndpointArgRegister for Asked {
    fn register(_: &mut Components, operation: &mut Operation, _: &str) {
        let text = |most: usize| Object::with_type(BasicType::String).max_length(most);
        let amount = || Object::with_type(BasicType::String).pattern("^[0-9]{1,12}(\\.[0-9]{1,4})?$");
        let limit = Object::with_type(BasicType::Integer).minimum(1).maximum(100).default_value(DEFAULT_LIMIT.into());
        let sort = Object::with_type(BasicType::String).enum_values(SORTS).default_value(SORTS[0].into());
        let yes_or_no = Object::with_type(BasicType::String).enum_values(["true", "false"]);
        let several = "Repeat it for alternatives.";
        let all = [
            ("q", text(MAX_TEXT), "What to find. Without it, everything."),
            ("category", text(MAX_TEXT), &*format!("Slug of a category; those below it are in it. {several}")),
            ("tag", text(MAX_TEXT), &*format!("Slug of a tag. {several}")),
            ("brand", text(MAX_TEXT), several),
            ("product_type", text(MAX_TEXT), several),
            ("in_stock", yes_or_no, "Whether it can be bought now."),
            (
                "option.color",
                text(MAX_TEXT),
                "A value of an option. Any option of the store can stand in place of `color`, in lower case and with hyphens (`option.shoe-size`). Repeat it for alternatives.",
            ),
            (
                "attribute",
                text(141),
                "`code:value` of an attribute that can be filtered by: the label of a choice, `true` or `false`, a date or a number (the very value: ranges are for the list of products). Repeat it: values of one attribute are alternatives, attributes must all fit.",
            ),
            ("price_from", amount(), "The lowest price, such as `19.90`."),
            ("price_to", amount(), "The highest price."),
            (
                "currency",
                text(3).pattern("^[A-Z]{3}$"),
                "In which prices are given, filtered and sorted. The store's main currency when absent.",
            ),
            (
                "facets",
                text(1024),
                "What to count, separated by commas: `category`, `tag`, `brand`, `product_type`, `in_stock`, `option.<name>`, `attribute.<code>`.",
            ),
            ("sort", sort, "The order."),
            ("limit", limit, "How many at most."),
            ("after", text(1024), "`page.next` of the page before. Only the first 1,000 hits can be reached."),
        ];
        for (name, schema, about) in all {
            let parameter = Parameter::new(name).location(ParameterIn::Query).required(Required::False).description(about);
            operation.parameters.insert(parameter.schema(schema));
        }
    }
}

/// What stands in the search box.
#[derive(Debug, Deserialize, Validate, ToParameters)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
pub(super) struct Typed {
    /// What was typed so far.
    #[garde(length(chars, min = 1, max = MAX_TEXT))]
    #[salvo(parameter(min_length = 1, max_length = 200))]
    q: String,
    /// How many at most.
    #[garde(inner(range(min = 1, max = 10)))]
    #[salvo(parameter(minimum = 1, maximum = 10, default = 5))]
    limit: Option<u64>,
}

impl Typed {
    /// # Errors
    /// 422 at `/q`.
    pub(super) fn text(&self) -> Result<String, Problem> {
        clean_text("/q", &self.q, MAX_TEXT).map_err(|fault| Problem::invalid(vec![fault]))
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit.unwrap_or(DEFAULT_SUGGESTIONS)
    }
}
