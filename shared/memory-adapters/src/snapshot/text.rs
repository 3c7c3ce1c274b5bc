//! The bytes of a file -> text. What a shell or an editor may have chosen is tolerated: a byte order
//! mark, UTF-16.

/// The bytes as text without its byte order mark; else what is wrong with them.
pub fn decoded_text(bytes: &[u8]) -> Result<String, &'static str> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let pairs = bytes.chunks_exact(2);
        let is_whole = pairs.remainder().is_empty();
        let units = pairs.map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).collect::<Result<String, _>>().ok().filter(|_| is_whole)
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    };
    text.ok_or("is neither UTF-8 nor UTF-16 text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_may_have_chosen_the_encoding() {
        assert_eq!(decoded_text(b"\xEF\xBB\xBF{}").as_deref(), Ok("{}"));
        assert_eq!(decoded_text(b"\xFF\xFE{\0}\0").as_deref(), Ok("{}"));
        assert_eq!(decoded_text(b"\xFE\xFF\0{\0}").as_deref(), Ok("{}"));
        assert_eq!(decoded_text(b"").as_deref(), Ok(""));
        for bytes in [&b"\xC3\x28"[..], b"\xFF\xFE{\0}", b"\xFF\xFE\0\xD8"] {
            assert!(decoded_text(bytes).is_err(), "{bytes:?}");
        }
    }
}
