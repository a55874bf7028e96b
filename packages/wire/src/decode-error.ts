/** Why bytes from the network were refused: a closed list, each counted by the layers above. */
export type DecodeError =
  /** A field or count runs past the bytes that are there. */
  | "truncated"
  /** Bytes remain after the last field. */
  | "trailing-bytes"
  /** A second spelling of a value that has only one legal encoding. */
  | "non-canonical"
  /** A number or length outside the range its field allows. */
  | "out-of-range"
  /** First byte or magic belong to no packet of this protocol. */
  | "unknown-packet"
  /** A handshake packet of another protocol version. */
  | "unknown-version"
  /** A frame type this version does not know. */
  | "unknown-frame"
  /** A packet without a frame. */
  | "empty-packet"
  /** More frames than {@link MAX_FRAMES_PER_PACKET}. */
  | "too-many-frames"
  /** Text that is not UTF-8. */
  | "bad-text";
