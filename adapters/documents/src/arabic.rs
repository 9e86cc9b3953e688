//! Joins Arabic letters. A letter's shape depends on its neighbours, and the font has Unicode's presentation form for
//! each shape. Text copied from the file has the plain letters.

use unicode_bidi::{BidiClass, bidi_class};

/// A letter, its first shape, and the number of shapes: isolated, final, initial, medial.
const SHAPES: [(char, char, u32); LETTERS] = [
    ('\u{621}', '\u{fe80}', 1),
    ('\u{622}', '\u{fe81}', 2),
    ('\u{623}', '\u{fe83}', 2),
    ('\u{624}', '\u{fe85}', 2),
    ('\u{625}', '\u{fe87}', 2),
    ('\u{626}', '\u{fe89}', 4),
    ('\u{627}', '\u{fe8d}', 2),
    ('\u{628}', '\u{fe8f}', 4),
    ('\u{629}', '\u{fe93}', 2),
    ('\u{62a}', '\u{fe95}', 4),
    ('\u{62b}', '\u{fe99}', 4),
    ('\u{62c}', '\u{fe9d}', 4),
    ('\u{62d}', '\u{fea1}', 4),
    ('\u{62e}', '\u{fea5}', 4),
    ('\u{62f}', '\u{fea9}', 2),
    ('\u{630}', '\u{feab}', 2),
    ('\u{631}', '\u{fead}', 2),
    ('\u{632}', '\u{feaf}', 2),
    ('\u{633}', '\u{feb1}', 4),
    ('\u{634}', '\u{feb5}', 4),
    ('\u{635}', '\u{feb9}', 4),
    ('\u{636}', '\u{febd}', 4),
    ('\u{637}', '\u{fec1}', 4),
    ('\u{638}', '\u{fec5}', 4),
    ('\u{639}', '\u{fec9}', 4),
    ('\u{63a}', '\u{fecd}', 4),
    ('\u{641}', '\u{fed1}', 4),
    ('\u{642}', '\u{fed5}', 4),
    ('\u{643}', '\u{fed9}', 4),
    ('\u{644}', '\u{fedd}', 4),
    ('\u{645}', '\u{fee1}', 4),
    ('\u{646}', '\u{fee5}', 4),
    ('\u{647}', '\u{fee9}', 4),
    ('\u{648}', '\u{feed}', 2),
    ('\u{649}', '\u{feef}', 2),
    ('\u{64a}', '\u{fef1}', 4),
    ('\u{679}', '\u{fb66}', 4),
    ('\u{67a}', '\u{fb5e}', 4),
    ('\u{67b}', '\u{fb52}', 4),
    ('\u{67e}', '\u{fb56}', 4),
    ('\u{67f}', '\u{fb62}', 4),
    ('\u{680}', '\u{fb5a}', 4),
    ('\u{683}', '\u{fb76}', 4),
    ('\u{684}', '\u{fb72}', 4),
    ('\u{686}', '\u{fb7a}', 4),
    ('\u{687}', '\u{fb7e}', 4),
    ('\u{688}', '\u{fb88}', 2),
    ('\u{68c}', '\u{fb84}', 2),
    ('\u{68d}', '\u{fb82}', 2),
    ('\u{68e}', '\u{fb86}', 2),
    ('\u{691}', '\u{fb8c}', 2),
    ('\u{698}', '\u{fb8a}', 2),
    ('\u{6a4}', '\u{fb6a}', 4),
    ('\u{6a6}', '\u{fb6e}', 4),
    ('\u{6a9}', '\u{fb8e}', 4),
    ('\u{6ad}', '\u{fbd3}', 4),
    ('\u{6af}', '\u{fb92}', 4),
    ('\u{6b1}', '\u{fb9a}', 4),
    ('\u{6b3}', '\u{fb96}', 4),
    ('\u{6ba}', '\u{fb9e}', 2),
    ('\u{6bb}', '\u{fba0}', 4),
    ('\u{6be}', '\u{fbaa}', 4),
    ('\u{6c6}', '\u{fbd9}', 2),
    ('\u{6c7}', '\u{fbd7}', 2),
    ('\u{6c8}', '\u{fbdb}', 2),
    ('\u{6cb}', '\u{fbde}', 2),
    ('\u{6cc}', '\u{fbfc}', 4),
    ('\u{6d0}', '\u{fbe4}', 4),
];
const LETTERS: usize = 68;

