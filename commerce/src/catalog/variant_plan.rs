//! What an edit of many variants comes to, or everything that is wrong with it. Pure: values in, rows or faults out.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use uuid::Uuid;

use super::{
    NewVariant, Product, Variant,
    combinations::{self, Choices},
    currencies::Currencies,
    new_product::{self, Faults, MOST_VALUES, MOST_VARIANTS},
    rows::{ChoiceRow, Rows, ValueRow},
    variants::VariantChanges,
};
use crate::{
    fault::FieldFault,
    ids::{OptionId, OptionValueId, VariantId},
};

/// A variant to change, and where in the request.
pub(super) struct Changed {
    pub pointer: String,
    pub id: VariantId,
    pub changes: VariantChanges,
}

/// A variant to be, and where in the request it and its SKU were asked for.
pub(super) struct Created {
    pub pointer: String,
    pub sku_pointer: String,
    pub new: NewVariant,
}

/// A variant to remove, and where in the request.
pub(super) struct Removed {
    pub pointer: String,
    pub id: VariantId,
}

/// A SKU or a barcode that a variant shall have.
pub(super) struct Code {
    pub is_sku: bool,
    pub text: String,
    pub pointer: String,
    /// Whose it shall be; none of a variant to be.
    pub of: Option<VariantId>,
}

#[derive(Serialize)]
pub(super) struct ChangeRow {
    id: Uuid,
    has_sku: bool,
    sku: Option<String>,
    has_barcode: bool,
    barcode: Option<String>,
    weight_grams: Option<i32>,
    requires_shipping: Option<bool>,
    is_stock_tracked: Option<bool>,
    tax_class: Option<String>,
}

pub(super) struct Plan {
    pub changes: Vec<ChangeRow>,
    pub codes: Vec<Code>,
    /// Variants that choose other values: what they chose goes first.
    pub rechosen: Vec<Uuid>,
    /// Variants whose prices are replaced.
    pub repriced: Vec<Uuid>,
    /// Values that no variant may be left with.
    pub left: Vec<Uuid>,
    pub rows: Rows,
    /// In the order in which they were asked for.
    pub created: Vec<VariantId>,
}

impl Created {
    pub(super) fn at(pointer: String, new: NewVariant) -> Self {
        Self { sku_pointer: format!("{pointer}/sku"), pointer, new }
    }
}

impl Code {
    pub(super) fn fault(&self, code: &'static str, whose: &str) -> FieldFault {
        let what = if self.is_sku { "SKU" } else { "barcode" };
        FieldFault::new(self.pointer.clone(), code, format!("{whose} the {what} `{}`", self.text))
    }
}

