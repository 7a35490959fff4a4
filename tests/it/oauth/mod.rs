mod accounts;
mod certified;
mod customers;
mod faults;
mod flows;
mod linking;
mod providers;
