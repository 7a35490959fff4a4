mod contract;
mod fixture;
mod meilisearch;
mod postgres;
