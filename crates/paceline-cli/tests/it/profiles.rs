//! Profiles as files: the shipped ones against replies of their platforms, their errors, and their documentation.

mod documentation;
mod errors;
mod platforms;
mod shipped;
