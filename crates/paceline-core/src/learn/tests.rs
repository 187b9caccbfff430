pub(super) mod limiter;
