//! Pipelines and their stages: the content of PIPELINES and PIPELINE_STAGES.

/// One pipeline.
#[derive(Debug)]
pub struct Pipeline {
    /// Kind of record, by OBJECTTYPEID.
    pub type_id: &'static str,
    /// PIPELINEID; the same one may exist for several kinds.
    pub id: &'static str,
    /// LABEL.
    pub label: &'static str,
    /// Stages in order; the last two close: won or lost.
    pub stages: &'static [Stage],
}

/// One stage.
#[derive(Debug)]
pub struct Stage {
    /// STAGEID: digits or a word.
    pub id: &'static str,
    /// LABEL.
    pub label: &'static str,
    /// METADATA: JSON, not always strict.
    pub metadata: &'static str,
}

const fn stage(id: &'static str, label: &'static str, metadata: &'static str) -> Stage {
    Stage { id, label, metadata }
}

/// All pipelines.
pub const PIPELINES: &[Pipeline] = &[
    Pipeline {
        type_id: "0-3",
        id: "default",
        label: "Sales Pipeline",
        stages: &[
            stage(
                "appointmentscheduled",
                "Appointment Scheduled",
                r#"{"isClosed":"false","probability":"0.2"}"#,
            ),
            stage(
                "qualifiedtobuy",
                "Qualified To Buy",
                r#"{"isClosed":"false","probability":"0.4"}"#,
            ),
            stage(
                "presentationscheduled",
                "Presentation Scheduled",
                r#"{"isClosed":"false","probability":"0.6"}"#,
            ),
            stage(
                "decisionmakerboughtin",
                "Decision Maker Bought-In",
                r#"{"isClosed":"false","probability":"0.8"}"#,
            ),
            stage(
                "contractsent",
                "Contract Sent",
                r#"{"isClosed":"false","probability":"0.9"}"#,
            ),
            stage(
                "closedwon",
                "Closed Won",
                r#"{"isClosed":"true","probability":"1.0"}"#,
            ),
            stage(
                "closedlost",
                "Closed Lost",
                r#"{"isClosed":"true","probability":"0.0"}"#,
            ),
        ],
    },
    Pipeline {
        type_id: "0-3",
        id: "12423846",
        label: "Renewals, \"Enterprise\"",
        stages: &[
            stage(
                "12423847",
                "Up for renewal",
                r#"{"isClosed":"false","probability":"0.5"}"#,
            ),
            stage(
                "12423848",
                "In negotiation",
                r#"{"isClosed":"false","probability":"0.7"}"#,
            ),
            stage(
                "12423849",
                "Renewed",
                r#"{"isClosed":"true","probability":"1.0"}"#,
            ),
            stage(
                "12423850",
                "Churned",
                r#"{"isClosed":"true","probability":"0.0"}"#,
            ),
        ],
    },
    Pipeline {
        type_id: "0-5",
        id: "0",
        label: "Support Pipeline",
        stages: &[
            stage("1", "New", r#"{"ticketState":"OPEN","isClosed":"false"}"#),
            stage(
                "2",
                "Waiting on contact",
                r#"{"ticketState":"OPEN","isClosed":"false","slaHours":NaN}"#,
            ),
            stage(
                "3",
                "Waiting on us",
                r#"{"ticketState":"OPEN","isClosed":"false"}"#,
            ),
            stage("4", "Closed", r#"{"ticketState":"CLOSED","isClosed":"true"}"#),
            stage(
                "5",
                "Closed, no answer",
                r#"{"ticketState":"CLOSED","isClosed":"true"}"#,
            ),
        ],
    },
    Pipeline {
        type_id: "0-5",
        id: "default",
        label: "Onboarding",
        stages: &[
            stage(
                "900101",
                "Kick-off",
                r#"{"ticketState":"OPEN","isClosed":"false"}"#,
            ),
            stage("900102", "Live", r#"{"ticketState":"CLOSED","isClosed":"true"}"#),
            stage(
                "900103",
                "Given up",
                r#"{"ticketState":"CLOSED","isClosed":"true"}"#,
            ),
        ],
    },
    Pipeline {
        type_id: "2-19843271",
        id: "default",
        label: "Vermietung",
        stages: &[
            stage("free", "Frei", r#"{"isClosed":"false"}"#),
            stage("reserved", "Reserviert", r#"{"isClosed":"false"}"#),
            stage("let", "Vermietet", r#"{"isClosed":"true"}"#),
            stage("withdrawn", "Zurückgezogen", r#"{"isClosed":"true"}"#),
        ],
    },
];

/// The pipelines of one kind of record.
pub fn of(type_id: &str) -> impl Iterator<Item = &'static Pipeline> {
    PIPELINES
        .iter()
        .filter(move |pipeline| pipeline.type_id == type_id)
}
