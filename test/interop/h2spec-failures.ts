/**
 * Cases that Node's HTTP/2 (nghttp2) answers in its own way. None of them harms a peer. A failure not in
 * this list fails the suite.
 */
export const KNOWN_FAILURES: ReadonlySet<string> = new Set([
  // They expect a body, but a non-gRPC request is answered with headers only.
  'generic/2 | Sends a WINDOW_UPDATE frame on half-closed (remote) stream',
  'generic/2 | Sends a PRIORITY frame on half-closed (remote) stream',
  // Frames for a closed stream are ignored rather than answered by GOAWAY.
  'http2/5.1 | closed: Sends a DATA frame after sending RST_STREAM frame',
  'http2/5.1 | closed: Sends a HEADERS frame after sending RST_STREAM frame',
  'http2/5.1 | closed: Sends a DATA frame',
  'http2/5.1 | closed: Sends a HEADERS frame',
  'http2/5.1.1 | Sends stream identifier that is numerically smaller than previous',
  // Each request is answered before the next arrives, so the limit is never reached.
  'http2/5.1.2 | Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded',
  // Priorities are ignored, as RFC 9113 says.
  'http2/5.3.1 | Sends PRIORITY frame that depend on itself',
  'http2/6.3 | Sends a PRIORITY frame with 0x0 stream identifier',
  // These end the connection, while h2spec expects less: no reaction, or one stream reset.
  'http2/6.7 | Sends a PING frame with ACK',
  'http2/6.9.1 | Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream',
]);
