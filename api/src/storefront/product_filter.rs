//! What a list of products is narrowed to and sorted by.

use commerce::{
    catalog::{
        AttributeFilters, collections,
        listing::{CategoryRef, Filter, Sort},
    },
    money::Currency,
};
use salvo::oapi::{ToParameters, ToSchema};
use serde::Deserialize;
use tenancy::TenantTx;

use crate::Problem;

#[derive(Debug, Deserialize, ToParameters, garde::Validate)]
#[serde(deny_unknown_fields)]
#[salvo(parameters(default_parameter_in = Query))]
#[garde(allow_unvalidated)]
pub(super) struct ProductFilter {
    /// The id or the slug of a category: products in it or below it.
    #[garde(length(chars, max = 120))]
    category: Option<String>,
    /// The slug of a tag.
    #[garde(length(chars, max = 120))]
    tag: Option<String>,
    /// The id or the slug of a collection.
    #[garde(length(chars, max = 120))]
    collection: Option<String>,
    /// `code:value` of an attribute that can be filtered by: the label of a choice, `true` or `false`, a date or a number; of these
    /// also a range, `min..max`, with either end open. Repeat it: values of one attribute are alternatives, attributes must all fit.
    #[serde(default)]
    attribute: Vec<String>,
    /// `newest` when absent, or in a collection the collection's own order.
    sort: Option<ProductSort>,
    /// One of the store's currencies; its main one when absent.
    pub currency: Option<String>,
    /// How many at most (100).
    #[salvo(parameter(minimum = 1, maximum = 100, default = 24))]
    pub limit: Option<u64>,
    /// `page.next` of the page before.
    pub after: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
enum ProductSort {
    #[serde(rename = "newest")]
    Newest,
    #[serde(rename = "title")]
    Title,
    #[serde(rename = "price")]
    Price,
    #[serde(rename = "-price")]
    PriceDescending,
}

impl ProductFilter {
    /// One statement more in a collection: its shelf and its order. None: there is no such collection, and nothing in it.
    pub(super) async fn into_filter(self, tx: &TenantTx, currency: Currency) -> Result<Option<Filter>, Problem> {
        let attributes = AttributeFilters::read(&self.attribute).map_err(|fault| Problem::invalid(vec![fault]))?;
        let category = self.category.map(|text| text.parse().map_or(CategoryRef::Slug(text), CategoryRef::Id));
        let (collection, own) = match self.collection.as_deref().map(super::collections::name) {
            None => (None, Sort::Newest),
            Some(None) => return Ok(None),
            Some(Some(name)) => match collections::shelf(tx, &name).await? {
                None => return Ok(None),
                Some((id, own)) => (Some(id), own),
            },
        };
        let sort = match self.sort {
            None => own,
            Some(ProductSort::Newest) => Sort::Newest,
            Some(ProductSort::Title) => Sort::Title,
            Some(ProductSort::Price) => Sort::PriceUp,
            Some(ProductSort::PriceDescending) => Sort::PriceDown,
        };
        Ok(Some(Filter { currency, category, tag: self.tag, collection, attributes, sort }))
    }
}
