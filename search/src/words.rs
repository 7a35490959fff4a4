//! Words as they are compared: folded, split, and how far one may be from another.
//!
//! Typing errors follow the rules shoppers know from the big engines: none in words of up to four letters, one from five,
//! two from nine; an error in the first letter counts twice.

use std::collections::BTreeSet;

use commerce::text::fold;

/// Longer words are cut: nobody types them whole.
const MAX_WORD: usize = 40;
/// Neighbours are made of the first letters of a word only; the rest is compared when one is found.
const PREFIX: usize = 5;

/// The words of a query.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().flat_map(pieces).collect()
}

/// The words of a document: those of [`words`], and what is written with hyphens or apostrophes also as one word, so that
/// `tshirt` finds a `T-shirt`.
pub(crate) fn indexed_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for chunk in text.split_whitespace() {
        let pieces = pieces(chunk);
        if pieces.len() > 1 && chunk.contains(['-', '\'', '’']) {
            words.push(pieces.concat().chars().take(MAX_WORD).collect());
        }
        words.extend(pieces);
    }
    words
}

fn pieces(chunk: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut word = String::new();
    let mut letters = 0;
    for character in fold(chunk).chars() {
        if is_own_word(character) {
            finish(&mut word, &mut letters, &mut pieces);
            pieces.push(character.to_string());
        } else if !character.is_alphanumeric() {
            finish(&mut word, &mut letters, &mut pieces);
        } else if letters < MAX_WORD {
            word.push(character);
            letters += 1;
        }
    }
    finish(&mut word, &mut letters, &mut pieces);
    pieces
}

fn finish(word: &mut String, letters: &mut usize, pieces: &mut Vec<String>) {
    *letters = 0;
    if !word.is_empty() {
        pieces.push(std::mem::take(word));
    }
}

/// Scripts written without spaces: each character is a word.
fn is_own_word(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{0e00}'..='\u{0e7f}')
}

/// How many typing errors a word forgives. Numbers forgive none: 500 ml is not 600 ml.
pub(crate) fn typos_allowed(word: &str) -> usize {
    if word.chars().any(char::is_numeric) {
        return 0;
    }
    match word.chars().count() {
        0..=4 => 0,
        5..=8 => 1,
        _ => 2,
    }
}

/// How far `term` is from `word`, if that is at most `allowed`: letters added, left out, changed, or two swapped.
pub(crate) fn typos(word: &str, term: &str, allowed: usize) -> Option<usize> {
    let (word, term): (Vec<char>, Vec<char>) = (word.chars().collect(), term.chars().collect());
    let last = distances(&word, &term).pop()?;
    forgiven(&word, &term, last, allowed)
}

/// How far the nearest beginning of `term` is from `word`, if that is at most `allowed`.
pub(crate) fn typos_in_prefix(word: &str, term: &str, allowed: usize) -> Option<usize> {
    let word: Vec<char> = word.chars().collect();
    let term: Vec<char> = term.chars().take(word.len() + allowed).collect();
    let nearest = distances(&word, &term).into_iter().min()?;
    forgiven(&word, &term, nearest, allowed)
}

fn forgiven(word: &[char], term: &[char], distance: usize, allowed: usize) -> Option<usize> {
    let distance = distance + usize::from(distance > 0 && word.first() != term.first());
    (distance <= allowed).then_some(distance)
}

