//! What follows from what: this fact asks for these jobs. The match is exhaustive, so a new fact is decided here or nothing
//! compiles.

use commerce::{facts::AnyFact, identity::codes::Purpose};

use crate::jobs::{
    ClearShelf, EraseCustomer, FetchImages, IndexAttribute, IndexCategory, IndexProductType, IndexProducts, Job, MakeExport, MakeVariants,
    RecordCancellation, RecordRefund, RecordSale, RefundPayment, RemoveMedia, RunImport, SecondFactorNews, SendAccountCode,
    SendAccountFarewell, SendCustomerCode, SendCustomerEmailChangeNotice, SendCustomerIdentityNotice, SendCustomerPasswordNotice,
    SendEmailChangeNotice, SendExportNotice, SendIdentityNotice, SendInvitation, SendLowStockAlert, SendOrderCancelled,
    SendOrderConfirmation, SendOwnershipFarewell, SendOwnershipNotice, SendPasswordNotice, SendRemovalNotice, SendSecondFactorNotice,
    SendShippingNotice, SendSupportNotice, SendWelcome, SettleCollection, ShelveProducts,
};

macro_rules! jobs {
    ($($job:expr),* $(,)?) => { vec![$(Job::from($job)),*] };
}

/// The jobs that a fact asks for, one of a kind at most: a job's key is its fact.
pub fn to(fact: &AnyFact) -> Vec<Job> {
    match fact {
        // accounts
        AnyFact::AccountCodeRequested(code) if code.purpose == Purpose::ChangeEmail => {
            jobs![
                SendAccountCode { code: code.code_id, purpose: code.purpose },
                SendEmailChangeNotice { code: code.code_id, take_back: code.take_back }
            ]
        }
        AnyFact::AccountCodeRequested(code) => jobs![SendAccountCode { code: code.code_id, purpose: code.purpose }],
        AnyFact::AccountPasswordChanged(changed) => jobs![SendPasswordNotice { account: changed.account_id }],
        AnyFact::AccountClosed(closed) => jobs![SendAccountFarewell { farewell: closed.farewell }],
        AnyFact::AccountSecondFactorAdded(of) => {
            jobs![SendSecondFactorNotice { account: of.account_id, news: SecondFactorNews::Added, take_back: of.take_back }]
        }
        AnyFact::AccountSecondFactorRemoved(of) => {
            let news = if of.was_last { SecondFactorNews::LastRemoved } else { SecondFactorNews::Removed };
            jobs![SendSecondFactorNotice { account: of.account_id, news, take_back: None }]
        }
        AnyFact::AccountRecoveryCodeUsed(of) => {
            jobs![SendSecondFactorNotice {
                account: of.account_id,
                news: SecondFactorNews::RecoveryCodeUsed { left: of.left },
                take_back: None,
            }]
        }
        AnyFact::AccountRecoveryCodesReplaced(of) => {
            jobs![SendSecondFactorNotice { account: of.account_id, news: SecondFactorNews::RecoveryCodesReplaced, take_back: None }]
        }
        AnyFact::IdentityLinked(linked) => {
            jobs![SendIdentityNotice { account: linked.account_id, issuer: linked.issuer.clone(), is_linked: true }]
        }
        AnyFact::IdentityUnlinked(unlinked) => {
            jobs![SendIdentityNotice { account: unlinked.account_id, issuer: unlinked.issuer.clone(), is_linked: false }]
        }
        // teams
        AnyFact::InvitationSent(sent) => jobs![SendInvitation { invitation: sent.invitation_id }],
        AnyFact::MemberLeft(left) if left.was_removed => jobs![SendRemovalNotice { account: left.account_id }],
        AnyFact::OwnershipTransferred(transferred) => {
            let (from, to) = (transferred.from, transferred.to);
            jobs![SendOwnershipNotice { from, to }, SendOwnershipFarewell { from, to }]
        }
        // customers
        AnyFact::CustomerCodeRequested(asked) => {
            let mut jobs = jobs![SendCustomerCode { code: asked.code, purpose: asked.purpose, is_registered: asked.is_registered }];
            if asked.purpose == Purpose::ChangeEmail {
                jobs.push(SendCustomerEmailChangeNotice { code: asked.code }.into());
            }
            jobs
        }
        AnyFact::CustomerPasswordChanged(changed) => jobs![SendCustomerPasswordNotice { customer: changed.customer }],
        // people's data
        AnyFact::ErasureRequested(asked) => jobs![EraseCustomer { erasure: asked.erasure }],
        AnyFact::ExportRequested(asked) => jobs![MakeExport { customer: asked.customer, export: asked.export }],
        AnyFact::ExportReady(made) => jobs![SendExportNotice { customer: made.customer, export: made.export }],
        AnyFact::CustomerIdentityLinked(linked) => {
            jobs![SendCustomerIdentityNotice { customer: linked.customer, issuer: linked.issuer.clone(), is_linked: true }]
        }
        AnyFact::CustomerIdentityUnlinked(unlinked) => {
            jobs![SendCustomerIdentityNotice { customer: unlinked.customer, issuer: unlinked.issuer.clone(), is_linked: false }]
        }
        // stores
        AnyFact::SupportSessionBegan(began) => jobs![SendSupportNotice { session: began.session }],
        AnyFact::StoreOpened(_) => jobs![SendWelcome {}],
        // orders
        AnyFact::OrderPlaced(sale) => jobs![SendOrderConfirmation { order: sale.order }, RecordSale { sale: sale.clone() }],
        AnyFact::OrderCancelled(cancelled) => {
            jobs![SendOrderCancelled { order: cancelled.order }, RecordCancellation { cancelled: cancelled.clone() }]
        }
        AnyFact::FulfillmentCreated(sent) => jobs![SendShippingNotice { order: sent.order, fulfillment: sent.fulfillment }],
        // payments
        AnyFact::RefundRequested(request) => jobs![RefundPayment { request: request.clone() }],
        AnyFact::PaymentRefunded(refunded) => jobs![RecordRefund { amount: refunded.amount }],
        // catalogue and stock
        AnyFact::ProductChanged(product) => jobs![IndexProducts { products: vec![product.product_id] }],
        AnyFact::ProductDeleted(product) => jobs![IndexProducts { products: vec![product.product_id] }],
        AnyFact::CategoryChanged(changed) => jobs![IndexCategory { category: changed.category_id }],
        AnyFact::AttributeChanged(changed) => jobs![IndexAttribute { attribute: changed.attribute_id }],
        AnyFact::ProductTypeChanged(changed) => jobs![IndexProductType { product_type: changed.product_type_id }],
        AnyFact::CollectionChanged(changed) => jobs![SettleCollection { collection: changed.collection_id, turn: 0 }],
        AnyFact::CollectionDeleted(deleted) => jobs![ClearShelf { collection: deleted.collection_id }],
        AnyFact::StockAvailabilityChanged(stock) => {
            let products = vec![stock.product_id];
            jobs![IndexProducts { products: products.clone() }, ShelveProducts { products }]
        }
        AnyFact::StockBecameLow(low) => {
            jobs![SendLowStockAlert { stock_level: low.stock_level_id, available: low.available, reorder_point: low.reorder_point }]
        }
        AnyFact::ImportRequested(file) => jobs![RunImport { import: file.import_id, turn: 0 }],
        // pictures
        AnyFact::ImagesAwaited(_) => jobs![FetchImages { turn: 0 }],
        AnyFact::MediaUploaded(media) => jobs![MakeVariants { media: media.media_id, turn: 0 }],
        AnyFact::MediaDeleted(media) => jobs![RemoveMedia { media: media.media_id }],
        // nothing, so far
        AnyFact::MemberJoined(_)
        | AnyFact::MemberRoleChanged(_)
        | AnyFact::MemberLeft(_)
        | AnyFact::CustomerRegistered(_)
        | AnyFact::CustomerVerified(_)
        | AnyFact::CustomerEmailChanged(_)
        | AnyFact::CustomerErased(_)
        | AnyFact::ImportCompleted(_)
        | AnyFact::OrderCompleted(_)
        | AnyFact::PaymentCaptured(_) => jobs![],
    }
}
