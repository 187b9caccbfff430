//! Push calls through a rate-limited API.
