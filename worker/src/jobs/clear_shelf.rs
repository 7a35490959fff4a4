use commerce::{
    catalog::collections::{self, Settled},
    ids::CollectionId,
};
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Clears the shelf of a collection that is no more. What is left when its time is up, the next attempt clears.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClearShelf {
    pub collection: CollectionId,
}

pub(super) async fn run(job: ClearShelf, call: &Call) -> Result<(), JobError> {
    let db = call.db()?;
    while collections::clear_shelf(&db, job.collection).await? == Settled::Partly {}
    Ok(())
}
