//! The Glue catalog that Athena reads, as the manifest function needs it: one database's tables, and changes to them.
//!
//! The only place that names types of aws-sdk-glue.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_glue::Client;
use aws_sdk_glue::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_glue::types::{self, SerDeInfo, StorageDescriptor, TableInput};

use crate::athena::Column;
use crate::athena::tables::{Format, Found, Table};
use crate::{refusal, timeouts};

/// A request that Glue refused, or that did not get through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} {database}: {detail}")]
pub struct GlueError {
    /// The operation, as AWS names it.
    pub operation: &'static str,
    /// The database, with the table if it is about one.
    pub database: String,
    /// Glue's words, or the connection's error.
    pub detail: String,
    /// Whether it is about this one table: another may well be written.
    pub is_of_table: bool,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// It is done.
    Done,
    /// The table is not as it was when it was read, so nothing was changed. After a lost answer, by this very request.
    Overtaken,
}

/// A database of the Glue catalog. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Glue {
    client: Client,
    database: String,
}

impl Glue {
    /// The database with this name, in the account's own catalog.
    pub fn new(sdk: &aws_config::SdkConfig, database: &str) -> Self {
        Glue {
            client: Client::new(&timeouts::bounded(sdk)),
            database: database.to_owned(),
        }
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// All tables, by name.
    ///
    /// # Errors
    /// Glue's refusals; a database that is not there is one.
    pub async fn tables(&self) -> Result<BTreeMap<String, Found>, GlueError> {
        const OPERATION: &str = "GetTables";
        let mut tables = BTreeMap::new();
        let request = self.client.get_tables().database_name(&self.database);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let words = refusal::words(error.code(), error.message(), &error);
                self.error(OPERATION, None, words)
            })?;
            for table in page.table_list.unwrap_or_default() {
                let found = found(table);
                tables.insert(found.table.name.clone(), found);
            }
        }
        Ok(tables)
    }

    /// Creates a table.
    ///
    /// # Errors
    /// Glue's refusals, but for a table that is there already.
    pub async fn create(&self, table: &Table) -> Result<Wrote, GlueError> {
        const OPERATION: &str = "CreateTable";
        let input = input(table).map_err(|error| self.error(OPERATION, Some(table), error))?;
        let request = self.client.create_table().database_name(&self.database);
        let answer = request.table_input(input).send().await;
        self.wrote(OPERATION, table, answer)
    }

    /// Replaces a table, if it still has this version.
    ///
    /// # Errors
    /// Glue's refusals, but for a table that has another version or is gone.
    pub async fn update(&self, table: &Table, version: &str) -> Result<Wrote, GlueError> {
        const OPERATION: &str = "UpdateTable";
        let input = input(table).map_err(|error| self.error(OPERATION, Some(table), error))?;
        let request = self.client.update_table().database_name(&self.database);
        // Earlier versions are kept up to a limit of the account's, and nobody reads them.
        let request = request.table_input(input).version_id(version).skip_archive(true);
        self.wrote(OPERATION, table, request.send().await)
    }

    fn wrote<T, E>(
        &self,
        operation: &'static str,
        table: &Table,
        answer: Result<T, E>,
    ) -> Result<Wrote, GlueError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        const OVERTAKEN: [&str; 3] = [
            "AlreadyExistsException",
            "ConcurrentModificationException",
            "VersionMismatchException",
        ];
        // What breaks a rule of a field (a comment's length, a pattern) is refused by the service's front, under another name.
        const OF_TABLE: [&str; 2] = ["InvalidInputException", "ValidationException"];
        let Err(error) = answer else {
            return Ok(Wrote::Done);
        };
        let code = error.code().unwrap_or_default();
        // Of a table that is updated: it was dropped. Of one that is created: there is no such database.
        let gone = operation == "UpdateTable" && code == "EntityNotFoundException";
        match gone || OVERTAKEN.contains(&code) {
            true => Ok(Wrote::Overtaken),
            false => Err(GlueError {
                is_of_table: OF_TABLE.contains(&code),
                ..self.error(
                    operation,
                    Some(table),
                    refusal::words(error.code(), error.message(), &error),
                )
            }),
        }
    }

    fn error(&self, operation: &'static str, table: Option<&Table>, detail: impl fmt::Display) -> GlueError {
        GlueError {
            operation,
            database: match table {
                Some(table) => format!("{}.{}", self.database, table.name),
                None => self.database.clone(),
            },
            detail: detail.to_string(),
            is_of_table: false,
        }
    }
}

fn found(table: types::Table) -> Found {
    let storage = table.storage_descriptor;
    let (columns, location, format) = match storage {
        None => (Vec::new(), String::new(), Format::default()),
        Some(storage) => {
            let serde = storage.serde_info;
            let (library, parameters) = serde
                .map(|serde| (serde.serialization_library, serde.parameters))
                .unwrap_or_default();
            let format = Format {
                input: storage.input_format.unwrap_or_default(),
                output: storage.output_format.unwrap_or_default(),
                serde: library.unwrap_or_default(),
                parameters: parameters.unwrap_or_default().into_iter().collect(),
            };
            (
                columns_of(storage.columns),
                storage.location.unwrap_or_default(),
                format,
            )
        }
    };
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    Found {
        table: Table {
            name: table.name,
            table_type: table.table_type.unwrap_or_default(),
            columns,
            keys: columns_of(table.partition_keys),
            location,
            format,
            parameters: table.parameters.unwrap_or_default().into_iter().collect(),
            original_text: text(table.view_original_text),
            expanded_text: text(table.view_expanded_text),
        },
        version: table.version_id,
        description: Some(table.description.unwrap_or_default()),
    }
}

fn columns_of(columns: Option<Vec<types::Column>>) -> Vec<Column> {
    let column = |column: types::Column| Column {
        name: column.name,
        hive_type: column.r#type.unwrap_or_default(),
        comment: column.comment.unwrap_or_default(),
    };
    columns.unwrap_or_default().into_iter().map(column).collect()
}

fn input(table: &Table) -> Result<TableInput, BuildError> {
    let columns = |columns: &[Column]| -> Result<Vec<types::Column>, BuildError> {
        let column = |column: &Column| {
            let comment = Some(column.comment.clone()).filter(|comment| !comment.is_empty());
            let built = types::Column::builder()
                .name(&column.name)
                .r#type(&column.hive_type);
            built.set_comment(comment).build()
        };
        columns.iter().map(column).collect()
    };
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let serde = text(&table.format.serde).map(|library| {
        let parameters = table.format.parameters.clone().into_iter().collect();
        let serde = SerDeInfo::builder().serialization_library(library);
        serde.set_parameters(Some(parameters)).build()
    });
    let storage = StorageDescriptor::builder()
        .set_columns(Some(columns(&table.columns)?))
        .set_location(text(&table.location))
        .set_input_format(text(&table.format.input))
        .set_output_format(text(&table.format.output))
        .set_serde_info(Some(serde.unwrap_or_else(|| SerDeInfo::builder().build())))
        .build();
    TableInput::builder()
        .name(&table.name)
        .description(table.comment())
        .table_type(&table.table_type)
        .storage_descriptor(storage)
        // An empty list for tables without partitions: Athena refuses views that have none at all.
        .set_partition_keys(Some(columns(&table.keys)?))
        .set_parameters(Some(table.parameters.clone().into_iter().collect()))
        .set_view_original_text(table.original_text.clone())
        .set_view_expanded_text(table.expanded_text.clone())
        .build()
}
