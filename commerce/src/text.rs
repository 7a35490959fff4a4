//! Text as Stoa keeps it: NFC, no control or bidi characters, bounded.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::fault::FieldFault;

/// One line of text: trimmed, 1 to `max` characters, no line breaks.
///
/// # Errors
/// What is wrong with it, at `pointer`.
pub fn clean_line(pointer: &str, text: &str, max: usize) -> Result<String, FieldFault> {
    let line = clean_text(pointer, text, max)?;
    match line.as_str() {
        "" => Err(FieldFault::new(pointer, "required", "must not be empty")),
        line if line.contains(['\n', '\t']) => Err(FieldFault::new(pointer, "one_line", "must be one line")),
        _ => Ok(line),
    }
}

/// Text of several lines: trimmed, 0 to `max` characters; line breaks become `\n`.
///
/// # Errors
/// What is wrong with it, at `pointer`.
pub fn clean_text(pointer: &str, text: &str, max: usize) -> Result<String, FieldFault> {
    let text: String = text.replace("\r\n", "\n").replace('\r', "\n").trim().nfc().collect();
    if text.chars().any(is_refused) {
        return Err(FieldFault::new(pointer, "characters", "must not contain control or text-direction characters"));
    }
    if text.chars().count() > max {
        return Err(FieldFault::new(pointer, "too_long", format!("must have at most {max} characters")));
    }
    Ok(text)
}

/// Control characters (but line feed and tab), and those that reorder or hide text (Unicode TR36 §3.1).
fn is_refused(character: char) -> bool {
    let kept = matches!(character, '\n' | '\t');
    let reorders = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}');
    (character.is_control() && !kept) || reorders || matches!(character, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}')
}

/// Characters that show nothing (Unicode's `Default_Ignorable_Code_Point`, where text uses them at all). Prose needs some of them,
/// for emoji and for joined letters; a name that somebody is to recognise has none.
pub fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Text as it is compared and searched: lower case, without accents.
pub fn fold(text: &str) -> String {
    let plain = text.nfkd().filter(|character| !is_combining_mark(*character)).collect::<String>().to_lowercase();
    plain.replace('ß', "ss").replace('æ', "ae").replace('œ', "oe").replace('ø', "o").replace('đ', "d").replace('ł', "l")
}

/// A name in a URL: lower-case letters, digits and single hyphens, 1 to 120 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

pub const SLUG_MAX: usize = 120;

impl Slug {
    /// The slug that a title suggests, if any letter or digit is left.
    pub fn suggested_by(title: &str) -> Option<Self> {
        let mut slug = String::new();
        for character in fold(title).chars() {
            if character.is_ascii_alphanumeric() {
                slug.push(character);
            } else if !slug.ends_with('-') && !slug.is_empty() {
                slug.push('-');
            }
        }
        slug.truncate(SLUG_MAX);
        slug.trim_end_matches('-').parse().ok()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 120 lower-case letters, digits and single hyphens between them")]
pub struct SlugError;

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let tidy = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
        if plain && tidy && (1..=SLUG_MAX).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(SlugError) }
    }
}

/// An e-mail address as it is kept and compared: folded to lower case, its domain as DNS knows it (UTS 46, so that two ways to write
/// one domain are one address).
///
/// Only what every mail system agrees on is checked (one `@`, a dotted domain, no spaces or control characters, 254
/// bytes); whether it works, only a mail can tell.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address, such as name@example.com")]
pub struct EmailError;

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let email: String = text.trim().nfc().collect::<String>().to_lowercase();
        let (local, domain) = email.rsplit_once('@').ok_or(EmailError)?;
        let domain = idna::domain_to_ascii(domain).map_err(|_| EmailError)?;
        let email = format!("{local}@{domain}");
        let refused = |character: char| {
            character.is_whitespace() || is_refused(character) || is_invisible(character) || "<>()[],;:\\\"@".contains(character)
        };
        let labels = domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
        let fits = (1..=64).contains(&local.len()) && email.len() <= 254 && domain.contains('.');
        let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
        if fits && labels && dots && !local.contains(refused) { Ok(Self(email)) } else { Err(EmailError) }
    }
}

/// An address is personal: it does not show itself in logs.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

macro_rules! as_text {
    ($($name:ty),+) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )+ };
}
as_text!(Slug, Email);

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_suggest_slugs() {
        let cases = [
            ("Ocean Blue Shirt", "ocean-blue-shirt"),
            ("  Crème brûlée! ", "creme-brulee"),
            ("Straße & Weg", "strasse-weg"),
            ("100% wool", "100-wool"),
        ];
        for (title, slug) in cases {
            assert_eq!(Slug::suggested_by(title).unwrap().as_str(), slug);
        }
        assert_eq!(Slug::suggested_by("日本"), None);
    }

    #[test]
    fn addresses_are_folded_and_headers_cannot_be_smuggled_in() {
        for (text, kept) in [
            ("Ada@Example.COM ", "ada@example.com"),
            ("ada@\u{ff41}tk.example", "ada@atk.example"),
            ("ada@B\u{fc}cher.example", "ada@xn--bcher-kva.example"),
            ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ] {
            assert_eq!(text.parse::<Email>().unwrap().as_str(), kept);
        }
        for text in [
            "ada",
            "ada@host",
            "a b@example.com",
            "a@b@example.com",
            "a\r\nBcc: x@example.com",
            "<a>@example.com",
            "a@-x.com",
            "a@x..com",
            "@x.com",
            "own\u{200b}er@example.com",
            "o\u{ad}wner@example.com",
        ] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn hidden_characters_are_refused() {
        for text in ["a\u{0}b", "a\u{202e}b", "a\u{2066}b", "a\u{1b}[0m"] {
            assert!(clean_line("/title", text, 10).is_err(), "{text:?}");
        }
        assert_eq!(clean_line("/title", " e\u{301} ", 1).unwrap(), "é");
        assert_eq!(clean_line("/title", "", 10).unwrap_err().code, "required");
    }
}
