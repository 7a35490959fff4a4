mod carts;
mod checkouts;
mod products;
mod search;
mod store;
