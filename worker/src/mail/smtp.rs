//! Mails by SMTP, over pooled connections.

use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
    transport::smtp::{self, PoolConfig},
};

use super::{Mail, MailError, Mailer};
use crate::config::MailConfig;

/// Shorter than a mail job's time-out, so that a server that hangs is named as the reason.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);
const CONNECTIONS: u32 = 8;
/// Replies to our sign-in, not to a mail: an operator will mend them.
const SIGN_IN_REFUSED: [u16; 4] = [530, 534, 535, 538];

pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl SmtpMailer {
    /// Reads the configuration; connects when the first mail is sent.
    ///
    /// # Errors
    /// The address of the server or of the sender cannot be read.
    pub fn new(config: &MailConfig) -> anyhow::Result<Self> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&config.smtp_url)
            .map_err(|_| anyhow::anyhow!("STOA_SMTP_URL is not an SMTP address"))?
            .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(Duration::from_secs(30)))
            .timeout(Some(ANSWER_WITHIN))
            .build();
        Ok(Self { transport, from: config.from.parse().context("STOA_MAIL_FROM is not an address")? })
    }

    fn message(&self, mail: &Mail) -> Result<(Message, String), MailError> {
        let address = |text: &str| text.parse::<Address>().map_err(|_| MailError::Never("the address is not one".into()));
        let id = format!("<{}@{}>", mail.message_key, self.from.domain());
        let mut message = Message::builder()
            .message_id(Some(id.clone()))
            .from(Mailbox::new(Some(one_line(&mail.from_name)), self.from.clone()))
            .to(Mailbox::new(None, address(&mail.to)?))
            .subject(one_line(&mail.subject))
            .header(AutoSubmitted);
        // What a store says of itself keeps nobody's mail from them.
        if let Some(reply_to) = mail.reply_to.as_deref().and_then(|text| address(text).ok()) {
            message = message.reply_to(Mailbox::new(None, reply_to));
        }
        let body = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
        let message = message.multipart(body).map_err(|error| MailError::Never(error.to_string()))?;
        Ok((message, id))
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<String, MailError> {
        let (message, id) = self.message(mail)?;
        self.transport.send(message).await.map_err(|error| verdict(&error))?;
        Ok(id)
    }
}

/// The reply's code and no more of it: servers repeat addresses in their replies.
fn verdict(error: &smtp::Error) -> MailError {
    let code = error.status().map(u16::from);
    let reason = match code {
        Some(code) => format!("reply {code}"),
        None if error.is_timeout() => "no answer in time".into(),
        None if error.is_tls() => "no secure connection".into(),
        None if error.is_client() => "a mail that SMTP cannot carry".into(),
        None => "no connection".into(),
    };
    let refused_for_good = error.is_permanent() && !code.is_some_and(|code| SIGN_IN_REFUSED.contains(&code));
    if refused_for_good || (code.is_none() && error.is_client()) { MailError::Never(reason) } else { MailError::Later(reason) }
}

/// A header ends at a line break, and nobody but us ends it.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Tells holiday responders not to answer (RFC 3834).
#[derive(Clone, Copy)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer() -> SmtpMailer {
        SmtpMailer::new(&MailConfig { smtp_url: "smtp://127.0.0.1:1".into(), from: "shops@example.com".into() }).unwrap()
    }

    fn mail() -> Mail {
        Mail {
            from_name: "Ada's Mugs".into(),
            reply_to: Some("ada@example.org".into()),
            to: "bob@example.net".into(),
            subject: "Your order 1001".into(),
            text: "Thank you".into(),
            html: "<p>Thank you</p>".into(),
            message_key: "order-confirmation.1.2".into(),
        }
    }

    fn headers(mail: &Mail) -> String {
        let sent = mailer().message(mail).unwrap().0.formatted();
        String::from_utf8(sent).unwrap().split("\r\n\r\n").next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn no_text_can_add_a_header() {
        for poison in
            ["\r\nBcc: eve@example.com", "\nBcc: eve@example.com", "\rBcc: eve@example.com", "\u{2028}Bcc: eve@example.com", "\0Bcc: x"]
        {
            let poisoned = Mail { from_name: format!("Ada{poison}"), subject: format!("Hi{poison}"), ..mail() };
            let headers = headers(&poisoned);
            assert!(!headers.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{headers}");
        }
        for address in ["a@b.c\r\nBcc: eve@example.com", "a@b.c, eve@example.com", "<a@b.c>", ""] {
            assert!(matches!(mailer().message(&Mail { to: address.into(), ..mail() }), Err(MailError::Never(_))), "{address:?}");
        }
    }

    #[tokio::test]
    async fn the_same_mail_has_the_same_id() {
        assert!(headers(&mail()).contains("Message-ID: <order-confirmation.1.2@example.com>"));
        assert!(headers(&mail()).contains("Auto-Submitted: auto-generated"));
    }
}
