pub mod shipping_method;
pub mod shipping_rate;
pub mod shipping_zone;
pub mod shipping_zone_country;
