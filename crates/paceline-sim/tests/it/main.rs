//! What the modelled platform promises, seen from outside.

#[cfg(test)]
mod bulk;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod penalties;
#[cfg(test)]
mod replays;
#[cfg(test)]
mod stats;
#[cfg(test)]
mod strategies;
#[cfg(test)]
mod world;
