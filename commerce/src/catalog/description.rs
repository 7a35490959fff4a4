//! Descriptions: HTML that a storefront may show as it is. Made safe once, when it is written.

use std::sync::LazyLock;

use crate::{fault::FieldFault, text};

pub(super) const MOST_CHARACTERS: usize = 50_000;

static SAFE: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut safe = ammonia::Builder::default();
    safe.link_rel(Some("noopener noreferrer nofollow")).url_schemes(["http", "https", "mailto", "tel"].into());
    safe
});

/// Scripts, styles, event handlers, foreign schemes and unknown elements are gone; paragraphs, lists, tables, links and
/// pictures stay. Cleaning twice changes nothing.
///
/// # Errors
/// It is too long, or holds control characters.
pub(super) fn clean(pointer: &str, html: &str) -> Result<String, FieldFault> {
    let html = text::clean_text(pointer, html, MOST_CHARACTERS)?;
    if !html.contains(['<', '&', '>']) {
        return Ok(html);
    }
    let safe = SAFE.clean(&html).to_string();
    if safe.chars().count() > MOST_CHARACTERS {
        return Err(FieldFault::new(pointer, "too_long", format!("must have at most {MOST_CHARACTERS} characters")));
    }
    Ok(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_is_gone_and_what_is_read_stays() {
        let cases = [
            ("<p>Soft <b>wool</b></p>", "<p>Soft <b>wool</b></p>"),
            ("<script>alert(1)</script>Hi", "Hi"),
            ("<img src=x onerror=alert(1)>", "<img src=\"x\">"),
            ("<a href=\"javascript:alert(1)\">x</a>", "<a rel=\"noopener noreferrer nofollow\">x</a>"),
            ("<svg/onload=alert(1)>", ""),
            ("5 > 3", "5 &gt; 3"),
            ("plain text", "plain text"),
        ];
        for (written, kept) in cases {
            assert_eq!(clean("/description", written).unwrap(), kept, "{written}");
            assert_eq!(clean("/description", kept).unwrap(), kept, "cleaning {written} twice");
        }
    }
}
