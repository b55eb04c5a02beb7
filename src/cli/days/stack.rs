//! A stack that was deployed from the template: where its places, queues and functions are, and by which settings the
//! functions go.
//!
//! The settings are those of the functions themselves, as Lambda has them, so that whoever names a stack cannot look for
//! Parquet under other settings than it was written with.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client as Stacks;
use aws_sdk_lambda::Client as Functions;

use crate::cli::answers::{failure, words};
use crate::config::PREFIX;
use crate::doctor::Failure;
use crate::doctor::functions::Function;
use crate::keys;

/// A stack.
#[derive(Debug)]
pub(in crate::cli) struct Stack {
    /// Its name.
    pub(in crate::cli) name: String,
    /// Its state, as CloudFormation has it.
    pub(in crate::cli) status: String,
    /// The function that converts.
    pub(in crate::cli) convert: Result<Function, Failure>,
    /// The function that looks after days.
    pub(in crate::cli) manifest: Result<Function, Failure>,
    outputs: BTreeMap<String, String>,
    resources: Vec<Resource>,
}

#[derive(Debug)]
struct Resource {
    logical: String,
    kind: String,
    physical: String,
}

impl Stack {
    /// Asks CloudFormation and Lambda.
    pub(super) async fn read(sdk: &SdkConfig, name: &str) -> Result<Stack, Failure> {
        let client = Stacks::new(sdk);
        let found = client.describe_stacks().stack_name(name).send().await;
        let found = found.map_err(|error| failure("DescribeStacks", &error))?;
        let Some(stack) = found.stacks().first() else {
            return Err(Failure::Absent(format!("DescribeStacks {name}: no such stack")));
        };
        let outputs = stack.outputs().iter().filter_map(|output| {
            let (key, value) = (output.output_key()?, output.output_value()?);
            Some((key.to_owned(), value.to_owned()))
        });
        let mut read = Stack {
            name: name.to_owned(),
            status: stack
                .stack_status()
                .map_or_else(String::new, |status| status.as_str().to_owned()),
            convert: Err(Failure::Absent(format!("stack {name} has no ConvertFunction"))),
            manifest: Err(Failure::Absent(format!("stack {name} has no ManifestFunction"))),
            outputs: outputs.collect(),
            resources: resources(&client, name).await?,
        };
        let functions = Functions::new(sdk);
        if let Some(name) = read.physical("ConvertFunction") {
            read.convert = function(&functions, &name).await;
        }
        if let Some(name) = read
            .output("ManifestFunction")
            .or_else(|| read.physical("ManifestFunction"))
        {
            read.manifest = function(&functions, &name).await;
        }
        Ok(read)
    }

    /// The settings that the functions go by; those of one function alone are among them.
    pub(super) fn settings(&self) -> Result<BTreeMap<String, String>, Failure> {
        let (convert, manifest) = match (&self.convert, &self.manifest) {
            (Ok(convert), Ok(manifest)) => (convert, manifest),
            (Err(failure), _) | (_, Err(failure)) => return Err(failure.clone()),
        };
        let mut settings = self.places();
        settings.extend(convert.settings.clone());
        settings.extend(manifest.settings.clone());
        Ok(settings)
    }

    /// What the stack's outputs say of the settings, which is where things are.
    pub(super) fn places(&self) -> BTreeMap<String, String> {
        let mut settings = BTreeMap::new();
        for (output, name) in [("LandingUrl", "LANDING"), ("CuratedUrl", "CURATED")] {
            let place = self.output(output).and_then(|url| keys::Place::parse(&url).ok());
            if let Some(place) = place {
                settings.insert(format!("{PREFIX}{name}_BUCKET"), place.bucket().to_owned());
                settings.insert(format!("{PREFIX}{name}_PREFIX"), place.prefix().to_owned());
            }
        }
        let queue = self
            .output("PartsQueueUrl")
            .or_else(|| self.physical("PartsQueue"));
        if let Some(url) = queue {
            settings.insert(format!("{PREFIX}QUEUE_URL"), url);
        }
        settings
    }

    /// The URL of the dead-letter queue.
    pub(in crate::cli) fn dead_letters(&self) -> Option<String> {
        self.output("DeadLetterQueueUrl")
            .or_else(|| self.physical("DeadLetterQueue"))
    }

    /// The schedule of the function that looks after days: its name, with its group and a slash in front if it has one.
    pub(in crate::cli) fn schedule(&self) -> Option<String> {
        self.output("ManifestSchedule").or_else(|| {
            let mut schedules = self
                .resources
                .iter()
                .filter(|resource| resource.kind == "AWS::Scheduler::Schedule");
            match (schedules.next(), schedules.next()) {
                (Some(only), None) => Some(only.physical.clone()),
                _ => None,
            }
        })
    }

    fn output(&self, name: &str) -> Option<String> {
        self.outputs.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// What CloudFormation made of a resource of the template: a name or a URL, as the type has it.
    fn physical(&self, logical: &str) -> Option<String> {
        let found = self.resources.iter().find(|resource| resource.logical == logical);
        found.map(|resource| resource.physical.clone())
    }
}

async fn resources(client: &Stacks, name: &str) -> Result<Vec<Resource>, Failure> {
    let mut resources = Vec::new();
    let mut pages = client
        .list_stack_resources()
        .stack_name(name)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("ListStackResources", &error))?;
        for found in page.stack_resource_summaries() {
            if let (Some(logical), Some(kind), Some(physical)) = (
                found.logical_resource_id(),
                found.resource_type(),
                found.physical_resource_id(),
            ) {
                resources.push(Resource {
                    logical: logical.to_owned(),
                    kind: kind.to_owned(),
                    physical: physical.to_owned(),
                });
            }
        }
    }
    Ok(resources)
}

/// A function, with those of its variables that are settings.
pub(in crate::cli) async fn function(client: &Functions, name: &str) -> Result<Function, Failure> {
    let found = client
        .get_function_configuration()
        .function_name(name)
        .send()
        .await;
    let found = found.map_err(|error| failure("GetFunctionConfiguration", &error))?;
    let environment = found.environment();
    if let Some(error) = environment.and_then(|environment| environment.error()) {
        return Err(Failure::Other(format!(
            "GetFunctionConfiguration {name}: its environment cannot be read: {}",
            error.message().unwrap_or_default()
        )));
    }
    let variables = environment.and_then(|environment| environment.variables());
    let settings = variables.into_iter().flatten();
    let settings = settings.filter(|(name, _)| name.starts_with(PREFIX));
    let reserved = client.get_function_concurrency().function_name(name).send().await;
    let reserved = reserved.map_err(|error| words("GetFunctionConcurrency", &error));
    Ok(Function {
        name: found.function_name().unwrap_or(name).to_owned(),
        arn: found.function_arn().unwrap_or_default().to_owned(),
        log_group: found
            .logging_config()
            .and_then(|logging| logging.log_group())
            .map(str::to_owned),
        timeout_seconds: found.timeout().and_then(|seconds| u64::try_from(seconds).ok()),
        state: found.state().map(|state| state.as_str().to_owned()),
        // Whoever may not ask for it is told of everything else.
        reserved: reserved
            .ok()
            .and_then(|answer| answer.reserved_concurrent_executions())
            .and_then(|number| u64::try_from(number).ok()),
        settings: settings
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    })
}
