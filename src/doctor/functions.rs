//! The functions: what they are told, what wakes them.

use std::collections::BTreeMap;

use super::{Check, Failure, Finding};

/// What of the settings only one of the functions has, or may have otherwise than the other.
const OWN: [&str; 4] = ["QUEUE_URL", "EVENT_BUS", "LOG_LEVEL", "DEADLINE_MARGIN_MS"];

/// A function, as Lambda describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Where it logs to.
    pub log_group: Option<String>,
    /// How long one invocation may take.
    pub timeout_seconds: Option<u64>,
    /// `Active`, or what it is instead.
    pub state: Option<String>,
    /// Invocations at once that are reserved for it. 0: it is switched off.
    pub reserved: Option<u64>,
    /// Its environment's variables that begin with `DAYMARK_`.
    pub settings: BTreeMap<String, String>,
}

/// What takes messages out of a queue and to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Its id.
    pub id: String,
    /// `Enabled`, or what it is instead.
    pub state: String,
    /// Whether the function's answer names the messages that failed.
    pub partial: bool,
}

/// The stack's state.
pub fn stack(name: &str, status: &str) -> Finding {
    let check = Check::Stack;
    let found = format!("{name} is {status}");
    let mend = format!("aws cloudformation describe-stack-events --stack-name {name}");
    // The first deployment's has nothing that it could go back to.
    if status.ends_with("_ROLLBACK_COMPLETE") {
        let what = "the last change was taken back, and what was there before it is there still";
        return Finding::warning(check, format!("{found}: {what}")).mend(mend);
    }
    let whole = status.ends_with("_COMPLETE") && !status.starts_with("DELETE_");
    if whole && status != "ROLLBACK_COMPLETE" && status != "REVIEW_IN_PROGRESS" {
        return Finding::ok(check, found);
    }
    match status.ends_with("_IN_PROGRESS") {
        true => Finding::warning(check, format!("{found}: what follows may change")).mend(mend),
        false => Finding::fault(check, found).mend(mend),
    }
}

/// Whether both functions, and this program, go by the same settings. `here` is what differs here, by its name;
/// `is_shared` says which settings, without `DAYMARK_`, both functions have to know.
pub fn settings(
    convert: Option<&Function>,
    manifest: Option<&Function>,
    here: &[String],
    is_shared: impl Fn(&str) -> bool,
) -> Finding {
    let check = Check::Settings;
    if let (Some(convert), Some(manifest)) = (convert, manifest) {
        let names = convert.settings.keys().chain(manifest.settings.keys());
        let mut differ: Vec<&String> = names
            .filter(|name| {
                let bare = name.strip_prefix("DAYMARK_").unwrap_or(name);
                !OWN.contains(&bare) && differ(name, convert, manifest, is_shared(bare))
            })
            .collect();
        differ.sort();
        differ.dedup();
        if !differ.is_empty() {
            let names: Vec<&str> = differ.into_iter().map(String::as_str).collect();
            return Finding::fault(
                check,
                format!(
                    "{} and {} go by different settings: {}; expected the same, or one looks for Parquet that the other does \
                     not write",
                    convert.name,
                    manifest.name,
                    names.join(", ")
                ),
            )
            .mend("set them in template.yaml for both functions, and sam deploy");
        }
    }
    if !here.is_empty() {
        return Finding::warning(
            check,
            format!(
                "set here to something else than in the functions: {}",
                here.join(", ")
            ),
        )
        .mend(format!("unset {}", here.join(" ")));
    }
    match (convert, manifest) {
        (Some(_), Some(_)) => Finding::ok(check, "the same in both functions and here"),
        _ => Finding::ok(
            check,
            "as the arguments and the environment have them; the functions' own were not compared",
        ),
    }
}

