//! Every rule of how a day becomes complete, each with a test named after it.

mod builder;
mod compare;
mod copies;
mod folders;
mod footers;
mod forget;
mod history;
mod lost;
mod outputs;
mod properties;
mod purge;
mod retire;
mod scale;
mod send;
mod state;
