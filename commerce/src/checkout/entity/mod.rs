pub mod checkout;
pub mod checkout_line;
pub mod checkout_tax_line;
