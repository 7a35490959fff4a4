//! Inventory: counted goods, what holds them for a time, and the ledger that explains every unit.
