import {
  type ClientHello,
  decodeClientHello,
  encodeTransportParameters,
  encodeUnsignedServerHello,
  IdentityType,
  signServerHello,
  type UnsignedServerHello,
} from "@sortie/wire";
import {
  ClientHandshake,
  type ClientHandshakeOptions,
  type EstablishedKeys,
  type HandshakeFailure,
  type HandshakeProgress,
  type Identity,
  identityOf,
  protocolId,
  respond,
  type RespondOptions,
  type ServerResponse,
} from "../src/index.js";
import { ascii, concat, node, parameters } from "./support.js";

export const CLIENT_ID = 0x0badcafe;
export const SERVER_ID = 0xfeedf00d;
export const identity: Identity = identityOf(node.generateKeyPair());
export const stranger: Identity = identityOf(node.generateKeyPair());

export function newClient(options: Partial<ClientHandshakeOptions> = {}): ClientHandshake {
  return new ClientHandshake({
    crypto: node,
    protocolId: protocolId(node, "arena/1"),
    clientConnectionId: CLIENT_ID,
    parameters,
    trust: { kind: "pin", publicKey: identity.publicKey },
    ...options,
  });
}

export function decoded(helloBytes: Uint8Array): ClientHello {
  const hello = decodeClientHello(helloBytes);
  if (typeof hello === "string") throw new Error(`hello does not decode: ${hello}`);
  return hello;
}

/** What a server says to a hello, failures included. */
export function answer(
  helloBytes: Uint8Array,
  options: Partial<RespondOptions> = {},
): ServerResponse | HandshakeFailure {
  return respond({ crypto: node, identity, parameters, ...options }, helloBytes, decoded(helloBytes), SERVER_ID);
}

/** The same, where it must succeed. */
export function accept(helloBytes: Uint8Array, options: Partial<RespondOptions> = {}): ServerResponse {
  const response = answer(helloBytes, options);
  if (typeof response === "string") throw new Error(`server refused: ${response}`);
  return response;
}

export function establishedKeys(progress: HandshakeProgress): EstablishedKeys {
  if (progress.kind !== "established") throw new Error(`not established: ${JSON.stringify(progress)}`);
  return progress.keys;
}

/** "established", "retry", "rejected", or why it was ignored. */
export function outcome(progress: HandshakeProgress): string {
  return progress.kind === "ignored" ? progress.reason : progress.kind;
}

/** A SERVER_HELLO put together by hand and signed: what a hostile or broken server could send. */
export function craft(
  helloBytes: Uint8Array,
  changes: Partial<UnsignedServerHello> = {},
  signer: Identity = identity,
): Uint8Array {
  const hello = decoded(helloBytes);
  const unsigned = encodeUnsignedServerHello({
    clientConnectionId: hello.clientConnectionId,
    serverConnectionId: SERVER_ID,
    suite: 1,
    serverRandom: new Uint8Array(32).fill(5),
    keyShare: node.generateKeyPair().publicKey,
    parameters: encodeTransportParameters(parameters),
    identityType: IdentityType.RawKey,
    identity: signer.publicKey,
    ...changes,
  });
  const message = concat(ascii("sortie v1 server hello"), Uint8Array.of(0), node.sha256(helloBytes, unsigned));
  return signServerHello(unsigned, node.sign(signer.keyPair.privateKey, message));
}
