import type { Identity } from "@sortie/handshake";
import {
  checkLogger,
  checkOptionNames,
  containedLogger,
  describeValue,
  type Logger,
  type OptionNames,
} from "@sortie/connection";
import { createConsoleLogger } from "./console-logger.js";
import {
  checkCertificate,
  checkPath,
  LOAD_OPTION_NAMES,
  loadIdentity,
  type LoadIdentityOptions,
} from "./identity-files.js";

/** Those that end no process which listens to them. Node keeps SIGUSR1 for its debugger, where one is attached. */
const SIGNALS: readonly string[] = ["SIGHUP", "SIGUSR1", "SIGUSR2"];

export interface ReloadIdentityOptions extends LoadIdentityOptions {
  /** Default "SIGHUP". */
  readonly signal?: "SIGHUP" | "SIGUSR1" | "SIGUSR2";
  /** Hears of each reload, and why one failed; what it throws is contained. Default: the console. */
  readonly logger?: Logger;
}

const OPTION_NAMES: OptionNames<ReloadIdentityOptions> = { ...LOAD_OPTION_NAMES, signal: true, logger: true };

/**
 * Loads key and certificate again whenever the process gets SIGHUP, and shows them to new clients from then on: a
 * renewed certificate without a restart. Files that cannot be used change nothing and are told to the logger. Returns
 * what ends it. Throws TypeError for bad arguments.
 */
export function reloadIdentityOnSignal(
  server: { setIdentity(identity: Identity): void },
  path: string,
  options: ReloadIdentityOptions = {},
): () => void {
  if (typeof (server as { setIdentity?: unknown } | null)?.setIdentity !== "function") {
    throw new TypeError(`"server" expected what createServer() gives, got ${server === null ? "null" : typeof server}`);
  }
  checkOptionNames(options, OPTION_NAMES);
  const { signal = "SIGHUP", logger: given = createConsoleLogger(), ...files } = options;
  // Told at the first reload only, a mistake would show when the old certificate has run out.
  checkCertificate(files.certificate);
  if (!SIGNALS.includes(signal)) {
    throw new TypeError(`"signal" expected one of ${SIGNALS.join(", ")}, got ${describeValue(signal)}`);
  }
  checkLogger("logger", given);
  // One that throws would end the process, and every later reload.
  const logger = containedLogger(given);
  // And the logger would be given what is no path: perhaps the key itself.
  checkPath("path", path);
  const names = { key: path, ...files };
  let last: Promise<void> = Promise.resolve();
  const reload = async (): Promise<void> => {
    try {
      server.setIdentity(await loadIdentity(path, files));
      logger.info(names, `${signal}: key and certificate were loaded again`);
    } catch (error) {
      logger.error({ ...names, err: error }, `${signal}: key and certificate stay as they were`);
    }
  };
  // One after the other: the last signal's files win.
  const onSignal = (): void => void (last = last.then(reload));
  process.on(signal, onSignal);
  return () => void process.off(signal, onSignal);
}
