//! One integration binary: everything that needs the whole product.

mod guards;
mod virtual_wall;
