use commerce::ids::ProductId;
use serde::{Deserialize, Serialize};

use crate::call::{Call, JobError};

/// Brings what search says of products up to date. Looks at them anew each time, so it may run twice or late.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndexProducts {
    pub products: Vec<ProductId>,
}

/// So that a batch fits its time-out.
const AT_MOST: usize = 500;

impl IndexProducts {
    /// Takes over another batch if there is room.
    pub(super) fn absorb(&mut self, other: &Self) -> bool {
        let new: Vec<_> = other.products.iter().filter(|product| !self.products.contains(product)).copied().collect();
        if self.products.len() + new.len() > AT_MOST {
            return false;
        }
        self.products.extend(new);
        true
    }
}

pub(super) async fn run(job: IndexProducts, call: &Call) -> Result<(), JobError> {
    Ok(search::refresh(call.search.as_ref(), &call.db()?, &job.products).await?)
}
