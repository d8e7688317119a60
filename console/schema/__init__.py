"""JSON Schemas of machine output, kept stable."""
