//! Which JSON may a reader of estimates expect?

use serde_json::{Value, json};

use crate::estimate::{LEVEL, Quantity, Status, Unit};

/// The JSON schema (draft 2020-12) of an array of [`crate::report::Report`], published as `docs/estimates.schema.json`.
#[must_use]
pub fn document() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Cartally estimates",
        "description": "An array with one element for each question asked.",
        "type": "array",
        "items": { "$ref": "#/$defs/report" },
        "$defs": {
            "report": report(),
            "centers": centers(),
            "estimate": estimate(),
            "quantity": names(Quantity::ALL.iter().map(|quantity| quantity.name())),
            "unit": names(Unit::ALL.iter().map(|unit| unit.name())),
            "status": names(Status::ALL.iter().map(|status| status.name())),
            "texts": { "type": "object", "additionalProperties": { "type": "string" } },
            "number_or_null": { "type": ["number", "null"] },
        },
    })
}

fn names(names: impl Iterator<Item = &'static str>) -> Value {
    json!({ "enum": names.collect::<Vec<_>>() })
}

fn report() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["template", "params", "mode", "rho", "epsilon", "centers", "estimates"],
        "properties": {
            "template": { "type": "string", "pattern": "^[^@]+@[^@]+$", "description": "name@version" },
            "params": { "$ref": "#/$defs/texts", "description": "canonical parameters, defaults filled in" },
            "mode": { "enum": ["local", "secure"] },
            "rho": { "type": "number", "exclusiveMinimum": 0, "description": "charged at every center" },
            "epsilon": { "type": "number", "exclusiveMinimum": 0, "description": "of rho at delta 1e-6" },
            "centers": { "$ref": "#/$defs/centers" },
            "estimates": { "type": "array", "items": { "$ref": "#/$defs/estimate" } },
        },
    })
}

fn centers() -> Value {
    let names = ["answered", "late", "refused", "out_of_budget", "failed"];
    let properties: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| {
            (
                (*name).to_owned(),
                json!({ "type": "integer", "minimum": 0 }),
            )
        })
        .collect();
    json!({
        "type": "object",
        "description": "How many centers ended in which way; together the roster.",
        "additionalProperties": false,
        "required": names,
        "properties": properties,
    })
}

fn estimate() -> Value {
    let limit = "null: open on this side, or no value";
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["stratum", "quantity", "unit", "months", "value", "lower", "upper", "level"],
        "properties": {
            "stratum": {
                "$ref": "#/$defs/texts",
                "description": "variable to level; empty when pooled; {\"excluded\": reason} for excluded_count",
            },
            "quantity": { "$ref": "#/$defs/quantity" },
            "unit": { "$ref": "#/$defs/unit" },
            "months": { "$ref": "#/$defs/number_or_null", "description": "of 30.4375 days; null: for no one time" },
            "value": { "$ref": "#/$defs/number_or_null", "description": "null exactly when there is a status" },
            "lower": { "$ref": "#/$defs/number_or_null", "description": limit },
            "upper": { "$ref": "#/$defs/number_or_null", "description": limit },
            "level": { "const": LEVEL },
            "status": { "$ref": "#/$defs/status" },
        },
        "if": { "properties": { "value": { "type": "null" } } },
        "then": { "required": ["status"] },
        "else": { "not": { "required": ["status"] } },
    })
}
