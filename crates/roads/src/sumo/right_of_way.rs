//! Who goes first: SUMO's matrices laid over the crossings that geometry found.
//!
//! A row of a junction's matrix says for one connection to which others it must give way
//! (`response`) and with which it conflicts at all (`foes`). Where there is a matrix, it decides
//! both which crossings there are and who has precedence; paths into the same lane always meet,
//! at its start if nowhere sooner. Movements that leave the same lane follow one another and do
//! not cross.

use crate::model::{Crossing, Movement, MovementId, Network, Precedence, Span};

use super::file::RawRequest;

/// A movement's matrix and its row in it.
type Row<'r, 'a> = (&'r [Option<RawRequest<'a>>], u32);

/// Whether the bit of connection `number` is set; bits are counted from the right.
fn bit(row: &str, number: u32) -> bool {
    row.len()
        .checked_sub(number as usize + 1)
        .and_then(|place| row.as_bytes().get(place))
        == Some(&b'1')
}

/// What the matrix says about two movements.
struct Rule {
    conflict: bool,
    precedence: Precedence,
}

fn rule(a: Option<Row<'_, '_>>, b: Option<Row<'_, '_>>) -> Option<Rule> {
    let ((matrix, a), (_, b)) = (a?, b?);
    let row_a = matrix.get(a as usize)?.as_ref()?;
    let row_b = matrix.get(b as usize)?.as_ref()?;
    let a_yields = bit(&row_a.response, b);
    let b_yields = bit(&row_b.response, a);
    Some(Rule {
        conflict: a_yields || b_yields || bit(&row_a.foes, b) || bit(&row_b.foes, a),
        precedence: match (a_yields, b_yields) {
            (true, false) => Precedence::B,
            (false, true) => Precedence::A,
            _ => Precedence::Equal,
        },
    })
}

/// Keeps, adds and ranks the crossings of a network as its matrices say.
pub(super) fn settle<'r, 'a: 'r>(
    network: &mut Network,
    row_of: impl Fn(usize, &Movement) -> Option<Row<'r, 'a>>,
) {
    let found = std::mem::take(&mut network.crossings);
    let mut settled = Vec::with_capacity(found.len());
    for (index, junction) in network.junctions.iter_mut().enumerate() {
        let start = settled.len() as u32;
        let rows: Vec<_> = network.movements[junction.movements.range()]
            .iter()
            .map(|movement| row_of(index, movement))
            .collect();
        let row = |movement: u32| rows[(movement - junction.movements.start) as usize];
        let mut known = found[junction.crossings.range()].iter().copied().peekable();
        for a in junction.movements.start..junction.movements.end {
            for b in a + 1..junction.movements.end {
                let pair = (MovementId(a), MovementId(b));
                let crossing = known.next_if(|crossing| (crossing.a, crossing.b) == pair);
                let (one, two) = (
                    &network.movements[a as usize],
                    &network.movements[b as usize],
                );
                if one.from == two.from {
                    continue;
                }
                let rule = rule(row(a), row(b));
                let merge = (one.to == two.to).then_some(Crossing {
                    a: pair.0,
                    b: pair.1,
                    at_a: one.length,
                    at_b: two.length,
                    precedence: Precedence::Equal,
                });
                let conflict = rule.as_ref().is_none_or(|rule| rule.conflict);
                let Some(mut crossing) = crossing.filter(|_| conflict).or(merge) else {
                    continue;
                };
                if let Some(rule) = rule {
                    crossing.precedence = rule.precedence;
                }
                settled.push(crossing);
            }
        }
        junction.crossings = Span {
            start,
            end: settled.len() as u32,
        };
    }
    network.crossings = settled;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_right() {
        assert!(bit("0010", 1));
        assert!(!bit("0010", 0));
        assert!(!bit("0010", 7));
        assert!(!bit("", 0));
    }
}
