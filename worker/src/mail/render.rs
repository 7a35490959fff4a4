//! Templates become mails. HTML is escaped, plain text is not; a template that asks for something it was not given fails.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, value::Serde};
use serde::Serialize;

use super::content::Store;

/// Which mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    OrderConfirmation,
    ShippingNotice,
    OrderCancelled,
    LowStock,
    Welcome,
    AccountCode,
    AlreadyRegistered,
    EmailChangeNotice,
    PasswordNotice,
    SecondFactorNotice,
    IdentityNotice,
    Invitation,
    RemovalNotice,
    SupportNotice,
    OwnershipNotice,
    ErasureReceipt,
    ExportNotice,
    AccountFarewell,
}

impl Template {
    const fn files(self) -> (&'static str, &'static str) {
        match self {
            Self::OrderConfirmation => ("order_confirmation.txt", "order_confirmation.html"),
            Self::ShippingNotice => ("shipping_notice.txt", "shipping_notice.html"),
            Self::OrderCancelled => ("order_cancelled.txt", "order_cancelled.html"),
            Self::LowStock => ("low_stock.txt", "low_stock.html"),
            Self::Welcome => ("welcome.txt", "welcome.html"),
            Self::AccountCode => ("account_code.txt", "account_code.html"),
            Self::AlreadyRegistered => ("already_registered.txt", "already_registered.html"),
            Self::EmailChangeNotice => ("email_change_notice.txt", "email_change_notice.html"),
            Self::PasswordNotice => ("password_notice.txt", "password_notice.html"),
            Self::SecondFactorNotice => ("second_factor_notice.txt", "second_factor_notice.html"),
            Self::IdentityNotice => ("identity_notice.txt", "identity_notice.html"),
            Self::Invitation => ("invitation.txt", "invitation.html"),
            Self::RemovalNotice => ("removal_notice.txt", "removal_notice.html"),
            Self::SupportNotice => ("support_notice.txt", "support_notice.html"),
            Self::OwnershipNotice => ("ownership_notice.txt", "ownership_notice.html"),
            Self::ErasureReceipt => ("erasure_receipt.txt", "erasure_receipt.html"),
            Self::ExportNotice => ("export_notice.txt", "export_notice.html"),
            Self::AccountFarewell => ("account_farewell.txt", "account_farewell.html"),
        }
    }
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => { [$(($name, include_str!(concat!("templates/", $name)))),+] };
}

const FILES: [(&str, &str); 38] = files![
    "layout.html",
    "parts.html",
    "order_confirmation.html",
    "order_confirmation.txt",
    "shipping_notice.html",
    "shipping_notice.txt",
    "order_cancelled.html",
    "order_cancelled.txt",
    "low_stock.html",
    "low_stock.txt",
    "welcome.html",
    "welcome.txt",
    "account_code.html",
    "account_code.txt",
    "already_registered.html",
    "already_registered.txt",
    "email_change_notice.html",
    "email_change_notice.txt",
    "password_notice.html",
    "password_notice.txt",
    "second_factor_notice.html",
    "second_factor_notice.txt",
    "support_notice.html",
    "support_notice.txt",
    "identity_notice.html",
    "identity_notice.txt",
    "invitation.html",
    "invitation.txt",
    "removal_notice.html",
    "removal_notice.txt",
    "ownership_notice.html",
    "ownership_notice.txt",
    "erasure_receipt.html",
    "erasure_receipt.txt",
    "export_notice.html",
    "export_notice.txt",
    "account_farewell.html",
    "account_farewell.txt",
];

static TEMPLATES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    templates.set_auto_escape_callback(|name| match name.rsplit_once('.') {
        Some((_, "html")) => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    for (name, source) in FILES {
        templates.add_template(name, source)?;
    }
    Ok(templates)
});

#[derive(Serialize)]
struct Page<'a, V> {
    title: &'a str,
    /// The line that mail programs show beside the subject.
    preview: &'a str,
    store: &'a Store,
    #[serde(flatten)]
    view: V,
}

