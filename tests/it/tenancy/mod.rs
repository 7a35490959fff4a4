//! The three walls between tenants, proven on the real schema.

mod isolation;
mod schema;
mod steps;
