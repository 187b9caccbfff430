//! The program's parts, seen from outside.

mod stand_in;
