//! One mail for one job.

use commerce::customers::ERASED_DOMAIN;
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use super::{Mail, MailError, content::Store, render::Template, render::render};
use crate::call::{Call, JobError};

/// What a job says of its mail; the rest follows from the store.
pub(crate) struct Letter<V> {
    pub template: Template,
    pub store: Store,
    pub to: String,
    pub subject: String,
    pub title: String,
    pub preview: String,
    pub view: V,
}

/// Whether an earlier attempt has sent the job's mail already. Asked first: the order may look different by now, the mail
/// was sent all the same.
pub(crate) async fn was_sent(call: &Call) -> Result<bool, JobError> {
    let tx = call.db()?.begin().await?;
    let ask = "SELECT 1 FROM sent_mails WHERE kind = $1 AND key = $2";
    let values = [call.kind().into(), call.key().into()];
    Ok(tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), ask, values)).await?.is_some())
}

/// Sends the letter, with no transaction open, and notes that it was sent.
pub(crate) async fn deliver<V: serde::Serialize>(call: &Call, letter: Letter<V>) -> Result<(), JobError> {
    // Who was forgotten is told nothing more.
    if letter.to.ends_with(&format!("@{ERASED_DOMAIN}")) {
        return Ok(());
    }
    let (text, html) = render(letter.template, &letter.store, &letter.title, &letter.preview, letter.view).map_err(JobError::fail)?;
    let mail = Mail {
        from_name: letter.store.name,
        reply_to: Some(letter.store.contact_email).filter(|address| *address != letter.to),
        to: letter.to,
        subject: letter.subject,
        text,
        html,
        message_key: format!("{}.{}.{}", call.kind(), call.key(), call.tenant()?.uuid()),
    };
    let message_id = call.mailer.send(&mail).await.map_err(|error| match error {
        MailError::Later(_) => JobError::retry(error),
        MailError::Never(_) => JobError::fail(error),
    })?;
    let tx = call.db()?.begin().await?;
    let note =
        "INSERT INTO sent_mails (tenant_id, id, kind, key, message_id, sent_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let values =
        [tx.tenant().into(), Uuid::now_v7().into(), call.kind().into(), call.key().into(), message_id.into(), call.clock.now().into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), note, values)).await?;
    Ok(tx.commit().await?)
}
