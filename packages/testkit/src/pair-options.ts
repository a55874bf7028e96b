import {
  checkBoolean,
  checkCrypto,
  checkOptionNames,
  type ConnectionSettings,
  describeKind,
  describeValue,
  isBytes,
  type OptionNames,
  type TraceSink,
} from "@sortie/connection";
import type { CryptoProvider, KeyLimits } from "@sortie/handshake";
import type { LinkSpec } from "@sortie/transport-memory";
import {
  MAX_CONNECT_PAYLOAD_BYTES,
  MAX_DATAGRAM_BYTES,
  MIN_DATAGRAM_BYTES,
  type TransportParameters,
} from "@sortie/wire";

/** Options of a `ConnectionPair`. */
export interface ConnectionPairOptions {
  /** 0..2^32-1. Print it when a test fails. */
  readonly seed: number;
  /** Link of both directions. Default: ideal. */
  readonly link?: LinkSpec | undefined;
  /** Link from server to client, when it differs. */
  readonly returnLink?: LinkSpec | undefined;
  readonly settings?: ConnectionSettings | undefined;
  readonly clientParameters?: Partial<TransportParameters> | undefined;
  readonly serverParameters?: Partial<TransportParameters> | undefined;
  /** Default: real cryptography over a seeded generator. */
  readonly crypto?: CryptoProvider | undefined;
  /** Whether the server accepts as soon as it is asked. Default true. */
  readonly autoAccept?: boolean | undefined;
  readonly connectPayload?: Uint8Array | undefined;
  readonly clientTrace?: TraceSink | undefined;
  readonly serverTrace?: TraceSink | undefined;
  /** Lower limits of the keys of both sides, for key updates within a test. */
  readonly keyLimits?: Partial<KeyLimits> | undefined;
  /** Both sides start to count here. */
  readonly initialPacketNumber?: number | undefined;
  readonly initialMessageId?: number | undefined;
}

const OPTION_NAMES: OptionNames<ConnectionPairOptions> = {
  seed: true,
  link: true,
  returnLink: true,
  settings: true,
  clientParameters: true,
  serverParameters: true,
  crypto: true,
  autoAccept: true,
  connectPayload: true,
  clientTrace: true,
  serverTrace: true,
  keyLimits: true,
  initialPacketNumber: true,
  initialMessageId: true,
};

const SETTING_NAMES: OptionNames<ConnectionSettings> = {
  keepAliveMs: true,
  handshakeTimeoutMs: true,
  ackDelayMs: true,
  mtuBytes: true,
  clockLead: true,
  limits: true,
  channelWeights: true,
  maxUnreliableWaitMs: true,
  createCongestionController: true,
};

const PARAMETER_NAMES: OptionNames<TransportParameters> = {
  idleTimeoutMs: true,
  maxAckDelayMs: true,
  maxDatagramBytes: true,
  maxMessageBytes: true,
  receiveWindowBytes: true,
  identityTypes: true,
  timedAcks: true,
};

const KEY_LIMIT_NAMES: OptionNames<KeyLimits> = {
  updateAfterPackets: true,
  maxPacketsPerKey: true,
  maxFailedOpens: true,
};

/**
 * Throws TypeError for an option of the wrong kind, or that there is not, RangeError for one out of range. What the
 * layers below check themselves, with its name, is left to them: seed and links, parameters, limits, and where to begin
 * to count. Settings they take as they are.
 */
export function checkPairOptions(options: ConnectionPairOptions): void {
  checkOptionNames(options, OPTION_NAMES);
  const { settings, clientParameters, serverParameters, crypto, connectPayload, keyLimits } = options;
  if (settings !== undefined) checkSettings(settings);
  if (clientParameters !== undefined) checkOptionNames(clientParameters, PARAMETER_NAMES, "clientParameters");
  if (serverParameters !== undefined) checkOptionNames(serverParameters, PARAMETER_NAMES, "serverParameters");
  if (crypto !== undefined) checkCrypto(crypto);
  checkBoolean("autoAccept", options.autoAccept);
  if (connectPayload !== undefined) checkPayload(connectPayload);
  checkFunction("clientTrace", options.clientTrace);
  checkFunction("serverTrace", options.serverTrace);
  if (keyLimits !== undefined) checkOptionNames(keyLimits, KEY_LIMIT_NAMES, "keyLimits");
}

function checkSettings(settings: ConnectionSettings): void {
  checkOptionNames(settings, SETTING_NAMES, "settings");
  for (const name of ["keepAliveMs", "handshakeTimeoutMs", "ackDelayMs"] as const) {
    const ms: unknown = settings[name];
    if (ms === undefined || (typeof ms === "number" && ms >= 0)) continue;
    throw new RangeError(`"settings.${name}" expected 0..Infinity, got ${describeValue(ms)}`);
  }
  const { mtuBytes } = settings;
  const isSize = Number.isInteger(mtuBytes) && Number(mtuBytes) >= MIN_DATAGRAM_BYTES;
  if (mtuBytes !== undefined && !(isSize && mtuBytes <= MAX_DATAGRAM_BYTES)) {
    const expected = `an integer in ${MIN_DATAGRAM_BYTES}..${MAX_DATAGRAM_BYTES}`;
    throw new RangeError(`"settings.mtuBytes" expected ${expected}, got ${describeValue(mtuBytes)}`);
  }
  checkFunction("settings.createCongestionController", settings.createCongestionController);
}

function checkPayload(payload: Uint8Array): void {
  if (!isBytes(payload)) throw new TypeError(`"connectPayload" expected bytes, got ${describeKind(payload)}`);
  if (payload.length <= MAX_CONNECT_PAYLOAD_BYTES) return;
  const expected = `at most ${MAX_CONNECT_PAYLOAD_BYTES} bytes`;
  throw new RangeError(`"connectPayload" expected ${expected}, got ${payload.length}`);
}

/** Left out is all that is none: null is a mistake. */
function checkFunction(label: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(`"${label}" expected a function, got ${describeValue(value)}`);
}
