//! What is mailed to a person about how they sign in: the same to accounts and to customers, in a store's name.

use chrono::{DateTime, Utc};
use commerce::identity::codes::{Asked, Purpose};
use serde_json::{Value, json};

use super::{Letter, Store, Template};

/// A code, to the address that it is to prove.
pub(crate) fn code_letter(store: Store, asked: Asked, purpose: Purpose, code: &str) -> Letter<Value> {
    let (title, why) = match purpose {
        Purpose::VerifyEmail => ("Confirm your address", "confirm that this address is yours"),
        Purpose::ResetPassword => ("Choose a new password", "choose a new password"),
        Purpose::ChangeEmail => ("Confirm your new address", "use this address for your account from now on"),
        Purpose::TakeBack => ("Take your account back", "undo what was changed"),
    };
    let store = if asked.is_to_stranger() { store.without_links() } else { store };
    Letter {
        template: Template::AccountCode,
        view: json!({ "name": asked.name_to_greet(), "why": why, "code": code, "lasts": lasts(purpose) }),
        to: asked.email,
        subject: format!("{title} · {}", store.name),
        title: title.to_owned(),
        preview: format!("A code to {why}"),
        store,
    }
}

/// That an address which was registered again has an account, with a code for a new password.
pub(crate) fn registered_letter(store: Store, asked: Asked, code: &str) -> Letter<Value> {
    let store = if asked.is_to_stranger() { store.without_links() } else { store };
    Letter {
        template: Template::AlreadyRegistered,
        view: json!({ "name": asked.name_to_greet(), "code": code, "lasts": lasts(Purpose::ResetPassword) }),
        to: asked.email,
        subject: format!("You have an account already · {}", store.name),
        title: "You have an account already".to_owned(),
        preview: "Sign in, or choose a new password".to_owned(),
        store,
    }
}

/// That another address was asked for, to the one that is to be left; with a code that undoes it, where there is one.
pub(crate) fn email_change_letter(store: Store, asked: Asked, take_back: Option<&str>) -> Letter<Value> {
    Letter {
        template: Template::EmailChangeNotice,
        to: asked.asked_by,
        subject: format!("Your address is about to change · {}", store.name),
        title: "Your address is about to change".to_owned(),
        preview: "Somebody signed in as you asked for it".to_owned(),
        view: json!({ "name": asked.is_proved.then_some(asked.name), "new": asked.email, "take_back": take_back }),
        store,
    }
}

/// That the password was changed. Whose address is not proved is shown no name: somebody else may have chosen it.
pub(crate) fn password_letter(store: Store, (email, name): (String, Option<String>), changed_at: DateTime<Utc>) -> Letter<Value> {
    let store = if name.is_none() { store.without_links() } else { store };
    let at = changed_at.with_timezone(&store.time_zone).format("%-d %B %Y, %H:%M %Z").to_string();
    Letter {
        template: Template::PasswordNotice,
        to: email,
        subject: format!("Your password was changed · {}", store.name),
        title: "Your password was changed".to_owned(),
        preview: format!("On {at}"),
        view: json!({ "name": name, "at": at }),
        store,
    }
}

/// That there is one more way to sign in, or one fewer.
pub(crate) fn identity_letter(
    store: Store,
    (email, name): (String, String),
    (issuer, is_linked): (&str, bool),
    changed_at: DateTime<Utc>,
) -> Letter<Value> {
    let at = changed_at.with_timezone(&store.time_zone).format("%-d %B %Y, %H:%M %Z").to_string();
    let title = if is_linked { "A way to sign in was added" } else { "A way to sign in was taken away" };
    // Its host says who it is; what a store calls its provider could say anything.
    let by = issuer.split("://").last().and_then(|rest| rest.split('/').next()).unwrap_or(issuer);
    Letter {
        template: Template::IdentityNotice,
        to: email,
        subject: format!("{title} · {}", store.name),
        title: title.to_owned(),
        preview: format!("By {by}, on {at}"),
        view: json!({ "name": name, "by": by, "is_linked": is_linked, "at": at }),
        store,
    }
}

fn lasts(purpose: Purpose) -> String {
    match purpose.minutes() / 60 {
        1 => "an hour".to_owned(),
        hours => format!("{} days", hours / 24),
    }
}
