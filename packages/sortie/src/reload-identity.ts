import { CertificateError, judgeOwnCertificates, type OwnCertificates } from "@sortie/certificates";
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
  type LoadIdentityOptions,
  readIdentity,
  unusable,
} from "./identity-files.js";
import { readRegularFile } from "./regular-file.js";

/** Those that end no process which listens to them. Node keeps SIGUSR1 for its debugger, where one is attached. */
const SIGNALS: readonly string[] = ["SIGHUP", "SIGUSR1", "SIGUSR2"];
/** ms for the files to be read: those of a network that does not answer may never come. */
const LOAD_TIMEOUT_MS = 10_000;
/** Loads given up that have not ended. Each keeps one of the four threads that all files and names need. */
const MAX_STUCK_LOADS = 2;

export interface ReloadIdentityOptions extends LoadIdentityOptions {
  /** Default "SIGHUP". */
  readonly signal?: "SIGHUP" | "SIGUSR1" | "SIGUSR2" | undefined;
  /** Hears of each reload, and why one failed; what it throws is contained. Default: the console. */
  readonly logger?: Logger | undefined;
}

const OPTION_NAMES: OptionNames<ReloadIdentityOptions> = { ...LOAD_OPTION_NAMES, signal: true, logger: true };

/**
 * Loads key and certificate again whenever the process gets SIGHUP, and shows them to new clients from then on: a
 * renewed certificate without a restart. Files that cannot be used change nothing and are told to the logger: those
 * that are no regular files, such as pipes, those that have not come within 10 s, and a certificate that clients
 * refuse, as it has expired, is not valid yet or is not for a server, among them. Returns what ends it. Throws
 * TypeError for bad arguments.
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
  const loads = new BoundedLoads(() => readIdentity(path, files, readRegularFile));
  let last: Promise<void> = Promise.resolve();
  const reload = async (): Promise<void> => {
    try {
      const identity = await loads.load();
      const own = judgeOwnCertificates(identity, Date.now());
      // The one at hand may serve for days to come, and whoever sent the signal looks at the log now.
      if (own?.failure !== undefined) throw new CertificateError("unusable", unusable(files.certificate, own.failure));
      server.setIdentity(identity);
      logger.info({ ...names, ...validityOf(own) }, `${signal}: key and certificate were loaded again`);
    } catch (error) {
      logger.error({ ...names, err: error }, `${signal}: key and certificate stay as they were`);
    }
  };
  // One after the other: the last signal's files win.
  const onSignal = (): void => void (last = last.then(reload));
  process.on(signal, onSignal);
  return () => void process.off(signal, onSignal);
}

/** For alerts on a renewal that does not come. */
function validityOf(own: OwnCertificates | undefined): { readonly validUntil?: string } {
  return own?.notAfterMs === undefined ? {} : { validUntil: new Date(own.notAfterMs).toISOString() };
}

/** Loads with a deadline: one that hangs must not be the last one. */
class BoundedLoads {
  readonly #read: () => Promise<Identity>;
  #stuck = 0;

  constructor(read: () => Promise<Identity>) {
    this.#read = read;
  }

  /** Rejects as the reading does, and with Error where that takes too long. What comes later is nobody's. */
  async load(): Promise<Identity> {
    if (this.#stuck >= MAX_STUCK_LOADS) {
      throw new Error(`expected earlier reads of the files to end, got ${this.#stuck} that hang`);
    }
    let timer: NodeJS.Timeout | undefined;
    const reading = this.#read();
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#stuck += 1;
        const onEnd = (): void => void (this.#stuck -= 1);
        reading.then(onEnd, onEnd);
        reject(new Error(`expected the files to be read within ${LOAD_TIMEOUT_MS} ms, got nothing`));
      }, LOAD_TIMEOUT_MS);
      timer.unref();
    });
    try {
      return await Promise.race([reading, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
