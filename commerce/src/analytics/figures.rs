//! The sums themselves.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use super::Sales;
use crate::money::{Currency, Money};

/// What one hour or one day adds up to, in minor units of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub(super) struct Figures {
    pub orders: i64,
    pub units: i64,
    pub subtotal: i64,
    pub shipping_total: i64,
    pub tax_total: i64,
    pub total: i64,
    pub cancelled_orders: i64,
    pub cancelled_total: i64,
    pub refunded_total: i64,
}

impl Figures {
    pub(super) fn add(&mut self, other: Self) {
        self.orders += other.orders;
        self.units += other.units;
        self.subtotal += other.subtotal;
        self.shipping_total += other.shipping_total;
        self.tax_total += other.tax_total;
        self.total += other.total;
        self.cancelled_orders += other.cancelled_orders;
        self.cancelled_total += other.cancelled_total;
        self.refunded_total += other.refunded_total;
    }

    pub(super) fn at(self, starts_at: DateTime<Utc>, currency: Currency) -> Sales {
        let money = |minor| Money::new(minor, currency);
        Sales {
            starts_at,
            orders: self.orders,
            units: self.units,
            subtotal: money(self.subtotal),
            shipping_total: money(self.shipping_total),
            tax_total: money(self.tax_total),
            total: money(self.total),
            cancelled_orders: self.cancelled_orders,
            cancelled_total: money(self.cancelled_total),
            refunded_total: money(self.refunded_total),
        }
    }
}
