//! A platform in virtual time.
