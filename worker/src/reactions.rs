//! What follows from what: this fact asks for these jobs. The match is exhaustive, so a new fact is decided here or nothing
//! compiles.

use commerce::facts::AnyFact;

use crate::jobs::{Job, RecordCancellation, RecordRefund, RecordSale};

macro_rules! jobs {
    ($($job:expr),* $(,)?) => { vec![$(Job::from($job)),*] };
}

/// The jobs that a fact asks for, one of a kind at most: a job's key is its fact.
pub fn to(fact: &AnyFact) -> Vec<Job> {
    match fact {
        // orders
        AnyFact::OrderPlaced(sale) => jobs![RecordSale { sale: sale.clone() }],
        AnyFact::OrderCancelled(cancelled) => jobs![RecordCancellation { cancelled: cancelled.clone() }],
        // payments
        AnyFact::PaymentRefunded(refunded) => jobs![RecordRefund { amount: refunded.amount }],
        // nothing, so far
        AnyFact::StoreOpened(_)
        | AnyFact::ProductChanged(_)
        | AnyFact::ProductDeleted(_)
        | AnyFact::CategoryChanged(_)
        | AnyFact::ImportRequested(_)
        | AnyFact::ImportCompleted(_)
        | AnyFact::StockBecameLow(_)
        | AnyFact::StockAvailabilityChanged(_) => jobs![],
        AnyFact::OrderCompleted(_) | AnyFact::FulfillmentCreated(_) | AnyFact::PaymentCaptured(_) | AnyFact::RefundRequested(_) => jobs![],
    }
}
