//! The order of a response's fields: that of the selection set, where async-graphql has them in the order they were
//! done in.
//!
//! <https://spec.graphql.org/October2021/#sec-Serialized-Map-Ordering>

use std::collections::HashMap;

use async_graphql::parser::types::{FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value, indexmap::IndexMap};

/// The keys of an object in the order they are asked for, and of the objects below it. It is made once an operation, for
/// objects of every type at once: a key that a fragment on another type asks for is merely not found.
#[derive(Default)]
pub struct Order(IndexMap<Name, Self>);

impl Order {
    /// The order that a selection set asks for. The set must be within the limits: fragments are expanded, and none may
    /// contain itself.
    pub fn of(set: &SelectionSet, fragments: &HashMap<Name, Positioned<FragmentDefinition>>) -> Self {
        let mut order = Self::default();
        order.add(set, fragments);
        order
    }

    fn add(&mut self, set: &SelectionSet, fragments: &HashMap<Name, Positioned<FragmentDefinition>>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let below = self.0.entry(field.node.response_key().node.clone()).or_default();
                    below.add(&field.node.selection_set.node, fragments);
                }
                Selection::InlineFragment(inline) => self.add(&inline.node.selection_set.node, fragments),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                        self.add(&fragment.node.selection_set.node, fragments);
                    }
                }
            }
        }
    }

    /// Brings a value and all below it into this order. Keys that nobody asked for stand at the end, as they came.
    pub fn arrange(&self, value: &mut Value) {
        match value {
            Value::List(entries) => entries.iter_mut().for_each(|entry| self.arrange(entry)),
            Value::Object(fields) => {
                let place = |key: &Name| self.0.get_index_of(key).unwrap_or(usize::MAX);
                if !fields.keys().is_sorted_by_key(&place) {
                    fields.sort_by_cached_key(|key, _| place(key));
                }
                for (key, value) in fields {
                    if let Some(below) = self.0.get(key) {
                        below.arrange(value);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn arranged(query: &str, answer: &str) -> String {
        let document = parse_query(query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let order = Order::of(&operation.node.selection_set.node, &document.fragments);
        let mut value: Value = serde_json::from_str(answer).unwrap();
        order.arrange(&mut value);
        serde_json::to_string(&value).unwrap()
    }

    #[test]
    fn fields_stand_in_the_order_they_were_asked_for_however_deep_and_in_lists() {
        let answer = r#"{"b":1,"a":[[{"d":1,"c":2}],[{"d":3},null,{"d":4,"c":5}]]}"#;
        assert_eq!(
            arranged("{ a { c d } b }", answer),
            r#"{"a":[[{"c":2,"d":1}],[{"d":3},null,{"c":5,"d":4}]],"b":1}"#
        );
    }

    #[test]
    fn an_alias_is_the_name_that_counts() {
        assert_eq!(arranged("{ z: a a: z }", r#"{"a":1,"z":2}"#), r#"{"z":2,"a":1}"#);
    }

    #[test]
    fn fragments_stand_where_they_are_spread_and_fields_asked_for_twice_where_they_are_first() {
        let query = "{ a { x } ...F ... on Query { d a { w } } b } fragment F on Query { c a { y } b }";
        let answer = r#"{"d":4,"c":3,"b":2,"a":{"w":1,"y":2,"x":3}}"#;
        assert_eq!(arranged(query, answer), r#"{"a":{"x":3,"y":2,"w":1},"c":3,"b":2,"d":4}"#);
    }

    #[test]
    fn what_nobody_asked_for_keeps_its_place_at_the_end() {
        let answer = r#"{"y":1,"b":{"q":1,"p":2},"x":3,"a":4}"#;
        assert_eq!(arranged("{ a b }", answer), r#"{"a":4,"b":{"q":1,"p":2},"y":1,"x":3}"#);
    }
}
