//! As much of HTTP/1.1 (RFC 9112) as one GET and its answer need.

/// What the bytes so far are.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The head has not ended yet.
    Partial,
    /// Not HTTP/1.
    Bad,
    /// The head does not fit the limit.
    TooLarge,
    /// A whole head. Header fields are of no interest here.
    Request {
        /// As sent.
        method: String,
        /// Without the query.
        path: String,
    },
}

/// Reads a request head.
pub fn parse(bytes: &[u8]) -> Parsed {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        // Told early, so that a Kafka client that got the wrong port is not kept waiting.
        let is_text = bytes
            .iter()
            .all(|b| matches!(b, b'\r' | b'\n' | b'\t' | b' '..=b'~' | 0x80..));
        return if is_text {
            Parsed::Partial
        } else {
            Parsed::Bad
        };
    };
    let head = bytes.get(..end).unwrap_or_default();
    let Ok(line) = std::str::from_utf8(head.split(|b| *b == b'\r').next().unwrap_or_default())
    else {
        return Parsed::Bad;
    };
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None)
            if !method.is_empty() && target.starts_with('/') =>
        {
            let path = target.split(['?', '#']).next().unwrap_or_default();
            Parsed::Request {
                method: method.to_owned(),
                path: path.to_owned(),
            }
        }
        _ => Parsed::Bad,
    }
}

/// An answer; the connection closes after it.
pub struct Response {
    /// HTTP's code.
    pub status: u16,
    /// Of the body.
    pub content_type: &'static str,
    /// Text.
    pub body: String,
}

impl Response {
    /// Plain text.
    pub fn text(status: u16, body: &str) -> Response {
        Response {
            status,
            content_type: "text/plain; charset=utf-8",
            body: body.to_owned(),
        }
    }

    /// Head and body.
    pub fn encode(&self) -> Vec<u8> {
        let reason = match self.status {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            431 => "Request Header Fields Too Large",
            _ => "Service Unavailable",
        };
        let allow = if self.status == 405 {
            "Allow: GET\r\n"
        } else {
            ""
        };
        format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{allow}Connection: close\r\n\r\n{}",
            self.status,
            self.content_type,
            self.body.len(),
            self.body
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str) -> Parsed {
        Parsed::Request {
            method: method.into(),
            path: path.into(),
        }
    }

    #[test]
    fn heads_are_told_from_noise() {
        assert_eq!(
            parse(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
            request("GET", "/metrics")
        );
        assert_eq!(
            parse(b"GET /ready?verbose=1 HTTP/1.0\r\n\r\nrest"),
            request("GET", "/ready")
        );
        assert_eq!(parse(b"POST / HTTP/1.1\r\n\r\n"), request("POST", "/"));
        assert_eq!(parse(b""), Parsed::Partial);
        assert_eq!(
            parse(b"GET /metrics HTTP/1.1\r\nHost: a\r\n"),
            Parsed::Partial
        );
        for bad in [
            &b"\r\n\r\n"[..],
            b"GET\r\n\r\n",
            b"GET / HTTP/2.0\r\n\r\n",
            b"GET x HTTP/1.1\r\n\r\n",
            b"\0\0\0\x10\0\x12",
        ] {
            assert_eq!(parse(bad), Parsed::Bad, "{bad:?}");
        }
        assert_eq!(parse(b"GET / HTTP/1.1 x\r\n\r\n"), Parsed::Bad);
        assert_eq!(parse(b"G\xffT / HTTP/1.1\r\n\r\n"), Parsed::Bad);
    }
}
