//! What a list is narrowed to by attributes: `code:value`. Values of one code are alternatives, codes must all fit; of numbers and
//! dates a value may be a range, `min..max`, with either end open.

use std::collections::BTreeMap;

use sea_orm::Value;

use super::{
    attribute_values::{days, millionths, number},
    attributes::{Kind, is_code},
};
use crate::fault::FieldFault;

const MOST_CODES: usize = 10;
const MOST_VALUES: usize = 50;
const MOST_CHARACTERS: usize = 100;

/// Values by code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttributeFilters(pub BTreeMap<String, Vec<String>>);

impl AttributeFilters {
    /// Reads `code:value` as often as it is given.
    ///
    /// # Errors
    /// What is wrong with it, at `/attribute`.
    pub fn read(given: &[String]) -> Result<Self, FieldFault> {
        let wrong = |code, detail: String| FieldFault::new("/attribute", code, detail);
        let mut filters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for text in given {
            let (code, value) = text
                .split_once(':')
                .filter(|(code, value)| is_code(code) && is_plain(value))
                .ok_or_else(|| wrong("value", format!("must be `code:value`, with 1 to {MOST_CHARACTERS} characters after the colon")))?;
            let values = filters.entry(code.to_owned()).or_default();
            if !values.iter().any(|known| known == value) {
                values.push(value.to_owned());
            }
        }
        if filters.len() > MOST_CODES || filters.values().any(|values| values.len() > MOST_VALUES) {
            return Err(wrong("too_many", format!("at most {MOST_CODES} attributes, and {MOST_VALUES} values of each")));
        }
        Ok(Self(filters))
    }

    /// The values as they are written when they are shown (`12.50` is `12.5`), where only the very value is looked for.
    ///
    /// # Errors
    /// One is a range, at `/attribute`.
    pub fn exact(self) -> Result<BTreeMap<String, Vec<String>>, FieldFault> {
        let mut filters = self.0;
        for value in filters.values_mut().flatten() {
            if value.contains("..") && !ranges(value).is_empty() {
                return Err(FieldFault::new("/attribute", "range", "only lists of products take ranges; name the values"));
            }
            if let Some(measure) = millionths(value) {
                *value = number(measure).to_string();
            }
        }
        Ok(filters)
    }

    /// SQL that narrows `column` to the products that fit; its values are pushed to `values`.
    pub(super) fn conditions(&self, column: &str, values: &mut Vec<Value>) -> String {
        let mut conditions = String::new();
        for (code, wanted) in &self.0 {
            let (mut kinds, mut least, mut most) = (Vec::new(), Vec::new(), Vec::new());
            for (kind, from, to) in wanted.iter().flat_map(|value| ranges(value)) {
                kinds.push(kind.as_str().to_owned());
                least.push(from);
                most.push(to);
            }
            let mut bind = |value: Value| {
                values.push(value);
                format!("${}", values.len())
            };
            let (code, labels) = (bind(code.as_str().into()), bind(wanted.clone().into()));
            let (kinds, least, most) = (bind(kinds.into()), bind(least.into()), bind(most.into()));
            conditions.push_str(&format!(
                " AND {column} IN (
                  SELECT f.product_id FROM (
                    SELECT v.product_id, v.variant_id, v.attribute_id FROM attributes a
                    JOIN attribute_choices c ON c.tenant_id = $1 AND c.attribute_id = a.id AND c.label = ANY ({labels})
                    JOIN attribute_values v ON v.tenant_id = $1 AND v.choice_id = c.id
                    WHERE a.tenant_id = $1 AND a.code = {code} AND a.is_filterable
                    UNION ALL
                    SELECT v.product_id, v.variant_id, v.attribute_id FROM attributes a
                    JOIN unnest({kinds}::text[], {least}::bigint[], {most}::bigint[]) AS r (kind, least, most) ON r.kind = a.kind
                    JOIN attribute_values v ON v.tenant_id = $1 AND v.attribute_id = a.id AND v.measure BETWEEN r.least AND r.most
                    WHERE a.tenant_id = $1 AND a.code = {code} AND a.is_filterable) f
                  JOIN products q ON q.tenant_id = $1 AND q.id = f.product_id
                  JOIN product_types t ON t.tenant_id = $1 AND t.name = q.product_type
                  JOIN product_type_attributes ta ON ta.tenant_id = $1 AND ta.product_type_id = t.id AND ta.attribute_id = f.attribute_id
                    AND ta.level = CASE WHEN f.variant_id IS NULL THEN 'product' ELSE 'variant' END)"
            ));
        }
        conditions
    }
}

fn is_plain(value: &str) -> bool {
    (1..=MOST_CHARACTERS).contains(&value.chars().count()) && !value.chars().any(char::is_control)
}

/// What a value may mean besides a label: which it is, the attribute's kind says.
fn ranges(value: &str) -> Vec<(Kind, i64, i64)> {
    let (from, to) = value.split_once("..").unwrap_or((value, value));
    let bounds = |read: fn(&str) -> Option<i64>| {
        let end = |text: &str, open: i64| if text.is_empty() { Some(open) } else { read(text) };
        end(from, i64::MIN).zip(end(to, i64::MAX)).filter(|_| !(from.is_empty() && to.is_empty()))
    };
    let truth = match value {
        "true" => Some((1, 1)),
        "false" => Some((0, 0)),
        _ => None,
    };
    let all = [(Kind::Boolean, truth), (Kind::Number, bounds(millionths)), (Kind::Date, bounds(days))];
    all.into_iter().filter_map(|(kind, bounds)| bounds.map(|(from, to)| (kind, from, to))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_code_and_a_value() {
        let read = |given: &[&str]| AttributeFilters::read(&given.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let two = read(&["material:Wool", "material:Silk: raw", "material:Wool", "width:10..20"]).unwrap();
        assert_eq!(two.0["material"], ["Wool", "Silk: raw"]);
        assert_eq!(two.0["width"], ["10..20"]);
        for wrong in ["", "material", "material:", ":Wool", "Material:Wool", "a b:c", "m:\u{1f}"] {
            assert_eq!(read(&[wrong]).unwrap_err().pointer, "/attribute", "{wrong:?}");
        }
        assert!(read(&["a:1", "b:1", "c:1", "d:1", "e:1", "f:1", "g:1", "h:1", "i:1", "j:1", "k:1"]).is_err());
    }

    #[test]
    fn very_values_are_written_as_they_are_shown() {
        let exact = |value: &str| AttributeFilters::read(&[format!("width:{value}")]).unwrap().exact();
        assert_eq!(exact("12.50").unwrap()["width"], ["12.5"]);
        assert_eq!(exact("Small..Large").unwrap()["width"], ["Small..Large"]);
        assert_eq!(exact("10..20").unwrap_err().code, "range");
    }

    #[test]
    fn a_range_may_be_open_at_one_end() {
        let cases = [
            ("10..20.5", vec![(Kind::Number, 10_000_000, 20_500_000)]),
            ("10..", vec![(Kind::Number, 10_000_000, i64::MAX)]),
            ("..-1", vec![(Kind::Number, i64::MIN, -1_000_000)]),
            ("7", vec![(Kind::Number, 7_000_000, 7_000_000)]),
            ("1970-01-02..1970-01-03", vec![(Kind::Date, 1, 2)]),
            ("true", vec![(Kind::Boolean, 1, 1)]),
            ("..", vec![]),
            ("Wool", vec![]),
            ("a..b", vec![]),
        ];
        for (value, expected) in cases {
            assert_eq!(ranges(value), expected, "{value}");
        }
    }
}