impl Plan {
    /// # Errors
    /// `Invalid` names every wrong field.
    pub(super) fn of(
        whole: &Product,
        currencies: &Currencies,
        changed: &[Changed],
        created: &[Created],
        removed: &[Removed],
    ) -> Result<Self, super::Error> {
        let mut faults = Faults::default();
        let known: HashMap<VariantId, &Variant> = whole.variants.iter().map(|variant| (variant.id, variant)).collect();
        named_once(&mut faults, &known, changed, removed);
        let count = whole.variants.len() + created.len();
        if count > MOST_VARIANTS + removed.len() {
            faults.add(
                "/create",
                "too_many",
                format!("would make {} variants; a product has at most {MOST_VARIANTS}", count - removed.len()),
            );
        }
        faults = Faults(faults.done(Vec::new())?);
        let mut plan = Self {
            changes: Vec::new(),
            codes: Vec::new(),
            rechosen: Vec::new(),
            repriced: Vec::new(),
            left: Vec::new(),
            rows: Rows::default(),
            created: Vec::new(),
        };
        let choices = fitting(&mut faults, whole, changed, created, removed);
        let mut values = Values::of(whole);
        for one in changed {
            plan.change(&mut faults, one, currencies);
            if let Some(choices) = choices.changed.get(&one.id) {
                plan.rechosen.push(one.id.uuid());
                plan.rows.choices.extend(values.choose(one.id, choices));
            }
        }
        for (at, (one, choices)) in created.iter().zip(&choices.created).enumerate() {
            let title = combinations::title(whole.options.iter().map(|option| option.name.as_str()), choices);
            let place = (whole.id, whole.variants.len() + at, title);
            let id = new_product::variant(&mut faults, &mut plan.rows, &one.pointer, place, &one.new, currencies);
            plan.rows.choices.extend(values.choose(id, choices));
            plan.created.push(id);
        }
        let made = plan.rows.variants.iter().zip(created);
        let of_created = made.flat_map(|(row, one)| {
            let sku = row.sku.clone().map(|text| Code { is_sku: true, text, pointer: one.sku_pointer.clone(), of: None });
            let place = format!("{}/barcode", one.pointer);
            sku.into_iter().chain(row.barcode.clone().map(|text| Code { is_sku: false, text, pointer: place, of: None }))
        });
        plan.codes.extend(of_created);
        plan.codes_differ(&mut faults);
        values.fit(&mut faults);
        plan.rows.values = values.made;
        let letting_go = removed.iter().map(|one| one.id.uuid()).chain(plan.rechosen.iter().copied()).collect::<HashSet<Uuid>>();
        let letting_go = whole.variants.iter().filter(|variant| letting_go.contains(&variant.id.uuid()));
        plan.left = letting_go.flat_map(|variant| variant.value_ids.iter().map(|value| value.uuid())).collect();
        faults.done(plan)
    }

    fn change(&mut self, faults: &mut Faults, one: &Changed, currencies: &Currencies) {
        let (at, changes) = (&one.pointer, &one.changes);
        let (sku_at, barcode_at) = (format!("{at}/sku"), format!("{at}/barcode"));
        let row = ChangeRow {
            id: one.id.uuid(),
            has_sku: changes.sku.is_some(),
            sku: changes.sku.as_ref().and_then(|sku| faults.optional(&sku_at, sku.as_deref(), 100)),
            has_barcode: changes.barcode.is_some(),
            barcode: changes.barcode.as_ref().and_then(|barcode| faults.barcode(&barcode_at, barcode.as_deref())),
            weight_grams: changes.weight_grams.map(|grams| new_product::weight(faults, at, grams)),
            requires_shipping: changes.requires_shipping,
            is_stock_tracked: changes.is_stock_tracked,
            tax_class: changes.tax_class.as_deref().map(|class| new_product::tax_class(faults, at, class)),
        };
        let code = |is_sku: bool, text: &Option<String>, pointer: String| {
            text.clone().map(|text| Code { is_sku, text, pointer, of: Some(one.id) })
        };
        self.codes.extend(code(true, &row.sku, sku_at));
        self.codes.extend(code(false, &row.barcode, barcode_at));
        self.changes.push(row);
        if let Some(prices) = &changes.prices {
            self.repriced.push(one.id.uuid());
            new_product::prices(faults, &mut self.rows, at, one.id, prices, currencies);
        }
    }

    fn codes_differ(&self, faults: &mut Faults) {
        let mut seen = HashSet::new();
        let twice = self.codes.iter().filter(|code| !seen.insert((code.is_sku, code.text.as_str())));
        faults.0.extend(twice.map(|code| code.fault("duplicate", "another variant of this request has")));
    }
}

fn named_once(faults: &mut Faults, known: &HashMap<VariantId, &Variant>, changed: &[Changed], removed: &[Removed]) {
    let mut seen = HashSet::new();
    let changed = changed.iter().map(|one| (format!("{}/id", one.pointer), one.id));
    for (pointer, id) in changed.chain(removed.iter().map(|one| (one.pointer.clone(), one.id))) {
        if !known.contains_key(&id) {
            faults.add(pointer, "unknown", "names no variant of this product");
        } else if !seen.insert(id) {
            faults.add(pointer, "duplicate", "the variant is named twice");
        }
    }
}

struct Chosen {
    changed: HashMap<VariantId, Choices>,
    created: Vec<Choices>,
}

