use commerce::ids::StockLevelId;
use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, JobError},
    mail::{Letter, LowStockView, Store, Template, deliver, was_sent},
};

/// Tells the store that something is getting scarce.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendLowStockAlert {
    pub stock_level: StockLevelId,
    pub available: i32,
    pub reorder_point: i32,
}

pub(super) async fn run(job: SendLowStockAlert, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    let tx = call.db()?.begin().await?;
    let store = Store::load(&tx, &call.links).await?;
    // A level whose variant was deleted meanwhile alarms nobody.
    let Some(item) = LowStockView::load(&tx, job.stock_level, job.available, job.reorder_point).await? else { return Ok(()) };
    drop(tx);
    let letter = Letter {
        template: Template::LowStock,
        to: store.contact_email.clone(),
        subject: format!("Low stock: {}", item.title),
        title: "Low stock".into(),
        preview: format!("{} left of {}", item.available, item.title),
        view: serde_json::json!({ "item": item }),
        store,
    };
    deliver(call, letter).await
}
