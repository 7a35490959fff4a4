//! How many jobs of a lane one process runs at a time. A lane without a free slot takes no further job from Postgres, so
//! that what it cannot run yet stays free for other processes.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use apalis::prelude::{Layer, Service};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;

#[derive(Clone)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
}

impl Slots {
    pub(super) fn new(count: u16) -> Self {
        Self { free: Arc::new(Semaphore::new(usize::from(count))) }
    }
}

impl<S> Layer<S> for Slots {
    type Service = InSlots<S>;

    fn layer(&self, inner: S) -> InSlots<S> {
        InSlots { inner, free: PollSemaphore::new(self.free.clone()), slot: None }
    }
}

pub(super) struct InSlots<S> {
    inner: S,
    free: PollSemaphore,
    slot: Option<OwnedSemaphorePermit>,
}

impl<S, Request> Service<Request> for InSlots<S>
where
    S: Service<Request>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.slot.is_none() {
            // The semaphore is never closed; without a slot the job would only run beyond the bound.
            self.slot = ready!(self.free.poll_acquire(cx));
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let slot = self.slot.take();
        let run = self.inner.call(request);
        Box::pin(async move {
            let result = run.await;
            drop(slot);
            result
        })
    }
}
