//! Mails: written from templates in the store's name, sent once in intent.
//!
//! A mail has a key (its job's), and with it a Message-ID that never changes: should the worker die between the server's
//! "250 OK" and our note of it, the second copy is the same message to every mail program.

mod content;
mod deliver;
mod person;
mod render;
mod smtp;
mod strangers;

use async_trait::async_trait;

pub(crate) use content::{LowStockView, OrderView, ParcelView, Store};
pub(crate) use deliver::{Letter, deliver, was_sent};
pub(crate) use person::{code_letter, email_change_letter, identity_letter, password_letter, registered_letter};
pub(crate) use render::Template;
pub use smtp::SmtpMailer;
pub(crate) use strangers::{may_write_to_stranger, without_links};

/// One mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The name that stands before our address: the store's.
    pub from_name: String,
    /// Where an answer goes: the store's own address.
    pub reply_to: Option<String>,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The left side of the Message-ID: letters, digits, dots and dashes.
    pub message_key: String,
}

/// Addresses and contents never show themselves in logs.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({})", self.message_key)
    }
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum MailError {
    /// The server is away, busy or misconfigured: the same mail may go through later.
    #[error("the mail server did not take the mail now ({0})")]
    Later(String),
    /// The server, or the address itself, says never.
    #[error("the mail cannot be delivered ({0})")]
    Never(String),
}

/// The seam to a mail server.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands the mail over and answers its Message-ID.
    async fn send(&self, mail: &Mail) -> Result<String, MailError>;
}
