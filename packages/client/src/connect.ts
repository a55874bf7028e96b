import {
  type ConnectionResources,
  containedKeyLog,
  containedLogger,
  createResources,
  type FrameTiming,
  payloadBytes,
  resolveProtocolOptions,
} from "@sortie/connection";
import { protocolId } from "@sortie/handshake";
import { type SocketAddress, SystemClock } from "@sortie/transport";
import { resolveAddresses } from "./addresses.js";
import { AttemptDeadline } from "./attempt-deadline.js";
import { Client } from "./client.js";
import { ClientCore } from "./client-core.js";
import type { ClientCoreOptions } from "./client-core-options.js";
import { abortedError, errorOfFault } from "./connect-error.js";
import { checkClientOptions, checkConnectPayload, type ClientOptions, DEFAULT_TIMEOUT_MS, trustOf } from "./options.js";
import { targetText } from "./target-text.js";

/** bytes. A client holds messages of one server only. */
const REASSEMBLY_BUDGET_BYTES: number = 2 ** 40;

/**
 * Connects to a server; resolves when it has accepted. Rejects with ConnectError, whose `code` says why, and for bad
 * options with TypeError, RangeError or IdentityError.
 */
export async function connect(options: ClientOptions): Promise<Client> {
  const makeCore = prepare(options);
  const clock = options.clock ?? new SystemClock();
  const { signal } = options;
  // One for all of the attempt: it may be put off once.
  const deadline = new AttemptDeadline(clock.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS));
  throwIfAborted(options);
  const addresses = await resolveAddresses(options, clock, deadline);
  throwIfAborted(options);
  const client = new Client(
    startCore(makeCore, addresses, clock.now(), deadline, options),
    options.transport,
    clock,
    options.logger,
  );
  try {
    await client.open(signal);
  } catch (error) {
    throwIfAborted(options);
    throw error;
  }
  // The signal may say stop in the very turn in which the server lets the client in.
  if (signal?.aborted === true) await client.giveUp();
  throwIfAborted(options);
  return client;
}

/** Throws ConnectError where the provider does: its options were found good, it is a part that fails. */
function startCore(
  makeCore: CoreMaker,
  addresses: readonly SocketAddress[],
  nowMs: number,
  deadline: AttemptDeadline,
  options: ClientOptions,
): ClientCore {
  try {
    return makeCore(addresses, nowMs, { deadline });
  } catch (error) {
    throw errorOfFault(error, targetText(options));
  }
}

/** What one of several clients with the same options has of its own, or shares with them. */
export type CoreOverrides = Partial<Pick<ClientCoreOptions, "resources" | "connectPayload" | "trace" | "deadline">>;

/** Makes the core of one client. */
export type CoreMaker = (addresses: readonly SocketAddress[], nowMs: number, overrides?: CoreOverrides) => ClientCore;

/**
 * Checks the options at once and gives what makes the core when the addresses are known.
 * @param frames of a client that acts once in each
 */
export function prepare(options: ClientOptions, frames?: FrameTiming): CoreMaker {
  checkClientOptions(options);
  const trust = trustOf(options);
  // Null, as from a lookup that found no token, is refused: the server would see somebody without credentials.
  const { payload = new Uint8Array(0) } = options;
  const connectPayload = checkConnectPayload(payloadBytes(payload));
  const { parameters, settings } = resolveProtocolOptions(options, 0, frames);
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const id = protocolId(options.crypto, options.protocol);
  const logger = options.logger === undefined ? undefined : containedLogger(options.logger);
  return (addresses, nowMs, { resources, ...overrides } = {}) =>
    new ClientCore({
      resources: resources ?? createClientResources(options.crypto),
      protocolId: id,
      trust,
      parameters,
      // The client's own deadline covers the whole attempt, and may be put off.
      settings: { ...settings, handshakeTimeoutMs: Infinity },
      addresses,
      target: targetText(options),
      connectPayload,
      timeoutMs,
      nowMs,
      isPolled: frames !== undefined,
      ...containedKeyLog(options.keyLog, (err) => logger?.error({ err }, '"keyLog" failed: keys are missing in it')),
      ...overrides,
    });
}

/** For one client, or for several that share them. */
export function createClientResources(crypto: ClientOptions["crypto"]): ConnectionResources {
  return createResources(crypto, REASSEMBLY_BUDGET_BYTES);
}

/** Throws ConnectError once the caller's signal has said stop. */
export function throwIfAborted(options: ClientOptions): void {
  if (options.signal?.aborted === true) throw abortedError(options);
}
