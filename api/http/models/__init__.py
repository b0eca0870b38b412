"""The shapes of requests and responses, with examples for the OpenAPI document."""
