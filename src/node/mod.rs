//! The only importer of Node-API.
