mod auth;
mod categories;
mod imports;
mod keys;
mod products;
mod stock_levels;
mod store;
mod stores;
