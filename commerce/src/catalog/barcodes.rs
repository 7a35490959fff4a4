//! Barcodes: any text that a scanner reads, each one variant's. What has the length of a GTIN must be one.

use std::collections::{HashMap, HashSet};

use sea_orm::FromQueryResult;
use tenancy::TenantTx;

use super::{Error, NewVariant, new_product::Faults};
use crate::{fault::FieldFault, ids::VariantId, sql, text::clean_line};

pub(super) const MOST_CHARACTERS: usize = 64;

/// A barcode that may be kept.
///
/// # Errors
/// It is empty or too long, or has as many digits as a GTIN and another check digit.
pub(super) fn clean(pointer: &str, text: &str) -> Result<String, FieldFault> {
    let barcode = clean_line(pointer, text, MOST_CHARACTERS)?;
    if is_mistyped(&barcode) {
        return Err(FieldFault::new(pointer, "gtin", "is as long as a GTIN, but its check digit is another"));
    }
    Ok(barcode)
}

/// GTIN-8, -12, -13 and -14 end in a digit that makes the sum a multiple of ten, each second digit from the right of it counted
/// three times (GS1 General Specifications, 7.9).
fn is_mistyped(barcode: &str) -> bool {
    let is_gtin = matches!(barcode.len(), 8 | 12 | 13 | 14) && barcode.bytes().all(|byte| byte.is_ascii_digit());
    let weighted = barcode.bytes().rev().enumerate().map(|(place, byte)| u32::from(byte - b'0') * if place % 2 == 1 { 3 } else { 1 });
    is_gtin && !weighted.sum::<u32>().is_multiple_of(10)
}

/// Says which of these new variants have one barcode twice.
pub(super) fn differ(faults: &mut Faults, variants: &[NewVariant]) {
    let mut seen = HashSet::new();
    for (at, variant) in variants.iter().enumerate() {
        if trimmed(variant).is_some_and(|barcode| !seen.insert(barcode)) {
            faults.add(format!("/variants/{at}/barcode"), "duplicate", "another variant has this barcode");
        }
    }
}

/// Names the first of these new variants whose barcode the store has already. The schema decides: this only says where.
///
/// # Errors
/// `BarcodeTaken`.
pub(super) async fn are_free(tx: &TenantTx, variants: &[NewVariant]) -> Result<(), Error> {
    let named: Vec<String> = variants.iter().filter_map(trimmed).map(str::to_owned).collect();
    let owners = owners(tx, named).await?;
    let taken = variants.iter().position(|variant| trimmed(variant).is_some_and(|barcode| owners.contains_key(barcode)));
    taken.map_or(Ok(()), |at| Err(Error::BarcodeTaken(format!("/variants/{at}/barcode"))))
}

/// Who has these barcodes.
pub(super) async fn owners(tx: &TenantTx, barcodes: Vec<String>) -> Result<HashMap<String, VariantId>, Error> {
    #[derive(FromQueryResult)]
    struct Owner {
        barcode: String,
        id: VariantId,
    }
    if barcodes.is_empty() {
        return Ok(HashMap::new());
    }
    let text = "SELECT barcode, id FROM variants WHERE tenant_id = $1 AND barcode = ANY ($2) AND NOT is_barcode_shared";
    let owners: Vec<Owner> = sql::all(tx, text, [tx.tenant().into(), barcodes.into()]).await?;
    Ok(owners.into_iter().map(|owner| (owner.barcode, owner.id)).collect())
}

fn trimmed(variant: &NewVariant) -> Option<&str> {
    variant.barcode.as_deref().map(str::trim).filter(|barcode| !barcode.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_gtin_is_one() {
        for right in ["4006381333931", "96385074", "036000291452", "10012345678902", "SHELF-7", "123", "1234567", "400638133393X"] {
            assert_eq!(clean("/barcode", right).as_deref(), Ok(right));
        }
        for wrong in ["4006381333930", "96385075", "036000291453", "10012345678901", "4006318333931"] {
            assert_eq!(clean("/barcode", wrong).unwrap_err().code, "gtin", "{wrong}");
        }
    }
}