/// Distance of `word` to each beginning of `term`, from the empty one to the whole (optimal string alignment).
fn distances(word: &[char], term: &[char]) -> Vec<usize> {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=term.len()).collect();
    for (i, &letter) in word.iter().enumerate() {
        let mut row = Vec::with_capacity(term.len() + 1);
        row.push(i + 1);
        for (j, &other) in term.iter().enumerate() {
            let mut best = (previous[j] + usize::from(letter != other)).min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && letter == term[j - 1] && word[i - 1] == other {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous
}

/// The neighbours that a word is kept under: its beginning, whole and with letters taken away. A word and one written
/// with `n` errors share a neighbour with at most `n` letters taken from each. The first letter stays, except alone.
pub(crate) fn neighbours_of_term(term: &str) -> BTreeSet<String> {
    match term.chars().count() {
        _ if term.chars().any(char::is_numeric) => BTreeSet::new(),
        0..=3 => BTreeSet::new(),
        4..=6 => neighbours(term, 1),
        _ => neighbours(term, 2),
    }
}

/// The neighbours to look a word of a query up under.
pub(crate) fn neighbours_of_word(word: &str) -> BTreeSet<String> {
    match typos_allowed(word) {
        0 => BTreeSet::new(),
        allowed => neighbours(word, allowed),
    }
}

fn neighbours(word: &str, taken: usize) -> BTreeSet<String> {
    let start: Vec<char> = word.chars().take(PREFIX).collect();
    let mut found = BTreeSet::from([start.iter().collect::<String>()]);
    for i in 1..start.len() {
        let one = without(&start, i);
        if taken > 1 {
            found.extend((1..one.len()).map(|j| without(&one, j).iter().collect::<String>()));
        }
        found.insert(one.iter().collect());
    }
    if taken > 1 {
        found.insert(without(&start, 0).iter().collect());
    }
    found
}

fn without(letters: &[char], place: usize) -> Vec<char> {
    letters.iter().enumerate().filter(|(i, _)| *i != place).map(|(_, letter)| *letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_words() {
        assert_eq!(words("  Crème-brûlée, Straße! 500ml"), ["creme", "brulee", "strasse", "500ml"]);
        assert_eq!(words("赤い靴 nike"), ["赤", "い", "靴", "nike"]);
        assert_eq!(words("!!! -- "), Vec::<String>::new());
        assert_eq!(indexed_words("T-Shirt blue"), ["tshirt", "t", "shirt", "blue"]);
        assert_eq!(words(&"a".repeat(100)), ["a".repeat(40)]);
    }

    #[test]
    fn typing_errors_are_forgiven_by_length() {
        let cases = [
            ("shirt", "shirt", Some(0)),
            ("shrit", "shirt", Some(1)),
            ("shirtt", "shirt", Some(1)),
            ("shrt", "shirt", None),
            ("hedphones", "headphones", Some(1)),
            ("haedfones", "headphones", None),
            ("jeadphones", "headphones", Some(2)),
            ("jhirt", "shirt", None),
            ("cafe", "cafes", None),
            ("mug12", "mug13", None),
        ];
        for (word, term, distance) in cases {
            assert_eq!(typos(word, term, typos_allowed(word)), distance, "{word} {term}");
        }
        assert_eq!(typos_in_prefix("hedph", "headphones", 1), Some(1));
        assert_eq!(typos_in_prefix("headphx", "headphones", 1), Some(1));
        assert_eq!(typos_in_prefix("xeadp", "headphones", 1), None);
    }

    /// Whatever the two comparisons forgive, the neighbours find: for all single errors, and pairs of them, in a word.
    #[test]
    fn neighbours_miss_nothing_that_is_forgiven() {
        let slip = |word: &str| -> Vec<String> {
            let letters: Vec<char> = word.chars().collect();
            let mut slips = Vec::new();
            for i in 0..letters.len() {
                slips.push(without(&letters, i).iter().collect());
                for new in ['x', 'e'] {
                    let mut changed = letters.clone();
                    changed[i] = new;
                    slips.push(changed.iter().collect());
                    let mut added = letters.clone();
                    added.insert(i, new);
                    slips.push(added.iter().collect());
                }
                if i > 0 {
                    let mut swapped = letters.clone();
                    swapped.swap(i - 1, i);
                    slips.push(swapped.iter().collect());
                }
            }
            slips
        };
        for term in ["shoe", "kettle", "headphones"] {
            let kept = neighbours_of_term(term);
            for once in slip(term) {
                for word in slip(&once).into_iter().chain([once]) {
                    let prefixes = (5..=word.chars().count()).map(|n| word.chars().take(n).collect::<String>());
                    for typed in prefixes {
                        let allowed = typos_allowed(&typed);
                        let forgiven = typos(&typed, term, allowed).is_some() || typos_in_prefix(&typed, term, allowed).is_some();
                        let is_found = !neighbours_of_word(&typed).is_disjoint(&kept) || term.starts_with(&typed);
                        assert!(!forgiven || is_found, "{typed} is forgiven for {term} but not found");
                    }
                }
            }
        }
    }
}
