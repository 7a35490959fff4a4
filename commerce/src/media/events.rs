//! Facts of pictures.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ids::MediaId, outbox::Fact};

/// A picture's original is kept; what is shown of it is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaUploaded {
    pub media_id: MediaId,
}

/// A picture is gone; its objects are to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaDeleted {
    pub media_id: MediaId,
}

macro_rules! of_media {
    ($($name:ident = $code:literal),+) => { $(
        impl Fact for $name {
            const CODE: &'static str = $code;
            const AGGREGATE: &'static str = "media";

            fn aggregate_id(&self) -> Uuid {
                self.media_id.uuid()
            }
        }
    )+ };
}
of_media!(MediaUploaded = "media.uploaded", MediaDeleted = "media.deleted");
