//! A slug for any text: also for what has letters that a slug cannot hold.

use crate::text::{SLUG_MAX, Slug, fold};

/// The slug a text suggests. Letters outside a–z (`日本酒`) count by a fingerprint, so that two such texts do not meet.
/// A text without any letter or digit has no slug.
pub(super) fn of(text: &str) -> Option<String> {
    let suggested = Slug::suggested_by(text).map(Slug::into_string);
    let folded = fold(text);
    if folded.chars().all(|character| character.is_ascii() || !character.is_alphanumeric()) {
        return suggested;
    }
    let print = fingerprint(&folded);
    Some(match suggested {
        Some(start) => {
            let start: String = start.chars().take(SLUG_MAX - print.len() - 1).collect();
            format!("{}-{print}", start.trim_end_matches('-'))
        }
        None => print,
    })
}

/// FNV-1a, 64 bits: stable for ever, which is all that is asked of it.
fn fingerprint(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_letters_make_a_slug() {
        assert_eq!(of("Ocean Blue").as_deref(), Some("ocean-blue"));
        assert_eq!(of("!?"), None);
        let (japan, china) = (of("日本 X").unwrap(), of("中国 X").unwrap());
        assert!(japan.starts_with("x-") && china.starts_with("x-") && japan != china);
        for text in ["日本酒", &"é日".repeat(200)] {
            assert!(of(text).unwrap().parse::<Slug>().is_ok(), "{text}");
        }
    }
}
