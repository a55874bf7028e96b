import type { ClaimVerdict } from "../pickups.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

const VERDICTS: readonly ClaimVerdict[] = ["granted", "gone", "too-far", "dead", "too-many", "no-such-pickup"];

/** Client to server, on events: type | number (4) | pickup (2) | version (4). */
export interface ClaimMessage {
  readonly type: "claim";
  /** Of this client's events, from 0. */
  readonly number: number;
  readonly pickup: number;
  /** Of the pickup as the client knows it. */
  readonly version: number;
}

/** Server to client, on events: type | number (4) | number of the claim (4) | verdict (1). */
export interface ClaimResultMessage {
  readonly type: "claim-result";
  /** Of the server's events to this client, from 0. */
  readonly number: number;
  readonly claim: number;
  readonly verdict: ClaimVerdict;
}

export function encodeClaim(writer: MessageWriter, number: number, pickup: number, version: number): Uint8Array {
  return writer.begin(MessageType.Claim).u32(number).u16(pickup).u32(version).finish();
}

export function decodeClaim(reader: MessageReader): ClaimMessage {
  return { type: "claim", number: reader.u32(), pickup: reader.u16(), version: reader.u32() };
}

export function encodeClaimResult(
  writer: MessageWriter,
  number: number,
  claim: number,
  verdict: ClaimVerdict,
): Uint8Array {
  return writer.begin(MessageType.ClaimResult).u32(number).u32(claim).oneOf(VERDICTS, verdict).finish();
}

export function decodeClaimResult(reader: MessageReader): ClaimResultMessage | undefined {
  const number = reader.u32();
  const claim = reader.u32();
  const verdict = reader.oneOf(VERDICTS);
  return verdict === "" ? undefined : { type: "claim-result", number, claim, verdict };
}
