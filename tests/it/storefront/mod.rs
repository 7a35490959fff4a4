mod products;
mod search;
mod checkouts;
mod store;
