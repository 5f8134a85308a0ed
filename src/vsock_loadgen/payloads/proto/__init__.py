"""The message that a report is, and the code that protoc generates for it."""