/// Whether a setting is one thing to one function and another to the other. What only one of them reads may be missing in
/// the other, unless it can change an output.
fn differ(name: &str, convert: &Function, manifest: &Function, is_shared: bool) -> bool {
    match (convert.settings.get(name), manifest.settings.get(name)) {
        (Some(one), Some(other)) => one != other,
        (Some(value), None) | (None, Some(value)) => is_shared && !value.is_empty(),
        (None, None) => false,
    }
}

/// Why a function cannot run at all.
fn asleep(check: Check, function: &Function) -> Option<Finding> {
    let name = &function.name;
    let state = function.state.as_deref();
    if let Some(state) = state.filter(|state| !matches!(*state, "Active" | "Inactive")) {
        return Some(
            Finding::fault(check, format!("{name}: expected it to be Active, found {state}")).mend(format!(
                "aws lambda get-function-configuration --function-name {name}"
            )),
        );
    }
    (function.reserved == Some(0)).then(|| {
        Finding::fault(
            check,
            format!("{name} is switched off: no invocation is reserved for it"),
        )
        .mend(format!(
            "aws lambda delete-function-concurrency --function-name {name}"
        ))
    })
}

/// The function that converts, and what takes messages to it.
pub fn converter(function: &Result<Function, Failure>, mappings: &Result<Vec<Mapping>, Failure>) -> Finding {
    let check = Check::Converter;
    let function = match function {
        Ok(function) => function,
        Err(failure) => return failure.finding(check, "the function that converts"),
    };
    let name = &function.name;
    if let Some(finding) = asleep(check, function) {
        return finding;
    }
    let mappings = match mappings {
        Ok(mappings) => mappings,
        Err(failure) => return failure.finding(check, "what takes messages from the queue to the function"),
    };
    let [mapping] = mappings.as_slice() else {
        let found = match mappings.len() {
            0 => "nothing takes messages from the queue to it".to_owned(),
            many => format!("{many} event source mappings take messages from the queue to it: expected one"),
        };
        return match mappings.is_empty() {
            true => Finding::fault(check, format!("{name}: {found}")).mend("sam deploy"),
            false => Finding::warning(check, format!("{name}: {found}")),
        };
    };
    let change = format!("aws lambda update-event-source-mapping --uuid {}", mapping.id);
    if mapping.state == "Creating" || mapping.state == "Enabling" || mapping.state == "Updating" {
        return Finding::warning(
            check,
            format!("{name}: what takes messages to it is {}", mapping.state),
        );
    }
    if mapping.state != "Enabled" {
        return Finding::fault(
            check,
            format!(
                "{name}: what takes messages to it is {}: expected Enabled",
                mapping.state
            ),
        )
        .mend(format!("{change} --enabled"));
    }
    if !mapping.partial {
        return Finding::fault(
            check,
            format!("{name}: its answers are not read, so a message that fails is taken as done: expected ReportBatchItemFailures"),
        )
        .mend(format!("{change} --function-response-types ReportBatchItemFailures"));
    }
    let timeout = function
        .timeout_seconds
        .map_or(String::new(), |seconds| format!(", {seconds} s a part"));
    Finding::ok(check, format!("{name} is woken by the queue{timeout}"))
}

/// A schedule of EventBridge Scheduler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: String,
    /// `ENABLED`, or what it is instead.
    pub state: String,
    /// When it fires.
    pub expression: String,
    /// The ARN of what it wakes.
    pub target: String,
}

