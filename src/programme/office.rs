//! Who signs a unit's papers: what stands at the head and at the foot of an official document.

use super::{Field, Table};

/// A unit's office as its papers name it; what is not known is empty, and stays blank on paper.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Office {
    /// The authority above it, as papers print it over its name; none for a people's committee.
    pub above: String,
    /// Its own name.
    pub name: String,
    /// What follows the number of its reports, such as `BC-UBND`.
    pub symbol: String,
    /// The place that its papers are dated at.
    pub place: String,
    /// On whose authority its papers are signed, such as `TM. Ủy ban nhân dân`.
    pub authority: String,
    /// The title of who signs.
    pub title: String,
    /// Who signs.
    pub signer: String,
    /// Who else receives its reports; empty where those of the plan do.
    pub recipients: Vec<String>,
}

impl Office {
    /// Reads the table `office` of a unit.
    pub(super) fn read(table: &Table) -> Option<Office> {
        table.known(&["above", "name", "symbol", "place", "authority", "title", "signer", "recipients"]);
        let [above, name, symbol, place, authority, title, signer] =
            ["above", "name", "symbol", "place", "authority", "title", "signer"]
                .map(|key| table.text_or_empty(key));
        let recipients =
            table.get("recipients").map_or(Some(Vec::new()), |list| list.some_of(Field::words))?;
        Some(Office {
            recipients,
            above: above?,
            name: name?,
            symbol: symbol?,
            place: place?,
            authority: authority?,
            title: title?,
            signer: signer?,
        })
    }
}
