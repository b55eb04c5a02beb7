//! The account's own definitions: object and event types, properties, association types.