/// What wakes the function that looks after days, and whether that can be woken.
pub fn schedule(schedule: &Result<Schedule, Failure>, manifest: Option<&Function>) -> Finding {
    let check = Check::Schedule;
    if let Some(finding) = manifest.and_then(|function| asleep(check, function)) {
        return finding;
    }
    let manifest = manifest.map(|function| function.arn.as_str());
    let schedule = match schedule {
        Ok(schedule) => schedule,
        Err(failure) => return failure.finding(check, "the schedule of the function that looks after days"),
    };
    let Schedule {
        name,
        group,
        state,
        expression,
        target,
    } = schedule;
    if state != "ENABLED" {
        return Finding::fault(
            check,
            format!("{name} is {state}: no day becomes complete, and nothing that got lost comes back; expected ENABLED"),
        )
        .mend(format!(
            "sam deploy, or in EventBridge Scheduler's console: {group}/{name}, Enable"
        ));
    }
    let is_target = |function: &str| {
        let rest = target.strip_prefix(function).or_else(|| {
            let (_, end) = target.split_once(":function:")?;
            end.strip_prefix(function)
        });
        // A version or an alias may follow.
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    match manifest {
        Some(manifest) if !is_target(manifest) => {
            Finding::fault(check, format!("{name} wakes {target}: expected {manifest}")).mend("sam deploy")
        }
        Some(_) => Finding::ok(check, format!("{name} wakes {target}, {expression}")),
        None => Finding::warning(
            check,
            format!(
                "{name} wakes {target}, {expression}; whether that is the right function is not known here"
            ),
        )
        .mend("--manifest-function NAME says which it should be"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn function(name: &str, settings: &[(&str, &str)]) -> Function {
        let pairs = settings
            .iter()
            .map(|(name, value)| (format!("DAYMARK_{name}"), (*value).to_owned()));
        Function {
            name: name.to_owned(),
            arn: format!("arn:aws:lambda:eu-west-1:1:function:{name}"),
            log_group: None,
            timeout_seconds: Some(300),
            state: Some("Active".to_owned()),
            reserved: None,
            settings: pairs.collect(),
        }
    }

    #[test]
    fn stacks_are_judged() {
        for (status, level) in [
            ("CREATE_COMPLETE", Level::Ok),
            ("UPDATE_COMPLETE", Level::Ok),
            // It works; what somebody wanted to change of it is not done.
            ("UPDATE_ROLLBACK_COMPLETE", Level::Warning),
            ("IMPORT_ROLLBACK_COMPLETE", Level::Warning),
            ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", Level::Warning),
            ("UPDATE_IN_PROGRESS", Level::Warning),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Level::Warning),
            ("ROLLBACK_COMPLETE", Level::Fault),
            ("UPDATE_ROLLBACK_FAILED", Level::Fault),
            ("DELETE_COMPLETE", Level::Fault),
        ] {
            let finding = stack("daymark", status);
            assert_eq!(finding.level, level, "{status}");
            assert_eq!(finding.mend.is_some(), level != Level::Ok, "{status}");
        }
        let back = stack("daymark", "UPDATE_ROLLBACK_COMPLETE");
        assert!(back.found.contains("the last change was taken back"), "{back:?}");
    }

    #[test]
    fn settings_that_change_outputs_have_to_be_the_same() {
        let base = [("LANDING_BUCKET", "a"), ("CURATED_BUCKET", "b")];
        let shared = |name: &str| name == "CODEC";
        for (convert, manifest, level) in [
            (vec![], vec![], Level::Ok),
            (
                vec![("MAX_RECEIVES", "5")],
                vec![("QUEUE_URL", "u"), ("QUIET_MINUTES", "5")],
                Level::Ok,
            ),
            (vec![("CODEC", "snappy")], vec![("CODEC", "snappy")], Level::Ok),
            (vec![("CODEC", "snappy")], vec![], Level::Fault),
            (vec![("CODEC", "")], vec![], Level::Ok),
            (
                vec![("LANDING_PREFIX", "x")],
                vec![("LANDING_PREFIX", "y")],
                Level::Fault,
            ),
            (
                vec![("LOG_LEVEL", "debug")],
                vec![("LOG_LEVEL", "info")],
                Level::Ok,
            ),
        ] {
            let convert = function("convert", &[&base[..], &convert].concat());
            let manifest = function("manifest", &[&base[..], &manifest].concat());
            assert_eq!(
                settings(Some(&convert), Some(&manifest), &[], shared).level,
                level,
                "{convert:?}"
            );
        }
        assert_eq!(settings(None, None, &[], shared).level, Level::Ok);
        let here = ["DAYMARK_CODEC".to_owned()];
        assert_eq!(settings(None, None, &here, shared).level, Level::Warning);
    }

    #[test]
    fn the_converter_is_woken() {
        let mapping = |state: &str, partial: bool| Mapping {
            id: "1".to_owned(),
            state: state.to_owned(),
            partial,
        };
        let change = |change: fn(&mut Function)| {
            let mut function = function("convert", &[]);
            change(&mut function);
            Ok(function)
        };
        let denied = || Failure::Denied("AccessDenied".to_owned());
        for (function, mappings, level, says) in [
            (
                change(|_| {}),
                Ok(vec![mapping("Enabled", true)]),
                Level::Ok,
                "300 s a part",
            ),
            (
                change(|_| {}),
                Ok(vec![mapping("Disabled", true)]),
                Level::Fault,
                "Disabled",
            ),
            (
                change(|_| {}),
                Ok(vec![mapping("Enabling", true)]),
                Level::Warning,
                "Enabling",
            ),
            (
                change(|_| {}),
                Ok(vec![mapping("Enabled", false)]),
                Level::Fault,
                "ReportBatchItemFailures",
            ),
            (change(|_| {}), Ok(vec![]), Level::Fault, "nothing takes messages"),
            (
                change(|_| {}),
                Ok(vec![mapping("Enabled", true); 2]),
                Level::Warning,
                "expected one",
            ),
            (change(|_| {}), Err(denied()), Level::Fault, "not allowed"),
            (
                change(|it| it.reserved = Some(0)),
                Ok(vec![mapping("Enabled", true)]),
                Level::Fault,
                "switched off",
            ),
            (
                change(|it| it.reserved = Some(1)),
                Ok(vec![mapping("Enabled", true)]),
                Level::Ok,
                "woken",
            ),
            (
                change(|it| it.state = Some("Failed".to_owned())),
                Ok(vec![]),
                Level::Fault,
                "Failed",
            ),
            (Err(denied()), Ok(vec![]), Level::Fault, "not allowed"),
        ] {
            let finding = converter(&function, &mappings);
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
        }
    }

    #[test]
    fn the_schedule_wakes_the_right_function() {
        let arn = "arn:aws:lambda:eu-west-1:1:function:manifest";
        let of = |state: &str, target: &str| {
            Ok(Schedule {
                name: "sweep".to_owned(),
                group: "default".to_owned(),
                state: state.to_owned(),
                expression: "rate(15 minutes)".to_owned(),
                target: target.to_owned(),
            })
        };
        let alias = format!("{arn}:live");
        let other = format!("{arn}-old");
        for (found, manifest, level) in [
            (of("ENABLED", arn), Some(arn), Level::Ok),
            (of("ENABLED", arn), Some("manifest"), Level::Ok),
            (of("ENABLED", &alias), Some(arn), Level::Ok),
            (of("ENABLED", &alias), Some("manifest"), Level::Ok),
            (of("ENABLED", arn), None, Level::Warning),
            (of("ENABLED", &other), Some("manifest"), Level::Fault),
            (
                of("ENABLED", "arn:aws:sqs:eu-west-1:1:q"),
                Some("manifest"),
                Level::Fault,
            ),
            (of("DISABLED", arn), Some(arn), Level::Fault),
            (Err(Failure::Absent("gone".to_owned())), Some(arn), Level::Fault),
        ] {
            let manifest = manifest.map(|arn| Function {
                arn: arn.to_owned(),
                ..function("manifest", &[])
            });
            assert_eq!(
                schedule(&found, manifest.as_ref()).level,
                level,
                "{found:?} {manifest:?}"
            );
        }
        let off = Function {
            arn: arn.to_owned(),
            reserved: Some(0),
            ..function("manifest", &[])
        };
        let finding = schedule(&of("ENABLED", arn), Some(&off));
        assert_eq!(finding.level, Level::Fault);
        assert!(finding.found.contains("switched off"), "{finding:?}");
    }
}
