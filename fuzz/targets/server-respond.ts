import { createNobleProvider, identityOf, respond } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import {
  decodeClientHello,
  encodeClientHello,
  encodeTransportParameters,
  RANDOM_BYTES,
  type TransportParameters,
} from "@sortie/wire";
import { Program } from "../lib/program.js";
import { createRepeatableCrypto } from "../lib/repeatable-crypto.js";
import { PACKET_WORDS, SAMPLE_PARAMETERS } from "../lib/sample-packets.js";
import { check, equalBytes, type FuzzTarget, hex } from "../lib/target.js";

const node = createNodeProvider();
const noble = createNobleProvider();
const crypto = createRepeatableCrypto(1);
const parameters = SAMPLE_PARAMETERS[0] as TransportParameters;
const encoded = encodeTransportParameters(parameters);
const client = crypto.generateKeyPair();
const scalar = hex("55".repeat(32));
const message = hex("6d".repeat(32));
const signer = node.importPrivateKey(scalar);
const signature = node.sign(signer.privateKey, message);
const identities = { node: identityOf(signer), noble: identityOf(noble.importPrivateKey(scalar)) };

/**
 * The server's answer to hellos that decode, with hostile key shares, suites and parameters, under both providers: both
 * answer or both refuse for the same reason. And their key exchange and signature checks agree about any key.
 */
export const serverRespond: FuzzTarget = {
  name: "server-respond",
  maxBytes: 300,
  freshRuns: 100,
  dictionary: [...PACKET_WORDS, client.publicKey, signature],
  seeds: () => [Uint8Array.of(0, 0, 0, 0), Uint8Array.of(0, 1, 0, 5, 1), Uint8Array.of(1, 0, 0, 1, 0, 5, 1)],
  run(input) {
    const program = new Program(input);
    if ((program.u8() & 1) === 0) return compareAnswers(program);
    const publicKey = program.patch(client.publicKey);
    const secret = node.sharedSecret(signer.privateKey, publicKey);
    const other = noble.sharedSecret(identities.noble.keyPair.privateKey, publicKey);
    check(secret?.join() === other?.join(), "the providers disagree about a key share");
    const key = program.patch(signer.publicKey);
    const changed = program.patch(signature);
    check(
      node.verify(key, message, changed) === noble.verify(key, message, changed),
      "they disagree about a signature",
    );
  },
};

function compareAnswers(program: Program): void {
  const suites = program.take(program.u8() & 7);
  const keyShare = program.patch(client.publicKey);
  const theirs = program.u8() & 1 ? program.take(100) : program.patch(encoded);
  if (suites.length === 0 || new Set(suites).size !== suites.length) return;
  const clientRandom = new Uint8Array(RANDOM_BYTES);
  const fields = { protocolId: new Uint8Array(8), clientRandom, clientConnectionId: 7, cookie: new Uint8Array(0) };
  const bytes = encodeClientHello({ ...fields, suites, keyShare, parameters: theirs });
  const hello = decodeClientHello(bytes);
  check(typeof hello !== "string", "an encoded hello does not decode");
  const answer = respond({ crypto: node, identity: identities.node, parameters }, bytes, hello, 9);
  const { suitePreference } = node;
  const other = respond(
    { crypto: noble, identity: identities.noble, parameters, suites: suitePreference },
    bytes,
    hello,
    9,
  );
  if (typeof answer === "string" || typeof other === "string") {
    check(answer === other, "one provider answers, the other refuses");
    return;
  }
  check(answer.keys.suite === other.keys.suite, "they chose different suites");
  check(suites.includes(answer.keys.suite), "the suite was not offered");
  check(!equalBytes(answer.keys.secrets.clientSecret, answer.keys.secrets.serverSecret), "one secret for both sides");
}
