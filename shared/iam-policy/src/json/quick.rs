//! JSON in which nothing is out of the ordinary, read in one walk over its bytes.
//!
//! It takes a part of what is JSON and nothing else; what it does not take it does not judge. It is
//! here for speed alone: with serde_json or with sonic-rs in its place, a request takes a sixth
//! longer (`BENCHMARKS.md`).

use super::Node;

/// How deep values are read; deeper ones are left.
const DEPTH: usize = 100;

/// Reads a whole text; none if it is left to a thorough reader, whatever the nodes then are.
pub(super) fn read<'text>(text: &'text str, nodes: &mut Vec<Node<'text>>) -> Option<()> {
    let mut reader = Reader { text, at: 0, nodes };
    let begin = reader.next()?;
    reader.value(begin, DEPTH)?;
    reader.next().is_none().then_some(())
}

struct Reader<'text, 'nodes> {
    text: &'text str,
    /// The byte that is read next.
    at: usize,
    nodes: &'nodes mut Vec<Node<'text>>,
}

impl Reader<'_, '_> {
    /// The next byte that is no white space, behind which it goes on.
    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            self.at += 1;
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
        }
    }

    /// Reads a value by its first byte, which was just taken.
    fn value(&mut self, first: u8, depth: usize) -> Option<()> {
        match first {
            b'"' => self.string(),
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.list(depth.checked_sub(1)?),
            b't' => self.word("true", Node::Bool(true)),
            b'f' => self.word("false", Node::Bool(false)),
            b'n' => self.word("null", Node::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        let place = self.nodes.len();
        self.nodes.push(Node::Object(0));
        let mut next = self.next()?;
        while next != b'}' {
            if next != b'"' {
                return None;
            }
            self.string()?;
            if self.next()? != b':' {
                return None;
            }
            match self.next()? {
                b'"' => self.string()?,
                first => self.value(first, depth)?,
            }
            next = self.separated(b'}')?;
        }
        self.nodes[place] = Node::Object(self.nodes.len() - place - 1);
        Some(())
    }

    fn list(&mut self, depth: usize) -> Option<()> {
        let place = self.nodes.len();
        self.nodes.push(Node::List(0));
        let mut next = self.next()?;
        while next != b']' {
            match next {
                b'"' => self.string()?,
                first => self.value(first, depth)?,
            }
            next = self.separated(b']')?;
        }
        self.nodes[place] = Node::List(self.nodes.len() - place - 1);
        Some(())
    }

    /// Behind a value: the end, or what comes after a comma, which cannot be the end.
    fn separated(&mut self, end: u8) -> Option<u8> {
        match self.next()? {
            b',' => self.next().filter(|byte| *byte != end),
            byte => (byte == end).then_some(end),
        }
    }

    /// A string, whose opening quote was just taken.
    fn string(&mut self) -> Option<()> {
        let length = plain_bytes(self.text.as_bytes().get(self.at..)?);
        let end = self.at + length;
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return self.escaped_string(end);
        }
        self.nodes.push(Node::Text(&self.text[self.at..end]));
        self.at = end + 1;
        Some(())
    }

    /// A string in which something is escaped, plain up to the given byte.
    #[cold]
    fn escaped_string(&mut self, mut end: usize) -> Option<()> {
        let bytes = self.text.as_bytes();
        while *bytes.get(end)? != b'"' {
            let is_escape = bytes[end] == b'\\';
            end += if is_escape { 2 } else { return None };
            end += plain_bytes(bytes.get(end..)?);
        }
        let text = serde_json::from_str(&self.text[self.at - 1..=end]).ok()?;
        self.nodes.push(Node::Unescaped(text));
        self.at = end + 1;
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let begin = self.at - 1;
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let more = self.text.as_bytes()[self.at..].iter().take_while(|byte| is_part(byte)).count();
        self.at += more;
        let number = serde_json::from_str(self.text.get(begin..self.at)?).ok()?;
        self.nodes.push(Node::Number(number));
        Some(())
    }

    fn word(&mut self, word: &str, node: Node<'static>) -> Option<()> {
        let begin = self.at - 1;
        self.at = begin + word.len();
        self.nodes.push(node);
        (self.text.get(begin..self.at) == Some(word)).then_some(())
    }
}

/// How many bytes come before the first quote, backslash or control character.
fn plain_bytes(bytes: &[u8]) -> usize {
    // Eight at a time: a byte's highest bit is set where it is less than what was taken from it,
    // and only what comes behind the first such byte can be mistaken for one. With its second bit
    // turned, a quote stands next to the control characters.
    const EACH: u64 = u64::MAX / 255;
    const QUOTE: u64 = (b'"' ^ 2) as u64;
    const BACKSLASH: u64 = b'\\' as u64;
    let mut at = 0;
    while let Some(eight) = bytes[at..].first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        let to_quote = (eight ^ (EACH * 2)).wrapping_sub(EACH * (QUOTE + 1));
        let is_backslash = (eight ^ (EACH * BACKSLASH)).wrapping_sub(EACH);
        let found = (to_quote | is_backslash) & !eight & (EACH << 7);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | ..0x20);
    at + bytes[at..].iter().take_while(is_plain).count()
}

#[cfg(test)]
mod tests {
    use super::super::thorough;
    use super::*;

    /// Whether the quick reader takes a text, of which it then says what the thorough one says.
    fn is_taken(text: &str) -> bool {
        let (mut quick, mut thorough) = (Vec::new(), Vec::new());
        let is_taken = read(text, &mut quick).is_some();
        let is_json = thorough::read(text, &mut thorough).is_ok();
        assert!(!is_taken || is_json, "{text} is not JSON");
        assert!(!is_taken || quick == thorough, "{text}: {quick:?}, {thorough:?}");
        is_taken
    }

    #[test]
    fn what_is_taken_is_read_as_serde_json_reads_it() {
        for text in [
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow"},{}]}"#,
            " [ ] ",
            "\t{\r\n\"a\" : [ 1 , -2.5e3 , true , false , null ] }\n",
            "\"\"",
            "\"eight by eight, é is plain\"",
            r#"["a \" b", "\\", "\u00e9\ud83d\ude00", "\n"]"#,
            "[18446744073709551616, -0, 1E+2, -9223372036854775809]",
        ] {
            assert!(is_taken(text), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_left() {
        for text in [
            "",
            " ",
            "{",
            "[",
            "]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{1:1}",
            "nul",
            "nulll",
            "truefalse",
            "[tru]",
            "01",
            "1.",
            "-",
            "+1",
            ".5",
            "1e",
            "1e999",
            "\"",
            "\"a",
            "\"a\\",
            "\"\\\"",
            "\"\\x\"",
            "\"\\ud83d\"",
            "\"a\tb\"",
            "\"behind eight bytes \u{1}\"",
            "é",
            "n\u{e9}",
            "[1]é",
            "{}{}",
            "[}",
            "{]",
            "'a'",
        ] {
            assert!(!is_taken(text), "{text}");
        }
        assert!(!is_taken(&"[".repeat(200)));
        assert!(
            !is_taken(&format!("{}{}", "[".repeat(120), "]".repeat(120))),
            "left for its depth"
        );
    }
}
