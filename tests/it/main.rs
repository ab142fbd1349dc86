//! One integration binary: everything that needs the whole product.

mod bench;
mod cut_cables;
mod dissector;
mod faulty_cable;
mod full_hd;
mod guards;
mod namespaces;
mod sample_walls;
mod second_host;
mod sessions;
mod site_keys;
mod sources;
mod stage;
mod virtual_wall;
