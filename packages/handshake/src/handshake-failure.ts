/** Why a client passed over a datagram and goes on waiting: a closed list, each counted by the layers above. */
export type HandshakeDrop =
  /** No handshake packet of this version, or its fields do not decode. */
  | "malformed"
  /** A packet that a client never gets, or one after the handshake was established. */
  | "unexpected"
  /** For another attempt. */
  | "wrong-connection-id"
  /** A REJECT that does not echo this attempt's random: sent by someone who did not see the hello. */
  | "wrong-random"
  /** A RETRY with the cookie that the hello has already. */
  | "duplicate-retry"
  /** More than {@link MAX_RETRIES} different cookies. */
  | "too-many-retries"
  /** A SERVER_HELLO with a suite that was not offered. */
  | "suite-not-offered"
  /** Transport parameters that do not decode or are out of range. */
  | "bad-parameters"
  /** The server showed an identity of a kind that this client cannot check. */
  | "unsupported-identity"
  /** The signature is not of the key shown, or not over this handshake. */
  | "bad-signature"
  /** A right signature, but of a key that is not trusted: not the pinned one, or without a good certificate. */
  | "identity-mismatch"
  /** No point on the curve, or one that gives no secret. */
  | "bad-key-share";

/** Why a server does not answer a CLIENT_HELLO that decoded: a closed list. */
export type HandshakeFailure =
  /** No suite of the server was offered. */
  | "no-common-suite"
  /** Transport parameters that do not decode or are out of range. */
  | "bad-parameters"
  /** No point on the curve, or one that gives no secret. */
  | "bad-key-share";

/** Different cookies that a client takes until its hello goes again by time; bounds what forged RETRYs make it send. */
export const MAX_RETRIES = 8;
