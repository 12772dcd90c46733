//! What a sample is and when it calls for action. Pure: no file, thread or clock.
