//! A mail server that keeps what it is given, and can be told to refuse.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use worker::mail::{Mail, MailError, Mailer};

#[derive(Default)]
pub struct Mailbox {
    taken: Mutex<Vec<Mail>>,
    refusal: Mutex<Option<MailError>>,
}

impl Mailbox {
    /// Every mail so far, oldest first.
    pub fn all(&self) -> Vec<Mail> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The mails to one address.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        self.all().into_iter().filter(|mail| mail.to == address).collect()
    }

    /// The code of the latest mail to an address.
    pub fn code_to(&self, address: &str) -> String {
        let mails = self.to(address);
        let text = &mails.last().unwrap_or_else(|| panic!("no mail to {address}")).text;
        text.lines().find(|line| line.starts_with("code_")).unwrap_or_else(|| panic!("no code in {text}")).to_owned()
    }

    /// From now on every mail is refused so; `None` takes them again.
    pub fn refuse(&self, with: Option<MailError>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = with;
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
        Ok(format!("<{}@test>", mail.message_key))
    }
}
