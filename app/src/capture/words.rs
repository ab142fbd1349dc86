//! A command line cut into words as a shell quotes them, without a shell: no variables, no pipes, no patterns.

/// A quote that is never closed, or a backslash with nothing behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// No closing quote.
    #[error("the quote {quote} at character {at} is never closed")]
    OpenQuote {
        /// The quote.
        quote: char,
        /// Its place, counted from 1.
        at: usize,
    },
    /// A backslash at the end.
    #[error("nothing follows the backslash at the end; write two for one")]
    LastBackslash,
}

/// Cuts `line` at white space. Quotes keep white space; a backslash keeps the next character, inside `"` only `"` and `\`.
///
/// # Errors
/// When a quote is open at the end.
pub fn split(line: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars().enumerate().peekable();
    while let Some((at, character)) = rest.next() {
        match character {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            quote @ ('\'' | '"') => {
                let word = word.get_or_insert_default();
                quoted(&mut rest, quote, word).ok_or(WordsError::OpenQuote { quote, at: at + 1 })?;
            }
            '\\' => {
                let (_, next) = rest.next().ok_or(WordsError::LastBackslash)?;
                word.get_or_insert_default().push(next);
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Appends up to the closing quote; `None` where there is none.
fn quoted(rest: &mut impl Iterator<Item = (usize, char)>, quote: char, word: &mut String) -> Option<()> {
    loop {
        match rest.next()?.1 {
            character if character == quote => return Some(()),
            '\\' if quote == '"' => match rest.next()?.1 {
                kept @ ('"' | '\\') => word.push(kept),
                other => word.extend(['\\', other]),
            },
            other => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_cut_as_a_shell_does() {
        for (line, expected) in [
            ("ffmpeg -i a.mp4", vec!["ffmpeg", "-i", "a.mp4"]),
            ("  a   b\t", vec!["a", "b"]),
            ("-vf 'scale=2:2, fps=3' \"it's\" x\\ y", vec!["-vf", "scale=2:2, fps=3", "it's", "x y"]),
            (r#""a \"b\" \n c" '\'"#, vec![r#"a "b" \n c"#, r"\"]),
            ("''", vec![""]),
            ("", vec![]),
        ] {
            assert_eq!(split(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_not_closed_is_named() {
        assert_eq!(split("a 'b c"), Err(WordsError::OpenQuote { quote: '\'', at: 3 }));
        assert_eq!(split("a\\"), Err(WordsError::LastBackslash));
    }

    proptest! {
        #[test]
        fn quoted_words_come_back(words in prop::collection::vec("[^']{0,8}", 0..5)) {
            let line = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split(&line).unwrap(), words);
        }
    }
}
