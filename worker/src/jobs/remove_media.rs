use commerce::{ids::MediaId, media};
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Removes the files of a picture that was deleted. What is gone already is no matter, so it may run twice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveMedia {
    pub media: MediaId,
}

pub(super) async fn run(job: RemoveMedia, call: &Call) -> Result<(), JobError> {
    Ok(media::remove_objects(&call.db()?, &call.objects, job.media).await?)
}
