//! What a source promises, claim by claim.
