export { ByteCopier } from "./byte-copier.js";
export { isBytes } from "./is-bytes.js";
export { checkNames, type OptionNames } from "./option-names.js";
export { seen } from "./seen.js";
export * from "./byte-reader.js";
export * from "./byte-writer.js";
export * from "./constants.js";
export type { DecodeError } from "./decode-error.js";
export { encodeAccept } from "./frames/accept.js";
export { ACK_TIME_BYTES, encodeAck } from "./frames/ack.js";
export { CloseCode, encodeClose } from "./frames/close.js";
export { encodeConnect } from "./frames/connect.js";
export { encodeCredit } from "./frames/credit.js";
export { encodeFragment, fragmentHeaderBytes } from "./frames/fragment.js";
export { Frame, FrameKind } from "./frames/frame.js";
export { DeliveryCode, FrameType, hasMessageId } from "./frames/frame-type.js";
export { encodeMessage, messageHeaderBytes } from "./frames/message.js";
export { PacketFrames } from "./frames/packet-frames.js";
export { encodePadding } from "./frames/padding.js";
export { encodePathChallenge, encodePathResponse } from "./frames/path.js";
export { closeLastFrame } from "./frames/payload.js";
export { encodePing } from "./frames/ping.js";
export { decodeCertificateChain, encodeCertificateChain } from "./handshake/certificate-chain.js";
export {
  type ClientHello,
  type ClientHelloInvariants,
  cookieBytesOfHello,
  decodeClientHello,
  decodeClientHelloInvariants,
  encodeClientHello,
} from "./handshake/client-hello.js";
export { HandshakeType, peekHandshakeType } from "./handshake/handshake-header.js";
export { decodeReject, encodeReject, REJECT_BYTES, type Reject, RejectReason } from "./handshake/reject.js";
export { decodeRetry, encodeRetry, type Retry, RETRY_BYTES } from "./handshake/retry.js";
export {
  decodeServerHello,
  encodeUnsignedServerHello,
  IdentityType,
  type ServerHello,
  signServerHello,
  type UnsignedServerHello,
  unsignedPart,
} from "./handshake/server-hello.js";
export {
  decodeTransportParameters,
  encodeTransportParameters,
  IDENTITY_TYPE_BITS,
  type TransportParameters,
} from "./handshake/transport-parameters.js";
export * from "./packet-header.js";
export * from "./packet-number.js";
export * from "./sequence.js";
export * from "./utf8.js";
export { varintBytes } from "./varint.js";
