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
}

impl Template {
    const fn files(self) -> (&'static str, &'static str) {
        match self {
            Self::OrderConfirmation => ("order_confirmation.txt", "order_confirmation.html"),
            Self::ShippingNotice => ("shipping_notice.txt", "shipping_notice.html"),
            Self::OrderCancelled => ("order_cancelled.txt", "order_cancelled.html"),
            Self::LowStock => ("low_stock.txt", "low_stock.html"),
            Self::Welcome => ("welcome.txt", "welcome.html"),
        }
    }
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => { [$(($name, include_str!(concat!("templates/", $name)))),+] };
}

const FILES: [(&str, &str); 12] = files![
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
];

static TEMPLATES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    templates.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
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
