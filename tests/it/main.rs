//! One integration binary: everything that needs the whole product.

mod guards;
mod sources;
mod virtual_wall;
