use commerce::{
    customers,
    ids::{CustomerId, ExportId},
    privacy::exports,
};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Tells a customer that the copy of their data can be fetched. The copy itself is never mailed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendExportNotice {
    pub customer: CustomerId,
    pub export: ExportId,
}

pub(super) async fn run(job: SendExportNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.db()?.begin().await?;
    // One whose days are over, or that went with its customer, is not worth a mail.
    let Ok(export) = exports::find(&tx, job.customer, job.export).await else { return Ok(()) };
    let customer = customers::find(&tx, job.customer).await?;
    let store = Store::load(&tx, &call.links).await?;
    drop(tx);
    let until = export.expires_at.with_timezone(&store.time_zone).format("%-d %B %Y").to_string();
    let letter = Letter {
        template: Template::ExportNotice,
        to: customer.email,
        subject: format!("Your data is ready · {}", store.name),
        title: "Your data is ready".to_owned(),
        preview: format!("Until {until}"),
        view: serde_json::json!({ "name": customer.name, "until": until }),
        store,
    };
    deliver(call, letter).await
}
