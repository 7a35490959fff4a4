use commerce::{
    catalog::{NewImage, NewOption, NewPrice, NewProduct, NewVariant, Product, products},
    ids::StockLevelId,
    inventory::levels::{self, LevelChanges},
    money::{Currency, Money},
};

use crate::{Store, World, database::texts};

/// A published product of one variant: "Mug" for 19.90 in the store's currency, ten of them on hand.
pub fn a_product() -> ProductBuilder {
    ProductBuilder {
        title: "Mug".to_owned(),
        prices: Vec::new(),
        on_hand: 10,
        reorder_point: None,
        is_draft: false,
        variant: NewVariant { weight_grams: 350, ..NewVariant::default() },
        options: Vec::new(),
        tags: Vec::new(),
        images: Vec::new(),
    }
}

pub struct ProductBuilder {
    title: String,
    prices: Vec<String>,
    on_hand: i32,
    reorder_point: Option<i32>,
    is_draft: bool,
    variant: NewVariant,
    options: Vec<NewOption>,
    tags: Vec<String>,
    images: Vec<NewImage>,
}

impl ProductBuilder {
    pub fn titled(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }

    /// `19.90 EUR`; once more for each further currency.
    pub fn priced(mut self, price: &str) -> Self {
        self.prices.push(price.to_owned());
        self
    }

    /// Units of each variant at the default location.
    pub fn stocked(mut self, on_hand: i32) -> Self {
        self.on_hand = on_hand;
        self
    }

    /// Each level warns at this many.
    pub fn reordered_at(mut self, reorder_point: i32) -> Self {
        self.reorder_point = Some(reorder_point);
        self
    }

    /// Not counted: always to be had.
    pub fn untracked(mut self) -> Self {
        self.variant.is_stock_tracked = false;
        self
    }

    pub fn weighing(mut self, grams: i32) -> Self {
        self.variant.weight_grams = grams;
        self
    }

    pub fn taxed_as(mut self, tax_class: &str) -> Self {
        tax_class.clone_into(&mut self.variant.tax_class);
        self
    }

    /// One variant for each value. The last call wins: one option is enough for a test.
    pub fn with_option(mut self, name: &str, values: &[&str]) -> Self {
        self.options = vec![NewOption { name: name.to_owned(), values: values.iter().map(|value| (*value).to_owned()).collect() }];
        self
    }

    pub fn tagged(mut self, tag: &str) -> Self {
        self.tags.push(tag.to_owned());
        self
    }

    pub fn pictured(mut self, url: &str) -> Self {
        self.images.push(NewImage { url: Some(url.to_owned()), ..NewImage::default() });
        self
    }

    pub fn draft(mut self) -> Self {
        self.is_draft = true;
        self
    }

    /// Makes it, published unless it is a draft.
    pub async fn create(self, world: &World, store: &Store) -> Product {
        let prices = if self.prices.is_empty() { vec![format!("19.90 {}", store.currency)] } else { self.prices };
        let variant = NewVariant {
            prices: prices.iter().map(|price| NewPrice { amount: money(price), compare_at: None }).collect(),
            on_hand: self.on_hand,
            ..self.variant
        };
        let variants = match self.options.first() {
            None => vec![variant],
            Some(option) => {
                let chosen = |value: &String| NewVariant { options: [(option.name.clone(), value.clone())].into(), ..variant.clone() };
                option.values.iter().map(chosen).collect()
            }
        };
        let new = NewProduct {
            title: self.title,
            options: self.options,
            variants,
            tags: self.tags,
            images: self.images,
            ..NewProduct::default()
        };
        let tx = world.begin(store).await;
        let mut product = products::create(&tx, &world.clock, new).await.expect("a product");
        if !self.is_draft {
            product = products::publish(&tx, &world.clock, product.id, None).await.expect("a product that can be sold");
        }
        tx.commit().await.expect("a commit");
        if let Some(point) = self.reorder_point {
            warn_at(world, store, &product, point).await;
        }
        product
    }
}

/// `19.90 EUR`
pub(crate) fn money(price: &str) -> Money {
    let (amount, currency) = price.split_once(' ').expect("an amount and a currency");
    let currency: Currency = currency.parse().expect("a currency");
    Money::parse(amount, currency).expect("an amount")
}

async fn warn_at(world: &World, store: &Store, product: &Product, reorder_point: i32) {
    let mut superuser = world.superuser().await;
    let tx = world.begin(store).await;
    for variant in &product.variants {
        let ask = format!("SELECT id::text FROM stock_levels WHERE variant_id = '{}'", variant.id.uuid());
        for level in texts(&mut superuser, &ask).await {
            let id = StockLevelId::from_uuid(level.parse().expect("an id"));
            let changes = LevelChanges { reorder_point: Some(Some(reorder_point)), ..LevelChanges::default() };
            levels::change(&tx, &world.clock, id, changes).await.expect("a level");
        }
    }
    tx.commit().await.expect("a commit");
}
