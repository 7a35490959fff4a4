//! One change a file, in the order of their names.

use sea_orm_migration::MigrationTrait;

mod m20261122_000100_create_tenants;
mod m20261122_000200_create_store_settings;
mod m20261122_000300_create_facts;
mod m20261122_000400_create_products;
mod m20261122_000500_create_imports;
mod m20261122_000600_create_stock;
mod m20261122_000700_create_tax_and_shipping;
mod m20261122_000800_create_checkouts;
mod m20261122_000900_create_orders;
mod m20261122_001000_create_sales_rollups;
mod m20261122_001100_create_search_documents;
mod m20261122_001200_create_account_codes;
mod m20261122_001300_alter_facts;
mod m20261122_001400_create_roles;
mod m20261122_001500_create_customers;
mod m20261122_001510_index_orders_of_customers;
mod m20261122_001600_create_audit_entries;
mod m20261122_001700_audit_team_and_customers;
mod m20261122_001800_create_identities;
mod m20261122_001810_create_identity_providers;
mod m20261122_001900_create_second_factors;
mod m20261122_001910_alter_operators;
mod m20261122_001920_create_support_sessions;
mod m20261122_002000_alter_api_keys;
mod m20261122_002010_create_erasures;
mod m20261122_002020_index_contacts;
mod m20261123_002100_alter_products;
mod m20261123_002110_index_products;
mod m20261123_002120_create_attributes;
mod m20261123_002130_create_related_products;
mod m20261123_002200_create_media;
mod m20261123_002300_alter_invitations;
mod m20261123_002310_alter_operator_audit;
mod m20261123_002320_alter_support_sessions;
mod m20261123_002330_strike_out_parcels;
mod m20261123_002340_alter_account_codes;
mod m20261123_002350_create_letter_allowances;
mod m20261123_002360_fold_email_domains;
mod m20261123_002500_create_category_slugs;
mod m20261123_002510_create_collections;
mod m20261123_002520_index_product_shelves;

pub(crate) fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261122_000100_create_tenants::Migration),
        Box::new(m20261122_000200_create_store_settings::Migration),
        Box::new(m20261122_000300_create_facts::Migration),
        Box::new(m20261122_000400_create_products::Migration),
        Box::new(m20261122_000500_create_imports::Migration),
        Box::new(m20261122_000600_create_stock::Migration),
        Box::new(m20261122_000700_create_tax_and_shipping::Migration),
        Box::new(m20261122_000800_create_checkouts::Migration),
        Box::new(m20261122_000900_create_orders::Migration),
        Box::new(m20261122_001000_create_sales_rollups::Migration),
        Box::new(m20261122_001100_create_search_documents::Migration),
        Box::new(m20261122_001200_create_account_codes::Migration),
        Box::new(m20261122_001300_alter_facts::Migration),
        Box::new(m20261122_001400_create_roles::Migration),
        Box::new(m20261122_001500_create_customers::Migration),
        Box::new(m20261122_001510_index_orders_of_customers::Migration),
        Box::new(m20261122_001600_create_audit_entries::Migration),
        Box::new(m20261122_001700_audit_team_and_customers::Migration),
        Box::new(m20261122_001800_create_identities::Migration),
        Box::new(m20261122_001810_create_identity_providers::Migration),
        Box::new(m20261122_001900_create_second_factors::Migration),
        Box::new(m20261122_001910_alter_operators::Migration),
        Box::new(m20261122_001920_create_support_sessions::Migration),
        Box::new(m20261122_002000_alter_api_keys::Migration),
        Box::new(m20261122_002010_create_erasures::Migration),
        Box::new(m20261122_002020_index_contacts::Migration),
        Box::new(m20261123_002100_alter_products::Migration),
        Box::new(m20261123_002110_index_products::Migration),
        Box::new(m20261123_002120_create_attributes::Migration),
        Box::new(m20261123_002130_create_related_products::Migration),
        Box::new(m20261123_002200_create_media::Migration),
        Box::new(m20261123_002300_alter_invitations::Migration),
        Box::new(m20261123_002310_alter_operator_audit::Migration),
        Box::new(m20261123_002320_alter_support_sessions::Migration),
        Box::new(m20261123_002330_strike_out_parcels::Migration),
        Box::new(m20261123_002340_alter_account_codes::Migration),
        Box::new(m20261123_002350_create_letter_allowances::Migration),
        Box::new(m20261123_002360_fold_email_domains::Migration),
        Box::new(m20261123_002500_create_category_slugs::Migration),
        Box::new(m20261123_002510_create_collections::Migration),
        Box::new(m20261123_002520_index_product_shelves::Migration),
    ]
}
