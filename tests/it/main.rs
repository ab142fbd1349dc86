//! One integration binary: everything that needs the whole product.

mod dissector;
mod full_hd;
mod guards;
mod namespaces;
mod sources;
mod virtual_wall;
