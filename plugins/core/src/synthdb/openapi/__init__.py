"""Descriptions of the generated APIs: an OpenAPI document per database, ref and caller, and a page to try it."""
