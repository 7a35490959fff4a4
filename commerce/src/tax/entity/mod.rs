pub mod tax_rate;