/// The clean choices of whoever names any, if all variants together are such as the product may have.
fn fitting(faults: &mut Faults, whole: &Product, changed: &[Changed], created: &[Created], removed: &[Removed]) -> Chosen {
    let mut pointers = HashMap::new();
    let mut chosen = Chosen { changed: HashMap::new(), created: Vec::with_capacity(created.len()) };
    for one in changed {
        if let Some(given) = &one.changes.options {
            pointers.insert(one.id, one.pointer.as_str());
            chosen.changed.insert(one.id, new_product::choices(faults, &one.pointer, given));
        }
    }
    chosen.created.extend(created.iter().map(|one| new_product::choices(faults, &one.pointer, &one.new.options)));
    if chosen.changed.is_empty() && created.is_empty() {
        return chosen;
    }
    let gone: HashSet<VariantId> = removed.iter().map(|one| one.id).collect();
    let stays = |variant: &&Variant| !gone.contains(&variant.id) && !chosen.changed.contains_key(&variant.id);
    let others: Vec<Choices> = whole.variants.iter().filter(stays).map(|variant| whole.named_choices(variant)).collect();
    let mut placed: Vec<(String, &Choices)> = others.iter().map(|other| ("/other".to_owned(), other)).collect();
    // In the order in which they were given, so that the later of two equal ones is named.
    let rechosen = changed.iter().filter_map(|one| Some((one.pointer.clone(), chosen.changed.get(&one.id)?)));
    placed.extend(rechosen);
    placed.extend(created.iter().map(|one| one.pointer.clone()).zip(&chosen.created));
    let names: Vec<&str> = whole.options.iter().map(|option| option.name.as_str()).collect();
    faults.0.extend(combinations::faults(&names, &placed).into_iter().filter(|fault| !fault.pointer.starts_with("/other")));
    chosen
}

/// The values of a product's options by their words, and those that are new.
pub(super) struct Values<'a> {
    options: Vec<(OptionId, &'a str)>,
    known: HashMap<(OptionId, String), OptionValueId>,
    counts: HashMap<OptionId, usize>,
    pub made: Vec<ValueRow>,
}

impl<'a> Values<'a> {
    pub(super) fn of(whole: &'a Product) -> Self {
        let values = whole.options.iter().flat_map(|option| option.values.iter().map(move |value| (option.id, value)));
        Self {
            options: whole.options.iter().map(|option| (option.id, option.name.as_str())).collect(),
            known: values.map(|(option, value)| ((option, value.value.clone()), value.id)).collect(),
            counts: whole.options.iter().map(|option| (option.id, option.values.len())).collect(),
            made: Vec::new(),
        }
    }

    /// The rows that tie a variant to its values; a value that is new to its option is made after the others.
    pub(super) fn choose(&mut self, variant: VariantId, choices: &Choices) -> Vec<ChoiceRow> {
        let mut rows = Vec::with_capacity(self.options.len());
        for (option, name) in &self.options {
            let Some(chosen) = choices.get(*name) else { continue };
            let value = *self.known.entry((*option, chosen.clone())).or_insert_with(|| {
                let made = OptionValueId::new();
                let count = self.counts.entry(*option).or_default();
                self.made.push(ValueRow { id: made.uuid(), option_id: option.uuid(), value: chosen.clone(), position: *count });
                *count += 1;
                made
            });
            rows.push(ChoiceRow { variant_id: variant.uuid(), option_id: option.uuid(), option_value_id: value.uuid() });
        }
        rows
    }

    /// Says which options would have too many values.
    pub(super) fn fit(&self, faults: &mut Faults) {
        for (option, name) in &self.options {
            let count = self.counts.get(option).copied().unwrap_or_default();
            if count > MOST_VALUES && self.made.iter().any(|made| made.option_id == option.uuid()) {
                let detail = format!("`{name}` would have {count} values; an option has at most {MOST_VALUES}");
                faults.add(format!("/options/{}", combinations::escape(name)), "too_many", detail);
            }
        }
    }
}
