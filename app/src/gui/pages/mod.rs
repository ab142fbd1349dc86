//! The window's pages in working order. Today there is one: the live wall.

pub(super) mod live;