const LAM: char = '\u{644}';
/// The forms of alef after a lam, each with its two ligatures: isolated, then final.
const LAM_ALEF: [(char, char); 4] = [
    ('\u{622}', '\u{fef5}'),
    ('\u{623}', '\u{fef7}'),
    ('\u{625}', '\u{fef9}'),
    ('\u{627}', '\u{fefb}'),
];

/// Characters with one shape that join on both sides: the tatweel and the zero-width joiner.
const BARS: [char; 2] = ['\u{640}', '\u{200d}'];

fn shapes(letter: char) -> Option<(char, u32)> {
    let at = SHAPES.binary_search_by_key(&letter, |(of, _, _)| *of).ok()?;
    SHAPES.get(at).map(|(_, first, count)| (*first, *count))
}

fn joins_what_follows(letter: char) -> bool {
    BARS.contains(&letter) || shapes(letter).is_some_and(|(_, count)| count == 4)
}

fn joins_what_precedes(letter: char) -> bool {
    BARS.contains(&letter) || shapes(letter).is_some_and(|(_, count)| count >= 2)
}

/// Marks above and below letters do not break the join.
fn is_mark(letter: char) -> bool {
    bidi_class(letter) == BidiClass::NSM
}

fn nth(first: char, n: u32) -> char {
    u32::from(first).checked_add(n).and_then(char::from_u32).unwrap_or(first)
}

/// Returns the shapes of a text in logical order. Other letters are unchanged.
pub(crate) fn joined(text: &str) -> Vec<char> {
    let mut shaped = Vec::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        let follows_joined = before.is_some_and(joins_what_follows) && joins_what_precedes(letter);
        let next = rest.clone().find(|next| !is_mark(*next));
        if letter == LAM
            && let Some((alef, both)) = lam_alef(rest.clone().next())
        {
            shaped.push(nth(both, u32::from(follows_joined)));
            before = Some(alef);
            rest.next();
            continue;
        }
        let leads_on = next.is_some_and(joins_what_precedes) && joins_what_follows(letter);
        let place = u32::from(follows_joined).saturating_add(if leads_on { 2 } else { 0 });
        shaped.push(shapes(letter).map_or(letter, |(first, _)| nth(first, place)));
        if !is_mark(letter) {
            before = Some(letter);
        }
    }
    shaped
}

fn lam_alef(next: Option<char>) -> Option<(char, char)> {
    LAM_ALEF.into_iter().find(|(alef, _)| Some(*alef) == next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_take_the_shape_of_their_place() {
        let check = |text: &str, expected: &str| {
            assert_eq!(joined(text).into_iter().collect::<String>(), expected, "{text}");
        };
        check("محمد", "\u{fee3}\u{fea4}\u{fee4}\u{feaa}");
        check("أحمد", "\u{fe83}\u{fea3}\u{fee4}\u{feaa}");
        // Dal and alef do not join the next letter.
        check("دار", "\u{fea9}\u{fe8d}\u{fead}");
        check("علي", "\u{fecb}\u{fee0}\u{fef2}");
    }

    #[test]
    fn lam_and_alef_become_one_sign_and_marks_part_nothing() {
        let check = |text: &str, expected: &[char]| assert_eq!(joined(text), expected, "{text}");
        check("لا", &['\u{fefb}']);
        check("بلال", &['\u{fe91}', '\u{fefc}', '\u{fedd}']);
        check("ب\u{64e}ب", &['\u{fe91}', '\u{64e}', '\u{fe90}']);
        check("ب ب", &['\u{fe8f}', ' ', '\u{fe8f}']);
        check("Juma አበበ", &"Juma አበበ".chars().collect::<Vec<_>>());
    }

    #[test]
    fn the_table_is_in_order_and_each_shape_is_of_its_letter() {
        use unicode_normalization::UnicodeNormalization;
        assert!(SHAPES.is_sorted_by_key(|(letter, _, _)| *letter));
        for (letter, first, count) in SHAPES {
            for n in 0..count {
                assert_eq!(nth(first, n).nfkc().collect::<String>(), letter.to_string());
            }
        }
    }
}