/// Text and HTML of a mail.
///
/// # Errors
/// The template asks for something that `view` does not hold: a bug, and the same at every attempt.
pub fn render(template: Template, store: &Store, title: &str, preview: &str, view: impl Serialize) -> anyhow::Result<(String, String)> {
    let templates = TEMPLATES.as_ref().map_err(|error| anyhow::anyhow!("a template cannot be read: {error}"))?;
    let (text, html) = template.files();
    let page = Value::from(Serde(Page { title, preview, store, view }));
    Ok((templates.get_template(text)?.render(page.clone())?, templates.get_template(html)?.render(page)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn store() -> Store {
        Store {
            name: "Ada's Mugs & More".into(),
            contact_email: "hello@ada.example".into(),
            url: "https://ada.shops.example".into(),
            slug: "ada".into(),
            time_zone: chrono_tz::Tz::Europe__Berlin,
        }
    }

    #[test]
    fn every_mail_can_be_written_with_and_without_what_is_optional() {
        let line = json!({ "title": "Mug", "variant": "Ocean Blue", "sku": "MUG-1", "quantity": 2, "unit_price": "9.95 EUR", "total": "19.90 EUR" });
        let bare = json!({ "title": "Mug", "variant": null, "sku": null, "quantity": 1, "unit_price": null, "total": "" });
        let order = |lines: &[&serde_json::Value], address: serde_json::Value, included: bool| {
            json!({
                "number": 1001, "placed_on": "22 November 2026", "url": "https://ada.shops.example/o/1?token=x", "lines": lines,
                "subtotal": "19.90 EUR", "shipping_method": "Parcel", "shipping_total": "4.90 EUR", "prices_include_tax": included,
                "taxes": [{ "name": "VAT 19%", "amount": "3.96 EUR" }], "total": "24.80 EUR", "ship_to": address, "bill_to": null,
            })
        };
        let full = order(&[&line, &line], json!(["Bob", "Long Street 1", "10115 Berlin", "Germany"]), true);
        let short = order(&[&bare], json!(null), false);
        let parcel = json!({ "carrier": "DHL", "tracking_number": "JD01", "tracking_url": "https://dhl.example/JD01", "is_complete": true, "lines": [line] });
        let plain = json!({ "carrier": null, "tracking_number": null, "tracking_url": null, "is_complete": false, "lines": [bare] });
        let item = json!({ "title": "Mug", "variant": null, "sku": null, "available": 3, "location": "Main", "reorder_point": 5 });
        for (template, view) in [
            (Template::OrderConfirmation, json!({ "order": full })),
            (Template::OrderConfirmation, json!({ "order": short })),
            (Template::ShippingNotice, json!({ "order": full, "parcel": parcel })),
            (Template::ShippingNotice, json!({ "order": short, "parcel": plain })),
            (Template::OrderCancelled, json!({ "order": full })),
            (Template::LowStock, json!({ "item": item })),
            (Template::Welcome, json!({})),
            (Template::Invitation, json!({ "inviter": "Ada", "role": "Catalogue", "code": "invite_x", "days": 7 })),
            (Template::Invitation, json!({ "inviter": null, "role": "Catalogue", "code": "invite_x", "days": 7 })),
            (
                Template::SecondFactorNotice,
                json!({ "name": "Bob", "at": "1 March 2026, 12:00 CET", "what": "it was", "advice": "do this" }),
            ),
            (Template::SupportNotice, json!({ "operator": "Kim", "reason": "A question", "until": "1 March 2026, 12:00 CET" })),
            (
                Template::IdentityNotice,
                json!({ "name": "Bob", "by": "accounts.google.com", "is_linked": true, "at": "1 March 2026, 12:00 CET" }),
            ),
            (
                Template::IdentityNotice,
                json!({ "name": "Bob", "by": "accounts.google.com", "is_linked": false, "at": "1 March 2026, 12:00 CET" }),
            ),
            (Template::RemovalNotice, json!({ "name": "Bob", "at": "1 March 2026, 12:00 CET" })),
            (Template::OwnershipNotice, json!({ "name": "Bob", "other": "Ada", "is_owner": true, "at": "1 March 2026, 12:00 CET" })),
            (Template::OwnershipNotice, json!({ "name": "Ada", "other": "Bob", "is_owner": false, "at": "1 March 2026, 12:00 CET" })),
            (Template::ErasureReceipt, json!({ "name": "Bob", "receipt": "ers_1" })),
            (Template::ExportNotice, json!({ "name": "Bob", "until": "1 March 2026" })),
            (Template::AccountFarewell, json!({ "name": "Bob", "at": "1 March 2026, 12:00 CET" })),
            (Template::AlreadyRegistered, json!({ "name": "Bob", "code": "code_x", "lasts": "an hour" })),
            (Template::AlreadyRegistered, json!({ "name": null, "code": "code_x", "lasts": "an hour" })),
        ] {
            let (text, html) = render(template, &store(), "Thank you", "Order 1001", &view).unwrap();
            assert!(html.contains("Ada&#x27;s Mugs &amp; More") && !text.contains("&amp;"), "{template:?}: HTML is escaped, text is not");
            assert!(!text.contains("\n\n\n\n"), "{template:?} has holes:\n{text}");
        }
    }
}
