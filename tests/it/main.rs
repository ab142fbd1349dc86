//! One integration binary: everything that needs the whole product.

mod dissector;
mod guards;
mod namespaces;
mod sources;
mod virtual_wall;
